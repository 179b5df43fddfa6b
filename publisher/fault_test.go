package publisher_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
)

// A hub that restarts has forgotten everything and is told everything: the
// newest state, once, and nothing of what was published meanwhile.
func TestAHubThatComesBackIsToldTheNewestState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		pub := hub.open(t, &publisher.Options{MaxVoteAge: -1})
		pub.Publish(quasar.Training{TrainingSteps: new(int64(1)), ActorLoss: new(0.5)}, votes(quasar.Buy, 1))
		hub.got()
		hub.Down.Store(true)
		hub.kill()
		for i := range int64(1000) {
			pub.PublishVoting(votes(quasar.Sell, i))
			pub.PublishTraining(steps(i))
			time.Sleep(20 * time.Millisecond)
		}
		if s := pub.Stats(); s.Connected || s.Pending != 2000 || s.LastError == nil {
			t.Errorf("while the hub is down: got %+v, want 2000 pending and an error", s)
		}
		hub.Down.Store(false)
		time.Sleep(31 * time.Second)
		want := []string{identify, `{"type":"metrics","training":{"training_steps":999,"actor_loss":0.5},"voting":{"dominant_signal":"SELL","buy_count":999}}`}
		if diff := cmp.Diff(want, withoutHeartbeats(hub.got())); diff != "" {
			t.Errorf("frames after the outage (-want +got):\n%s", diff)
		}
		hub.kill()
		time.Sleep(31 * time.Second)
		if diff := cmp.Diff(want, withoutHeartbeats(hub.got())); diff != "" {
			t.Errorf("frames after a short interruption (-want +got):\n%s", diff)
		}
		if s := pub.Stats(); s.Sent != 2 || s.Merged != 1999 || s.Resent != 1 || s.Connects != 3 {
			t.Errorf("stats: got %+v, want 2 sent, 1999 merged, 1 resent over 3 connections", s)
		}
	})
}

func withoutHeartbeats(frames []frame) []string {
	return slices.DeleteFunc(texts(frames), func(s string) bool { return strings.Contains(s, "heartbeat") })
}

// FAULTS: a hub that restarts finds its publishers again within 30 seconds,
// however long it was away, and they do not come all at once.
func TestPublishersAreBackWithinHalfAMinute(t *testing.T) {
	for _, outage := range []time.Duration{time.Second, time.Minute, time.Hour} {
		t.Run(outage.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newPeer(t)
				pubs := make([]*publisher.Publisher, 20)
				for i := range pubs {
					pubs[i] = hub.open(t, &publisher.Options{Rand: rand.New(rand.NewPCG(uint64(i), 0))})
				}
				time.Sleep(time.Minute)
				hub.Down.Store(true)
				hub.kill()
				time.Sleep(outage)
				hub.Down.Store(false)
				up := time.Now()
				time.Sleep(30 * time.Second)
				seconds := map[time.Duration]bool{}
				for i, pub := range pubs {
					s := pub.Stats()
					if !s.Connected {
						t.Errorf("publisher %d is not back after 30 s: %+v", i, s)
					}
					seconds[s.ConnectedAt.Sub(up).Truncate(time.Second)] = true
				}
				if outage == time.Hour && len(seconds) < 8 {
					t.Errorf("20 publishers came back in %d different seconds, want them spread", len(seconds))
				}
			})
		})
	}
}

// A hub that is down for a day is not hammered: about four attempts a minute.
func TestAHubThatIsDownIsAskedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		hub.Down.Store(true)
		var log logBook
		hub.open(t, &publisher.Options{Rand: rand.New(rand.NewPCG(1, 2)), Logger: log.logger()})
		time.Sleep(time.Hour)
		if n := hub.Dials.Load(); n < 180 || n > 320 {
			t.Errorf("got %d attempts in an hour, want about 240", n)
		}
		if n := log.count("no connection to the hub"); n != 1 {
			t.Errorf("got %d log lines about the same error, want 1:\n%s", n, log.String())
		}
	})
}

