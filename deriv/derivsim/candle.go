package derivsim

import (
	"github.com/karlquant/quasar/deriv"
)

// candles returns the newest candles of a width in seconds, at most count. The
// first may have begun before the oldest tick that is kept.
func (y *symbol) candles(from, to, width int64, count int) []deriv.Candle {
	list := []deriv.Candle{}
	if earliest := to - to%width - int64(count-1)*width; from < earliest {
		from = earliest
	}
	for _, t := range y.between(from-from%width, to, int(y.kept)) {
		if n := len(list); n == 0 || int64(list[n-1].Epoch) != t.epoch-t.epoch%width {
			list = append(list, deriv.Candle{})
		}
		addTick(&list[len(list)-1], t, width)
	}
	return list
}

// addTick has a candle go on with a tick, or begin anew with it.
func addTick(c *deriv.Candle, t tick, width int64) {
	if begin := deriv.Epoch(t.epoch - t.epoch%width); c.Epoch != begin {
		*c = deriv.Candle{Epoch: begin, Open: t.price, High: t.price, Low: t.price}
	}
	c.High, c.Low, c.Close = max(c.High, t.price), min(c.Low, t.price), t.price
}

// ohlcBody is an update of a candle that is not complete. Its prices are decimal
// strings, as the earlier API had them.
func ohlcBody(id string, y *symbol, c *deriv.Candle, t tick, width int64) []byte {
	text := func(p deriv.Price) string { return p.Text(y.index.Decimals) }
	return encode(map[string]any{"ohlc": map[string]any{
		"id": id, "symbol": y.index.Symbol, "granularity": width, "open_time": c.Epoch, "epoch": t.epoch,
		"open": text(c.Open), "high": text(c.High), "low": text(c.Low), "close": text(c.Close),
		"pip_size": y.index.Decimals,
	}})
}
