package derivsim_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// selection writes one as parameters of a buy.
func buyOf(price float64, fields string) string {
	return fmt.Sprintf(`{"buy":"1","price":%v,"parameters":{"currency":"USD",%s}}`, price, fields)
}

// settled waits for the end of a contract and returns it.
func settled(r *raw, id deriv.ContractID) deriv.OpenContract {
	r.t.Helper()
	return settledWithin(r, id, time.Second)
}

// settledWithin looks only every so often.
func settledWithin(r *raw, id deriv.ContractID, every time.Duration) deriv.OpenContract {
	r.t.Helper()
	for range 10_000 {
		c := into[deriv.OpenContractAnswer](r, fmt.Sprintf(`{"proposal_open_contract":1,"contract_id":%d}`, id)).Contract
		if c.Settled() {
			return c
		}
		time.Sleep(every)
	}
	r.t.Fatalf("contract %d did not end", id)
	return deriv.OpenContract{}
}

// generous are options whose budgets do not matter.
func generous(t *testing.T, names ...string) *derivsim.Options {
	wide := deriv.Budget{PerMinute: 1e6, PerHour: 1e7}
	return &derivsim.Options{
		Seed: 1, Start: noon, Indices: indices(t, names...), History: 20_000,
		Limits: derivsim.Limits{PerSecond: 1e6, Idle: 24 * time.Hour, Budgets: deriv.Budgets{Trading: wide, Money: wide, Tables: wide, Other: wide, REST: wide}},
	}
}

// The entry is the first tick after the purchase, the exit so many ticks later,
// and the price decides: a tie loses for CALL and PUT and wins for the others. On
// a Step index two ticks tie half the time.
func TestRiseAndFallAreDecidedByTheirTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialAccount(t, start(t, generous(t, "STEP")), derivsim.DemoAccount)
		ties := map[string]int{}
		for n := range 80 {
			time.Sleep(300 * time.Millisecond)
			kind := []string{"CALL", "PUT", "CALLE", "PUTE"}[n%4]
			b := into[deriv.BuyAnswer](r, buyOf(1, `"underlying_symbol":"stpRNG","contract_type":"`+kind+`","amount":1,"basis":"stake","duration":2,"duration_unit":"t"`)).Buy
			c := settled(r, b.Contract)
			h := into[deriv.HistoryAnswer](r, fmt.Sprintf(`{"ticks_history":"stpRNG","start":%d,"end":"latest","count":1000}`, b.Start+1)).History
			entry, exit := h.Prices[0], h.Prices[2]
			won := map[string]bool{"CALL": exit > entry, "PUT": exit < entry, "CALLE": exit >= entry, "PUTE": exit <= entry}[kind]
			if exit == entry {
				ties[kind]++
			}
			want := deriv.Lost
			if won {
				want = deriv.Won
			}
			if c.Status != want || c.Entry != entry || c.Exit != exit || c.EntryTime != h.Times[0] || c.ExitTime != h.Times[2] || (*c.SellPrice > 0) != won {
				t.Fatalf("%s: got %+v, want %s by %v to %v", kind, c, want, entry, exit)
			}
		}
		if len(ties) != 4 {
			t.Errorf("got ties %v, want some of each kind", ties)
		}
	})
}

func TestAContractOfSecondsEndsWithTheLastTickUntilThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialAccount(t, start(t, generous(t, "V75")), derivsim.DemoAccount)
		time.Sleep(time.Second + 300*time.Millisecond)
		b := into[deriv.BuyAnswer](r, buyOf(10, `"underlying_symbol":"R_75","contract_type":"PUT","amount":10,"basis":"stake","duration":16,"duration_unit":"s"`)).Buy
		c := settled(r, b.Contract)
		if c.ExpiryTime != b.Start+16 || c.ExitTime != c.ExpiryTime-1 || c.SellTime != c.ExpiryTime || c.EntryTime != b.Start+1 {
			t.Errorf("got %+v, want an entry at %d and the tick before %d", c, b.Start+1, b.Start+16)
		}
	})
}

