package report_test

import (
	"math"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

func near(t *testing.T, name string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: got %.9f, want %.9f", name, got, want)
	}
}

// few makes a report with little chance in it, for what does not look at that.
var few = &report.Options{Runs: 1}

// The intervals of Newcombe (1998), table I, method 3, to more digits.
func TestWinRates(t *testing.T) {
	for _, c := range []struct {
		won, n    int
		low, high float64
	}{
		{81, 263, 0.255288520, 0.366209577},
		{15, 148, 0.062386400, 0.160487242},
		{0, 20, 0, 0.161125158},
		{1, 29, 0.006113214, 0.171755219},
	} {
		w := report.Make(record(c.won, c.n), few).Total.WinRate
		near(t, "rate", w.Rate, float64(c.won)/float64(c.n), 1e-12)
		near(t, "low", w.Low, c.low, 1e-9)
		near(t, "high", w.High, c.high, 1e-9)
	}
}

// How many contracts that pay 1.954 it takes to prove a win rate, one-sided at 5 % and
// with a power of 80 %: a table for those who trade these indices.
func TestTradesNeeded(t *testing.T) {
	for _, c := range []struct {
		won, n int
		want   int64
	}{{52, 100, 22_813}, {53, 100, 4_646}, {55, 100, 1_055}, {60, 100, 196}} {
		row := report.Make(record(c.won, c.n), few).Total
		if row.Needed == nil || *row.Needed != c.want {
			t.Errorf("%d of %d: got %v, want %d", c.won, c.n, row.Needed, c.want)
		}
	}
	if got := report.Make(record(51, 100), few).Total.Needed; got != nil {
		t.Errorf("51 of 100, which is below break-even: got %d, want that no number proves it", *got)
	}
}

// Returns of +0.6 and -0.4 by turns have the mean 0.1 and, of 100, the variance 25/99:
// (2.487 · sqrt(25/99) / 0.1)² = 156.189.
func TestTradesNeededOfWhatMultiplies(t *testing.T) {
	var orders []*trade.Order
	for i := range 100 {
		orders = append(orders, multiplied(i, trade.Unit, trade.Cents([]int64{60, -40}[i%2]), 0))
	}
	if got := report.Make(orders, few).Total.Needed; got == nil || *got != 157 {
		t.Errorf("got %v, want 157", got)
	}
}

// 500 contracts at 1 that pay 1.954: coins lose 500 · 0.023 = 11.5 on average, with a
// deviation of 1.954 · sqrt(500) / 2; 260 wins or more, which bring 8.04, come with
// sum_{k>=260} C(500, k) / 2^500.
func TestCoins(t *testing.T) {
	got := report.Make(record(260, 500), few).Total.Coin
	near(t, "mean", got.Mean, -11.5, 1e-9)
	near(t, "sd", got.SD, 21.846384140, 1e-9)
	near(t, "p", got.AtLeast, 0.197755386, 1e-9)
	if got.Orders != 500 || got.Profit != trade.Cents(804) || !got.Exact {
		t.Errorf("got %+v, want 500 orders with +8.04, and exact", got)
	}
	for won, want := range map[int]float64{0: 1, 500: math.Pow(2, -500)} {
		near(t, "an end", report.Make(record(won, 500), few).Total.Coin.AtLeast, want, 1e-12)
	}
}

// Where stakes differ, coins are thrown. Of a stake of 2 and one of 1 that pay twice as
// much the four ends are -3, -1, 1 and 3, all as likely.
func TestCoinsOfDifferentStakes(t *testing.T) {
	for brought, want := range map[[2]bool]float64{{true, true}: 0.25, {true, false}: 0.5, {false, true}: 0.75, {false, false}: 1} {
		orders := []*trade.Order{
			ended(0, "A", trade.Rise, 2*trade.Unit, 4*trade.Unit, brought[0]),
			ended(1, "A", trade.Fall, trade.Unit, 2*trade.Unit, brought[1]),
		}
		got := report.Make(orders, &report.Options{Seed: 3, Runs: 10_000}).Total.Coin
		near(t, "p", got.AtLeast, want, 0.02)
		near(t, "mean", got.Mean, 0, 1e-12)
		near(t, "sd", got.SD, math.Sqrt(5), 1e-12)
		if got.Exact {
			t.Error("got exact, want tries")
		}
		if want == 1 && got.AtLeast != 1 {
			t.Errorf("the worst end: got %v, want all tries to do as well", got.AtLeast)
		}
		if got = report.Make(orders, few).Total.Coin; got.AtLeast != 0.5 && got.AtLeast != 1 {
			t.Errorf("one try: got %v, want it and the record itself to count", got.AtLeast)
		}
	}
}

