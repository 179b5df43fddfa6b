package ranker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/subscriber"
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

// fresh is what matters of an asset's ages.
type fresh struct {
	Age, VotingAge string
	HeldBack       []string
}

func freshness(k ranker.Ranking, i int) fresh {
	show := func(d *time.Duration) string {
		if d == nil {
			return "unknown"
		}
		return d.String()
	}
	return fresh{show(k.Assets[i].Age), show(k.Assets[i].VotingAge), k.Assets[i].HeldBack}
}

// Ages go by the hub's clock, however wrong the local one is, and while the hub is
// gone they count on.
func TestAgesGoByTheHubsClock(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour, -time.Hour} {
		bubble(t, fmt.Sprint("the hub's clock is ahead by ", ahead), func(t *testing.T) {
			hub := newHub(t)
			hub.ahead = ahead
			hub.initial = []quasar.Snapshot{hub.snap("V75", 1, 9, 1, 0.5)}
			time.Sleep(2 * time.Second) // the snapshot is older than the connection
			r := follow(t, hub, nil)
			check := func(after time.Duration, want fresh) {
				t.Helper()
				time.Sleep(after)
				synctest.Wait()
				k := r.Ranking()
				if diff := cmp.Diff(want, freshness(k, 0)); diff != "" {
					t.Errorf("freshness (-want +got):\n%s", diff)
				}
				if got := time.Until(k.HubTime); got != ahead {
					t.Errorf("the hub's time is ahead by %v, want %v", got, ahead)
				}
			}
			check(0, fresh{"2s", "2s", nil})
			check(28*time.Second, fresh{"30s", "30s", nil})
			check(time.Second, fresh{"31s", "31s", []string{"stale: no update for 30s"}})

			training := hub.snap("V75", 2, 9, 1, 0.6)
			training.VotingAt = training.VotingAt.Add(-31 * time.Second)
			hub.update(training) // frozen votes do not hide behind flowing training
			check(0, fresh{"0s", "31s", []string{"stale votes: none for 30s"}})

			hub.update(hub.snap("V75", 3, 9, 1, 0.6))
			check(0, fresh{"0s", "0s", nil})
			hub.Down.Store(true)
			hub.leave()
			gone := "no connection to the hub since " + time.Now().UTC().Format(time.TimeOnly) + " UTC"
			check(30*time.Second, fresh{"30s", "30s", []string{gone}})
			check(time.Hour, fresh{"1h0m30s", "1h0m30s", []string{gone, "stale: no update for 30s"}})
		})
	}
}

// A ranker that cannot keep up reads frames that lay about for long. Their
// snapshots are as old as they are, though each was new when its frame was stamped.
func TestAFrameThatComesLateIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("V75", 1, 9, 1, 0.5)}
		r := follow(t, hub, nil)
		late := hub.snap("V75", 2, 9, 1, 0.5)
		frame := update(late, hub.now())
		time.Sleep(40 * time.Second)
		hub.say(frame)
		want := fresh{"40s", "40s", []string{"stale: no update for 30s"}}
		if diff := cmp.Diff(want, freshness(r.Ranking(), 0)); diff != "" {
			t.Errorf("freshness (-want +got):\n%s", diff)
		}
		hub.say(`{"type":"hub_notice","text":"without a stamp"}`)
		hub.say(update(hub.snap("V76", 1, 9, 1, 0.5), time.Time{}))
		if diff := cmp.Diff(want, freshness(r.Ranking(), 0)); diff != "" {
			t.Errorf("freshness after frames without a stamp (-want +got):\n%s", diff)
		}
	})
}

// What the hub does not date is not fresh.
func TestAnAgeThatIsUnknownIsNotZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		noVotingAt := hub.snap("A", 1, 9, 1, 0.5)
		noVotingAt.VotingAt = time.Time{}
		never := hub.snap("B", 1, 9, 1, 0.6)
		never.UpdatedAt, never.VotingAt = time.Time{}, time.Time{}
		hub.initial = []quasar.Snapshot{noVotingAt, never}
		k := follow(t, hub, &ranker.Options{Order: quasar.Desc}).Ranking()
		want := []fresh{
			{"0s", "unknown", []string{"stale votes: their time is unknown"}},
			{"unknown", "unknown", []string{"stale: the time of its update is unknown"}},
		}
		if diff := cmp.Diff(want, []fresh{freshness(k, 0), freshness(k, 1)}); diff != "" || !k.Assets[1].Stale {
			t.Errorf("stale %t, freshness (-want +got):\n%s", k.Assets[1].Stale, diff)
		}
	})
}

// A stamp from the hub's future does not make a dead asset fresh until then.
func TestAnUpdateThatIsYetToComeIsNotFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		soon, late, votes := hub.snap("A", 1, 9, 1, 0.5), hub.snap("B", 1, 9, 1, 0.6), hub.snap("C", 1, 9, 1, 0.7)
		soon.UpdatedAt = soon.UpdatedAt.Add(2 * time.Second) // two hubs of a cluster may differ so much
		late.UpdatedAt = late.UpdatedAt.Add(time.Hour)
		votes.VotingAt = votes.VotingAt.Add(time.Hour)
		hub.initial = []quasar.Snapshot{soon, late, votes}
		k := follow(t, hub, &ranker.Options{Order: quasar.Desc}).Ranking()
		want := []fresh{
			{"0s", "0s", nil},
			{"unknown", "0s", []string{"stale: the time of its update is unknown"}},
			{"0s", "unknown", []string{"stale votes: their time is unknown"}},
		}
		if diff := cmp.Diff(want, []fresh{freshness(k, 0), freshness(k, 1), freshness(k, 2)}); diff != "" {
			t.Errorf("freshness (-want +got):\n%s", diff)
		}
	})
}

