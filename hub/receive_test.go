package hub_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// A record from a clock that is ahead: seq goes on from there and not back.
func TestSeqGoesOnFromAClockThatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{ID: "here"})
		sub := subscriber(t, s, "")
		synctest.Wait()
		ahead := time.Now().Add(24 * time.Hour)
		s.Hub.MergeRecord(recordOf("V75", "there", ahead))
		publisher(t, s, "V75").text(steps(5))
		synctest.Wait()
		var seqs []int64
		for _, u := range sub.updates()[1:] {
			seqs = append(seqs, u.Snapshots[0].Seq-ahead.UnixMicro())
		}
		if diff := cmp.Diff([]int64{0, 1}, seqs); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if a := stateOf(t, s.Hub).Rankings[0]; a.AgeSeconds != 0 || a.Stale {
			t.Errorf("got an age of %v, want no negative one", a.AgeSeconds)
		}
	})
}

// recordOf is the record of one update that another hub accepted.
func recordOf(space, by string, at time.Time) hub.Record {
	var r hub.Record
	r.Snapshot = quasar.Snapshot{SpaceName: space, Seq: at.UnixMicro(), UpdatedAt: at, TrainingAt: at, Training: quasar.Training{TrainingSteps: new(int64(4))}}
	r.Stamps[quasar.TrainingSteps] = hub.Stamp{Seq: at.UnixMicro(), Hub: by}
	return r
}

// What another hub says is held against the rules, too.
func TestWhatCannotBeOfAHubIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{ID: "here", MaxSpaces: 1})
		now := time.Now()
		bad := []func(*hub.Record){
			func(r *hub.Record) { r.Snapshot.SpaceName = "../etc" },
			func(r *hub.Record) { r.Snapshot.Seq = 0 },
			func(r *hub.Record) { r.Snapshot.Seq = -5 },
			func(r *hub.Record) { r.Snapshot.Seq = 1<<63 - 1 },
		}
		for _, spoil := range bad {
			r := recordOf("V75", "there", now)
			spoil(&r)
			s.Hub.MergeRecord(r)
		}
		for _, c := range []hub.Claim{
			{Space: "<b>", Hub: "there", Seq: 1, Epoch: 1, Live: true},
			{Space: "V75", Hub: "\n", Seq: 1, Epoch: 1, Live: true},
			{Space: "V75", Hub: "here", Seq: 1 << 51, Epoch: 1 << 51, Live: true}, // our own
			{Space: "V75", Hub: "there", Seq: 1<<63 - 1, Epoch: 1, Live: true},
			{Space: "V75", Hub: "there", Seq: 1, Epoch: 1<<63 - 1, Live: true},
			{Space: "V75", Hub: "there", Seq: -1, Epoch: 1, Live: true},
		} {
			s.Hub.MergeClaim(c)
		}
		if got := stateOf(t, s.Hub); len(got.Snapshots) != 0 || got.Stats.Assets != 0 {
			t.Errorf("got %+v, want nothing", got)
		}
		publisher(t, s, "V75").text(steps(1))
		synctest.Wait()
		s.Hub.MergeRecord(recordOf("NO-ROOM", "there", now))
		s.Hub.MergeClaim(hub.Claim{Space: "NO-ROOM", Hub: "there", Seq: 1, Epoch: 1, Live: true})
		if got := stateOf(t, s.Hub).Snapshots; len(got) != 1 || *got["V75"].Training.TrainingSteps != 1 || got["V75"].Seq > now.UnixMicro()+10 {
			t.Errorf("got %+v, want V75 alone, by our clock", got)
		}
	})
}

// A hub whose clock is behind that of another still gives its newest connection
// the space.
func TestANewConnectionIsNewerThanWhatAClockAheadClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{ID: "here"})
		ahead := time.Now().Add(time.Hour).UnixMicro()
		s.Hub.MergeClaim(hub.Claim{Space: "V75", Hub: "there", Seq: ahead + 1, Epoch: ahead, Live: true})
		publisher(t, s, "V75").text(steps(1))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Accepted != 1 {
			t.Errorf("got %+v, want the frame taken", r)
		}
	})
}

// Who has a space back because a hub is out of sight has it for as long as that
// lasts: a partition must not make an old connection the newest.
func TestTheNewerConnectionOfAHubThatComesBackIsStillTheNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{ID: "here"})
		p := publisher(t, s, "V75")
		time.Sleep(time.Second)
		now := time.Now().UnixMicro()
		there := hub.Claim{Space: "V75", Hub: "there", Seq: now + 1, Epoch: now, Live: true}
		s.Hub.MergeClaim(there)
		time.Sleep(time.Second)
		s.Hub.HubLost("there")
		p.text(steps(1))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Accepted != 1 {
			t.Errorf("while it is out of sight: got %+v, want the frame taken", r)
		}
		s.Hub.MergeClaim(there)
		p.text(steps(2))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Accepted != 1 || r.Superseded != 1 {
			t.Errorf("after it came back: got %+v, want the frame dropped", r)
		}
		if got := stateOf(t, s.Hub).Owners["V75"]; got.HubID != "there" || !slices.Equal(got.SupersededAt, []string{"here"}) {
			t.Errorf("got %+v, want it there and not here", got)
		}
	})
}
