package trade_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karlquant/quasar/trade"
)

// bet is an order as the test keeps it, without a ledger. Its times are true ones.
type bet struct {
	id, asset     string
	side          trade.Side
	bought, ended time.Time
	price         trade.Money
	gain          trade.Money
	// early and late are of one that was bought, or ended, while the clock was behind,
	// ahead of one that ended while it was or had been ahead: nobody could know when.
	early, late, ahead bool
	accepted           bool // with its loss, by a person
}

// world plays a trader that buys whatever the gate lets through.
type world struct {
	t       *rapid.T
	limits  *trade.Limits
	ledger  *trade.Ledger
	entries []*trade.Entry
	now     time.Time     // the true one
	wrong   time.Duration // how far behind it the broker's clock is, below 0 for ahead
	told    bool          // that it is: the broker compares it with ours
	shown   time.Time     // the latest that it showed in an entry, since a person set it
	bets    []*bet
	halted  trade.Reason
	// row is how many losses there were in a row, pauses when it was long enough, by
	// the true time; lost the price of the last loss without a gain after it.
	row    int
	pauses []time.Time
	lost   trade.Money
	// profit and highest are what was earned, and the most of it since a person last
	// accepted a loss.
	profit, highest trade.Money
}

const opening = 1000 * trade.Unit

// slack is how far the clock may be off without anybody saying so, either side.
const slack = 4 * time.Second

func (w *world) clock() time.Time { return w.now.Add(-w.wrong) }

// behind tells whether the clock is wrong so that times are forgotten.
func (w *world) behind() bool { return w.wrong > slack }

func (w *world) health() trade.Health {
	h := trade.Health{Connected: true}
	if w.told {
		h.Offset = w.wrong
	}
	return h
}

func (w *world) enter(e *trade.Entry) {
	e.Seq, e.At = int64(len(w.entries)+1), w.clock()
	if err := w.ledger.Apply(e); err != nil {
		w.t.Fatalf("entry %d: %v", e.Seq, err)
	}
	w.entries = append(w.entries, e)
	if e.At.After(w.shown) {
		w.shown = e.At
	}
}

func (w *world) halt(r trade.Reason) {
	if w.halted == "" {
		w.halted = r
		w.enter(&trade.Entry{Halted: &trade.Halted{Reason: r, By: "gate"}})
	}
}

// stakes are in cents, the high ones first: of which rapid draws more.
var stakes = []int64{400, 500, 350, 200, 100, 35, 600}

// try shows the gate an order, and buys it if it may.
func (w *world) try() {
	id := fmt.Sprint(len(w.entries))
	asset := rapid.SampledFrom([]string{"V10", "V75", "V100"}).Draw(w.t, "asset")
	side := rapid.SampledFrom([]trade.Side{trade.Buy, trade.Sell}).Draw(w.t, "side")
	price := trade.Cents(rapid.SampledFrom(stakes).Draw(w.t, "stake"))
	kind := trade.Rise
	if side == trade.Sell {
		kind = trade.Fall
	}
	quote := trade.Quote{Terms: trade.Terms{Symbol: asset, Kind: kind, Stake: price}, Ask: price, Payout: price.Share(1.954), Spot: 1, At: w.clock()}
	signal := trade.Signal{Decision: id, Asset: asset, Side: side, Votes: [2]int64{int64(len(w.entries)), 0}, Price: new(1.0), TrainingAge: new(time.Duration(0))}
	v := w.limits.Check(&trade.Facts{
		Now: w.clock(), Ledger: w.ledger, Reconciled: true, Health: w.health(), Signal: &signal,
		Instrument: &trade.Instrument{Symbol: asset, RiseFall: true, Open: true}, Tick: &trade.Tick{Price: 1, At: w.clock()}, Quote: &quote,
	})
	if v.Halt != "" {
		w.halt(v.Halt)
	}
	if !v.OK() {
		w.enter(&trade.Entry{Refused: &trade.Refused{Signal: signal, Reasons: v.Reasons}})
		return
	}
	w.enter(&trade.Entry{Planned: &trade.Intent{ID: id, Signal: signal, Quote: quote, Most: price}})
	w.enter(&trade.Entry{Sent: &trade.Sent{Intent: id}})
	n := int64(len(w.entries))
	w.enter(&trade.Entry{Bought: &trade.Bought{Intent: id, Receipt: trade.Receipt{Contract: n, Transaction: n, Price: price, Payout: quote.Payout}}})
	w.bets = append(w.bets, &bet{id: id, asset: asset, side: side, bought: w.now, price: price, early: w.behind()})
	w.hold()
}