func TestWhatCannotBeBought(t *testing.T) {
	for _, test := range []struct{ name, want, fields string }{
		{"less than the least stake", "StakeTooLow", `"underlying_symbol":"R_75","contract_type":"CALL","amount":0.34,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"the least stake", "", `"underlying_symbol":"R_75","contract_type":"CALL","amount":0.35,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"a fraction of a cent", "IncorrectStakeDecimals", `"underlying_symbol":"R_75","contract_type":"CALL","amount":1.005,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"more than the highest payout", "PayoutLimitExceeded", `"underlying_symbol":"R_75","contract_type":"CALL","amount":50001,"basis":"payout","duration":5,"duration_unit":"t"`},
		{"more than is there", "InsufficientBalance", `"underlying_symbol":"R_75","contract_type":"CALL","amount":10000.01,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"no stake", "StakeTooLow", `"underlying_symbol":"R_75","contract_type":"CALL","basis":"stake","duration":5,"duration_unit":"t"`},
		{"less than nothing", "StakeTooLow", `"underlying_symbol":"R_75","contract_type":"CALL","amount":-5,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"all the money there is", "StakeLimitExceeded", `"underlying_symbol":"R_75","contract_type":"CALL","amount":92233720368,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"eleven ticks", "TicksNumberLimits", `"underlying_symbol":"R_75","contract_type":"CALL","amount":1,"basis":"stake","duration":11,"duration_unit":"t"`},
		{"fourteen seconds", "TradingDurationNotAllowed", `"underlying_symbol":"R_75","contract_type":"CALL","amount":1,"basis":"stake","duration":14,"duration_unit":"s"`},
		{"no duration", "TradingDurationNotAllowed", `"underlying_symbol":"R_75","contract_type":"CALL","amount":1,"basis":"stake"`},
		{"no basis", "InputValidationFailed", `"underlying_symbol":"R_75","contract_type":"CALL","amount":1,"duration":5,"duration_unit":"t"`},
		{"a rise of Crash", "UnderlyingNotOffered", `"underlying_symbol":"CRASH500","contract_type":"CALL","amount":1,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"a type that is none", "InvalidContractType", `"underlying_symbol":"R_75","contract_type":"UP","amount":1,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"a symbol that is none", "OfferingsInvalidSymbol", `"underlying_symbol":"V75","contract_type":"CALL","amount":1,"basis":"stake","duration":5,"duration_unit":"t"`},
		{"a barrier", "ContractCreationFailure", `"underlying_symbol":"R_75","contract_type":"CALL","amount":1,"basis":"stake","duration":5,"duration_unit":"t","barrier":"+1"`},
		{"a multiplier that is not offered", "InputValidationFailed", `"underlying_symbol":"R_75","contract_type":"MULTUP","amount":1,"basis":"stake","multiplier":7`},
		{"a multiplier with an end", "ContractCreationFailure", `"underlying_symbol":"R_75","contract_type":"MULTUP","amount":1,"basis":"stake","multiplier":40,"duration":5,"duration_unit":"t"`},
		{"a stop loss above the stake", "ContractCreationFailure", `"underlying_symbol":"R_75","contract_type":"MULTUP","amount":1,"basis":"stake","multiplier":40,"limit_order":{"stop_loss":2}`},
		{"a growth rate that is not offered", "InputValidationFailed", `"underlying_symbol":"R_75","contract_type":"ACCU","amount":1,"basis":"stake","growth_rate":0.5`},
		{"too much on a multiplier", "StakeLimitExceeded", `"underlying_symbol":"R_75","contract_type":"MULTUP","amount":2001,"basis":"stake","multiplier":40`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := dialAccount(t, start(t, generous(t, "V75", "CRASH500")), derivsim.DemoAccount)
				if got := r.code(buyOf(1e6, test.fields)); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		})
	}
}