// 12 of 20 won make Beta(12.5, 8.5) of Jeffreys' prior, which is above 1/1.954 with
// 0.784414259, by Simpson's rule over x = sin² u.
func TestTheChanceThatItIsPositive(t *testing.T) {
	near(t, "12 of 20", *report.Make(record(12, 20), few).Total.Positive, 0.784414259, 1e-8)
	// Half of what can be lost and half of what can be won are three quarters and a
	// quarter of the most that it brings: as much luck as bad luck.
	even := []*trade.Order{multiplied(0, trade.Unit, trade.Cents(50), 0), multiplied(1, trade.Unit, trade.Cents(-50), 0)}
	near(t, "one up, one down", *report.Make(even, few).Total.Positive, 0.5, 1e-9)
	even[0].Intent.Quote.TakeProfit = 0
	if got := report.Make(even, few).Total.Positive; got != nil {
		t.Errorf("without a limit to what it brings: got %v, want that nobody knows", *got)
	}
}

// 200 contracts, three won and two lost in turn: the hedged capital process of
// Waudby-Smith and Ramdas (2023), written a second time in another language, leaves
// -0.050653 to 0.46656, the next means of 201 that it was played against.
func TestTheExpectancy(t *testing.T) {
	orders := make([]*trade.Order, 200)
	for i := range orders {
		orders[i] = ended(i, "V75", trade.Rise, trade.Unit, payout, i%5 < 3)
	}
	got := report.Make(orders, few).Total.Expectancy
	near(t, "mean", got.Mean, 0.1724, 1e-9)
	near(t, "low", got.Low, -0.050653, 1e-9)
	near(t, "high", got.High, 0.46656, 1e-9)
	got = report.Make(orders, &report.Options{Runs: 1, Tried: 10}).Total.Expectancy
	if !(got.Low < -0.050653 && got.High > 0.46656) {
		t.Errorf("allowing for 10 rows: got %+v, want it wider", got)
	}
}

// Profits of +0.954, -1, -1, +1.908, -2, 0 and -1, on 100: the fall is 3.092 from 100.954.
func TestMoney(t *testing.T) {
	orders := []*trade.Order{
		ended(0, "A", trade.Rise, trade.Unit, payout, true),
		ended(1, "B", trade.Rise, trade.Unit, payout, false),
		ended(2, "A", trade.Fall, trade.Unit, payout, false),
		ended(3, "A", trade.Rise, 2*trade.Unit, 2*payout, true),
		ended(4, "A", trade.Rise, 2*trade.Unit, 2*payout, false),
		settle(begun(5, "A", trade.Rise, trade.Unit, payout), trade.Cancelled, trade.Unit),
		settle(begun(6, "A", trade.Rise, trade.Unit, payout), trade.Sold, 0),
	}
	price, higher := 5.5, 6.5
	orders[1].Settlement.Entry, orders[1].Settlement.Exit = &price, &price
	orders[2].Settlement.Entry, orders[2].Settlement.Exit = &price, &higher
	row := report.Make(orders, &report.Options{Runs: 1, Start: 100 * trade.Unit}).Total
	if row.N != 7 || row.Won != 2 || row.Lost != 3 || row.Cancelled != 1 || row.Sold != 1 || row.Multiplied != 0 || row.Ties != 1 {
		t.Errorf("got %+v, want 2 won, 3 lost (one of them a tie), 1 cancelled and 1 sold", row)
	}
	near(t, "break-even", *row.BreakEven, 1/1.954, 1e-12)
	near(t, "turnover", row.Turnover.Float(), 9, 0)
	near(t, "margin", row.Margin.Float(), 8*0.023, 1e-12)
	if row.MarginUnknown != 0 {
		t.Errorf("margin: got %d unknown, want 0, for what is undone costs nothing", row.MarginUnknown)
	}
	near(t, "profit", row.Profit.Float(), -2.138, 1e-12)
	near(t, "drawdown", row.Drawdown.Amount.Float(), 3.092, 1e-12)
	near(t, "its share", *row.Drawdown.Share, 3.092/100.954, 1e-12)
	if row.Coin.Orders != 6 {
		t.Errorf("coins: got %d, want 6, for one was cancelled", row.Coin.Orders)
	}
	if row.LosingStreak != 2 {
		t.Errorf("losing streak: got %d, want 2", row.LosingStreak)
	}
	row = report.Make(orders, few).Total
	if row.Drawdown.Share != nil {
		t.Errorf("the share of an unknown start: got %v, want nil", *row.Drawdown.Share)
	}
}

