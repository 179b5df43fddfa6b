package bandit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// LogOptions say how a log is written. Nil is fine.
type LogOptions struct {
	// Features are the names of what is in each Row; nil if nobody says.
	Features []string
	// MaxBytes is how large a file of the log gets before the next is begun; 0 for 64
	// MiB. Files is how many there are at most, the oldest is deleted for a new one; 0
	// for 8.
	MaxBytes int64
	Files    int
	// Every is how often Run writes what has come; 0 for a second. A process that is
	// killed loses what came since.
	Every time.Duration
	// NoSync leaves it to the system when what was written gets to the disk: a computer
	// that loses its power then loses that, too. Otherwise every write waits for it.
	NoSync bool
	// Buffer is how many bytes may wait to be written while the disk is full or slow; 0
	// for 16 MiB. What is beyond is lost, and counted.
	Buffer int
	// Logger is told of what goes wrong with the disk, and of its end; nil discards.
	Logger *slog.Logger
}

// Log records decisions and what became of them, append-only: in a file of JSON lines,
// each with a checksum. To record never waits for the disk: Run, or Flush, writes.
//
// A full file is renamed to path.1, that one to path.2, and so on. Methods may be
// called by several goroutines.
type Log struct {
	path string
	opts LogOptions
	log  *slog.Logger
	wake chan struct{} // there is much to write

	mu      sync.Mutex // guards what follows
	in      []byte     // records that came since the last swap
	waiting int        // bytes in in, and of out that are not written yet
	lost    int64      // records since the last that says so
	closed  bool
	stats   LogStats

	file sync.Mutex // held while writing; guards what follows
	f    *os.File   // nil while there is none
	good int64      // length of what is whole and on the disk
	head bool       // begin has to come first
	out  []byte     // records that are being written
	shut bool       // for good

	begin []byte // the header, with its end; never changed
}

// LogStats counts since the log was opened.
type LogStats struct {
	// Records were taken, Lost were not, for want of room. Waiting bytes are not
	// written yet.
	Records, Lost int64
	Waiting       int
	// Cut is how many bytes of a record without an end were removed when the log was
	// opened, Damaged how many lines cannot be read.
	Cut, Damaged int64
}

// OpenLog opens the log at path to go on with it, or begins one. It starts nothing.
// A record without an end is cut: who wrote it was killed. It is an error if another
// process writes to it, or if there is something that is no log (ErrNoLog), which stays
// as it is.
func OpenLog(path string, opts *LogOptions) (*Log, error) {
	var o LogOptions
	if opts != nil {
		o = *opts
	}
	o.MaxBytes, o.Files = cmp.Or(o.MaxBytes, 64<<20), cmp.Or(o.Files, 8)
	o.Every, o.Buffer = cmp.Or(o.Every, time.Second), cmp.Or(o.Buffer, 16<<20)
	if o.MaxBytes < 1 || o.Files < 1 || o.Every < 0 || o.Buffer < 1 {
		return nil, fmt.Errorf("bandit: log: got files of %d bytes, %d of them, written every %v, and a buffer of %d bytes, want all above 0", o.MaxBytes, o.Files, o.Every, o.Buffer)
	}
	l := &Log{path: path, opts: o, log: o.Logger, wake: make(chan struct{}, 1), head: true}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if l.begin, err = appendLine(nil, &Record{Header: &LogHeader{Version: logVersion, Features: o.Features}}); err != nil {
		return nil, l.wrap(err)
	}
	if err := l.open(); err != nil {
		return nil, l.wrap(err)
	}
	if s := l.stats; s.Cut > 0 || s.Damaged > 0 {
		l.log.Warn("decision log is damaged", "path", path, "cut_bytes", s.Cut, "damaged_lines", s.Damaged)
	}
	return l, nil
}

func (l *Log) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("bandit: log %s: %w", l.path, err)
}

// Decision records a decision. It keeps nothing of d.
func (l *Log) Decision(d *DecisionRecord) error { return l.add(&Record{Decision: d}) }

// Outcome records what became of an arm of a decision.
func (l *Log) Outcome(o *OutcomeRecord) error { return l.add(&Record{Outcome: o}) }

// ErrLogFull says that a record was lost: what waits for the disk is too much already.
var ErrLogFull = errors.New("too much waits to be written")

func (l *Log) add(r *Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.in)
	if err := l.append(r); err != nil {
		l.waiting += len(l.in) - before
		return l.wrap(err)
	}
	l.waiting += len(l.in) - before
	l.stats.Records++
	if l.waiting > soon {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// soon is how many waiting bytes are not left until the next tick.
const soon = 256 << 10

func (l *Log) append(r *Record) error {
	if l.closed {
		return os.ErrClosed
	}
	before := len(l.in)
	if l.lost > 0 && l.waiting < l.opts.Buffer/2 { // not for every record that fits again
		var err error
		if l.in, err = appendLine(l.in, &Record{Lost: &LostRecord{l.lost}}); err != nil {
			return err
		}
		l.lost = 0
	}
	at := len(l.in)
	var err error
	if l.in, err = appendLine(l.in, r); err != nil {
		return err
	}
	if l.lost > 0 || l.waiting+len(l.in)-before > l.opts.Buffer {
		l.in = l.in[:at]
		l.lost++
		l.stats.Lost++
		return ErrLogFull
	}
	return nil
}

// Stats returns the counts.
func (l *Log) Stats() LogStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Waiting = l.waiting
	return s
}

// Run writes what comes until ctx ends, and then what is left. What cannot be written
// waits, for the disk may have room again; only what fails at the end is returned. It
// does not close the log.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(l.opts.Every)
	defer tick.Stop()
	var failing error
	for {
		select {
		case <-ctx.Done():
			return l.Flush()
		case <-tick.C:
		case <-l.wake:
			if failing != nil {
				continue // the next tick is soon enough
			}
		}
		err := l.Flush()
		switch {
		case err != nil && failing == nil:
			l.log.Error("decisions cannot be recorded", "error", err)
		case err == nil && failing != nil:
			l.log.Info("decisions are recorded again", "path", l.path, "lost", l.Stats().Lost)
		}
		failing = err
	}
}

// Close writes what is left and closes the file. Nothing can be recorded then.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	err := l.Flush()
	l.file.Lock()
	defer l.file.Unlock()
	if l.shut = true; l.f == nil {
		return err
	}
	err = errors.Join(err, l.wrap(l.f.Close()))
	l.f = nil
	return err
}
