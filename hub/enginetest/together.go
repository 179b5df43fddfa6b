package enginetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

// Cluster makes engines of hubs that are to see each other.
type Cluster struct {
	// Open makes the engine of a hub of the cluster that the test has, which no Run
	// has been called on. What goes from hub to hub goes through net, if Faulty is
	// set.
	Open func(t *testing.T, hubID string, net *Net) hub.Engine
	// Faulty says that Open heeds its net. Then the tests run in fake time, and no
	// engine may wait for anything outside the process.
	Faulty bool
}

// RunCluster tests what engines promise each other.
func RunCluster(t *testing.T, c *Cluster) {
	tests := []struct {
		name   string
		faulty bool
		run    func(t *testing.T, w *world)
	}{
		{"what one hub offers and announces all others get", false, reachesAll},
		{"a hub that joins late gets what there was", false, joinsLate},
		{"of many offers of a space the newest arrives", false, newestArrives},
		{"a hub that ends is lost to the others, and comes back", false, endsAndComesBack},
		{"engines agree whatever is lost, comes twice or late", true, agreesInTheEnd},
		{"hubs that were cut off from each other agree again", true, healsAfterACut},
	}
	for _, test := range tests {
		if test.faulty && !c.Faulty {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			if c.Faulty {
				synctest.Test(t, func(t *testing.T) { test.run(t, newWorld(t, c)) })
				return
			}
			test.run(t, newWorld(t, c))
		})
	}
}

// Net is what lies between hubs, and what is wrong with it.
type Net struct {
	mu   sync.Mutex // guards what follows
	rng  *rand.Rand
	loss float64
	twin float64
	late time.Duration
	cut  func(from, to string) bool
}

// NewNet returns one that nothing is wrong with.
func NewNet(seed uint64) *Net { return &Net{rng: rand.New(rand.NewPCG(seed, seed))} }

// Copies tells what becomes of a message from one hub to another: for each copy
// that arrives, how long that takes.
func (n *Net) Copies(from, to string) []time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut != nil && n.cut(from, to) {
		return nil
	}
	var out []time.Duration
	if n.rng.Float64() >= n.loss {
		out = append(out, n.delay())
	}
	if n.rng.Float64() < n.twin {
		out = append(out, n.delay())
	}
	return out
}

func (n *Net) delay() time.Duration {
	if n.late == 0 {
		return 0
	}
	return time.Duration(n.rng.Int64N(int64(n.late)))
}

func (n *Net) set(loss, twin float64, late time.Duration, cut func(from, to string) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss, n.twin, n.late, n.cut = loss, twin, late, cut
}

// world is a cluster in a test.
type world struct {
	t    *testing.T
	c    *Cluster
	net  *Net
	hubs map[string]*node
	seq  int64
}

func newWorld(t *testing.T, c *Cluster) *world {
	const seed = 9
	t.Logf("seed %d", seed)
	return &world{t: t, c: c, net: NewNet(seed), hubs: make(map[string]*node), seq: time.Now().UnixMicro()}
}

// Node is a hub as far as its engine is concerned: it merges what it gets.
type Node struct{ node }

// Record returns what it has of a space.
func (n *Node) Record(space string) hub.Record {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.records[space]
}

// Start runs an engine until the test ends.
func Start(t *testing.T, e hub.Engine) *Node {
	t.Helper()
	n := &Node{node{engine: e, records: make(map[string]hub.Record), claims: make(map[string]map[string]hub.Claim)}}
	r := start(t, e, n)
	t.Cleanup(func() { r.stop(t) })
	return n
}

// StartUntil runs an engine until stop is called.
func StartUntil(t *testing.T, e hub.Engine) (stop func()) {
	t.Helper()
	n := &Node{node{engine: e, records: make(map[string]hub.Record), claims: make(map[string]map[string]hub.Claim)}}
	r := start(t, e, n)
	return func() { r.stop(t) }
}

// Ready waits until an engine is, and returns what it says then.
func Ready(t *testing.T, e hub.Engine) (s hub.EngineStatus) {
	t.Helper()
	Soon(t, "the engine is ready", func() string {
		if s = e.Status(); !s.Ready {
			return fmt.Sprintf("got %+v", s)
		}
		return ""
	})
	return s
}