func TestMoneyOfWhatMultiplies(t *testing.T) {
	orders := []*trade.Order{multiplied(0, trade.Unit, trade.Cents(30), trade.Cents(2)), multiplied(1, trade.Unit, trade.Cents(-50), 0)}
	row := report.Make(orders, few).Total
	if row.WinRate != nil || row.BreakEven != nil || row.Coin != nil || row.Multiplied != 2 {
		t.Errorf("got %+v, want nothing that only has a sense for what wins or loses", row)
	}
	near(t, "mean", row.Expectancy.Mean, -0.1, 1e-12)
	if row.Margin == nil || *row.Margin != trade.Cents(2) || row.MarginUnknown != 1 {
		t.Errorf("margin: got %v and %d, want 0.02 and 1 unknown", row.Margin, row.MarginUnknown)
	}
}

// What is not settled is neither won nor lost.
func TestApart(t *testing.T) {
	in := func(o *trade.Order, s trade.State) *trade.Order {
		o.State = s
		if s != trade.StateOpen {
			o.Receipt = nil
		}
		return o
	}
	price, pays := trade.Cents(50), trade.Cents(97)
	var orders []*trade.Order
	for i, s := range []trade.State{trade.StateOpen, trade.StateUnknown, trade.StateSent, trade.StatePlanned, trade.StateRejected, trade.StateAbandoned} {
		orders = append(orders, in(begun(i, "A", trade.Rise, price, pays), s))
	}
	orphan := &trade.Contract{ID: 300, Symbol: "R_10", Kind: trade.Rise, Price: price, Purchased: epoch}
	orders = append(orders,
		&trade.Order{Orphan: orphan, State: trade.StateOrphan},
		&trade.Order{Orphan: orphan, State: trade.StateSettled, Settlement: &trade.Settlement{Result: trade.Lost, At: epoch}},
		ended(9, "A", trade.Rise, 0, pays, true),
	)
	got := report.Make(orders, few)
	want := report.Apart{
		Open: 2, AtStake: 2 * price, Unresolved: 3, MayCost: 3 * price, Rejected: 1, Abandoned: 1,
		Orphans: 2, OrphansEnded: 1, OrphansProfit: -price, Free: 1,
	}
	if diff := cmp.Diff(want, got.Apart); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(report.Row{Verdict: report.Verdict{Finding: report.None, Sentence: "No trades yet."}, Curve: []report.Point{}}, got.Total); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got.Verdict.Sentence != "No trades yet. 2 open." {
		t.Errorf("got %q", got.Verdict.Sentence)
	}
}

// Of two contracts on one index at a time only the first is evidence, and what was
// bought after one that is open waits for it.
func TestWhatIsEvidence(t *testing.T) {
	orders := []*trade.Order{
		ended(0, "A", trade.Rise, trade.Unit, payout, true),
		ended(0, "A", trade.Rise, trade.Unit, payout, true),  // overlaps
		ended(0, "B", trade.Rise, trade.Unit, payout, false), // is on another index
		ended(1, "A", trade.Rise, trade.Unit, payout, true),
		begun(2, "B", trade.Rise, trade.Unit, payout),
		ended(3, "A", trade.Rise, trade.Unit, payout, true), // waits, but not in its own row
	}
	r := report.Make(orders, few)
	for name, c := range map[string]struct {
		got  *report.Expectancy
		want [3]int
	}{
		"all": {r.Total.Expectancy, [3]int{3, 1, 1}}, "A": {r.Assets[0].Expectancy, [3]int{3, 1, 0}}, "B": {r.Assets[1].Expectancy, [3]int{1, 0, 0}},
	} {
		if got := [3]int{c.got.Counted, c.got.Overlapping, c.got.Waiting}; got != c.want {
			t.Errorf("%s: got %v that count, overlap and wait, want %v", name, got, c.want)
		}
	}
}

// A part of a record claims nothing, however good it is, and is told what there was
// before it.
func TestAPartOfARecord(t *testing.T) {
	orders := append(record(0, 10), ended(10, "V75", trade.Rise, trade.Unit, payout, true))
	for i := range 200 {
		orders = append(orders, ended(11+i, "V75", trade.Rise, trade.Unit, payout, true))
	}
	opts := &report.Options{Runs: 1, Start: 100 * trade.Unit, Since: epoch.Add(10 * time.Minute)}
	r := report.Make(orders, opts)
	if r.Verdict.Finding != report.Part || r.Total.N != 201 || *r.Start != 90*trade.Unit || !r.From.Equal(opts.Since) {
		t.Errorf("got %+v, %d, %v, %v, want a part of 201 that begins with 90", r.Verdict, r.Total.N, r.Start, r.From)
	}
	opts.Since = time.Time{}
	if r = report.Make(orders, opts); r.Verdict.Finding != report.Edge {
		t.Errorf("all: got %+v, want an edge", r.Verdict)
	}
	opts.Part = true
	if r = report.Make(orders, opts); r.Verdict.Finding != report.Part || r.Since != nil || r.Total.N != 211 {
		t.Errorf("broken off: got %+v of %d, since %v, want a part of all 211", r.Verdict, r.Total.N, r.Since)
	}
}