// The hub stamps what arrives with its own clock. A vote of ten minutes ago
// would come out as new, and be traded.
func TestAnOldVoteIsNotPassedOffAsANewOne(t *testing.T) {
	const state = `{"type":"metrics","training":{"training_steps":1},"voting":{"dominant_signal":"BUY","buy_count":1}}`
	const training = `{"type":"training","data":{"training_steps":1}}`
	tests := []struct {
		name    string
		outage  time.Duration
		maxAge  time.Duration
		want    []string
		expired int64
	}{
		{name: "a minute old is sent", outage: 25 * time.Second, want: []string{identify, state}},
		{name: "older is not, and training is", outage: 10 * time.Minute, want: []string{identify, training}, expired: 1},
		{name: "older than what the caller says", outage: 25 * time.Second, maxAge: 20 * time.Second, want: []string{identify, training}, expired: 1},
		{name: "any age if the caller says so", outage: 10 * time.Minute, maxAge: -1, want: []string{identify, state}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newPeer(t)
				hub.Down.Store(true)
				pub := hub.open(t, &publisher.Options{MaxVoteAge: test.maxAge, Rand: rand.New(rand.NewPCG(3, 4))})
				pub.Publish(steps(1), votes(quasar.Buy, 1))
				time.Sleep(test.outage)
				hub.Down.Store(false)
				time.Sleep(30 * time.Second)
				if diff := cmp.Diff(test.want, withoutHeartbeats(hub.got())); diff != "" {
					t.Errorf("frames (-want +got):\n%s", diff)
				}
				if s := pub.Stats(); s.ExpiredVotes != test.expired {
					t.Errorf("expired votes: got %d, want %d", s.ExpiredVotes, test.expired)
				}
			})
		})
	}
}

// A half-open connection: the hub's machine is gone, and no packet says so. The
// hub's pings stop, that is all.
func TestAHubThatFallsSilentIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		pub := hub.open(t, &publisher.Options{MaxVoteAge: -1})
		pub.PublishVoting(votes(quasar.Buy, 1))
		time.Sleep(5*time.Minute + time.Second) // a second after a ping
		hub.set(func(p *peer) { p.mute = true })
		time.Sleep(58 * time.Second)
		if s := pub.Stats(); s.Connects != 1 {
			t.Errorf("after 59 s of silence: got %d connections, want still the first", s.Connects)
		}
		hub.set(func(p *peer) { p.mute = false })
		hub.got()
		time.Sleep(10 * time.Second)
		if s := pub.Stats(); s.Connects != 2 || !s.Connected || s.LastError.Error() != "no sign of life from the hub for 1m0s" {
			t.Errorf("after 69 s: got %+v, want a second connection for want of a sign of life", s)
		}
		want := []string{identify, `{"type":"voting","data":{"dominant_signal":"BUY","buy_count":1}}`}
		if diff := cmp.Diff(want, withoutHeartbeats(hub.got())); diff != "" {
			t.Errorf("frames (-want +got):\n%s", diff)
		}
	})
}

// A hub that is stopped (SIGSTOP) keeps its connections and takes nothing. The
// caller does not feel it; the connection is given up after 10 s, and what it
// did not carry goes out on the next.
func TestAHubThatTakesNothingDoesNotBlockTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		hub.deaf = true
		hub.hello = func(ctx context.Context, ws *websocket.Conn) { _, _, _ = ws.Read(ctx) } // identify
		pub := hub.open(t, nil)
		pub.Publish(steps(0), votes(quasar.Buy, 0))
		synctest.Wait() // this one is on its way
		before := time.Now()
		for i := range int64(1000) {
			pub.Publish(steps(i), votes(quasar.Buy, i))
			_ = pub.Stats()
		}
		if d := time.Since(before); d != 0 {
			t.Errorf("1000 calls took %v of fake time, want none: they never wait", d)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s := pub.Stats()
		if s.LastError == nil || s.LastError.Error() != "the hub took nothing for 10s" || s.Sent != 0 || s.Pending != 1001 {
			t.Errorf("got %+v, want nothing sent within 10s and 1001 calls pending", s)
		}
		hub.set(func(p *peer) { p.deaf, p.hello = false, nil })
		time.Sleep(30 * time.Second)
		want := `{"type":"metrics","training":{"training_steps":999},"voting":{"dominant_signal":"BUY","buy_count":999}}`
		if got := withoutHeartbeats(hub.got()); len(got) != 2 || got[1] != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
}

