package trade_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// noon is when the tests of the gate happen.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// book is a ledger that a test writes into.
type book struct {
	*trade.Ledger
	t   *testing.T
	now time.Time
	seq int64
}

// newBook returns the ledger of a paper account of 1,000 that has agreed with its venue.
func newBook(t *testing.T) *book {
	b := &book{trade.NewLedger(), t, noon.Add(-2 * time.Hour), 0}
	b.enter(&trade.Entry{Opened: &trade.Opened{Account: trade.Account{Mode: trade.Paper, ID: "paper", Currency: "USD", AppID: 7}, Balance: 1000 * trade.Unit}})
	b.enter(&trade.Entry{Started: &trade.Started{}})
	b.now = noon
	return b
}

func (b *book) enter(e *trade.Entry) {
	b.t.Helper()
	b.seq++
	e.Seq, e.At = b.seq, b.now
	if err := b.Apply(e); err != nil {
		b.t.Fatal(err)
	}
}

// order buys a contract of an asset at a price.
func (b *book) order(id, asset string, side trade.Side, price trade.Money) {
	b.t.Helper()
	b.plan(id, asset, side, price)
	b.enter(&trade.Entry{Sent: &trade.Sent{Intent: id}})
	b.enter(&trade.Entry{Bought: &trade.Bought{Intent: id, Receipt: trade.Receipt{Contract: b.seq, Transaction: b.seq, Price: price, Payout: price.Share(1.954), Purchased: b.now}}})
}

func (b *book) plan(id, asset string, side trade.Side, price trade.Money) {
	b.t.Helper()
	kind := trade.Rise
	if side == trade.Sell {
		kind = trade.Fall
	}
	b.enter(&trade.Entry{Planned: &trade.Intent{
		ID: id, Signal: trade.Signal{Decision: id, Asset: asset, Side: side, Votes: [2]int64{b.seq, 1}}, Most: price,
		Quote: trade.Quote{Terms: trade.Terms{Symbol: asset, Kind: kind, Stake: price}, Ask: price, Payout: price.Share(1.954)},
	}})
}

// lose has an order of an asset bought and lost.
func (b *book) lose(id string, price trade.Money) {
	b.t.Helper()
	b.order(id, "LOST", trade.Buy, price)
	o := b.Order(id)
	b.enter(&trade.Entry{Settled: &trade.Settled{Intent: id, Contract: o.Contract(), Settlement: trade.Settlement{Result: trade.Lost, Transaction: b.seq, At: b.now}}})
}

// good are facts that nothing speaks against.
func good(b *book) *trade.Facts {
	return &trade.Facts{
		Now: noon, Ledger: b.Ledger, Reconciled: true, Health: trade.Health{Connected: true},
		Signal: &trade.Signal{
			Decision: "new", Asset: "V75", Side: trade.Buy, Votes: [2]int64{6, 4}, Price: new(100.1), SnapshotAge: time.Second, VotesAge: time.Second,
			TrainingAge: new(time.Second), Propensity: 1,
		},
		Instrument: &trade.Instrument{Symbol: "R_75", RiseFall: true, Open: true, MinStake: trade.Cents(35)},
		Tick:       &trade.Tick{Price: 100, At: noon.Add(-time.Second)},
		Quote: &trade.Quote{
			Terms: trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit}, Ask: trade.Unit, Payout: trade.Cents(195), Spot: 100, At: noon.Add(-time.Second),
		},
	}
}

