package trade_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karlquant/quasar/trade"
)

// bet is an order as the test keeps it, without a ledger. Its times are the latest that
// the broker's clock had shown by then, for nobody knows better while it is behind.
type bet struct {
	id, asset     string
	side          trade.Side
	bought, ended time.Time
	price         trade.Money
	won           bool
}

// world plays a trader that buys whatever the gate lets through.
type world struct {
	t       *rapid.T
	limits  *trade.Limits
	ledger  *trade.Ledger
	entries []*trade.Entry
	now     time.Time     // of the world
	wrong   time.Duration // how far behind it the broker's clock is
	seen    time.Time     // the latest that it showed in an entry
	bets    []*bet
	halted  bool
	resumed time.Time
}

func (w *world) clock() time.Time { return w.now.Add(-w.wrong) }

// latest is the time that the gate may go by.
func (w *world) latest() time.Time {
	if now := w.clock(); now.After(w.seen) {
		return now
	}
	return w.seen
}

func (w *world) enter(e *trade.Entry) {
	w.seen = w.latest()
	e.Seq, e.At = int64(len(w.entries)+1), w.clock()
	if err := w.ledger.Apply(e); err != nil {
		w.t.Fatalf("entry %d: %v", e.Seq, err)
	}
	w.entries = append(w.entries, e)
}

// try shows the gate an order, and buys it if it may.
func (w *world) try() {
	id := fmt.Sprint(len(w.entries))
	asset := rapid.SampledFrom([]string{"V10", "V75", "V100"}).Draw(w.t, "asset")
	side := rapid.SampledFrom([]trade.Side{trade.Buy, trade.Sell}).Draw(w.t, "side")
	price := trade.Cents(rapid.Int64Range(35, 400).Draw(w.t, "stake"))
	kind := trade.Rise
	if side == trade.Sell {
		kind = trade.Fall
	}
	quote := trade.Quote{Terms: trade.Terms{Symbol: asset, Kind: kind, Stake: price}, Ask: price, Payout: price.Share(1.954), Spot: 1, At: w.clock()}
	signal := trade.Signal{Decision: id, Asset: asset, Side: side, Votes: [2]int64{int64(len(w.entries)), 0}, Price: new(1.0), TrainingAge: new(time.Duration(0))}
	v := w.limits.Check(&trade.Facts{
		Now: w.clock(), Ledger: w.ledger, Reconciled: true, Health: trade.Health{Connected: true}, Signal: &signal,
		Instrument: &trade.Instrument{Symbol: asset, RiseFall: true, Open: true}, Tick: &trade.Tick{Price: 1, At: w.clock()}, Quote: &quote,
	})
	if v.Halt != "" {
		w.enter(&trade.Entry{Halted: &trade.Halted{Reason: v.Halt, By: "gate"}})
		w.halted = true
	}
	if len(v.Reasons) > 0 {
		return
	}
	w.enter(&trade.Entry{Planned: &trade.Intent{ID: id, Signal: signal, Quote: quote, Most: price}})
	w.enter(&trade.Entry{Sent: &trade.Sent{Intent: id}})
	n := int64(len(w.entries))
	w.enter(&trade.Entry{Bought: &trade.Bought{Intent: id, Receipt: trade.Receipt{Contract: n, Transaction: n, Price: price, Payout: quote.Payout}}})
	w.bets = append(w.bets, &bet{id: id, asset: asset, side: side, bought: w.seen, price: price})
	w.hold()
}

// settle ends a bet that is open.
func (w *world) settle() {
	at := slices.IndexFunc(w.bets, func(b *bet) bool { return b.ended.IsZero() })
	if at < 0 {
		return
	}
	b := w.bets[at]
	b.ended, b.won = w.latest(), rapid.Bool().Draw(w.t, "won")
	s := trade.Settlement{Result: trade.Lost, Transaction: int64(len(w.entries) + 1_000_000)}
	if b.won {
		s.Result, s.Brought = trade.Won, b.price.Share(1.954)
	}
	w.enter(&trade.Entry{Settled: &trade.Settled{Intent: b.id, Contract: w.ledger.Order(b.id).Contract(), Settlement: s}})
}

