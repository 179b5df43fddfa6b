package trade_test

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/karlquant/quasar/trade"
)

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
	{"a decision without a name", []trade.Reason{trade.ReasonNumber}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.Decision = "" }},
	{"a side that is none", []trade.Reason{trade.ReasonNumber, trade.ReasonTerms}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.Side = 0 }},
	{"the same votes again", []trade.Reason{trade.ReasonSame}, "", func(b *book, f *trade.Facts, l *trade.Limits) {
		b.order("o", "V75", trade.Buy, trade.Unit)
		f.Signal.Votes, l.MaxOpenAsset = b.Order("o").Intent.Signal.Votes, 9
	}},
	{"an old snapshot", []trade.Reason{trade.ReasonSnapshotAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.SnapshotAge = time.Minute }},
	{"a snapshot of the future", []trade.Reason{trade.ReasonSnapshotAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.SnapshotAge = -time.Second }},
	{"old votes", []trade.Reason{trade.ReasonVotesAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.VotesAge = time.Minute }},
	{"what was fresh when it was decided", []trade.Reason{trade.ReasonSnapshotAge, trade.ReasonVotesAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) {
		f.Signal.At = noon.Add(-30 * time.Second)
	}},
	{"training that stands still", []trade.Reason{trade.ReasonFrozen}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.TrainingAge = new(time.Hour) }},
	{"training that was never seen to go on", []trade.Reason{trade.ReasonFrozen}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.TrainingAge = nil }},
	{"no price of the space", []trade.Reason{trade.ReasonNoPrice}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.Price = nil }},
	{"a price that is not the venue's", []trade.Reason{trade.ReasonPriceGap}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.Price = new(101.0) }},
	{"a price that is no number", []trade.Reason{trade.ReasonPriceGap}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal.Price = new(math.NaN()) }},
	{"a tick that is no price", []trade.Reason{trade.ReasonPriceGap}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick.Price = 0 }},
	{"no evidence where it is wanted", []trade.Reason{trade.ReasonEvidence}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.NeedEvidence = true }},
	{"no evidence, and real money", []trade.Reason{trade.ReasonEvidence}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) { b.Account.Mode = trade.Live }},
	{"no evidence, and money of an unknown kind", []trade.Reason{trade.ReasonEvidence}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) { b.Account.Mode = "" }},
	{"evidence without a number", []trade.Reason{trade.ReasonEvidence}, "", func(b *book, f *trade.Facts, _ *trade.Limits) {
		b.Account.Mode, f.Signal.Proven = trade.Live, true
	}},
	{"evidence that is no number", []trade.Reason{trade.ReasonEvidence}, "", func(b *book, f *trade.Facts, _ *trade.Limits) {
		b.Account.Mode, f.Signal.Proven, f.Signal.Edge = trade.Live, true, new(math.NaN())
	}},
	{name: "evidence, and real money", change: func(b *book, f *trade.Facts, _ *trade.Limits) {
		b.Account.Mode, f.Signal.Proven, f.Signal.Edge = trade.Live, true, new(0.001)
	}},
	{"a quote of nothing", []trade.Reason{trade.ReasonNumber}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.Ask = 0 }},
	{"a quote at no price", []trade.Reason{trade.ReasonNumber}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.Spot = math.Inf(1) }},
	{"a quote of the other direction", []trade.Reason{trade.ReasonTerms}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.Kind = trade.Fall }},
	{"a quote of another kind", []trade.Reason{trade.ReasonTerms}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.Kind = "ACCU" }},
	{"a quote of another index", []trade.Reason{trade.ReasonTerms}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.Symbol = "R_10" }},
	{"a quote that asks more than was offered", []trade.Reason{trade.ReasonStake}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) {
		f.Quote.Ask, f.Quote.Payout = trade.Cents(101), trade.Cents(197)
	}},
	{"no signal at all", []trade.Reason{trade.ReasonNumber}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Signal = nil }},
	{"a closed market", []trade.Reason{trade.ReasonMarket}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Instrument.Open = false }},
	{"no tick", []trade.Reason{trade.ReasonNoTick}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick = nil }},
	{"an old tick", []trade.Reason{trade.ReasonTickAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick.At = noon.Add(-time.Minute) }},
	{"a tick of the future", []trade.Reason{trade.ReasonClock}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick.At = noon.Add(time.Minute) }},
	{"late ticks", []trade.Reason{trade.ReasonLag}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Health.Lag = 2 * time.Minute }},
	{"late ticks of one index", []trade.Reason{trade.ReasonLag}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Tick.Late = 6 * time.Second }},
	{"a clock that is wrong", []trade.Reason{trade.ReasonClock}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Health.Offset = -3 * time.Second }},
	{"a clock that went back", []trade.Reason{trade.ReasonClock}, "", func(b *book, f *trade.Facts, _ *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{}})
		f.Now = noon.Add(-3 * time.Second)
		f.Tick.At, f.Quote.At = f.Now, f.Now
	}},
	{name: "a clock that went back a little", change: func(b *book, f *trade.Facts, _ *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{}})
		f.Now = noon.Add(-2 * time.Second)
		f.Tick.At, f.Quote.At = f.Now, f.Now
	}},
	{name: "a fast world's clock that went back a little", change: func(b *book, f *trade.Facts, _ *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{}})
		f.Now, f.Health.Speed = noon.Add(-time.Minute), 600
		f.Tick.At, f.Quote.At = f.Now, f.Now
	}},
	{"no connection", []trade.Reason{trade.ReasonConnection}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Health.Connected = false }},
	{"an old quote", []trade.Reason{trade.ReasonQuoteAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.At = noon.Add(-time.Minute) }},
	{"a quote of the future", []trade.Reason{trade.ReasonClock}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.At = noon.Add(time.Minute) }},
	{"old news, however fast the world is said to live", []trade.Reason{trade.ReasonTickAge, trade.ReasonQuoteAge}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) {
		f.Health.Speed, f.Tick.At, f.Quote.At = math.Inf(1), noon.Add(-time.Minute), noon.Add(-time.Minute)
	}},
	{"a stake above the limit", []trade.Reason{trade.ReasonStake}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.MaxStake = trade.Cents(99) }},
	{"a stake above its share", []trade.Reason{trade.ReasonShare}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.MaxStakeShare = 0.0009 }},
	{"a stake below the venue's", []trade.Reason{trade.ReasonMinStake}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Instrument.MinStake = 2 * trade.Unit }},
	{"a payout below the floor", []trade.Reason{trade.ReasonPayout}, "", func(_ *book, f *trade.Facts, l *trade.Limits) {
		f.Quote.Payout, l.MaxCost = trade.Cents(160), 1
	}},
	{"a house that takes too much", []trade.Reason{trade.ReasonCost}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { f.Quote.Payout = trade.Cents(185) }},
	{"a multiplier that costs who knows what", []trade.Reason{trade.ReasonCost}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { multiply(f, 0) }},
	{"a multiplier that costs too much", []trade.Reason{trade.ReasonCost}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) { multiply(f, trade.Cents(7)) }},
	{name: "a multiplier at a fair price", change: func(_ *book, f *trade.Facts, _ *trade.Limits) { multiply(f, trade.Cents(6)) }},
	{"a multiplier without stops", []trade.Reason{trade.ReasonStops}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) {
		f.Quote.Kind, f.Quote.Payout, f.Quote.Commission = trade.MultiUp, 0, trade.Cents(2)
	}},
	{"a higher stake after a loss", []trade.Reason{trade.ReasonIncrease}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) { b.lose("l", trade.Cents(50)) }},
	{"a higher stake after a loss and one that was given back", []trade.Reason{trade.ReasonIncrease}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) {
		b.lose("l", trade.Cents(50))
		b.end("g", trade.Cents(50), trade.Cents(50), trade.Cancelled)
	}},
	{name: "a higher stake after a loss and a gain", change: func(b *book, _ *trade.Facts, _ *trade.Limits) {
		b.lose("l", trade.Cents(50))
		b.end("g", trade.Cents(50), trade.Cents(97), trade.Won)
	}},
	{"too many open", []trade.Reason{trade.ReasonOpen}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.order("o", "V10", trade.Buy, trade.Unit)
		l.MaxOpen = 1
	}},
	{"contracts of others count", []trade.Reason{trade.ReasonOpen}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{Foreign: []trade.Contract{{ID: 1, Price: trade.Unit}}}})
		l.MaxOpen = 1
	}},
	{"contracts of others on the index", []trade.Reason{trade.ReasonOpenAsset}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{Foreign: []trade.Contract{{ID: 1, Symbol: "R_75", Kind: "ACCU", Price: trade.Unit}}}})
	}},
	{"contracts of others of the side", []trade.Reason{trade.ReasonOpenSide}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{Foreign: []trade.Contract{{ID: 1, Symbol: "R_10", Kind: trade.MultiUp, Price: trade.Unit}}}})
		l.MaxOpenSide = 1
	}},
	{"two spaces of one index", []trade.Reason{trade.ReasonOpenAsset}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) { b.order("o", "R_75", trade.Sell, trade.Unit) }},
	{"too many of the asset", []trade.Reason{trade.ReasonOpenAsset}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) { b.order("o", "V75", trade.Sell, trade.Unit) }},
	{"too many of the side", []trade.Reason{trade.ReasonOpenSide}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.order("o", "V10", trade.Buy, trade.Unit)
		l.MaxOpenSide = 1
	}},
	{"too much open", []trade.Reason{trade.ReasonOpenPayout}, "", func(_ *book, _ *trade.Facts, l *trade.Limits) { l.MaxOpenPayout = trade.Cents(194) }},
	{"too much open by a take profit", []trade.Reason{trade.ReasonOpenPayout}, "", func(_ *book, f *trade.Facts, _ *trade.Limits) {
		multiply(f, trade.Cents(5))
		f.Quote.TakeProfit = 30 * trade.Unit
	}},
	{"more open than can be counted", []trade.Reason{trade.ReasonOpenPayout}, "", func(b *book, f *trade.Facts, _ *trade.Limits) {
		b.order("o", "V10", trade.Sell, trade.Unit)
		f.Quote.Payout = math.MaxInt64
	}},
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
	{"an account that is worth nothing", []trade.Reason{trade.ReasonDrawdown, trade.ReasonShare}, "", func(b *book, _ *trade.Facts, _ *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{Adjusted: -1000 * trade.Unit}})
	}},
	{"a row of losses", []trade.Reason{trade.ReasonCoolDown}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		b.lose("m", trade.Unit)
		l.LossStreak = 2
	}},
	{"a row of losses that took days", []trade.Reason{trade.ReasonCoolDown}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		for i, ago := range []time.Duration{49 * time.Hour, 25 * time.Hour, time.Minute} {
			b.now = noon.Add(-ago)
			b.lose(fmt.Sprint(i), trade.Unit)
		}
		l.LossStreak, l.Session = 3, -1
	}},
	{"a pause of days", []trade.Reason{trade.ReasonCoolDown}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.now = noon.Add(-30 * time.Hour)
		b.lose("l", trade.Unit)
		l.LossStreak, l.CoolDown, l.Session = 1, 48*time.Hour, -1
	}},
	{"a row of losses with one that was given back", []trade.Reason{trade.ReasonCoolDown}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.lose("l", trade.Unit)
		b.end("g", trade.Unit, trade.Unit, trade.Cancelled)
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
	{"an old session, and a clock that went back", []trade.Reason{trade.ReasonClock, trade.ReasonSession}, "", func(b *book, f *trade.Facts, l *trade.Limits) {
		b.enter(&trade.Entry{Reconciled: &trade.Reconciled{}})
		f.Now = noon.Add(-90 * time.Minute)
		f.Tick.At, f.Quote.At, l.Session = f.Now, f.Now, time.Hour
	}},
	{"an old session that could not write for a while", []trade.Reason{trade.ReasonSession}, "", func(b *book, _ *trade.Facts, l *trade.Limits) {
		b.enter(&trade.Entry{Started: &trade.Started{Again: true}})
		l.Session = time.Hour
	}},
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

// multiply makes the quote one of a contract that multiplies, at a commission.
func multiply(f *trade.Facts, commission trade.Money) {
	q := f.Quote
	q.Kind, q.Payout, q.Commission, q.Multiplier, q.StopLoss, q.TakeProfit = trade.MultiUp, 0, commission, 100, trade.Cents(50), trade.Unit
}
