package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/karlquant/quasar/trade"
)

// bet is an order that is, or may be, a contract.
type bet struct {
	order  *trade.Order
	price  float64
	payout float64 // 0 of what multiplies
	profit float64 // 0 before the end
}

// sort puts an order where it belongs, and returns it if its result counts, or will.
func (a *Apart) sort(o *trade.Order) *bet {
	switch {
	case o.Intent == nil:
		a.orphan(o)
		return nil
	case o.State == trade.StateRejected:
		a.Rejected++
		return nil
	case o.State == trade.StateAbandoned:
		a.Abandoned++
		return nil
	case o.State.Unresolved():
		a.Unresolved++
		a.MayCost += o.Price()
	case o.State.Live():
		a.Open++
		a.AtStake += o.Price()
	case o.Price() <= 0:
		a.Free++
		return nil
	}
	b := &bet{order: o, price: o.Price().Float(), profit: o.Profit().Float()}
	if !o.Kind().Multiplies() {
		b.payout = o.Payout().Float()
	}
	return b
}

func (a *Apart) orphan(o *trade.Order) {
	a.Orphans++
	if o.Settlement != nil {
		a.OrphansEnded++
		a.OrphansProfit += o.Profit()
		return
	}
	a.Open++
	a.AtStake += o.Price()
}

// asset is what it is on: the space that it followed.
func (b *bet) asset() string { return cmp.Or(b.order.Asset(), b.order.Symbol()) }

func (b *bet) policy() string { return b.order.Intent.Signal.Policy }

func (b *bet) settled() bool { return b.order.Settlement != nil }

func (b *bet) ended() time.Time { return b.order.Settlement.At }

// bought is when the contract began.
func (b *bet) bought() time.Time {
	if r := b.order.Receipt; r != nil && !r.Purchased.IsZero() {
		return r.Purchased
	}
	return b.order.Sent
}

// void tells whether it was undone, so that it says nothing.
func (b *bet) void() bool { return b.settled() && b.order.Settlement.Result == trade.Cancelled }

// coin tells whether it wins or loses.
func (b *bet) coin() bool { return b.payout > 0 && !b.void() }

// returned is what it brought for each unit that it cost.
func (b *bet) returned() float64 { return b.profit / b.price }

// ends returns what is settled, in the order of its ends.
func ends(all []*bet) []*bet {
	ended := slices.DeleteFunc(slices.Clone(all), func(b *bet) bool { return !b.settled() })
	slices.SortStableFunc(ended, func(a, b *bet) int { return a.ended().Compare(b.ended()) })
	return ended
}
