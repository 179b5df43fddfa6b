package derivsim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// selections are one of each way to trade.
var selections = []string{
	`"underlying_symbol":"1HZ100V","contract_type":"CALL","basis":"stake","duration":1,"duration_unit":"t"`,
	`"underlying_symbol":"R_75","contract_type":"PUT","basis":"stake","duration":3,"duration_unit":"t"`,
	`"underlying_symbol":"stpRNG","contract_type":"CALLE","basis":"stake","duration":2,"duration_unit":"t"`,
	`"underlying_symbol":"stpRNG","contract_type":"PUTE","basis":"stake","duration":15,"duration_unit":"s"`,
	`"underlying_symbol":"JD100","contract_type":"CALL","basis":"stake","duration":1,"duration_unit":"m"`,
	`"underlying_symbol":"R_75","contract_type":"MULTUP","basis":"stake","multiplier":200,"limit_order":{"take_profit":0.3}`,
	`"underlying_symbol":"CRASH500","contract_type":"MULTDOWN","basis":"stake","multiplier":100`,
	`"underlying_symbol":"RB100","contract_type":"MULTUP","basis":"stake","multiplier":400`,
	`"underlying_symbol":"1HZ100V","contract_type":"ACCU","basis":"stake","growth_rate":0.05`,
	`"underlying_symbol":"CRASH500","contract_type":"ACCU","basis":"stake","growth_rate":0.01,"limit_order":{"take_profit":0.5}`,
}

var traded = []string{"V100_1s", "V75", "STEP", "JUMP100", "CRASH500", "RB100"}

// books are what an account's record says of it, from each of its sides.
type books struct {
	balance   deriv.Money
	movements []deriv.Movement // the oldest first
	finished  map[deriv.ContractID]deriv.Finished
	open      map[deriv.ContractID]deriv.Holding
}

func read(r *raw) books {
	b := books{finished: map[deriv.ContractID]deriv.Finished{}, open: map[deriv.ContractID]deriv.Holding{}}
	b.balance = into[deriv.BalanceAnswer](r, `{"balance":1}`).Balance.Amount
	for offset := 0; ; offset += 999 {
		page := into[deriv.StatementAnswer](r, fmt.Sprintf(`{"statement":1,"limit":999,"offset":%d,"description":1}`, offset)).Statement.Transactions
		b.movements = append(b.movements, page...)
		if len(page) < 999 {
			break
		}
	}
	slices.Reverse(b.movements)
	for offset := 0; ; offset += 500 {
		page := into[deriv.ProfitTableAnswer](r, fmt.Sprintf(`{"profit_table":1,"limit":500,"offset":%d}`, offset)).ProfitTable.Transactions
		for _, f := range page {
			b.finished[f.Contract] = f
		}
		if len(page) < 500 {
			break
		}
	}
	for _, h := range into[deriv.PortfolioAnswer](r, `{"portfolio":1}`).Portfolio.Contracts {
		b.open[h.Contract] = h
	}
	return b
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface{ Fatalf(string, ...any) }

// agree holds the sides of the books against each other, to the cent.
func (b *books) agree(t fataler, opening deriv.Money) {
	balance := opening
	bought, sold := map[deriv.ContractID]deriv.Movement{}, map[deriv.ContractID]deriv.Movement{}
	for i, m := range b.movements {
		balance += m.Amount
		if m.BalanceAfter != balance || i > 0 && m.Transaction <= b.movements[i-1].Transaction {
			t.Fatalf("movement %+v: want a balance of %v and a transaction after the last", m, balance)
		}
		switch m.Action {
		case "buy":
			bought[m.Contract] = m
		case "sell":
			sold[m.Contract] = m
			if m.Reference != bought[m.Contract].Transaction {
				t.Fatalf("sell %+v refers to another buy than %+v", m, bought[m.Contract])
			}
		}
	}
	if balance != b.balance || balance < 0 {
		t.Fatalf("got a balance of %v, want the opening one and all movements: %v", b.balance, balance)
	}
	if len(bought) != len(b.open)+len(b.finished) || len(sold) != len(b.finished) {
		t.Fatalf("got %d bought, %d sold, %d open and %d finished contracts", len(bought), len(sold), len(b.open), len(b.finished))
	}
	for id, f := range b.finished {
		if f.BuyPrice != -bought[id].Amount || f.SellPrice != sold[id].Amount || f.Transaction != bought[id].Transaction {
			t.Fatalf("profit table %+v: want the amounts of %+v and %+v", f, bought[id], sold[id])
		}
	}
	for id, h := range b.open {
		if h.BuyPrice != -bought[id].Amount || h.Transaction != bought[id].Transaction {
			t.Fatalf("portfolio %+v: want the amount of %+v", h, bought[id])
		}
	}
}

// Whatever is bought, sold, refused, adjusted from outside or bought by others:
// all sides of the record agree to the cent.
func TestTheBooksAgreeWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		steps := rapid.SliceOfN(rapid.IntRange(0, 13), 1, 30).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			opts := generous(t, traded...)
			opts.Seed, opts.History = seed, 200
			s := start(t, opts)
			r := dialAccount(t, s, derivsim.DemoAccount)
			rng := rand.New(rand.NewPCG(seed, 1))
			for _, step := range steps {
				act(s, r, rng, step)
			}
			b := read(r)
			b.agree(t, 10_000*deriv.Unit)
		})
	})
}

func act(s *derivsim.Sim, r *raw, rng *rand.Rand, step int) {
	switch {
	case step < len(selections):
		stake := float64(35+rng.IntN(100_000)) / 100
		r.ask(buyOf(stake, fmt.Sprintf(`"amount":%v,`, stake)+selections[step]))
	case step == 10:
		time.Sleep(time.Duration(rng.IntN(40_000)) * time.Millisecond)
	case step == 11:
		_ = s.Inject(derivsim.Fault{Kind: derivsim.BalanceAdjusted, Count: 1})
	case step == 12:
		_ = s.Inject(derivsim.Fault{Kind: derivsim.ForeignContract, Count: 1})
	default:
		for _, h := range into[deriv.PortfolioAnswer](r, `{"portfolio":1}`).Portfolio.Contracts {
			r.ask(fmt.Sprintf(`{"sell":%d,"price":0}`, h.Contract))
		}
	}
}
