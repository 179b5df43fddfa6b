package ranker_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/ranker"
)

// order says who stands where, those without a rank behind a dash.
func order(k ranker.Ranking) string {
	var out []string
	for _, a := range k.Assets {
		place := "-"
		if a.Rank > 0 {
			place = fmt.Sprint(a.Rank)
		}
		out = append(out, place+" "+a.Snapshot.SpaceName)
	}
	return strings.Join(out, ", ")
}

func TestTheRankingFollowsEachUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5), hub.snap("B", 1, 7, 3, 0.86), hub.snap("C", 1, 0, 0, 0.5)}
		r := follow(t, hub, nil)
		for _, step := range []struct {
			update quasar.Snapshot
			want   string
		}{
			{hub.snap("B", 2, 7, 3, 0.86), "1 B, 2 A, - C"}, // nothing new
			{hub.snap("A", 2, 5, 5, 0.9), "1 A, 2 B, - C"},  // -0.4 is less than -0.16
			{hub.snap("C", 2, 1, 1, 1), "1 C, 2 A, 3 B"},    // -0.5
			{hub.snap("A", 3, 0, 0, 0.9), "1 C, 2 B, - A"},  // votes gone
			{hub.snap("D", 1, 1, 0, 0), "1 C, 2 B, 3 D, - A"},
		} {
			hub.update(step.update)
			if got := order(r.Ranking()); got != step.want {
				t.Errorf("after an update of %s: got %s, want %s", step.update.SpaceName, got, step.want)
			}
		}
		if got := r.Ranking().Updates; got != 8 {
			t.Errorf("got %d updates, want 8", got)
		}
	})
}

func TestOrders(t *testing.T) {
	for name, want := range map[quasar.Order]string{
		"":              "1 B, 2 C, 3 A, - D", // the formula's own: asc
		quasar.Asc:      "1 B, 2 C, 3 A, - D",
		quasar.Desc:     "1 A, 2 C, 3 B, - D",
		quasar.Balanced: "1 C, 2 B, 3 A, - D",
	} {
		bubble(t, "order "+string(name), func(t *testing.T) {
			hub := newHub(t)
			hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5), hub.snap("B", 1, 6, 4, 0.9), hub.snap("C", 1, 5, 5, 0.45), hub.snap("D", 1, 0, 0, 0.5)}
			r := follow(t, hub, &ranker.Options{Order: name})
			if got := order(r.Ranking()); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestOnlyTheAssetsThatWereAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5), hub.snap("B", 1, 9, 1, 0.5)} // whatever was asked for
		r := follow(t, hub, &ranker.Options{Assets: []string{"C", "A", "C", "D"}})
		if want := "/ws/subscribe?assets=A,C,D"; hub.uri != want {
			t.Errorf("asked the hub for %s, want %s", hub.uri, want)
		}
		k := r.Ranking()
		if diff := cmp.Diff([]string{"C", "D"}, k.Waiting); diff != "" || order(k) != "1 A" {
			t.Errorf("got %s; waiting (-want +got):\n%s", order(k), diff)
		}
		hub.update(hub.snap("C", 1, 5, 5, 0.9))
		k = r.Ranking()
		if diff := cmp.Diff([]string{"D"}, k.Waiting); diff != "" || order(k) != "1 C, 2 A" {
			t.Errorf("got %s; waiting (-want +got):\n%s", order(k), diff)
		}
		if diff := cmp.Diff([]string{"C", "A"}, k.Names()); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
	})
}

func testNames(name string) string {
	if strings.HasSuffix(name, "_TEST") {
		return "never traded: " + name
	}
	return ""
}

