package hub

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/fanout"
	"github.com/karlquant/quasar/internal/wire"
)

// benchmarkHub is a hub whose spaces have a publisher and a full snapshot each.
func benchmarkHub(b *testing.B, spaces int) (*Hub, []*session) {
	b.Helper()
	h, err := New(&Options{Compression: true})
	if err != nil {
		b.Fatal(err)
	}
	sessions := make([]*session, spaces)
	for i := range sessions {
		sessions[i], _ = h.open(nil, fmt.Sprintf("SPACE_%d", i), time.Now())
		h.take(sessions[i], ws.OpText, benchmarkFrame(i))
	}
	return h, sessions
}

// benchmarkFrame is a frame with all ten fields.
func benchmarkFrame(i int) []byte {
	return wire.AppendUpdate(nil, quasar.Update{
		Fields: quasar.AllFields,
		Training: quasar.Training{TrainingSteps: new(int64(120_000 + i)), ActorLoss: new(0.1234 + float64(i)), CriticLoss: new(0.5678),
			AVNLoss: new(0.0456), AVNAccuracy: new(float64(i%100) / 100)},
		Voting: quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(i % 10)),
			LastPrice: new(451234.12), SignalSource: new("ensemble")},
	})
}

// The way of a frame from a publisher's socket into the log and out of it.
func BenchmarkAccept(b *testing.B) {
	for _, c := range []struct {
		name              string
		plain, compressed int // subscribers
	}{
		{"subscribers=0", 0, 0}, {"subscribers=1", 1, 0}, {"subscribers=100", 100, 0},
		{"compressed=1", 0, 1}, {"compressed=100", 0, 100}, {"subscribers=50,compressed=50", 50, 50},
	} {
		b.Run(c.name, func(b *testing.B) {
			h, sessions := benchmarkHub(b, 10)
			for i := range c.plain + c.compressed {
				near, far := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, far) }()
				fan := h.fanoutFor(&subscription{compressed: i >= c.plain})
				member := fan.Join(near, fan.Begin(nil), func(error) { _ = near.Close() })
				b.Cleanup(func() { member.Abort(fanout.ErrLeft) })
			}
			frame := benchmarkFrame(1)
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for i := 0; b.Loop(); i++ {
				h.take(sessions[i%len(sessions)], ws.OpText, frame)
			}
		})
	}
}

// A space that says what it said before, with other numbers, costs one allocation:
// the one that holds the numbers.
func TestAFrameWithoutNewTextCostsOneAllocation(t *testing.T) {
	h, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	session, _ := h.open(nil, "V75", time.Now())
	frame := benchmarkFrame(1)
	if got := testing.AllocsPerRun(1000, func() { h.take(session, ws.OpText, frame) }); got > 1 {
		t.Errorf("got %v allocations a frame, want 1", got)
	}
}

// What compression saves and costs: of one update, and of the state of many spaces.
func BenchmarkDeflate(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, spaces := range []int{1, 10, 1000, 10_000} {
		all := make([]quasar.Snapshot, spaces)
		for i := range all {
			all[i] = trained(b, i, random)
		}
		payload := wire.AppendInitialState(nil, all, time.Now())
		if spaces == 1 {
			payload = wire.AppendMetricsUpdate(nil, &all[0], time.Now())
		}
		b.Run(fmt.Sprintf("spaces=%d", spaces), func(b *testing.B) {
			d := newDeflater()
			frame := d.appendFrame(nil, payload)
			b.ReportAllocs()
			for b.Loop() {
				frame = d.appendFrame(frame[:0], payload)
			}
			b.ReportMetric(float64(len(appendTextFrame(nil, payload))), "bytes/plain")
			b.ReportMetric(float64(len(frame)), "bytes/compressed")
		})
	}
}

// trained is a snapshot as a trainer leaves it: losses have all their digits.
func trained(b *testing.B, i int, random *rand.Rand) quasar.Snapshot {
	b.Helper()
	s, err := quasar.Snapshot{SpaceName: fmt.Sprintf("SPACE_%d", i)}.Apply(quasar.UpdateOf(
		&quasar.Training{TrainingSteps: new(random.Int64N(1e7)), ActorLoss: new(random.NormFloat64()), CriticLoss: new(random.NormFloat64()),
			AVNLoss: new(random.Float64()), AVNAccuracy: new(random.Float64())},
		&quasar.Voting{DominantSignal: new(quasar.Sell), BuyCount: new(random.Int64N(10)), SellCount: new(random.Int64N(10)),
			LastPrice: new(float64(random.Int64N(1e8)) / 100), SignalSource: new("actor_critic_ensemble_v2")},
	), time.UnixMicro(1_760_000_000_000_000+random.Int64N(1e9)))
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkRankings(b *testing.B) { benchmarkGet(b, "/rankings") }
func BenchmarkState(b *testing.B)    { benchmarkGet(b, "/api/state") }
func BenchmarkAsset(b *testing.B)    { benchmarkGet(b, "/metrics/SPACE_7") }

func benchmarkGet(b *testing.B, path string) {
	for _, spaces := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprintf("assets=%d", spaces), func(b *testing.B) {
			h, _ := benchmarkHub(b, spaces)
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = "localhost"
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatalf("got %d %s", w.Code, w.Body)
				}
			}
		})
	}
}

// How long others wait for the lock while one publisher sends as fast as it can, and
// somebody wants it compressed.
func BenchmarkLockBesideCompression(b *testing.B) {
	h, sessions := benchmarkHub(b, 10)
	h.fanoutFor(&subscription{compressed: true})
	frame := benchmarkFrame(1)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				h.take(sessions[0], ws.OpText, frame)
			}
		}
	}()
	var waited time.Duration
	for b.Loop() {
		before := time.Now()
		for time.Since(before) < 20*time.Microsecond { // as others have something to do between
		}
		before = time.Now()
		h.isClosing()
		waited += time.Since(before)
	}
	close(stop)
	<-stopped
	b.ReportMetric(float64(waited.Nanoseconds())/float64(b.N), "ns/wait")
}
