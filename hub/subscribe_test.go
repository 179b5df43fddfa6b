package hub_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// The first frame is a consistent cut: publishers run flat out, subscribers come
// and go, and in what each of them sees no update is missing, doubled or older
// than the state that came first. Fewer bytes are sent than a subscriber may lag, so
// that everybody keeps up.
func TestTheFirstFrameIsAConsistentCut(t *testing.T) {
	const spaces, each, rounds = 4, 200, 6
	for range rounds {
		s := hubtest.New(t, unhurried(&hub.Options{Compression: true}))
		var pubs []*peer
		for i := range spaces {
			pubs = append(pubs, publisher(t, s, fmt.Sprintf("S%d", i)))
		}
		var publishing, watching sync.WaitGroup
		for _, p := range pubs {
			publishing.Go(func() {
				for n := 1; n <= each; n++ {
					p.text(steps(n))
				}
			})
		}
		for joiner := range 12 {
			query := ""
			if joiner%3 == 2 {
				query = "?assets=S1,S3,NEVER"
			}
			headers := ""
			if joiner%4 >= 2 {
				headers = offersDeflate
			}
			watching.Go(func() {
				sub := dialWith(t, s, "/ws/subscribe"+query, headers)
				defer sub.conn.Close()
				seen := follow(sub, sub.nextUpdate(), func(seen map[string]int64) bool { // to the end, or not for long
					return joiner%2 == 0 && seen["S1"] > 50 || seen["S1"] == each && seen["S3"] == each && (query != "" || seen["S0"]+seen["S2"] == 2*each)
				})
				if _, ok := seen["S0"]; ok && query != "" {
					t.Errorf("got %v, want S1 and S3 alone", seen)
				}
			})
		}
		publishing.Wait()
		watching.Wait()
		s.Close()
	}
}

// follow reads updates behind first until enough, and holds that they follow on
// each other. It returns the newest step of each space.
func follow(p *peer, first wire.HubFrame, enough func(map[string]int64) bool) map[string]int64 {
	step, seq := make(map[string]int64), make(map[string]int64)
	if first.Type != wire.InitialState {
		p.t.Errorf("the first frame is %s", first.Type)
	}
	for _, s := range first.Snapshots {
		step[s.SpaceName], seq[s.SpaceName] = *s.Training.TrainingSteps, s.Seq
	}
	for !enough(step) {
		u, err := p.read()
		if err != nil {
			p.t.Errorf("read: %v at %v", err, step)
			return step
		}
		f := decode(p.t, u)
		s := f.Snapshots[0]
		if got := *s.Training.TrainingSteps; f.Type != wire.MetricsUpdate || got != step[s.SpaceName]+1 || s.Seq <= seq[s.SpaceName] {
			p.t.Errorf("%s: got %s with step %d, seq %d behind step %d, seq %d", s.SpaceName, f.Type, got, s.Seq, step[s.SpaceName], seq[s.SpaceName])
			return step
		}
		step[s.SpaceName], seq[s.SpaceName] = *s.Training.TrainingSteps, s.Seq
	}
	return step
}