func TestWhatSpeaksAgainstAnAsset(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*quasar.Snapshot)
		want   []string
	}{
		{"nothing", func(*quasar.Snapshot) {}, nil},
		{"a sell is as good as a buy", func(s *quasar.Snapshot) { s.Voting.DominantSignal = new(quasar.Sell) }, nil},
		{"no votes", func(s *quasar.Snapshot) { s.Voting.BuyCount, s.Voting.SellCount = new(int64), new(int64) }, []string{"no votes"}},
		{"no accuracy", func(s *quasar.Snapshot) { s.Training.AVNAccuracy = nil }, []string{"no accuracy"}},
		{"no signal", func(s *quasar.Snapshot) { s.Voting.DominantSignal = nil }, []string{"no signal"}},
		{"neutral", func(s *quasar.Snapshot) { s.Voting.DominantSignal = new(quasar.Neutral) }, []string{"neutral signal"}},
		{"old", func(s *quasar.Snapshot) { s.UpdatedAt = s.UpdatedAt.Add(-6 * time.Second) }, []string{"stale: no update for 5s"}},
		{"old votes", func(s *quasar.Snapshot) { s.VotingAt = s.VotingAt.Add(-6 * time.Second) }, []string{"stale votes: none for 5s"}},
		{"everything", func(s *quasar.Snapshot) {
			*s = quasar.Snapshot{SpaceName: "V75", UpdatedAt: s.UpdatedAt.Add(-time.Hour)}
		},
			[]string{"no votes", "no signal", "no price", "stale: no update for 5s"}},
		{"no price", func(s *quasar.Snapshot) { s.Voting.LastPrice = nil }, []string{"no price"}},
		{"a name that no venue has", func(s *quasar.Snapshot) { s.SpaceName = "V75_TEST" }, []string{"never traded: V75_TEST"}},
	} {
		bubble(t, c.name, func(t *testing.T) {
			hub := newHub(t)
			s := hub.snap("V75", 1, 9, 1, 0.5)
			c.change(&s)
			hub.initial = []quasar.Snapshot{s}
			a := follow(t, hub, &ranker.Options{StaleAfter: 5 * time.Second, NeverTraded: testNames}).Ranking().Assets[0]
			if diff := cmp.Diff(c.want, a.HeldBack); diff != "" || a.Tradable() != (c.want == nil) {
				t.Errorf("tradable %t, held back (-want +got):\n%s", a.Tradable(), diff)
			}
		})
	}
}

func TestANewInitialStateIsTakenAtItsWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 50, 9, 1, 0.5), hub.snap("B", 50, 9, 1, 0.6)}
		r := follow(t, hub, nil)
		again := hub.snap("A", 5, 5, 5, 0.9) // its seq went back: another hub
		hub.leave(again)
		until(t, time.Now(), func() bool { return r.Ranking().Connected && r.Ranking().Updates == 3 })
		k := r.Ranking()
		if got := order(k); got != "1 A, 2 B" || k.Assets[0].Snapshot.Seq != 5 {
			t.Errorf("got %s with the seq %d, want 1 A, 2 B with 5", got, k.Assets[0].Snapshot.Seq)
		}
		// B vanished from the hub. What is known of it stays, ages and goes stale.
		time.Sleep(31*time.Second - time.Since(again.UpdatedAt))
		again = hub.snap("A", 6, 5, 5, 0.9)
		hub.update(again)
		k = r.Ranking()
		want := []fresh{{"0s", "0s", nil}, {"31s", "31s", []string{"stale: no update for 30s"}}}
		if diff := cmp.Diff(want, []fresh{freshness(k, 0), freshness(k, 1)}); diff != "" {
			t.Errorf("freshness of A and B (-want +got):\n%s", diff)
		}
	})
}

// The same frames make the same calls, and each update is seen, however long a
// call takes.
func TestSyncIsDeterministic(t *testing.T) {
	play := func(t *testing.T, pause time.Duration) []string {
		var calls []string
		synctest.Test(t, func(t *testing.T) {
			hub := newHub(t)
			hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5), hub.snap("B", 1, 7, 3, 0.86)}
			r := follow(t, hub, &ranker.Options{Sync: true, OnRanking: func(k ranker.Ranking) {
				time.Sleep(pause)
				calls = append(calls, fmt.Sprintf("%d: %s", k.Updates, order(k)))
			}})
			for i := range int64(30) {
				hub.update(hub.snap([]string{"A", "B", "C"}[i%3], 2+i, i*7%10, 1+i*3%10, float64(i*29%97)/97))
			}
			time.Sleep(time.Minute)
			r.stop()
		})
		return calls
	}
	quick, slow := play(t, 0), play(t, 300*time.Millisecond)
	if diff := cmp.Diff(quick, slow); diff != "" {
		t.Errorf("calls of a quick and a slow OnRanking (-quick +slow):\n%s", diff)
	}
	if len(quick) != 32 || !strings.HasPrefix(quick[31], "32: ") {
		t.Errorf("got %d calls, the last %q, want one for each of 32 updates", len(quick), quick[len(quick)-1])
	}
}

func TestASlowOnRankingMissesNothingNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		var calls []int64
		var under atomic.Int32
		r := follow(t, hub, &ranker.Options{OnRanking: func(k ranker.Ranking) {
			if under.Add(1) > 1 {
				t.Error("OnRanking was called while it was under way")
			}
			time.Sleep(10 * time.Second)
			calls = append(calls, k.Updates)
			under.Add(-1)
		}})
		for i := range int64(50) {
			hub.update(hub.snap("A", 1+i, 9, 1, 0.5)) // each is read though OnRanking sleeps
		}
		if got := r.Ranking().Updates; got != 50 {
			t.Errorf("%d updates were read while OnRanking slept, want 50", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]int64{1, 50}, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}