// gateCases say for each reason of the gate what brings it about.
var gateCases = []struct {
	name   string
	want   []trade.Reason
	halt   trade.Reason
	change func(b *book, f *trade.Facts, l *trade.Limits)
}{
	{name: "nothing speaks against it", change: func(*book, *trade.Facts, *trade.Limits) {}},
	{"a decision is used", []trade.Reason{trade.ReasonDecided}, "", func(b *book, f *trade.Facts, _ *trade.Limits) {
		b.lose("d", trade.Cents(100))
		f.Signal.Decision = "d"
	}},
	{"the same votes again", []trade.Reason{trade.ReasonSame}, "", func(b *book, f *trade.Facts, l *trade.Limits) {
		b.order("o", "V75", trade.Buy, trade.Unit)
		f.Signal.Votes, l.MaxOpenAsset = b.Order("o").Intent.Signal.Votes, 9
	}},
	{"an old snapshot", []trade.Reason{trade.ReasonSnapshotAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.SnapshotAge = time.Minute }},
	{"a snapshot of the future", []trade.Reason{trade.ReasonSnapshotAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.SnapshotAge = -time.Second }},
	{"old votes", []trade.Reason{trade.ReasonVotesAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.VotesAge = time.Minute }},
	{"training that stands still", []trade.Reason{trade.ReasonFrozen}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.TrainingAge = new(time.Hour) }},
	{"training that was never seen to go on", []trade.Reason{trade.ReasonFrozen}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.TrainingAge = nil }},
	{"no price of the space", []trade.Reason{trade.ReasonNoPrice}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.Price = nil }},
	{"a price that is not the venue's", []trade.Reason{trade.ReasonPriceGap}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.Price = new(101.0) }},
	{"a price that is no number", []trade.Reason{trade.ReasonPriceGap}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.Price = new(math.NaN()) }},
	{"a tick that is no price", []trade.Reason{trade.ReasonPriceGap}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick.Price = 0 }},
	{"no evidence where it is wanted", []trade.Reason{trade.ReasonEvidence}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.NeedEvidence = true }},
	{"no evidence, and real money", []trade.Reason{trade.ReasonEvidence}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) { b.Account.Mode = trade.Live }},
	{"a quote of nothing", []trade.Reason{trade.ReasonNumber}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.Ask = 0 }},
	{"no signal at all", []trade.Reason{trade.ReasonNumber}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal = nil }},
	{"a closed market", []trade.Reason{trade.ReasonMarket}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Instrument.Open = false }},
	{"no tick", []trade.Reason{trade.ReasonNoTick}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick = nil }},
	{"an old tick", []trade.Reason{trade.ReasonTickAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick.At = noon.Add(-time.Minute) }},
	{"a tick of the future", []trade.Reason{trade.ReasonClock}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick.At = noon.Add(time.Minute) }},
	{"late ticks", []trade.Reason{trade.ReasonLag}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Health.Lag = 2 * time.Minute }},
	{"a clock that is wrong", []trade.Reason{trade.ReasonClock}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Health.Offset = -3 * time.Second }},
	{"no connection", []trade.Reason{trade.ReasonConnection}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Health.Connected = false }},
	{"an old quote", []trade.Reason{trade.ReasonQuoteAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.At = noon.Add(-time.Minute) }},
	{"a stake above the limit", []trade.Reason{trade.ReasonStake}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.MaxStake = trade.Cents(99) }},
	{"a stake above its share", []trade.Reason{trade.ReasonShare}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.MaxStakeShare = 0.0009 }},
	{"a stake below the venue's", []trade.Reason{trade.ReasonMinStake}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Instrument.MinStake = 2 * trade.Unit }},
	{"a payout below the floor", []trade.Reason{trade.ReasonPayout}, "", func(_ *book, f *trade.Facts, l *trade.Limits) {
		f.Quote.Payout, l.MaxCost = trade.Cents(160), 1
	}},
	{"a house that takes too much", []trade.Reason{trade.ReasonCost}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.Payout = trade.Cents(185) }},
	{"a multiplier without stops", []trade.Reason{trade.ReasonStops}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) {
		f.Quote.Kind, f.Quote.Payout, f.Quote.Commission = trade.MultiUp, 0, trade.Cents(2)
	}},
	{"a higher stake after a loss", []trade.Reason{trade.ReasonIncrease}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) { b.lose("l", trade.Cents(50)) }},
	{"too many open", []trade.Reason{trade.ReasonOpen}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.order("o", "V10", trade.Buy, trade.Unit)
		l.MaxOpen = 1
	}},
	{"contracts of others count", []trade.Reason{trade.ReasonOpen}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{Foreign: []trade.Contract{{ID: 1, Price: trade.Unit}}}})
		l.MaxOpen = 1
	}},
	{"too many of the asset", []trade.Reason{trade.ReasonOpenAsset}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) { b.order("o", "V75", trade.Sell, trade.Unit) }},
	{"too many of the side", []trade.Reason{trade.ReasonOpenSide}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.order("o", "V10", trade.Buy, trade.Unit)
		l.MaxOpenSide = 1
	}},
	{"too much open", []trade.Reason{trade.ReasonOpenPayout}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.MaxOpenPayout = trade.Cents(194) }},
	{"too many in a minute", []trade.Reason{trade.ReasonMinuteRate}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		l.PerMinute = 1
	}},
	{"too many in an hour", []trade.Reason{trade.ReasonHourRate}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		l.PerHour = 1
	}},
	{"too many in a day", []trade.Reason{trade.ReasonDayRate}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		l.PerDay = 1
	}},
	{"the day's loss might be exceeded", []trade.Reason{trade.ReasonDailyLoss}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		l.DailyLoss = trade.Cents(150)
	}},
	{"the day's loss is reached", []trade.Reason{trade.ReasonDailyLoss}, trade.ReasonDailyLoss, func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		l.DailyLoss = trade.Unit
	}},
	{"a loss of yesterday counts in 24 hours", []trade.Reason{trade.ReasonRollingLoss}, trade.ReasonRollingLoss, func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.now = noon.Add(-13 * time.Hour)
		b.lose("l", trade.Unit)
		b.now = noon
		l.RollingLoss, l.DailyLoss = trade.Unit, 5*trade.Unit
	}},
	{"the drawdown is reached", []trade.Reason{trade.ReasonDrawdown}, trade.ReasonDrawdown, func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		l.MaxDrawdown = 0.001
	}},
	{"a row of losses", []trade.Reason{trade.ReasonCoolDown}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		b.lose("m", trade.Unit)
		l.LossStreak = 2
	}},
	{"too many rows of losses", []trade.Reason{trade.ReasonCoolDown, trade.ReasonCoolDowns}, trade.ReasonCoolDowns, func(b *book, _ *trade.Facts, l *trade.Limits) {
		for i := range 4 {
			b.lose(fmt.Sprint(i), trade.Unit)
		}
		l.LossStreak, l.MaxCoolDowns = 2, 1
	}},
	{"an old session", []trade.Reason{trade.ReasonSession}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.Session = time.Hour }},
	{"too many errors", []trade.Reason{trade.ReasonErrors}, trade.ReasonErrors, func(b *book, _ *trade.Facts, l *trade.Limits) {
		for i := range 3 {
			id := fmt.Sprint(i)
			b.plan(id, "V10", trade.Buy, trade.Unit)
			b.enter(&trade.Entry{Sent: &trade.Sent{Intent: id}})
			b.enter(&trade.Entry{Rejected: &trade.Rejected{Intent: id, Code: "PriceMoved"}})
		}
		l.MaxErrors = 2
	}},
	{"an order that nobody knows of", []trade.Reason{trade.ReasonUnresolved}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) {
		b.plan("u", "V10", trade.Buy, trade.Unit)
		b.enter(&trade.Entry{Sent: &trade.Sent{Intent: "u"}})
		b.enter(&trade.Entry{Unknown: &trade.Unknown{Intent: "u", Reason: "no answer"}})
	}},
	{"journal and venue did not agree yet", []trade.Reason{trade.ReasonUnreconciled}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Reconciled = false }},
	{"a journal that cannot be written", []trade.Reason{trade.ReasonJournal}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.JournalErr = errors.New("disk full") }},
	{"a halt", []trade.Reason{trade.ReasonHalted}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) {
		b.enter(&trade.Entry{Halted: &trade.Halted{Reason: trade.ReasonPerson, By: "test"}})
	}},
}

