package trade

import "fmt"

// exposure is what may be gained or lost at once.
type exposure struct {
	open, asset, side int
	payout            Money
}

// add counts a contract: by its index, for two spaces may be named after one.
func (x *exposure) add(f *Facts, asset, symbol string, kind Kind, payout Money) {
	x.open++
	x.payout = plus(x.payout, payout)
	in := f.Instrument
	if asset != "" && asset == f.Signal.Asset || in != nil && symbol != "" && symbol == in.Symbol {
		x.asset++
	}
	if kind.known() && kind.Side() == f.Signal.Side {
		x.side++
	}
}

// exposed adds up what is open, contracts of other apps counted.
func exposed(f *Facts) (x exposure) {
	for i := range f.Ledger.Foreign {
		c := &f.Ledger.Foreign[i]
		x.add(f, "", c.Symbol, c.Kind, worth(c.Payout, c.Price, 0))
	}
	for _, o := range f.Ledger.active {
		x.add(f, o.Asset(), o.Symbol(), o.Kind(), o.worth())
	}
	return x
}

// checkOpen counts what is open, as if this were bought too.
func (l *Limits) checkOpen(v *Verdict, f *Facts) {
	x := exposed(f)
	counts(v, ReasonOpen, "contracts would be open", 1+x.open, l.MaxOpen)
	counts(v, ReasonOpenAsset, "contracts of the index would be open", 1+x.asset, l.MaxOpenAsset)
	counts(v, ReasonOpenSide, "contracts of the side would be open", 1+x.side, l.MaxOpenSide)
	if q := f.Quote; q != nil {
		x.payout = plus(x.payout, worth(q.Payout, q.Ask, q.TakeProfit))
	}
	if x.payout > l.MaxOpenPayout {
		v.no(ReasonOpenPayout, fmt.Sprintf("what is open would pay %s, want at most %s", x.payout, l.MaxOpenPayout))
	}
}

// worth is what a contract may pay: of one that multiplies its price and its take
// profit, or for want of that twice its price.
func worth(payout, price, profit Money) Money {
	if payout > 0 {
		return payout
	}
	if profit <= 0 {
		profit = price
	}
	return plus(price, profit)
}

// worth is what the order may pay.
func (o *Order) worth() Money {
	profit := Money(0)
	if o.Intent != nil {
		profit = o.Intent.Quote.TakeProfit
	}
	return worth(o.Payout(), o.Price(), profit)
}