// A few orders prove nothing, even of an index that pays ten times the stake each time.
func TestAnEdgeTakesFiftyOrders(t *testing.T) {
	for n, want := range map[int]report.Finding{49: report.Chance, 50: report.Edge} {
		var orders []*trade.Order
		for i := range n {
			orders = append(orders, ended(i, "A", trade.Rise, trade.Unit, 10*trade.Unit, true))
		}
		row := report.Make(orders, few).Total
		if row.Verdict.Finding != want || row.Expectancy.Low <= 0 {
			t.Errorf("%d: got %+v with %+v, want %s with an interval above 0", n, row.Verdict, row.Expectancy, want)
		}
	}
}

func TestTheNumberOfRows(t *testing.T) {
	orders := record(5, 10)
	for i := range orders {
		orders[i].Intent.Signal.Asset = []string{"A", "B", "C"}[i%3]
	}
	for tried, want := range map[int]int{0: 4, 3: 4, 9: 9} { // one kind and one policy are no choice
		got := report.Make(orders, &report.Options{Runs: 1, Tried: tried}).Correction
		if diff := cmp.Diff(report.Correction{Method: "bonferroni", Tests: want, Level: 0.05 / float64(want)}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
}

// The shape that /performance and --json have.
func TestTheShape(t *testing.T) {
	orders := []*trade.Order{ended(0, "V75", trade.Rise, trade.Unit, 2*trade.Unit, true)}
	account := trade.Account{Mode: trade.Demo, ID: "DOT1", Currency: "USD", Venue: "api.example.com"}
	r := report.Make(orders, &report.Options{Account: account, Start: 10 * trade.Unit, Runs: 1, Seed: 2})
	*r.Total.Positive, r.Total.WinRate.Low = 0.75, 0.25 // of which the last digits depend on the machine; other rows have the same
	text, err := json.Marshal(report.Performance{Accounts: []*report.Report{r}}, trade.JSONOptions)
	if err != nil {
		t.Fatal(err)
	}
	const verdict = `"verdict":{"finding":"chance","sentence":"Not distinguishable from chance: 1 of 1 won (100.0 %), break-even 50.0 %; ` +
		`+100.0 % of the stake on average, 95 % interval -100.0 % to +100.0 %."}`
	row := func(name, coin, mean string) string {
		return `{"name":"` + name + `",` + verdict + `,"n":1,"won":1,"lost":0,"sold":0,"multiplied":0,"cancelled":0,"ties":0,` +
			`"win_rate":{"rate":1,"low":0.25,"high":1},"break_even":0.5,` +
			`"expectancy":{"mean":1,"low":-1,"high":1,"counted":1,"overlapping":0,"waiting":0},"p_positive":0.75,"turnover":"1.00","margin":"0.00",` +
			`"margin_unknown":0,"profit":"1.00","drawdown":{"amount":"0.00","share":0},"losing_streak":0,` +
			`"coin":{"orders":1,"profit":"1.00","mean":0,"sd":1,"p_at_least":0.5,"exact":true},"needed":3,` +
			`"curve":[{"at":"2026-03-01T12:00:10Z","n":1,"profit":1,"low":null,"high":null,"coin_low":` + coin + `,"coin_high":` + coin + `,"coin_mean":` + mean + `}]}`
	}
	want := `{"accounts":[{"account":{"mode":"demo","id":"DOT1","currency":"USD","venue":"api.example.com"},` + verdict +
		`,"since":null,"from":"2026-03-01T12:00:00Z","to":"2026-03-01T12:00:10Z","start":"10.00","correction":{"method":"bonferroni","tests":1,"level":0.05},` +
		`"total":` + row("", "1", "0") + `,"assets":[` + row("V75", "null", "null") + `],"kinds":[` + row("CALL", "null", "null") + `],"policies":[` + row("ucb", "null", "null") + `],` +
		`"apart":{"open":0,"at_stake":"0.00","unresolved":0,"may_cost":"0.00","rejected":0,"abandoned":0,"orphans":0,"orphans_ended":0,"orphans_profit":"0.00","free":0},` +
		`"seed":2,"runs":1}]}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