func TestTheGateSaysWhatSpeaksAgainstAnOrder(t *testing.T) {
	for _, c := range gateCases {
		t.Run(c.name, func(t *testing.T) {
			b, l := newBook(t), trade.DefaultLimits()
			f := good(b)
			c.change(b, f, l)
			v := l.Check(f)
			if diff := cmp.Diff(c.want, v.Reasons); diff != "" || v.Halt != c.halt || len(v.Details) != len(v.Reasons) {
				t.Errorf("got %q %q, halt %q; want halt %q (-want +got):\n%s", v.Reasons, v.Details, v.Halt, c.halt, diff)
			}
		})
	}
}

// The trader finds these by itself, each where it happens.
var ofTheTrader = []trade.Reason{
	trade.ReasonNotTraded, trade.ReasonVenue, trade.ReasonTerms, trade.ReasonQuote, trade.ReasonPerson, trade.ReasonAmbiguous,
	trade.ReasonOrphan, trade.ReasonLedger, trade.ReasonPolicy,
}

func TestEveryReasonOfTheListCanBeBroughtAbout(t *testing.T) {
	brought := slices.Clone(ofTheTrader)
	for _, c := range gateCases {
		brought = append(brought, c.want...)
	}
	for _, r := range trade.Reasons {
		if !slices.Contains(brought, r) {
			t.Errorf("nothing brings %q about", r)
		}
	}
}