func TestARefusalIsLoggedWithItsReasonAndTriedAgainSlowly(t *testing.T) {
	for status, want := range map[int]string{
		400: "refused by the hub: 400 Bad Request: why\ufffd[2J",
		401: "refused by the hub: 401 Unauthorized: why\ufffd[2J; set a token that the hub knows",
		403: "refused by the hub: 403 Forbidden: why\ufffd[2J; use a token of the right role and space",
		404: "refused by the hub: 404 Not Found: why\ufffd[2J; check the path of the hub's URL",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newPeer(t)
				hub.set(func(p *peer) { p.refuse = refuse(status, `{"detail":"why\u001b[2J"}`) })
				var log logBook
				pub := hub.open(t, &publisher.Options{Logger: log.logger()})
				pub.PublishTraining(steps(1))
				time.Sleep(10 * time.Minute)
				if n := hub.Dials.Load(); n < 20 || n > 41 {
					t.Errorf("got %d attempts in 10 minutes, want one every 15 to 30 seconds", n)
				}
				if got := pub.Stats().LastError; got == nil || got.Error() != want {
					t.Errorf("last error: got %v, want %s", got, want)
				}
				if n := log.count(want); n != 1 {
					t.Errorf("got the reason %d times in the log, want once:\n%s", n, log.String())
				}
				hub.set(func(p *peer) { p.refuse = nil })
				time.Sleep(30 * time.Second)
				if s := pub.Stats(); !s.Connected || s.Sent != 1 {
					t.Errorf("after the hub has changed its mind: got %+v, want 1 sent", s)
				}
			})
		})
	}
}

func TestTheHubsReasonForClosingIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		hub.hello = func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(1008, "too much") }
		pub := hub.open(t, nil)
		time.Sleep(time.Minute)
		if s := pub.Stats(); s.LastError == nil || s.LastError.Error() != "closed by the hub: 1008 too much" || s.Connects > 20 {
			t.Errorf("got %+v, want the reason, and attempts that become rare", s)
		}
	})
}

// FAULTS: a token or key in logs, errors, URLs or dumps. Everything that a
// publisher can say is searched, after everything that can go wrong.
func TestTheTokenTravelsInItsHeaderAndNowhereElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const token, other = "tok-hush-1", "Bearer hush-2"
		hub := newPeer(t)
		var log logBook
		logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		opts := &publisher.Options{Token: token, Authorization: other, Logger: logger}
		var said strings.Builder
		pub := hub.open(t, opts)
		logger.Info("options", "opts", *opts)
		fmt.Fprintf(&said, "%v %+v %#v %s", *opts, *opts, opts, opts)
		fmt.Fprintf(&said, "%v %+v %#v", pub, pub, pub)
		encoded, err := json.Marshal(opts)
		if err != nil {
			t.Fatal(err)
		}
		said.Write(encoded)
		pub.PublishTraining(steps(1))
		synctest.Wait()
		hub.mu.Lock()
		if !strings.HasSuffix(hub.header.Get("User-Agent"), " (publisher)") || !strings.HasPrefix(hub.header.Get("User-Agent"), "quasar/") {
			t.Errorf("handshake: got the client %q, want quasar/VERSION (publisher)", hub.header.Get("User-Agent"))
		}
		if hub.header.Get("X-Quasar-Token") != token || hub.header.Get("Authorization") != other || strings.Contains(hub.path, "hush") {
			t.Errorf("handshake: got %v for %s, want both headers and a plain path", hub.header, hub.path)
		}
		hub.refuse = refuse(401, `{"detail":"unknown token `+token+` and hush-2"}`)
		hub.mu.Unlock()
		hub.kill()
		time.Sleep(time.Minute)
		fmt.Fprintf(&said, "%+v", pub.Stats())
		hub.Down.Store(true)
		time.Sleep(time.Minute)
		fmt.Fprintf(&said, "%+v", pub.Stats())
		pub.PublishTraining(steps(2))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		fmt.Fprintf(&said, "%v", pub.Close(ctx))
		for _, where := range append(texts(hub.got()), said.String(), log.String()) {
			if strings.Contains(where, "hush") {
				t.Errorf("got a credential in\n%s", where)
			}
		}
		if !strings.Contains(log.String(), "unknown token [redacted] and [redacted]") {
			t.Errorf("the refusal is not in the log:\n%s", log.String())
		}
	})
}