// Another hub, whose clock is an hour behind, does not know B: what the first one
// stamped must not look new for an hour.
func TestAHubThatIsBehindMakesNothingFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5), hub.snap("B", 1, 9, 1, 0.6)}
		r := follow(t, hub, &ranker.Options{Order: quasar.Desc})
		hub.ahead = -time.Hour
		hub.leave(hub.snap("A", 2, 9, 1, 0.5))
		until(t, time.Now(), func() bool { return r.Ranking().Connected && r.Ranking().Updates == 3 })
		k := r.Ranking()
		if a, b := k.Assets[0].Tradable(), k.Assets[1].Tradable(); !a || b {
			t.Errorf("tradable: got A %t, B %t, want A alone", a, b)
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

// link is the state of the connection as a ranking tells it.
type link struct {
	Connected bool
	Since     time.Duration // since the test's start
	Lost      string
}

func TestTheConnectionComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("V75", 1, 9, 1, 0.5)}
		hub.Down.Store(true)
		r := prepare(t, hub, nil)
		check := func(when string, want link) {
			t.Helper()
			k := r.Ranking()
			got := link{Connected: k.Connected, Since: ceil(k.Since.Sub(start))}
			if k.Lost != nil {
				got.Lost = k.Lost.Error()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		check("before Run", link{})
		time.Sleep(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		check("refused", link{Lost: "connection refused"})

		connectedAt := until(t, start, func() bool { hub.Down.Store(false); return r.Ranking().Connected })
		check("connected", link{Connected: true, Since: connectedAt})
		time.Sleep(5 * time.Second)
		hub.say(`{"type":"metrics_update","space_name":"../x"}`)
		check("after a frame that makes no sense", link{Connected: true, Since: connectedAt})

		hub.Down.Store(true)
		hub.leave()
		lostAt := ceil(time.Since(start))
		check("lost", link{Since: lostAt, Lost: "connection lost without a close frame"})
		time.Sleep(time.Minute)
		synctest.Wait()
		check("refused again", link{Since: lostAt, Lost: "connection refused"})

		hub.leave(hub.snap("V75", 2, 9, 1, 0.5))
		backAt := until(t, start, func() bool { hub.Down.Store(false); return r.Ranking().Connected })
		check("back", link{Connected: true, Since: backAt})

		time.Sleep(5 * time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got the error %v, want none", err)
		}
		check("after Run", link{Since: backAt + 5*time.Second, Lost: "connection refused"})
	})
}

// ceil rounds up to what until can see.
func ceil(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// Between the loss and the moment at which the ranker takes note of it nobody is
// told that the hub is there. The log is written in between.
func TestALossIsSeenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("V75", 1, 9, 1, 0.5)}
		var r *running
		var seen []link
		log := slog.New(onLog(func() {
			if r != nil {
				k := r.Ranking()
				seen = append(seen, link{k.Connected, k.Since.Sub(start), k.Lost.Error()})
			}
		}))
		r = follow(t, hub, &ranker.Options{Logger: log})
		time.Sleep(5 * time.Second)
		hub.update(hub.snap("V75", 2, 9, 1, 0.5))
		time.Sleep(time.Second)
		hub.Down.Store(true)
		hub.leave()
		want := []link{{Since: 5 * time.Second, Lost: "connection lost without a close frame"}} // when the hub was last heard
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("seen while the log was written (-want +got):\n%s", diff)
		}
		r = nil
	})
}

// onLog is a slog.Handler that only says that something was logged.
type onLog func()

func (onLog) Enabled(context.Context, slog.Level) bool { return true }
func (f onLog) Handle(context.Context, slog.Record) error {
	f()
	return nil
}
func (f onLog) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f onLog) WithGroup(string) slog.Handler      { return f }

// until waits in fake time, and tells when it came to pass.
func until(t *testing.T, start time.Time, done func() bool) time.Duration {
	t.Helper()
	for range 1_000_000 {
		if synctest.Wait(); done() {
			return ceil(time.Since(start))
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it did not come to pass")
	return 0
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

func TestALostConnectionIsToldOf(t *testing.T) {
	for _, sync := range []bool{false, true} {
		bubble(t, fmt.Sprint("sync ", sync), func(t *testing.T) {
			hub := newHub(t)
			hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5)}
			var calls []string
			follow(t, hub, &ranker.Options{Sync: sync, OnRanking: func(k ranker.Ranking) {
				calls = append(calls, fmt.Sprintf("connected %t, %d updates", k.Connected, k.Updates))
			}})
			hub.leave(hub.snap("A", 2, 9, 1, 0.5))
			time.Sleep(10 * time.Second)
			synctest.Wait()
			want := []string{"connected true, 1 updates", "connected false, 1 updates", "connected true, 2 updates"}
			if diff := cmp.Diff(want, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// Run waits for the OnRanking that is under way. The bubble fails if a goroutine
// is left.
func TestRunEndsWithItsContext(t *testing.T) {
	for _, sync := range []bool{false, true} {
		bubble(t, fmt.Sprint("sync ", sync), func(t *testing.T) {
			hub := newHub(t)
			hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5)}
			done := false
			r := follow(t, hub, &ranker.Options{Sync: sync, OnRanking: func(ranker.Ranking) {
				time.Sleep(time.Second)
				done = true
			}})
			r.stop()
			if !done {
				t.Error("Run returned before OnRanking")
			}
		})
	}
}

func TestOneRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		r := follow(t, hub, nil)
		if err := r.Run(t.Context()); !errors.Is(err, subscriber.ErrBusy) {
			t.Errorf("a second Run: got the error %v, want %v", err, subscriber.ErrBusy)
		}
		r.stop()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Errorf("a Run after the first: got the error %v, want none", err)
		}
	})
}
