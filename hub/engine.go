package hub

import "context"

// Engine joins a hub to the other hubs of its cluster. The hub itself holds the
// whole state; an engine only carries what is new to the others and brings what
// is new from them. Engines are tested by package enginetest.
//
// The hub calls Offer and Announce while it holds its own lock, also from within
// the Receiver's methods: an engine must not hold a lock that they need while it
// calls the Receiver.
type Engine interface {
	// Run does the engine's work until ctx ends, and then returns nil. What other
	// hubs send is handed to from, from any goroutine, in any order, more than
	// once if need be. A hub's own offers never come back to it.
	Run(ctx context.Context, from Receiver) error
	// Offer hands a record to the other hubs. It never blocks: while they cannot
	// be reached only the newest of each space is kept. It may be called before
	// Run and after it. The engine may keep r: nobody writes to what that points to.
	Offer(r Record)
	// Announce tells the other hubs which publisher's connection is the newest of
	// a space here. It never blocks: of each space only the newest claim counts,
	// and a hub that joins later needs that, too. It may be called before Run and
	// after it.
	Announce(c Claim)
	// Status tells how the engine is. It may be called at any time, from any
	// goroutine, and does not block.
	Status() EngineStatus
}

// Restorer is an Engine that kept records of an earlier life of its hub.
type Restorer interface {
	// Restored returns them, valid as Record.Valid has it, at most one of a space,
	// each with a Seq above all that the hub ever gave the space. New takes them
	// in before the hub serves anybody, and shows them as stale until an update
	// of their space is accepted. They do not come by Offer then.
	Restored() []Record
}

// Receiver is what a hub takes from its engine. Its methods do not block for
// longer than a merge.
type Receiver interface {
	// MergeRecord merges a record of another hub. It has to keep what it is given,
	// so nobody may write to that any more.
	MergeRecord(r Record)
	// MergeClaim takes note of what another hub claims.
	MergeClaim(c Claim)
	// HubLost forgets all claims of a hub that is gone. A claim of it that comes
	// after this counts again.
	HubLost(hub string)
}

// Claim says which connection of a publisher is the newest of a space at a hub.
// Of all hubs' claims that are live, the one with the highest (Epoch, Hub) owns
// its space.
type Claim struct {
	Space string
	Hub   string
	// Seq orders what a hub claims of a space: only the claim with the highest
	// counts, so that they may come in any order. It is made as Epoch is.
	Seq int64
	// Live is false where the hub has no connection of the space any more.
	Live bool
	// Epoch is when the connection was accepted, in microseconds of the clock
	// that seq is made from. It is 0 where there is none.
	Epoch int64
}

// EngineStatus tells how an engine is.
type EngineStatus struct {
	// Name is the kind of engine: "memory", "file", "nats".
	Name string
	// Ready is true once the hub holds what its cluster holds.
	Ready bool
	// Members are the ids of the hubs that are seen alive, this one among them.
	Members []string
	// Problem says what keeps the engine from its work, or is empty. Strangers
	// see it. With a problem, /health says "degraded"; the hub serves all the same.
	Problem string
	// Hubs are the other hubs that are there or lately were, in the order of their
	// ids; nil where there can be none.
	Hubs []HubStatus
	// Waiting is how many spaces have news that has not been sent to the others yet.
	Waiting int
	// Digest is the same in hubs that hold the same, a second after the last change;
	// "" where there are no others.
	Digest string
	// Counts are what the engine did, by words of letters and underscores; nil for
	// nothing to tell.
	Counts map[string]int64
}

// HubStatus is another hub as an engine sees it.
type HubStatus struct {
	ID string
	// Version is that of its program; "" if it is not known.
	Version string
	// Alive is false for a hub that was lost.
	Alive bool
	// Direct tells whether the hub itself is heard, and not only others that hear it.
	Direct bool
	// Publishers is how many spaces have a live publisher there.
	Publishers int
}

// memoryEngine is the engine of a hub that stands alone.
type memoryEngine struct{ hub string }

// NewMemoryEngine returns the engine of a hub that stands alone: it has nobody to
// carry anything to.
func NewMemoryEngine(hubID string) Engine { return memoryEngine{hub: hubID} }

func (memoryEngine) Run(ctx context.Context, _ Receiver) error { <-ctx.Done(); return nil }
func (memoryEngine) Offer(Record)                              {}
func (memoryEngine) Announce(Claim)                            {}

func (e memoryEngine) Status() EngineStatus {
	return EngineStatus{Name: "memory", Ready: true, Members: []string{e.hub}}
}