// settle ends a bet that is open, and halts if that is due.
func (w *world) settle() {
	at := slices.IndexFunc(w.bets, func(b *bet) bool { return b.ended.IsZero() })
	if at < 0 {
		return
	}
	b := w.bets[at]
	b.ended, b.late, b.gain = w.now, w.behind(), -b.price
	b.ahead = w.wrong < -slack || w.shown.Sub(w.clock()) > slack
	s := trade.Settlement{Result: trade.Lost, Transaction: int64(len(w.entries) + 1_000_000)}
	switch rapid.SampledFrom([]trade.Result{trade.Lost, trade.Lost, trade.Lost, trade.Won, trade.Won, trade.Cancelled}).Draw(w.t, "result") {
	case trade.Won:
		s.Result, s.Brought = trade.Won, b.price.Share(1.954)
	case trade.Cancelled:
		s.Result, s.Brought = trade.Cancelled, b.price
	}
	b.gain += s.Brought
	w.enter(&trade.Entry{Settled: &trade.Settled{Intent: b.id, Contract: w.ledger.Order(b.id).Contract(), Settlement: s}})
	w.count(b)
	if _, v := w.limits.Standing(w.ledger, w.clock(), w.health()); v.Halt != "" {
		w.halt(v.Halt)
	}
}

func (w *world) count(b *bet) {
	w.profit += b.gain
	w.highest = max(w.highest, w.profit)
	switch {
	case b.gain > 0:
		w.row, w.lost = 0, 0
	case b.gain < 0:
		w.lost = b.price
		if w.row++; w.row%w.limits.LossStreak == 0 && !b.late {
			w.pauses = append(w.pauses, w.now)
		}
	}
}

// hold checks, by counting anew, that what was bought just now is within all limits.
func (w *world) hold() {
	if w.halted != "" {
		w.t.Fatalf("bought while halted for %s", w.halted)
	}
	if w.told && w.wrong.Abs() > slack || w.shown.Sub(w.clock()) > slack {
		w.t.Fatalf("bought while the clock is %v behind, and was at %s", w.wrong, w.shown)
	}
	var open, asset, side, minute, hour, lastDay int
	var payout, lost, today, risked trade.Money
	newest, l := w.bets[len(w.bets)-1], w.limits
	for _, b := range w.bets {
		if age := w.now.Sub(b.bought) + slack; !b.early {
			minute, hour, lastDay = minute+is(age < time.Minute), hour+is(age < time.Hour), lastDay+is(age < 24*time.Hour)
		}
		switch {
		case b.ended.IsZero():
			open, asset, side = open+1, asset+is(b.asset == newest.asset), side+is(b.side == newest.side)
			payout, risked = payout+b.price.Share(1.954), risked+b.price
		case b.accepted || b.late && b.gain < 0:
		default:
			// When it ended is known but for the slack, in favour of the gate. A gain of
			// which only a clock that was ahead said when may count yet.
			off := -slack
			if b.gain > 0 {
				off = slack
			}
			yet := b.ahead && b.gain > 0
			if yet || w.now.Sub(b.ended)-off < 24*time.Hour {
				lost -= b.gain
			}
			if yet || !b.ended.Add(off).Before(w.now.Truncate(24*time.Hour)) {
				today -= b.gain
			}
		}
	}
	w.within("stake", newest.price, l.MaxStake)
	w.within("24 hours' loss", lost+risked, l.RollingLoss)
	w.within("the day's loss", today+risked, l.DailyLoss)
	w.within("open payout", payout, l.MaxOpenPayout)
	w.within("drawdown", w.highest-w.profit+risked, (opening + w.highest).Share(l.MaxDrawdown))
	w.within("open", trade.Money(open), trade.Money(l.MaxOpen))
	w.within("open of the asset", trade.Money(asset), trade.Money(l.MaxOpenAsset))
	w.within("open of the side", trade.Money(side), trade.Money(l.MaxOpenSide))
	w.within("a minute", trade.Money(minute), trade.Money(l.PerMinute))
	w.within("an hour", trade.Money(hour), trade.Money(l.PerHour))
	w.within("a day", trade.Money(lastDay), trade.Money(l.PerDay))
	if w.lost > 0 {
		w.within("a stake after a loss", newest.price, w.lost)
	}
	w.paused()
}

func (w *world) within(what string, got, most trade.Money) {
	if got > most {
		w.t.Fatalf("the limit of %s is exceeded: got %d, want at most %d", what, got, most)
	}
}

// paused checks the pauses after losses.
func (w *world) paused() {
	n := 0
	for _, at := range w.pauses {
		age := w.now.Sub(at) + slack
		n += is(age < 24*time.Hour)
		if age < w.limits.CoolDown {
			w.t.Fatalf("bought %v after a row of losses, want a pause of %v", age, w.limits.CoolDown)
		}
	}
	w.within("pauses", trade.Money(n), trade.Money(w.limits.MaxCoolDowns))
}