// Soon waits until f has nothing to complain of.
func Soon(t *testing.T, what string, f func() string) {
	t.Helper()
	(&world{t: t}).soon(what, f)
}

// node is what Node is.
type node struct {
	id     string
	engine hub.Engine
	run    *running

	mu      sync.Mutex // guards what follows
	records map[string]hub.Record
	claims  map[string]map[string]hub.Claim // by hub and space
	lost    []string
}

func (n *node) MergeRecord(r hub.Record) {
	n.mu.Lock()
	defer n.mu.Unlock()
	mine := n.records[r.Snapshot.SpaceName]
	mine.Merge(&r)
	n.records[r.Snapshot.SpaceName] = mine
}

func (n *node) MergeClaim(c hub.Claim) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.claims[c.Hub] == nil {
		n.claims[c.Hub] = make(map[string]hub.Claim)
	}
	if c.Seq > n.claims[c.Hub][c.Space].Seq {
		n.claims[c.Hub][c.Space] = c
	}
}

func (n *node) HubLost(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.claims, id)
	n.lost = append(n.lost, id)
}

// start brings a hub up, and waits until it is ready.
func (w *world) start(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		n := &node{id: id, engine: w.c.Open(w.t, id, w.net), records: make(map[string]hub.Record), claims: make(map[string]map[string]hub.Claim)}
		n.run = start(w.t, n.engine, n)
		w.hubs[id] = n
	}
	for _, id := range ids {
		w.soon(id+" is ready", func() string {
			if s := w.hubs[id].engine.Status(); !s.Ready {
				return fmt.Sprintf("got %+v, want it ready", s)
			}
			return ""
		})
	}
}

func (w *world) stop(id string) {
	w.t.Helper()
	w.hubs[id].run.stop(w.t)
	delete(w.hubs, id)
}

// soon waits until f has nothing to complain of.
func (w *world) soon(what string, f func() string) {
	w.t.Helper()
	end := time.Now().Add(patience)
	for {
		wrong := f()
		if wrong == "" {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("%s: %s", what, wrong)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// update is what a hub does with a publisher's frame.
func (w *world) update(id, space string) {
	w.seq++
	n := w.hubs[id]
	n.mu.Lock()
	r := n.records[space]
	s := &r.Snapshot
	s.SpaceName, s.Seq = space, max(s.Seq+1, w.seq)
	s.UpdatedAt = time.UnixMicro(s.Seq)
	stamp := hub.Stamp{Seq: s.Seq, Hub: id}
	if s.Seq%2 == 0 {
		s.Training.TrainingSteps, s.TrainingAt, r.Stamps[quasar.TrainingSteps] = new(s.Seq), s.UpdatedAt, stamp
	} else {
		s.Voting.SignalSource, s.VotingAt, r.Stamps[quasar.SignalSource] = new(fmt.Sprint("source ", s.Seq)), s.UpdatedAt, stamp
	}
	n.records[space] = r
	n.mu.Unlock()
	n.engine.Offer(r)
}

// claim is what a hub does when a publisher's connection comes or goes.
func (w *world) claim(id, space string, live bool) {
	w.seq++
	c := hub.Claim{Space: space, Hub: id, Seq: w.seq, Live: live}
	if live {
		c.Epoch = w.seq
	}
	w.hubs[id].MergeClaim(c)
	w.hubs[id].engine.Announce(c)
}

// agree waits until all hubs have the same records and claims, and see each other.
func (w *world) agree() {
	w.t.Helper()
	ids := slices.Sorted(maps.Keys(w.hubs))
	first := w.hubs[ids[0]]
	w.soon("the hubs agree", func() string {
		for _, id := range ids {
			n := w.hubs[id]
			if s := n.engine.Status(); !slices.Equal(s.Members, ids) || !s.Ready {
				return fmt.Sprintf("%s: got the status %+v, want it ready with %v", id, s, ids)
			}
			if diff := first.differs(n); diff != "" {
				return fmt.Sprintf("%s and %s (-first +second):\n%s", first.id, id, diff)
			}
		}
		return ""
	})
}

func (n *node) differs(other *node) string {
	n.mu.Lock()
	records, claims := maps.Clone(n.records), map[string]map[string]hub.Claim{}
	for id, all := range n.claims {
		claims[id] = maps.Clone(all)
	}
	n.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	return cmp.Diff(records, other.records) + cmp.Diff(claims, other.claims)
}
