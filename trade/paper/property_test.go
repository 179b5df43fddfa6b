package paper_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
)

// books keeps a journal of an account beside it, as a trader would.
type books struct {
	*stall
	ledger *trade.Ledger
	live   []int64
}

func (b *books) enter(r *rapid.T, entries ...*trade.Entry) {
	for _, e := range entries {
		e.Seq, e.At = b.ledger.Seq+1, b.market.now
		if err := b.ledger.Apply(e); err != nil {
			r.Fatal(err)
		}
	}
}

func (b *books) trade(r *rapid.T, terms trade.Terms) {
	q := b.quote(terms)
	receipt, err := b.broker.Buy(b.t.Context(), q)
	if err != nil {
		return
	}
	id := strconv.FormatInt(receipt.Contract, 10)
	in := &trade.Intent{ID: id, Signal: trade.Signal{Decision: id}, Quote: *q, Most: q.Ask}
	b.enter(r, &trade.Entry{Planned: in}, &trade.Entry{Sent: &trade.Sent{Intent: id}}, &trade.Entry{Bought: &trade.Bought{Intent: id, Receipt: receipt}})
	b.live = append(b.live, receipt.Contract)
}

func (b *books) settle(r *rapid.T) {
	for _, e := range b.broker.Events() {
		if e.Contract != nil && e.Contract.Settlement != nil {
			b.enter(r, &trade.Entry{Settled: &trade.Settled{Contract: e.Contract.ID, Settlement: *e.Contract.Settlement}})
		}
	}
}

// all is the whole record, but for what follows from the ticks since.
func (b *books) all(r *rapid.T, broker *paper.Broker) *trade.Record {
	record, err := broker.Record(b.t.Context(), noon.Add(-time.Hour))
	if err != nil {
		r.Fatal(err)
	}
	for i := range record.Open {
		record.Open[i].Bid, record.Open[i].Sellable = nil, false
	}
	return record
}

// Whatever happens, the balance is what the movements and the journal say, to the
// cent; and an account that is restored is the one that was.
func TestTheBooksAgree(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		opts := paper.Options{Opening: 1000 * trade.Unit, Rejected: rapid.SampledFrom([]float64{-1, 0.3}).Draw(r, "rejected"), MaxMove: -1, Seed: rapid.Uint64().Draw(r, "seed")}
		b := &books{stall: newStall(t, opts), ledger: trade.NewLedger()}
		b.enter(r, &trade.Entry{Opened: &trade.Opened{Account: b.broker.Account(), Balance: 1000 * trade.Unit}})
		at, price := 0.0, 1000.0
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			switch rapid.IntRange(0, 3).Draw(r, "step") {
			case 0:
				b.trade(r, terms(r))
			case 1:
				if len(b.live) > 0 {
					_ = b.broker.Sell(t.Context(), rapid.SampledFrom(b.live).Draw(r, "sell")) // or not
				}
			default:
				at += rapid.Float64Range(0, 90).Draw(r, "seconds")
				price *= rapid.Float64Range(0.9, 1.1).Draw(r, "move")
				b.hear(at, price, rapid.IntRange(0, 9).Draw(r, "whole") > 0)
			}
			b.settle(r)
			record := b.all(r, b.broker)
			sum := 1000 * trade.Unit
			for _, m := range record.Movements {
				if sum += m.Amount; m.Balance != sum {
					r.Fatalf("got %+v, want a balance of %s", m, sum)
				}
			}
			if record.Balance != sum || b.ledger.Balance() != sum || sum < 0 {
				r.Fatalf("got a balance of %s, %s by the journal, want %s", record.Balance, b.ledger.Balance(), sum)
			}
		}
		restored, err := paper.New(b.market, &opts)
		if err != nil {
			r.Fatal(err)
		}
		if err := restored.Restore(b.ledger); err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(b.all(r, b.broker), b.all(r, restored)); diff != "" {
			r.Errorf("restored (-was +is):\n%s", diff)
		}
	})
}

func terms(r *rapid.T) trade.Terms {
	t := trade.Terms{
		Kind:  rapid.SampledFrom([]trade.Kind{trade.Rise, trade.Fall, trade.MultiUp, trade.MultiDown}).Draw(r, "kind"),
		Stake: trade.Cents(rapid.Int64Range(35, 40_000).Draw(r, "stake")),
	}
	switch {
	case t.Kind.Multiplies():
		t.Multiplier = float64(rapid.IntRange(1, 1000).Draw(r, "multiplier"))
		t.StopLoss = trade.Cents(rapid.Int64Range(0, int64(t.Stake/trade.Cents(1))).Draw(r, "stop"))
		t.TakeProfit = trade.Cents(rapid.Int64Range(0, 10_000).Draw(r, "take"))
	case rapid.Bool().Draw(r, "ticks"):
		t.Ticks = rapid.IntRange(1, 10).Draw(r, "n")
	default:
		t.Duration = time.Duration(rapid.IntRange(15, 120).Draw(r, "long")) * time.Second
	}
	return t
}
