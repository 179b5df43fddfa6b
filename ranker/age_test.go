package ranker_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/ranker"
)

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