func TestABuyNeverCostsMoreThanItsPrice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialAccount(t, start(t, generous(t, "V75")), derivsim.DemoAccount)
		five := `"underlying_symbol":"R_75","contract_type":"CALL","amount":5,"basis":"stake","duration":5,"duration_unit":"t"`
		if got := r.code(buyOf(4.99, five)); got != "PriceMoved" {
			t.Errorf("got %q, want PriceMoved", got)
		}
		if got := into[deriv.BalanceAnswer](r, `{"balance":1}`).Balance.Amount; got != 10_000*deriv.Unit {
			t.Errorf("got a balance of %v, want it untouched", got)
		}
	})
}

// A rise over ten stakes and over 19.54 of payout are the same.
func TestAStakeAndItsPayoutAreTwoWaysToSayIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, generous(t, "V75")))
		stake := into[deriv.ProposalAnswer](r, riseOf("R_75", 10)).Proposal
		payout := into[deriv.ProposalAnswer](r, strings.NewReplacer(`"amount":10`, `"amount":19.54`, `"stake"`, `"payout"`).Replace(riseOf("R_75", 10))).Proposal
		if stake.Payout != deriv.Cents(1954) || payout.Ask != 10*deriv.Unit || payout.Payout != stake.Payout {
			t.Errorf("got %v for %v and %v for %v, want 19.54 for 10 both times", stake.Payout, stake.Ask, payout.Payout, payout.Ask)
		}
	})
}

func TestAMultiplierIsWorthItsFormula(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialAccount(t, start(t, generous(t, "V75")), derivsim.DemoAccount)
		for _, direction := range []string{"MULTUP", "MULTDOWN"} {
			b := into[deriv.BuyAnswer](r, buyOf(100, `"underlying_symbol":"R_75","contract_type":"`+direction+`","amount":100,"basis":"stake","multiplier":40`)).Buy
			for range 50 {
				time.Sleep(7 * time.Second)
				c := into[deriv.OpenContractAnswer](r, fmt.Sprintf(`{"proposal_open_contract":1,"contract_id":%d}`, b.Contract)).Contract
				change := c.Current.Float()/c.Entry.Float() - 1
				if direction == "MULTDOWN" {
					change = -change
				}
				if want := 100*40*change - c.Commission.Float(); math.Abs(c.Profit.Float()-want) > 0.0101 {
					t.Fatalf("%s: got a profit of %v, want %v", direction, c.Profit, want)
				}
			}
			sold := into[deriv.SellAnswer](r, fmt.Sprintf(`{"sell":%d,"price":0}`, b.Contract)).Sell
			if end := settled(r, b.Contract); end.Status != deriv.SoldEarly || *end.SellPrice != sold.Price || sold.Reference != b.Transaction {
				t.Errorf("got %+v for %+v, want it sold", end, sold)
			}
			if got := r.code(fmt.Sprintf(`{"sell":%d,"price":0}`, b.Contract)); got != "ContractAlreadySold" {
				t.Errorf("a second time: got %q", got)
			}
		}
	})
}

// A crash takes a multiplier through its stop loss: with a mean of a tenth of the
// stake it goes on by as much on average.
func TestACrashGoesThroughTheStopLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := generous(t, "CRASH500")
		opts.Indices[0].SpikeSize = 0.01
		r := dialAccount(t, start(t, opts), derivsim.DemoAccount)
		through := 0
		for range 40 {
			b := into[deriv.BuyAnswer](r, buyOf(10, `"underlying_symbol":"CRASH500","contract_type":"MULTUP","amount":10,"basis":"stake","multiplier":10,"limit_order":{"stop_loss":1,"take_profit":1}`)).Buy
			c := settledWithin(r, b.Contract, time.Minute)
			switch profit := *c.Profit; {
			case profit >= deriv.Unit && c.Status == deriv.Won, profit <= -deriv.Unit && profit >= -10*deriv.Unit && c.Status == deriv.Lost:
			default:
				t.Fatalf("got %v and %s, want a loss of 1 to 10, or a profit of 1 or more", profit, c.Status)
			}
			if *c.Profit < -3*deriv.Unit/2 {
				through++
			}
		}
		if through == 0 {
			t.Error("got none of 40 that a crash took far below its stop loss")
		}
	})
}