// What a subscriber sees, key by key: the shapes are other people's by now.
func TestASubscriberGetsTheStateAndThenEveryUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		time.Sleep(250 * time.Millisecond)
		pub := publisher(t, s, "V75")
		pub.text(`{"type":"metrics","training":{"training_steps":1200,"avn_accuracy":0.81},"voting":{"dominant_signal":"buy","buy_count":7,"sell_count":3}}`)
		synctest.Wait()
		time.Sleep(time.Second)
		sub := subscriber(t, s, "")
		synctest.Wait()
		pub.text(`{"type":"voting","data":{"sell_count":4,"last_price":451234.12,"signal_source":"ensemble"}}`)
		synctest.Wait()
		const training = `"training":{"training_steps":1200,"actor_loss":null,"critic_loss":null,"avn_loss":null,"avn_accuracy":0.81}`
		want := []string{
			`{"type":"` + string(wire.InitialState) + `","snapshots":{"V75":{"space_name":"V75",` + training +
				`,"voting":{"dominant_signal":"BUY","buy_count":7,"sell_count":3,"last_price":null,"signal_source":null},"seq":946684800250000,` +
				`"updated_at":946684800.250000,"training_at":946684800.250000,"voting_at":946684800.250000}},"hub_timestamp":946684801.250000}`,
			`{"type":"` + string(wire.MetricsUpdate) + `","space_name":"V75","snapshot":{"space_name":"V75",` + training +
				`,"voting":{"dominant_signal":"BUY","buy_count":7,"sell_count":4,"last_price":451234.12,"signal_source":"ensemble"},"seq":946684801250000,` +
				`"updated_at":946684801.250000,"training_at":946684800.250000,"voting_at":946684801.250000},"hub_timestamp":946684801.250000}`,
		}
		var got []string
		for _, f := range sub.frames() {
			got = append(got, string(f.payload))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAnEmptyHubSaysSo(t *testing.T) {
	s := hubtest.New(t, nil)
	first := dial(t, s, "/ws/subscribe").nextUpdate()
	if first.Type != wire.InitialState || len(first.Snapshots) != 0 {
		t.Errorf("got %+v, want an initial state of nothing", first)
	}
}

func TestASubscriberMayAskForSomeAssets(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        []int64 // the steps of what is seen
	}{
		{"all without a query", "", []int64{1, 2, 3, 11, 12, 13}},
		{"one", "?assets=A", []int64{1, 11}},
		{"two by commas, in any order", "?assets=C,A", []int64{1, 3, 11, 13}},
		{"two by two keys", "?assets=C&assets=A", []int64{1, 3, 11, 13}},
		{"one twice", "?assets=A,A", []int64{1, 11}},
		{"names are case-sensitive", "?assets=a,C", []int64{3, 13}},
		{"one that does not exist", "?assets=NONE", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := hubtest.New(t, nil)
				pubs := []*peer{publisher(t, s, "A"), publisher(t, s, "B"), publisher(t, s, "C")}
				for i, p := range pubs {
					p.text(steps(i + 1))
				}
				synctest.Wait()
				sub := subscriber(t, s, c.query)
				synctest.Wait()
				for i, p := range pubs {
					p.text(steps(i + 11))
					synctest.Wait()
				}
				if diff := cmp.Diff(c.want, stepsOf(t, sub.updates())); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestABadQueryOfASubscriberIsRefusedBeforeTheUpgrade(t *testing.T) {
	s := hubtest.New(t, nil)
	for _, query := range []string{
		"?assets=", "?assets=A,,B", "?assets=../etc/passwd", "?assets=A,%00", "?assets=%ff", "?assets=__proto__",
		"?asset=A", "?assets=A&x=1", "?assets=A;B", "?assets=%zz",
	} {
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, answer := shake(t, conn, "/ws/subscribe"+query, "")
		checkProblem(t, query, answer, http.StatusBadRequest)
	}
}

// What a subscriber sends is thrown away unread, whatever it is.
func TestWhatASubscriberSendsIsThrownAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		pub := publisher(t, s, "V75")
		sub := subscriber(t, s, "")
		for _, message := range []string{steps(99), "rubbish", "\xff\xff", "", strings.Repeat("x", wire.MaxPublish)} {
			sub.text(message)
			sub.send(fin|opBinary, message)
		}
		pub.text(steps(1))
		synctest.Wait()
		if diff := cmp.Diff([]int64{1}, stepsOf(t, sub.updates())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, body := get(t, s, "/health"); !strings.Contains(body, `"rejected":0,"stats"`) && strings.Contains(body, `"rejected":1`) {
			t.Errorf("got %s, want nothing of it counted", body)
		}
	})
}

func TestASubscriberThatFloodsIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		calm, flooder := subscriber(t, s, ""), subscriber(t, s, "")
		for range 30 { // 40 a second are allowed, for ever
			for range 40 {
				calm.text("x")
			}
			time.Sleep(time.Second)
		}
		for range 501 {
			if err := flooder.write(masked(fin|opText, []byte("x"))); err != nil {
				break
			}
		}
		<-flooder.done
		if got := flooder.last().closing(); got != "1008 more than 50 frames a second" {
			t.Errorf("got the end %q", got)
		}
		if got := calm.last(); got.op() == opClose {
			t.Errorf("the calm one was closed, too: %s", got.closing())
		}
	})
}