// hold checks, by counting anew, that what was bought just now is within all limits.
func (w *world) hold() {
	if w.halted {
		w.t.Fatal("bought while halted")
	}
	open, asset, side, payout := 0, 0, 0, trade.Money(0)
	minute, hour, lastDay := 0, 0, 0
	var lost, today, risked trade.Money
	newest, now := w.bets[len(w.bets)-1], w.latest()
	for _, b := range w.bets {
		minute += is(now.Sub(b.bought) < time.Minute)
		hour += is(now.Sub(b.bought) < time.Hour)
		lastDay += is(now.Sub(b.bought) < 24*time.Hour)
		switch {
		case b.ended.IsZero():
			open++
			asset += is(b.asset == newest.asset)
			side += is(b.side == newest.side)
			payout += b.price.Share(1.954)
			risked += b.price
		case !b.ended.Before(w.resumed) && now.Sub(b.ended) < 24*time.Hour:
			gain := -b.price
			if b.won {
				gain += b.price.Share(1.954)
			}
			lost -= gain
			if b.ended.Truncate(24 * time.Hour).Equal(now.Truncate(24 * time.Hour)) {
				today -= gain
			}
		}
	}
	l := w.limits
	for what, broken := range map[string]bool{
		"stake": newest.price > l.MaxStake, "open": open > l.MaxOpen, "open of the asset": asset > l.MaxOpenAsset, "open of the side": side > l.MaxOpenSide,
		"open payout": payout > l.MaxOpenPayout, "a minute": minute > l.PerMinute, "an hour": hour > l.PerHour, "a day": lastDay > l.PerDay,
		"24 hours' loss": lost+risked > l.RollingLoss, "the day's loss": today+risked > l.DailyLoss,
	} {
		if broken {
			w.t.Fatalf("the limit of %s is exceeded", what)
		}
	}
}

func is(b bool) int {
	if b {
		return 1
	}
	return 0
}

// restart folds all entries anew, as a process that starts does.
func (w *world) restart() {
	again := trade.NewLedger()
	for _, e := range w.entries {
		if err := again.Apply(e); err != nil {
			w.t.Fatal(err)
		}
	}
	if (again.Halt == nil) != (w.ledger.Halt == nil) || again.Balance() != w.ledger.Balance() {
		w.t.Fatalf("a restart forgets: got the halt %v and %s, want %v and %s", again.Halt, again.Balance(), w.ledger.Halt, w.ledger.Balance())
	}
	w.ledger = again
}

// Whatever the order of signals, fills, clock jumps and restarts, no limit is ever
// exceeded and no halt is ever forgotten.
func TestNoLimitIsEverExceededAndNoHaltForgotten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := trade.DefaultLimits()
		l.PerMinute, l.PerHour, l.PerDay, l.MaxOpenAsset, l.Session = 3, 8, 20, 2, -1
		l.DailyLoss, l.RollingLoss, l.LossStreak = 12*trade.Unit, 15*trade.Unit, 4
		w := &world{t: t, limits: l, ledger: trade.NewLedger(), now: noon}
		w.enter(&trade.Entry{Opened: &trade.Opened{Account: trade.Account{Mode: trade.Paper}, Balance: 1000 * trade.Unit}})
		for range rapid.IntRange(100, 400).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"try", "try", "try", "try", "settle", "settle", "settle", "wait", "wait", "wait", "jump", "restart", "resume"}).Draw(t, "step") {
			case "try":
				w.try()
			case "settle":
				w.settle()
			case "wait":
				w.now = w.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 25 * time.Second, 2 * time.Minute, 40 * time.Minute, 5 * time.Hour}).Draw(t, "for"))
			case "jump":
				w.wrong = rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Hour, 26 * time.Hour}).Draw(t, "back")
			case "restart":
				w.restart()
			case "resume":
				w.resume()
			}
			if w.halted != (w.ledger.Halt != nil) {
				t.Fatalf("halted: got %v, want %t", w.ledger.Halt, w.halted)
			}
		}
	})
}

// resume is a person, who also sets the clock right.
func (w *world) resume() {
	if !w.halted {
		return
	}
	w.wrong, w.seen = 0, time.Time{}
	w.enter(&trade.Entry{Resumed: &trade.Resumed{By: "test"}})
	w.halted, w.resumed = false, w.seen
}
