package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub/hubtest"
)

// Of several live connections of a space the newest owns it, and who looks sees
// that there are others.
func TestTheNewestConnectionOwnsItsSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		sub := subscriber(t, s, "")
		first := publisher(t, s, "V75")
		first.text(steps(1))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Note != nil || r.LiveConnections != 1 {
			t.Errorf("one alone: got %+v", r)
		}
		time.Sleep(time.Second)
		second := publisher(t, s, "V75")
		synctest.Wait()       // a hub takes note just after the handshake
		first.text(steps(90)) // a late frame of the old connection
		second.text(steps(2))
		first.text(steps(91))
		synctest.Wait()
		r := row(t, s, "V75")
		if r.LiveConnections != 2 || r.Connects != 2 || r.Superseded != 2 || r.Accepted != 2 || !r.Connected ||
			r.Note == nil || *r.Note != "an older connection is superseded by a newer connection" {
			t.Errorf("two: got %+v, note %v", r, r.Note)
		}
		third := publisher(t, s, "V75")
		synctest.Wait()
		third.text(steps(3))
		synctest.Wait()

		// The second closes: the third still owns.
		second.close(1000)
		<-second.done
		first.text(steps(92))
		third.text(steps(4))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Superseded != 3 || r.LiveConnections != 2 {
			t.Errorf("the middle one closed: got %+v", r)
		}

		// The third closes: the first is the newest that is left.
		third.conn.Close()
		synctest.Wait()
		first.text(steps(5))
		synctest.Wait()
		r = row(t, s, "V75")
		if r.LiveConnections != 1 || r.Superseded != 3 || r.DisconnectedAt == nil ||
			r.Note == nil || *r.Note != "an older connection goes on: a newer one closed" {
			t.Errorf("the newest closed: got %+v, note %v", r, r.Note)
		}

		// And a fourth has it again.
		fourth := publisher(t, s, "V75")
		synctest.Wait()
		first.text(steps(93))
		fourth.text(steps(6))
		synctest.Wait()
		if diff := cmp.Diff([]int64{1, 2, 3, 4, 5, 6}, stepsOf(t, sub.updates())); diff != "" {
			t.Errorf("what was broadcast (-want +got):\n%s", diff)
		}
		if got := stateOf(t, s.Hub).Stats; got.Superseded != 4 || got.Accepted != 6 || got.Publishers != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

// What only the owner sends is stored; signs of life of the others count as such.
func TestASupersededConnectionMayStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		old := publisher(t, s, "V75")
		time.Sleep(time.Second)
		publisher(t, s, "V75")
		synctest.Wait()
		for range 200 {
			old.text(`{"type":"heartbeat"}`)
			old.text(votes(1, 2))
			time.Sleep(time.Second)
		}
		r := row(t, s, "V75")
		if r.LiveConnections != 2 || r.Superseded != 200 || r.Accepted != 0 || len(stateOf(t, s.Hub).Snapshots) != 0 {
			t.Errorf("got %+v, want both connected and nothing stored", r)
		}
	})
}

func TestWhoOwnsASpaceIsSeenInTheEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		first := publisher(t, s, "V75")
		synctest.Wait()
		second := publisher(t, s, "V75")
		synctest.Wait()
		second.close(1001)
		<-second.done
		synctest.Wait()
		first.text("rubbish")
		synctest.Wait()
		var got []string
		for _, e := range stateOf(t, s.Hub).Events {
			got = append(got, *e.SpaceName+" "+e.Kind+": "+e.Text)
		}
		want := []string{
			"V75 rejected: rejected: not JSON: got 'r' at byte 0, want a value",
			"V75 connected: the older connection has the space again: the newer one closed",
			"V75 disconnected: publisher disconnected: closed by the peer with 1001",
			"V75 connected: publisher connected",
			"V75 superseded: superseded by a newer connection: the older one's frames are dropped until the newer closes",
			"V75 connected: publisher connected",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// The page shows the newest fifty events, and one broken publisher does not push
// the others off it.
func TestEventsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		bad := publisher(t, s, "BAD")
		for range 40 {
			bad.text("rubbish")
		}
		synctest.Wait()
		if n := len(stateOf(t, s.Hub).Events); n != 2 {
			t.Errorf("got %d events of a broken publisher, want 2", n)
		}
		for range 15 {
			time.Sleep(10 * time.Second)
			bad.text("rubbish")
			bad.text("rubbish")
		}
		synctest.Wait()
		if n := len(stateOf(t, s.Hub).Events); n != 17 {
			t.Errorf("got %d events, want one each ten seconds", n)
		}
		for range 30 {
			p := publisher(t, s, "V75")
			p.close(1000)
			<-p.done
		}
		synctest.Wait()
		events := stateOf(t, s.Hub).Events
		if len(events) != 50 || *events[49].SpaceName != "V75" {
			t.Errorf("got %d events, the oldest %+v, want the newest fifty", len(events), events[len(events)-1])
		}
	})
}

// Each frame looks at all connections of its space: one who opens them by the
// thousand must not slow everybody's down. Those that are closed are not the owner.
func TestASpaceHasSoManyConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		var all []*peer
		for range 40 {
			all = append(all, publisher(t, s, "V75"))
			synctest.Wait()
		}
		all[39].text(steps(39))
		time.Sleep(10 * time.Second)
		for i, p := range all {
			closed := len(p.frames()) > 0
			if closed != (i < 24) {
				t.Errorf("connection %d: closed is %v", i, closed)
			}
			if closed && p.last().closing() != "1008 superseded by 16 newer connections" {
				t.Errorf("connection %d: got the end %q", i, p.last().closing())
			}
		}
		if r := row(t, s, "V75"); r.LiveConnections != 16 || r.Connects != 40 || r.Accepted != 1 {
			t.Errorf("got %+v, want 16 connections, the newest of which owns the space", r)
		}
		for i := range 15 { // the survivors take over one after the other
			all[39-i].close(1000)
			<-all[39-i].done
			synctest.Wait()
			all[38-i].text(steps(38 - i))
			synctest.Wait()
		}
		if r := row(t, s, "V75"); r.LiveConnections != 1 || r.Accepted != 16 {
			t.Errorf("got %+v, want each survivor to have had the space", r)
		}
	})
}