// seq survives reconnects of publishers, and a hub that starts anew, by the clock
// alone.
func TestSeqNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last int64
		for range 3 {
			s := hubtest.New(t, nil)
			sub := subscriber(t, s, "")
			for range 2 {
				pub := publisher(t, s, "V75")
				for i := range 50 {
					pub.text(steps(i))
				}
				pub.close(1000)
				<-pub.done
			}
			synctest.Wait()
			for _, u := range sub.updates() {
				for _, snapshot := range u.Snapshots {
					if snapshot.Seq <= last || snapshot.Seq > quasar.MaxCount {
						t.Fatalf("got seq %d behind %d", snapshot.Seq, last)
					}
					last = snapshot.Seq
				}
			}
			s.Close()
			time.Sleep(time.Millisecond) // no hub is back sooner
		}
	})
}

// A subscriber that reads nothing for a while is caught up, and nobody else
// waits for it.
func TestAShortStallCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		pub, quick := publisher(t, s, "V75"), subscriber(t, s, "")
		stalled := dial(t, s, "/ws/subscribe")
		var want []int64
		for i := range 900 {
			pub.text(steps(i))
			want = append(want, int64(i))
			time.Sleep(9 * time.Millisecond)
		}
		synctest.Wait()
		if diff := cmp.Diff(want, stepsOf(t, quick.updates())); diff != "" {
			t.Errorf("the quick one (-want +got):\n%s", diff)
		}
		stalled.listen()
		synctest.Wait()
		if diff := cmp.Diff(want, stepsOf(t, stalled.updates())); diff != "" {
			t.Errorf("the stalled one, 8 s late (-want +got):\n%s", diff)
		}
	})
}

// One that stalls for longer than the write timeout is gone, within the grace.
func TestALongStallEndsASubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		pub, quick := publisher(t, s, "V75"), subscriber(t, s, "")
		dial(t, s, "/ws/subscribe")
		pub.text(steps(1))
		time.Sleep(9 * time.Second)
		if got := subscribersOf(t, s); len(got) != 2 {
			t.Errorf("after 9 s: got the subscribers %v, want both", got)
		}
		time.Sleep(4 * time.Second)
		if got := subscribersOf(t, s); !slices.Equal(got, []int64{1}) {
			t.Errorf("after 13 s: got the subscribers %v, want the first", got)
		}
		pub.text(steps(2))
		synctest.Wait()
		if diff := cmp.Diff([]int64{1, 2}, stepsOf(t, quick.updates())); diff != "" {
			t.Errorf("the quick one (-want +got):\n%s", diff)
		}
	})
}

func subscribersOf(t *testing.T, s *hubtest.Server) []int64 {
	t.Helper()
	_, body := get(t, s, "/api/state")
	var state struct{ Subscribers []struct{ ID int64 } }
	if err := json.Unmarshal([]byte(body), &state); err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, sub := range state.Subscribers {
		ids = append(ids, sub.ID)
	}
	return ids
}

// A peer that takes long for what it is sent, but takes some all the time, is
// neither stalled nor silent.
func TestASlowReaderThatReadsIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{WriteTimeout: time.Second})
		for i := range 40 {
			p := publisher(t, s, fmt.Sprintf("S%d", i))
			p.text(steps(i))
		}
		synctest.Wait()
		sub := dial(t, s, "/ws/subscribe")
		head := make([]byte, 4) // of a frame between 126 and 65535 bytes
		for i := range head {
			time.Sleep(900 * time.Millisecond)
			if _, err := sub.conn.Read(head[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
		var payload []byte
		piece := make([]byte, 100)
		for n := int(head[2])<<8 | int(head[3]); len(payload) < n; {
			time.Sleep(900 * time.Millisecond)
			k, err := sub.conn.Read(piece[:min(100, n-len(payload))])
			if err != nil {
				t.Fatalf("after %d bytes: %v", len(payload), err)
			}
			payload = append(payload, piece[:k]...)
		}
		if f, err := wire.DecodeHub(payload); err != nil || len(f.Snapshots) != 40 {
			t.Errorf("got %d snapshots (%v), want 40", len(f.Snapshots), err)
		}
	})
}
