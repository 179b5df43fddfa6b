package trade_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// noon is when the tests of the gate happen.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// book is a ledger that a test writes into.
type book struct {
	*trade.Ledger
	t   testing.TB
	now time.Time
	seq int64
}

// newBook returns the ledger of a paper account of 1,000 that has agreed with its venue.
func newBook(t testing.TB) *book {
	b := &book{trade.NewLedger(), t, noon.Add(-2 * time.Hour), 0}
	b.enter(&trade.Entry{Opened: &trade.Opened{Account: trade.Account{Mode: trade.Paper, ID: "paper", Currency: "USD", AppID: 7}, Balance: 1000 * trade.Unit}})
	b.enter(&trade.Entry{Started: &trade.Started{}})
	b.now = noon
	return b
}

func (b *book) enter(e *trade.Entry) {
	b.t.Helper()
	b.seq++
	e.Seq, e.At = b.seq, b.now
	if err := b.Apply(e); err != nil {
		b.t.Fatal(err)
	}
}

// order buys a contract of an asset at a price.
func (b *book) order(id, asset string, side trade.Side, price trade.Money) {
	b.t.Helper()
	b.plan(id, asset, side, price)
	b.enter(&trade.Entry{Sent: &trade.Sent{Intent: id}})
	b.enter(&trade.Entry{Bought: &trade.Bought{Intent: id, Receipt: trade.Receipt{Contract: b.seq, Transaction: b.seq, Price: price, Payout: price.Share(1.954), Purchased: b.now}}})
}

func (b *book) plan(id, asset string, side trade.Side, price trade.Money) {
	b.t.Helper()
	kind := trade.Rise
	if side == trade.Sell {
		kind = trade.Fall
	}
	b.enter(&trade.Entry{Planned: &trade.Intent{
		ID: id, Signal: trade.Signal{Decision: id, Asset: asset, Side: side, Votes: [2]int64{b.seq, 1}}, Most: price,
		Quote: trade.Quote{Terms: trade.Terms{Symbol: asset, Kind: kind, Stake: price}, Ask: price, Payout: price.Share(1.954)},
	}})
}

// lose has an order bought and lost.
func (b *book) lose(id string, price trade.Money) {
	b.t.Helper()
	b.end(id, price, 0, trade.Lost)
}

// end has an order bought, and what it brought.
func (b *book) end(id string, price, brought trade.Money, result trade.Result) {
	b.t.Helper()
	b.order(id, "LOST", trade.Buy, price)
	o := b.Order(id)
	b.enter(&trade.Entry{Settled: &trade.Settled{Intent: id, Contract: o.Contract(), Settlement: trade.Settlement{Result: result, Brought: brought, Transaction: b.seq, At: b.now}}})
}

// good are facts that nothing speaks against.
func good(b *book) *trade.Facts {
	return &trade.Facts{
		Now: noon, Ledger: b.Ledger, Reconciled: true, Health: trade.Health{Connected: true},
		Signal: &trade.Signal{
			Decision: "new", Asset: "V75", Side: trade.Buy, Votes: [2]int64{6, 4}, Price: new(100.1), SnapshotAge: time.Second, VotesAge: time.Second,
			TrainingAge: new(time.Second), Propensity: 1,
		},
		Instrument: &trade.Instrument{Symbol: "R_75", RiseFall: true, Open: true, MinStake: trade.Cents(35)},
		Tick:       &trade.Tick{Price: 100, At: noon.Add(-time.Second)},
		Quote: &trade.Quote{
			Terms: trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit}, Ask: trade.Unit, Payout: trade.Cents(195), Spot: 100, At: noon.Add(-time.Second),
		},
	}
}

func TestTheGateSaysWhatSpeaksAgainstAnOrder(t *testing.T) {
	for _, c := range gateCases {
		t.Run(c.name, func(t *testing.T) {
			b, l := newBook(t), trade.DefaultLimits()
			f := good(b)
			c.change(b, f, l)
			v := l.Check(f)
			if diff := cmp.Diff(c.want, v.Reasons); diff != "" || v.Halt != c.halt || len(v.Details) != len(v.Reasons) {
				t.Errorf("got %q %q, halt %q; want halt %q (-want +got):\n%s", v.Reasons, v.Details, v.Halt, c.halt, diff)
			}
		})
	}
}

// The trader finds these by itself, each where it happens.
var ofTheTrader = []trade.Reason{
	trade.ReasonNotTraded, trade.ReasonVenue, trade.ReasonTerms, trade.ReasonQuote, trade.ReasonPerson, trade.ReasonAmbiguous,
	trade.ReasonOrphan, trade.ReasonLedger, trade.ReasonPolicy,
}

func TestEveryReasonOfTheListCanBeBroughtAbout(t *testing.T) {
	brought := slices.Clone(ofTheTrader)
	for _, c := range gateCases {
		brought = append(brought, c.want...)
	}
	for _, r := range trade.Reasons {
		if !slices.Contains(brought, r) {
			t.Errorf("nothing brings %q about", r)
		}
	}
}