func is(b bool) int {
	if b {
		return 1
	}
	return 0
}

// restart folds all entries anew from their text, as a process that starts does.
func (w *world) restart() {
	again := trade.NewLedger()
	for _, e := range w.entries {
		text, err := e.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		back, err := trade.DecodeEntry(text)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := again.Apply(back); err != nil {
			w.t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(again, w.ledger) {
		w.t.Fatalf("a restart knows something else: got %+v, want %+v", again, w.ledger)
	}
	w.ledger = again
}

// person sets the clock right, and resumes; without a halt, after one of their own.
func (w *world) person() {
	w.wrong, w.shown = 0, time.Time{}
	w.halt(trade.ReasonPerson)
	w.enter(&trade.Entry{Resumed: &trade.Resumed{By: "test"}})
	if slices.Contains([]trade.Reason{trade.ReasonDailyLoss, trade.ReasonRollingLoss, trade.ReasonDrawdown, trade.ReasonCoolDowns}, w.halted) {
		for _, b := range w.bets {
			b.accepted = b.accepted || !b.ended.IsZero()
		}
		w.row, w.pauses, w.highest = 0, nil, w.profit
	}
	w.halted = ""
}

// steps are what may happen, the usual more often.
var steps = []string{"try", "try", "try", "try", "try", "settle", "settle", "settle", "wait", "wait", "wait", "jump", "restart", "person"}

// narrowed are the limits that halt, one of which a run reaches before the others.
var narrowed = []trade.Reason{trade.ReasonDailyLoss, trade.ReasonRollingLoss, trade.ReasonDrawdown, trade.ReasonCoolDowns}

// narrow returns limits that are reached soon, one of those that halt first.
func narrow(first trade.Reason) *trade.Limits {
	l := trade.DefaultLimits()
	l.PerMinute, l.PerHour, l.PerDay, l.MaxOpenAsset, l.Session = 3, 8, 20, 2, -1
	l.DailyLoss, l.RollingLoss, l.LossStreak, l.MaxDrawdown, l.MaxCoolDowns = 20*trade.Unit, 21*trade.Unit, 3, 0.022, 2
	switch first {
	case trade.ReasonDailyLoss:
		l.DailyLoss = 8 * trade.Unit
	case trade.ReasonRollingLoss:
		l.RollingLoss = 8 * trade.Unit
	case trade.ReasonDrawdown:
		l.MaxDrawdown = 0.008
	case trade.ReasonCoolDowns:
		l.MaxCoolDowns = 1
	}
	return l
}

// Whatever the order of signals, fills, clocks that leap, people and restarts: no limit
// is ever exceeded, and no halt is ever forgotten. That is counted by the true time.
func TestNoLimitIsEverExceededAndNoHaltForgotten(t *testing.T) {
	bought, halts := 0, map[trade.Reason]int{}
	rapid.Check(t, func(t *rapid.T) {
		l := narrow(rapid.SampledFrom(narrowed).Draw(t, "narrow"))
		w := &world{t: t, limits: l, ledger: trade.NewLedger(), now: noon}
		w.enter(&trade.Entry{Opened: &trade.Opened{Account: trade.Account{Mode: trade.Paper}, Balance: opening}})
		for range rapid.IntRange(60, 300).Draw(t, "steps") {
			switch rapid.SampledFrom(steps).Draw(t, "step") {
			case "try":
				w.try()
			case "settle":
				w.settle()
			case "wait":
				w.now = w.now.Add(rapid.SampledFrom([]time.Duration{40 * time.Minute, 2 * time.Minute, 25 * time.Second, time.Second, 5 * time.Hour}).Draw(t, "for"))
			case "jump":
				w.wrong = rapid.SampledFrom([]time.Duration{0, 0, 0, time.Second, time.Hour, 26 * time.Hour, -time.Second, -time.Hour, -26 * time.Hour}).Draw(t, "back")
				w.told = w.wrong < 0 || rapid.Bool().Draw(t, "told")
			case "restart":
				w.restart()
			case "person":
				w.person()
			}
			if (w.halted != "") != (w.ledger.Halt != nil) {
				t.Fatalf("halted: got %v, want %q", w.ledger.Halt, w.halted)
			}
			halts[w.halted]++
		}
		bought += len(w.bets)
	})
	for _, r := range narrowed {
		if halts[r] == 0 {
			t.Errorf("nothing halted for %q: got %v", r, halts)
		}
	}
	if bought < 500 {
		t.Errorf("%d orders, want many: nothing was tested", bought)
	}
}
