package ranker_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
)

// brittle is a policy with a bug.
type brittle struct{ choosing, learning bool }

func (b brittle) Choose(r *bandit.Round) bandit.Choice {
	if b.choosing {
		panic("no arm left")
	}
	return bandit.Choice{P: append([]float64{1}, make([]float64, len(r.Arms)-1)...)}
}

func (b brittle) Learn(labels []bandit.Label) {
	if b.learning {
		weights := make([]float64, len(labels))
		weights[len(labels)] = 1
	}
}

// A policy that panics does not take an open book with it: trading halts, on record, and
// the ranking goes on by the formula.
func TestAPolicyThatPanicsHaltsTrading(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy brittle
		why    string
	}{
		{"choosing", brittle{choosing: true}, "panic: no arm left"},
		{"learning from prices", brittle{learning: true}, "panic: runtime error: index out of range [1] with length 1"},
	} {
		bubble(t, c.name, func(t *testing.T) {
			hub := newHub(t)
			hub.initial = []quasar.Snapshot{hub.snap("A", 1, 7, 3, 0.5), hub.snap("B", 1, 7, 3, 0.9)}
			var log bytes.Buffer
			trader := holding(t, 1)
			signals := 0
			r := follow(t, hub, &ranker.Options{
				Trader: trader, OnSignal: func(trade.Signal) { signals++ }, Horizon: 2 * time.Second, DecideEvery: time.Second, Model: t.TempDir() + "/model",
				Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			r.Follow(c.policy)
			for i := range 60 {
				time.Sleep(time.Second)
				for _, space := range []string{"A", "B"} {
					s := hub.snap(space, time.Now().Unix(), 7, 3, 0.5)
					s.Voting.LastPrice = new(100 + float64(i*i%7))
					hub.update(s)
				}
			}
			synctest.Wait()
			status := trader.Status()
			if h := status.Halt; h == nil || h.Reason != trade.ReasonPolicy || h.Detail != c.why || h.By != "ranker" {
				t.Errorf("got the halt %+v, want one for %q", h, c.why)
			}
			before := signals
			last := hub.snap("A", time.Now().Unix()+5, 7, 3, 0.1)
			hub.update(last)
			time.Sleep(5 * time.Second)
			hub.update(hub.snap("A", time.Now().Unix()+9, 7, 3, 0.1))
			synctest.Wait()
			if signals != before {
				t.Errorf("got %d signals after it, want none", signals-before)
			}
			if got := fmt.Sprint(read(t, ask(r, "GET", "/health").Body.Bytes())["policy"]); !strings.Contains(got, "who decides broke down") || !strings.Contains(got, "ordered_by:formula") {
				t.Errorf("/health: got %s, want it said", got)
			}
			if k := r.Ranking(); len(k.Assets) != 2 || !k.ByFormula || *k.Assets[1].Snapshot.Training.AVNAccuracy != 0.1 {
				t.Errorf("got %+v, want the ranking to go on", k)
			}
			if !strings.Contains(log.String(), "breakdown_test.go") {
				t.Errorf("got the log %s, want the stack in it", &log)
			}
			wins(t, trader, 1) // the book goes on
			if got := trader.Orders(1); len(got) != 1 || got[0].State != trade.StateSettled {
				t.Errorf("got %+v, want the open contract to be settled", got)
			}
		})
	}
}
