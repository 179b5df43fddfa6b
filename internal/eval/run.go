package eval

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar/bandit"
)

// Feedback is which labels a policy gets.
type Feedback string

// The kinds of feedback.
const (
	// Bandit is the taken arm's alone.
	Bandit Feedback = "bandit"
	// Shadow is all arms', each as if it had been taken.
	Shadow Feedback = "shadow"
)

// ParseFeedback reads a Feedback.
func ParseFeedback(s string) (Feedback, error) {
	switch f := Feedback(s); f {
	case Bandit, Shadow:
		return f, nil
	}
	return "", fmt.Errorf("eval: got feedback %q, want %q or %q", s, Bandit, Shadow)
}

// Entrant is a policy that takes part.
type Entrant struct {
	Name string
	// New makes the policy for a course. It is called from several goroutines.
	New func(seed uint64) (bandit.Policy, error)
}

// Setup says what is played. Each entrant goes through the same courses.
type Setup struct {
	World    *World
	Entrants []Entrant
	// Seeds is how many courses there are, those of Seed, Seed+1 and so on.
	Seeds int
	Seed  uint64
	// Delay is how many rounds later a label comes, 0 is before the next choice.
	Delay int
	// Feedback is which labels come. "" is Bandit.
	Feedback Feedback
	// Workers is how many courses are played at once. 0 is one for each processor. The
	// outcomes do not depend on it.
	Workers int
	// OnProgress is told now and then how many of all plays are over, by one goroutine
	// at a time. Nil is nobody.
	OnProgress func(done, all int)
	// Now is the clock that Outcome.Busy goes by. Nil is time.Now.
	Now func() time.Time
}

// Record is all that became of an entrant.
type Record struct {
	Policy string
	// Outcomes are those of the courses that were played to their end, in the order
	// of their seeds.
	Outcomes []Outcome
}

func (s *Setup) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// maxSeeds bounds how many courses are asked for: more is a slip of the hand.
const maxSeeds = 100_000

// Check tells what is wrong with a setup, as Run does.
func (s *Setup) Check() error {
	switch {
	case s.World == nil || s.World.Rounds < 1 || s.World.Arms < 1:
		return errors.New("eval: got no world, want one with arms and rounds")
	case len(s.Entrants) == 0:
		return errors.New("eval: got no policies, want one at least")
	case s.Seeds < 1 || s.Seeds > maxSeeds:
		return fmt.Errorf("eval: got %d seeds, want 1 to %d", s.Seeds, maxSeeds)
	case s.Delay < 0:
		return fmt.Errorf("eval: got a delay of %d rounds, want 0 or more", s.Delay)
	}
	return nil
}

// Run plays all courses with all entrants: the first course with each, then the
// next, so that what is there when ctx ends can be compared. It then returns that
// together with the cause. The records are in the order of the entrants.
func Run(ctx context.Context, s *Setup) ([]Record, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	r := &runner{setup: s, all: s.Seeds * len(s.Entrants), cells: make([][]*Outcome, len(s.Entrants))}
	for i := range r.cells {
		r.cells[i] = make([]*Outcome, s.Seeds)
	}
	workers := s.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	g, playing := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for job := range r.all {
		if playing.Err() != nil {
			break
		}
		g.Go(func() error { return r.play(playing, job%len(s.Entrants), job/len(s.Entrants)) })
	}
	err := g.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	return r.records(), err
}

// runner gathers what the workers bring.
type runner struct {
	setup *Setup
	all   int
	mu    sync.Mutex // guards what follows
	done  int
	cells [][]*Outcome // by entrant and course
}

func (r *runner) play(ctx context.Context, entrant, course int) error {
	e, seed := &r.setup.Entrants[entrant], r.setup.Seed+uint64(course)
	policy, err := e.New(seed)
	if err != nil {
		return fmt.Errorf("eval: policy %s: %w", e.Name, err)
	}
	out, err := r.setup.play(ctx, policy, seed)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cells[entrant][course] = &out
	r.done++
	if r.setup.OnProgress != nil {
		r.setup.OnProgress(r.done, r.all)
	}
	return nil
}

func (r *runner) records() []Record {
	records := make([]Record, len(r.cells))
	for i, outcomes := range r.cells {
		records[i].Policy = r.setup.Entrants[i].Name
		for _, o := range outcomes {
			if o != nil {
				records[i].Outcomes = append(records[i].Outcomes, *o)
			}
		}
	}
	return records
}
