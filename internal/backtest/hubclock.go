package backtest

import "time"

// hubClock tells a hub's time by the market's, from the stamps of the snapshots: the
// stamp counts that is ahead of all others. A snapshot that was long on its way is then
// as old as it is.
type hubClock struct {
	known bool
	ahead time.Duration // by how much of the market's clock
}

// at is the hub's time at a time of the market at which a stamp came.
func (c *hubClock) at(market, stamp time.Time) time.Time {
	if ahead := stamp.Sub(market); !stamp.IsZero() && (!c.known || ahead > c.ahead) {
		c.known, c.ahead = true, ahead
	}
	return market.Add(c.ahead)
}