// move is one thing that can happen to a publisher.
type move struct {
	Update quasar.Update
	Sleep  time.Duration
	Fault  string // "", "kill", "down", "up"
}

var moves = rapid.Custom(func(t *rapid.T) move {
	n := rapid.Int64Range(0, 1000).Draw(t, "n")
	m := move{
		Sleep: time.Duration(rapid.IntRange(0, 120).Draw(t, "ms")) * time.Millisecond,
		Fault: rapid.SampledFrom([]string{"", "", "", "", "", "", "kill", "down", "up"}).Draw(t, "fault"),
	}
	m.Update = quasar.Update{
		Fields:   quasar.Fields(rapid.Uint16Range(0, uint16(quasar.AllFields)).Draw(t, "fields")),
		Training: quasar.Training{TrainingSteps: &n, ActorLoss: new(float64(n)), AVNAccuracy: new(float64(n) / 1000)},
		Voting:   quasar.Voting{DominantSignal: new(quasar.Sell), BuyCount: &n, SellCount: nil, LastPrice: new(float64(n + 1))},
	}
	return m
})

// Whatever happens on the way, the hub ends up with the newest value of every
// field, also when all that it heard before the last connection is forgotten.
func TestTheHubEndsUpWithTheNewestOfEveryField(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		script := rapid.SliceOfN(moves, 1, 40).Draw(r, "script")
		seed := rapid.Uint64().Draw(r, "seed")
		var want quasar.Update
		var got quasar.Snapshot
		var order string
		var stats publisher.Stats
		synctest.Test(t, func(t *testing.T) {
			hub := newPeer(t)
			pub := hub.open(t, &publisher.Options{MaxVoteAge: -1, Rand: rand.New(rand.NewPCG(seed, 0))})
			for _, m := range script {
				want = want.Merge(m.Update)
				pub.PublishUpdate(m.Update)
				switch m.Fault {
				case "kill":
					hub.kill()
				case "down", "up":
					hub.Down.Store(m.Fault == "down")
				}
				time.Sleep(m.Sleep)
			}
			hub.Down.Store(false)
			time.Sleep(31 * time.Second)
			if err := pub.Close(t.Context()); err != nil {
				t.Errorf("Close: got the error %v, want none", err)
			}
			stats = pub.Stats()
			frames := hub.got()
			last := frames[len(frames)-1].Conn
			order = strings.Join(texts(frames), "\n")
			got = store(t, slices.DeleteFunc(frames, func(f frame) bool { return f.Conn != last }))
		})
		if stats.Published != stats.Sent+stats.Merged || stats.Pending != 0 {
			r.Fatalf("stats: got %+v, want every call sent or merged", stats)
		}
		clean, _ := want.Valid()
		if diff := cmp.Diff([]any{clean.Training, clean.Voting}, []any{got.Training, got.Voting}); diff != "" {
			r.Fatalf("the hub's snapshot (-want +got):\n%s\nframes:\n%s", diff, order)
		}
	})
}