func TestAnAccumulatorGrowsUntilItLeavesItsCorridor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialAccount(t, start(t, generous(t, "V100_1s", "CRASH500")), derivsim.DemoAccount)
		for _, symbol := range []string{"1HZ100V", "CRASH500"} {
			ends := map[deriv.Status]int{}
			for range 20 {
				b := into[deriv.BuyAnswer](r, buyOf(10, `"underlying_symbol":"`+symbol+`","contract_type":"ACCU","amount":10,"basis":"stake","growth_rate":0.03,"limit_order":{"take_profit":4}`)).Buy
				if got := r.code(fmt.Sprintf(`{"sell":%d,"price":0}`, b.Contract)); got != "SellAtEntryTick" {
					t.Fatalf("before the entry: got %q, want SellAtEntryTick", got)
				}
				c := settled(r, b.Contract)
				ends[c.Status]++
				want := deriv.Money(math.Floor(1000*math.Pow(1.03, float64(c.TickPassed)))) * deriv.Cents(1)
				if c.Status == deriv.Lost {
					want = 0
				}
				if *c.SellPrice != want {
					t.Fatalf("%s after %d ticks: got %v, want %v", c.Status, c.TickPassed, c.SellPrice, want)
				}
			}
			if ends[deriv.Won] == 0 || ends[deriv.Lost] == 0 {
				t.Errorf("%s: got %v, want both ends", symbol, ends)
			}
		}
	})
}

// The one known accumulator, of 1 % on 1HZ100V, has a corridor of 0.000433139675
// either side.
func TestTheCorridorIsThatOfTheKnownAccumulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, generous(t, "V100_1s")))
		p := into[deriv.ProposalAnswer](r, `{"proposal":1,"underlying_symbol":"1HZ100V","contract_type":"ACCU","currency":"USD","amount":10,"basis":"stake","growth_rate":0.01}`).Proposal
		var got float64
		if _, err := fmt.Sscan(string(p.Details["tick_size_barrier"]), &got); err != nil || math.Abs(got/0.000433139675-1) > 0.002 {
			t.Errorf("got %v, %v, want 0.000433 within 0.2 %%", got, err)
		}
	})
}

func TestAContractOfSecondsIsSoldEarlyForLessThanItIsWorth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialAccount(t, start(t, generous(t, "V75")), derivsim.DemoAccount)
		b := into[deriv.BuyAnswer](r, buyOf(10, `"underlying_symbol":"R_75","contract_type":"CALL","amount":10,"basis":"stake","duration":10,"duration_unit":"m"`)).Buy
		if got := r.code(fmt.Sprintf(`{"sell":%d,"price":0}`, b.Contract)); got != "SellAtEntryTick" {
			t.Errorf("before the entry: got %q, want SellAtEntryTick", got)
		}
		time.Sleep(2 * time.Second)
		c := into[deriv.OpenContractAnswer](r, fmt.Sprintf(`{"proposal_open_contract":1,"contract_id":%d}`, b.Contract)).Contract
		if c.Bid.Float() < 9 || c.Bid.Float() > 10 || !c.CanSell {
			t.Errorf("at the entry: got a bid of %v, want a little less than the stake", c.Bid)
		}
		if got := r.code(fmt.Sprintf(`{"sell":%d,"price":100}`, b.Contract)); got != "PriceMoved" {
			t.Errorf("for 100: got %q, want PriceMoved", got)
		}
		ticks := into[deriv.BuyAnswer](r, buyOf(10, `"underlying_symbol":"R_75","contract_type":"CALL","amount":10,"basis":"stake","duration":10,"duration_unit":"t"`)).Buy
		time.Sleep(5 * time.Second)
		if got := r.code(fmt.Sprintf(`{"sell":%d,"price":0}`, ticks.Contract)); got != "ResaleNotOffered" {
			t.Errorf("of ticks: got %q, want ResaleNotOffered", got)
		}
	})
}
