package replay

import (
	"context"
	"time"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
)

// Player plays records through a market, an account on it and the account's trader,
// all in the goroutine that calls it. Broker was made of Market without a feed, and
// Trader, which may be nil, of Broker; it was opened.
type Player struct {
	Market *Market
	Broker *paper.Broker
	Trader *trade.Trader

	tended time.Time
}

// tendEvery is how often the trader looks at the clock, which is the market's.
const tendEvery = time.Second

// Play plays one record: the account has done all that follows from it when it
// returns, and the trader knows. It is false for what Market.Play is.
func (p *Player) Play(ctx context.Context, r *Record) bool {
	if !p.Market.Play(r) {
		return false
	}
	if r.Symbol != "" {
		p.Broker.Hear(r.Symbol, r.Tick, r.Missed == 0)
	}
	if p.Trader == nil {
		return true
	}
	p.handle(ctx)
	if now := p.Market.Now(); now.Sub(p.tended) >= tendEvery {
		p.tended = now
		p.Trader.Tend(ctx)
	}
	return true
}

// Follow has the trader follow a signal at this moment, and know what came of it.
func (p *Player) Follow(ctx context.Context, s *trade.Signal) error {
	err := p.Trader.Follow(ctx, s)
	p.handle(ctx)
	return err
}

func (p *Player) handle(ctx context.Context) {
	for _, e := range p.Broker.Events() {
		p.Trader.Handle(ctx, e)
	}
}
