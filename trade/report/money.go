package report

import "github.com/karlquant/quasar/trade"

// money adds up what was paid and earned, in the order in which it ended.
func (row *Row) money(ended []*bet, start *trade.Money) {
	if len(ended) == 0 {
		return
	}
	var profit, highest, fall, margin trade.Money
	var share *float64
	streak := 0
	for _, b := range ended {
		row.Turnover += b.order.Price()
		if m := b.margin(); m != nil {
			margin += *m
		} else {
			row.MarginUnknown++
		}
		p := b.order.Profit()
		profit += p
		highest, fall = max(highest, profit), max(fall, highest-profit)
		if start != nil && *start+highest > 0 {
			part := (highest - profit).Float() / (*start + highest).Float()
			if share == nil || part > *share {
				share = &part
			}
		}
		if streak++; p >= 0 {
			streak = 0
		}
		row.LosingStreak = max(row.LosingStreak, streak)
	}
	row.Profit, row.Drawdown = &profit, &Drawdown{Amount: fall, Share: share}
	if row.MarginUnknown < len(ended) {
		row.Margin = &margin
	}
}

// margin is what the house keeps of an order on average: of one that wins or loses with
// a fair coin what it costs less half of what it pays, of one that multiplies its
// commission, of one that was undone nothing. Nil where it is not known.
func (b *bet) margin() *trade.Money {
	switch commission := b.order.Intent.Quote.Commission; {
	case b.void():
		return new(trade.Money)
	case b.coin():
		return new(b.order.Price() - b.order.Payout()/2)
	case commission > 0:
		return &commission
	}
	return nil
}
