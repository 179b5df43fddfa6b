package replay

import (
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/karlquant/quasar/internal/recording"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/trade"
)

// Record is something that happened: a tick, or a snapshot of a hub.
type Record struct {
	// At is when it came, by the recorder's clock.
	At time.Time
	// Symbol and Tick are those of a tick, Symbol "" of a snapshot. Missed is how many
	// ticks before it are known to be gone.
	Symbol string
	Tick   trade.Tick
	Missed int
	// Snapshot is one as the hub sent it, JSON; nil of a tick.
	Snapshot []byte
}

// Recording yields the ticks and snapshots that files of package recording hold, in
// their order. An error is the last.
func Recording(files ...string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for r, err := range recording.Read(files...) {
			if err == nil && r.Tick == nil && r.Snapshot == nil {
				continue
			}
			var out Record
			if err == nil {
				out, err = recordOf(&r)
			}
			if !yield(out, err) || err != nil {
				return
			}
		}
	}
}

func recordOf(r *recording.Record) (Record, error) {
	if r.Tick == nil {
		return Record{At: r.At, Snapshot: r.Snapshot}, nil
	}
	quote, err := strconv.ParseFloat(string(r.Tick.Quote), 64)
	if err != nil || r.Tick.Symbol == "" {
		return Record{}, fmt.Errorf("replay: tick of %.40q: got a quote of %.40s, want a number and a symbol", r.Tick.Symbol, r.Tick.Quote)
	}
	return Record{
		At: r.At, Symbol: r.Tick.Symbol, Missed: r.Tick.Missed, Tick: trade.Tick{Price: quote, At: time.Unix(r.Tick.Epoch, 0).UTC()},
	}, nil
}

// Simulated yields the ticks that indices would have from a time on, for so long: each
// index at the multiples of its interval, those of one moment in the order of the
// indices. It is an error if an index is none.
func Simulated(indices []price.Index, seed uint64, from time.Time, long time.Duration) (iter.Seq2[Record, error], error) {
	for i := range indices {
		if err := indices[i].Check(); err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
	}
	return func(yield func(Record, error) bool) {
		processes := make([]*price.Process, len(indices))
		next := make([]time.Time, len(indices))
		for i := range indices {
			processes[i], _ = price.New(indices[i], seed) // they were checked
			next[i] = from.Truncate(indices[i].Interval).Add(indices[i].Interval)
		}
		for {
			at := earliest(next)
			if at < 0 || next[at].After(from.Add(long)) {
				return
			}
			now := next[at]
			next[at] = now.Add(indices[at].Interval)
			if !yield(Record{At: now, Symbol: indices[at].Symbol, Tick: trade.Tick{Price: processes[at].Next(), At: now}}, nil) {
				return
			}
		}
	}, nil
}

// earliest is the first of the earliest times, -1 of none.
func earliest(times []time.Time) int {
	first := -1
	for i := range times {
		if first < 0 || times[i].Before(times[first]) {
			first = i
		}
	}
	return first
}
