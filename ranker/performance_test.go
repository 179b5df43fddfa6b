package ranker_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

var aDemo = trade.Account{Mode: trade.Demo, ID: "DOT1", Currency: "USD", Venue: "api.example.com"}

// closedVenue is a broker that sells nothing.
type closedVenue struct{ trade.Broker }

func (closedVenue) Account() trade.Account { return aDemo }

func (closedVenue) Now() time.Time { return time.Now() }

func (closedVenue) Health() trade.Health { return trade.Health{} }

// notes is a journal in memory.
type notes []*trade.Entry

func (n *notes) Append(_ context.Context, entries ...*trade.Entry) error {
	for _, e := range entries {
		e.Seq = int64(len(*n) + 1)
		*n = append(*n, e)
	}
	return nil
}

func (n *notes) Entries(context.Context) iter.Seq2[*trade.Entry, error] {
	return func(yield func(*trade.Entry, error) bool) {
		for _, e := range *n {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// holding is a trader of contracts 1 to n, which are open.
func holding(t *testing.T, n int64) *trade.Trader {
	t.Helper()
	at := time.Now().Add(-time.Hour)
	entries := []*trade.Entry{{Opened: &trade.Opened{Account: aDemo, Balance: 100 * trade.Unit}}}
	for i := int64(1); i <= n; i++ {
		id, at := fmt.Sprint("i", i), at.Add(time.Duration(i)*time.Minute)
		entries = append(entries,
			&trade.Entry{Planned: &trade.Intent{
				ID: id, Most: trade.Unit, Signal: trade.Signal{Decision: fmt.Sprint("d", i), Asset: "V75", Side: trade.Buy, Policy: "ucb", At: at},
				Quote: trade.Quote{Terms: trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit}, Ask: trade.Unit, Payout: trade.Cents(195)},
			}},
			&trade.Entry{Sent: &trade.Sent{Intent: id}},
			&trade.Entry{Bought: &trade.Bought{Intent: id, Receipt: trade.Receipt{Contract: i, Transaction: 10 * i, Price: trade.Unit, Payout: trade.Cents(195), Purchased: at}}},
		)
	}
	var journal notes
	for _, e := range entries {
		e.At = at
	}
	if err := journal.Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	trader, err := trade.New(&trade.Options{Broker: closedVenue{}, Journal: &journal, Terms: func(*trade.Facts) (trade.Terms, error) { return trade.Terms{}, nil }})
	if err == nil {
		err = trader.Open(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return trader
}

// wins ends a contract.
func wins(t *testing.T, trader *trade.Trader, contract int64) {
	t.Helper()
	trader.Handle(t.Context(), trade.Event{Contract: &trade.Contract{
		ID: contract, Settlement: &trade.Settlement{Result: trade.Won, Transaction: 10*contract + 1, Brought: trade.Cents(195), At: time.Now()},
	}})
}

// performanceOf asks for the report of the one account that there is.
func performanceOf(t *testing.T, h http.Handler) *report.Report {
	t.Helper()
	w := ask(h, "GET", "/performance")
	var answer report.Performance
	if err := json.Unmarshal(w.Body.Bytes(), &answer, trade.JSONOptions); err != nil || w.Code != 200 || len(answer.Accounts) != 1 {
		t.Fatalf("got %d %s, %v, want a report of one account", w.Code, w.Body, err)
	}
	return answer.Accounts[0]
}

// What is served is the report of the trader's own ledger.
func TestPerformance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trader := holding(t, 3)
		r := prepare(t, newHub(t), &ranker.Options{Trader: trader})
		if got := performanceOf(t, r); got.Verdict.Sentence != "No trades yet. 3 open." || got.Total.WinRate != nil {
			t.Errorf("before the first end: got %+v", got.Verdict)
		}
		wins(t, trader, 1)
		time.Sleep(time.Minute)
		var want *report.Report
		trader.View(func(l *trade.Ledger) { want = report.OfLedger(l, &report.Options{Seed: 1}) })
		if diff := cmp.Diff(want, performanceOf(t, r)); diff != "" || want.Total.N != 1 {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// A report is made anew when the journal has gone on, and then at most every 5 s.
func TestPerformanceIsKeptForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trader := holding(t, 3)
		r := prepare(t, newHub(t), &ranker.Options{Trader: trader})
		for i, step := range []struct {
			after time.Duration
			ends  int64
			want  int
		}{{0, 1, 1}, {0, 2, 1}, {4 * time.Second, 0, 1}, {1100 * time.Millisecond, 0, 2}, {time.Hour, 0, 2}, {0, 3, 3}} {
			time.Sleep(step.after)
			if step.ends > 0 {
				wins(t, trader, step.ends)
			}
			if got := performanceOf(t, r).Total.N; got != step.want {
				t.Errorf("step %d: got %d orders, want %d", i, got, step.want)
			}
		}
	})
}

// A long record takes longer to report, and so is reported less often: 2,000 orders every 6 s.
func TestPerformanceOfManyOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trader := holding(t, 2000)
		r := prepare(t, newHub(t), &ranker.Options{Trader: trader})
		performanceOf(t, r)
		wins(t, trader, 1)
		for want, after := range []time.Duration{5900 * time.Millisecond, 200 * time.Millisecond} {
			time.Sleep(after)
			if got := performanceOf(t, r).Total.N; got != want {
				t.Errorf("%v later: got %d ended, want %d", after, got, want)
			}
		}
	})
}

func TestPerformanceOfNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := ask(prepare(t, newHub(t), nil), "GET", "/performance")
		if got := read(t, w.Body.Bytes())["detail"]; w.Code != 404 || got != "this ranker trades nothing: start it with --trade paper" {
			t.Errorf("got %d %v, want how to trade", w.Code, got)
		}
	})
}
