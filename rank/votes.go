package rank

import (
	"math"

	"github.com/karlquant/quasar"
)

// votes is what an asset's agents said and how often they changed their minds.
type votes struct {
	group
	ballot
	side      float64 // the newest signal that was known
	flippedAt float64
	flips     rate
}

// ballot is what a snapshot says of votes; what it does not say is not known.
type ballot struct {
	buys, sells float64
	signal      float64 // 1 buy, -1 sell, 0 neutral
	price       float64
	source      float64 // its place among the sources from 1 on, 0 for none
}

// blank is a ballot that says nothing.
var blank = ballot{buys: nan, sells: nan, signal: nan, price: nan}

func newVotes(t float64) votes {
	return votes{group: never, ballot: blank, side: nan, flippedAt: t, flips: rate{at: t}}
}

func (f *Features) read(v *quasar.Voting) ballot {
	b := blank
	if counts(v.BuyCount) {
		b.buys = float64(*v.BuyCount)
	}
	if counts(v.SellCount) {
		b.sells = float64(*v.SellCount)
	}
	if v.DominantSignal != nil {
		b.signal = signOf(*v.DominantSignal)
	}
	if finite(v.LastPrice) && *v.LastPrice > 0 {
		b.price = *v.LastPrice
	}
	if v.SignalSource != nil {
		b.source = f.source(*v.SignalSource)
	}
	return b
}

func signOf(s quasar.Signal) float64 {
	switch s {
	case quasar.Buy:
		return 1
	case quasar.Sell:
		return -1
	case quasar.Neutral:
		return 0
	}
	return nan
}

func (b *ballot) same(c *ballot) bool {
	return same(b.buys, c.buys) && same(b.sells, c.sells) && same(b.signal, c.signal) &&
		same(b.price, c.price) && b.source == c.source
}

// take takes a ballot that is news. A signal that is not known for a while and
// then the same again has not changed.
func (v *votes) take(b ballot, horizon float64) {
	v.ballot = b
	if !known(b.signal) {
		return
	}
	if known(v.side) && b.signal != v.side {
		v.flips.add(v.at, slow*horizon)
		v.flippedAt = v.at
	}
	v.side = b.signal
}

// direction is 1 for BUY, -1 for SELL, and 0 for everything else.
func (v *votes) direction() float64 {
	if !known(v.signal) {
		return 0
	}
	return v.signal
}

// confidence is not known without votes.
func (v *votes) confidence() float64 { return max(v.buys, v.sells) / (v.buys + v.sells) }

func (v *votes) fill(r *row) {
	n := v.buys + v.sells // not known if one is not
	p := v.buys / n
	r.put(xConfidence, v.confidence())
	r.put(xMargin, (v.buys-v.sells)/n)
	r.put(xVoteEntropy, entropy(p))
	r.put(xVotes, math.Log1p(n))
	r.put(xAgreement, v.direction()*sign(v.buys-v.sells))
	r.put(xBuy, bit(v.signal == 1))
	r.put(xSell, bit(v.signal == -1))
	r.put(xNoVotes, bit(!known(p)))
	r.put(xNoSignal, bit(!known(v.signal)))
	for i := range maxSources {
		r.put(xSource1+i, bit(v.source == float64(i+1)))
	}
	r.put(xSourceOther, bit(v.source == otherSource))
}

// entropy of a coin in bits; p is 0 to 1, or not known.
func entropy(p float64) float64 {
	if p == 0 || p == 1 {
		return 0
	}
	return -p*math.Log2(p) - (1-p)*math.Log2(1-p)
}

// sign is 0 for 0 and for what is not known.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
