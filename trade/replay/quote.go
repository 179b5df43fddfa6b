package replay

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/price/house"
	"github.com/karlquant/quasar/trade"
)

// price checks the terms of a quote and enters what they pay, or what they cost.
func (m *Market) price(q *trade.Quote, x *price.Index) error {
	switch {
	case !house.Offers(x, string(q.Kind)):
		return errors.New("it is not offered on this index")
	case q.Stake < m.opts.MinStake:
		return fmt.Errorf("stake: got %s, want %s or more", q.Stake, m.opts.MinStake)
	case q.Stake%trade.Cents(1) != 0:
		return fmt.Errorf("stake: got %s, want no more than two decimals", q.Stake)
	case q.Kind.Multiplies():
		return m.priceMultiplier(q, x)
	}
	return m.priceRiseFall(q, x)
}

func (m *Market) priceRiseFall(q *trade.Quote, x *price.Index) error {
	if err := checkLife(&q.Terms); err != nil {
		return err
	}
	q.Payout = cents(q.Stake.Float()*m.ratio(q, x), math.Round)
	if q.Payout > m.opts.MaxPayout {
		return fmt.Errorf("payout: got %s, want %s at most", q.Payout, m.opts.MaxPayout)
	}
	return nil
}

// checkLife wants a number of ticks or of seconds, and nothing that multiplies.
func checkLife(t *trade.Terms) error {
	switch {
	case t.Multiplier != 0 || t.StopLoss != 0 || t.TakeProfit != 0:
		return errors.New("got a multiplier or limits, want none of a Rise or Fall")
	case t.Ticks != 0 && t.Duration != 0:
		return fmt.Errorf("life: got %d ticks and %v, want one of them", t.Ticks, t.Duration)
	case t.Duration == 0 && (t.Ticks < minTicks || t.Ticks > maxTicks):
		return fmt.Errorf("life: got %d ticks, want %d to %d", t.Ticks, minTicks, maxTicks)
	case t.Duration != 0 && (t.Duration < minDuration || t.Duration > maxDuration || t.Duration%time.Second != 0):
		return fmt.Errorf("life: got %v, want whole seconds from %v to %v", t.Duration, minDuration, maxDuration)
	}
	return nil
}

func (m *Market) ratio(q *trade.Quote, x *price.Index) float64 {
	for i := range m.opts.Payouts {
		if m.opts.Payouts[i].fits(&q.Terms) {
			return m.opts.Payouts[i].Ratio
		}
	}
	ticks := int64(q.Ticks)
	if ticks == 0 {
		ticks = int64(q.Duration / x.Interval)
	}
	return house.Ratio(x, string(q.Kind), q.Spot, ticks)
}

// maxMultiplierStake is the highest stake of a contract that multiplies.
const maxMultiplierStake = 2000 * trade.Unit

func (m *Market) priceMultiplier(q *trade.Quote, x *price.Index) error {
	stop := q.StopLoss
	if stop == 0 {
		stop = q.Stake
	}
	switch offered := house.Multipliers(x); {
	case q.Ticks != 0 || q.Duration != 0:
		return errors.New("got a life, want none of what multiplies")
	case !slices.Contains(offered, q.Multiplier):
		return fmt.Errorf("multiplier: got %v, want one of %v", q.Multiplier, offered)
	case q.Stake > maxMultiplierStake:
		return fmt.Errorf("stake: got %s, want %s at most", q.Stake, maxMultiplierStake)
	case q.TakeProfit < 0 || stop < 0 || stop > q.Stake:
		return fmt.Errorf("limits: got a stop loss of %s and a take profit of %s, want amounts above 0, the loss up to the stake", q.StopLoss, q.TakeProfit)
	}
	room := 1 - stop.Float()/q.Stake.Float()
	q.Commission = cents(q.Stake.Float()*q.Multiplier*house.Commission(x, string(q.Kind), q.Multiplier, room), math.Ceil)
	if stop <= q.Commission {
		return fmt.Errorf("stop loss: got %s, want more than the commission of %s", stop, q.Commission)
	}
	return nil
}

// cents rounds a computed amount to hundredths, but for what is only the noise of a
// float.
func cents(x float64, round func(float64) float64) trade.Money {
	return trade.Cents(int64(round(math.Round(x*1e8) / 1e6)))
}