func TestAPersonWhoResumesAcceptsTheLoss(t *testing.T) {
	b, l := newBook(t), trade.DefaultLimits()
	l.DailyLoss, l.RollingLoss = 2*trade.Unit, 2*trade.Unit
	b.lose("1", trade.Unit)
	b.lose("2", trade.Unit)
	if v := l.Check(good(b)); v.Halt != trade.ReasonDailyLoss {
		t.Fatalf("got the halt %q, want %s", v.Halt, trade.ReasonDailyLoss)
	}
	b.enter(&trade.Entry{Halted: &trade.Halted{Reason: trade.ReasonDailyLoss, By: "gate"}})
	b.now = noon.Add(time.Second)
	b.enter(&trade.Entry{Resumed: &trade.Resumed{By: "test"}})
	if v := l.Check(good(b)); len(v.Reasons) > 0 {
		t.Errorf("after it: got %q, want nothing against it", v.Details)
	}
}

// A clock that goes back forgets no loss and no order, and one of midnight no cool-down.
func TestAClockThatGoesBackForgetsNothing(t *testing.T) {
	b, l := newBook(t), trade.DefaultLimits()
	l.DailyLoss, l.PerMinute, l.LossStreak = trade.Unit, 1, 1
	b.lose("l", trade.Unit)
	for _, now := range []time.Time{noon.Add(-48 * time.Hour), noon.Add(-time.Hour), noon} {
		f := good(b)
		f.Now, f.Tick.At, f.Quote.At = now, now, now
		v := l.Check(f)
		for _, want := range []trade.Reason{trade.ReasonDailyLoss, trade.ReasonMinuteRate, trade.ReasonCoolDown} {
			if !slices.Contains(v.Reasons, want) {
				t.Errorf("at %s: got %q, want %q among them", now, v.Reasons, want)
			}
		}
	}
	f := good(b)
	f.Now = noon.Add(12*time.Hour + time.Minute) // another day
	l.CoolDown = 24 * time.Hour
	if v := l.Check(f); !slices.Contains(v.Reasons, trade.ReasonCoolDown) || slices.Contains(v.Reasons, trade.ReasonDailyLoss) {
		t.Errorf("the next day: got %q, want a cool-down and no daily loss", v.Reasons)
	}
}

func TestLimitsAreTightenedAndNotLoosened(t *testing.T) {
	l := trade.DefaultLimits()
	got, err := l.Tighten(&trade.Limits{MaxStake: trade.Unit, MaxOpen: 1, CoolDown: time.Hour, MinPayout: 1.9})
	want := *l
	want.MaxStake, want.MaxOpen, want.CoolDown, want.MinPayout = trade.Unit, 1, time.Hour, 1.9
	if diff := cmp.Diff(&want, got); err != nil || diff != "" {
		t.Errorf("got the error %v (-want +got):\n%s", err, diff)
	}
	for name, next := range map[string]*trade.Limits{
		"a higher stake": {MaxStake: 6 * trade.Unit}, "more open": {MaxOpen: 4}, "any number open": {MaxOpen: -1}, "a shorter pause": {CoolDown: time.Minute},
		"a lower payout": {MinPayout: 1.5}, "a higher loss": {DailyLoss: 21 * trade.Unit}, "increases": {AllowIncrease: true}, "for ever": {Session: -1},
	} {
		if _, err := l.Tighten(next); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

func TestLimitsThatAreNoLimitsAreRefused(t *testing.T) {
	for name, l := range map[string]*trade.Limits{
		"a share above 1": {MaxStakeShare: 1.1}, "a share that is no number": {MaxDrawdown: math.NaN()}, "an endless stake": {MaxStake: -1},
		"an endless loss": {DailyLoss: -1}, "an endless drawdown": {MaxDrawdown: -1},
	} {
		if _, err := l.Filled(); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
	got, err := (&trade.Limits{}).Filled()
	if diff := cmp.Diff(trade.DefaultLimits(), got); err != nil || diff != "" {
		t.Errorf("no limits: got the error %v; want the default (-want +got):\n%s", err, diff)
	}
}
