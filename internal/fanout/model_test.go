package fanout

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// history is what a member was sent, parsed.
type history struct {
	initial map[string]int
	updates []update
	whole   bool // it ends at a frame's end
}

type update struct {
	space string
	seq   int
}

func parse(text string) (history, error) {
	h := history{initial: map[string]int{}, whole: strings.HasSuffix(text, "\n")}
	text = text[:strings.LastIndexByte(text, '\n')+1]
	inside := false
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case i == 0 && line == "[":
			inside = true
			continue
		case line == "]" && inside:
			inside = false
			continue
		}
		var u update
		if _, err := fmt.Sscanf(line, "%s %d", &u.space, &u.seq); err != nil {
			return h, fmt.Errorf("line %d: %.40q: %w", i, line, err)
		}
		if inside {
			h.initial[u.space] = u.seq
		} else {
			h.updates = append(h.updates, u)
		}
	}
	if inside {
		return h, errors.New("the first bytes do not end")
	}
	return h, nil
}

// check holds a history against the promises: rising per space from the initial
// state on; whole tells whether every frame from there to the newest must be in it.
func (h *history) check(newest map[string]int, only map[string]bool, every bool) error {
	last := make(map[string]int)
	for space, seq := range h.initial {
		last[space] = seq
	}
	for _, u := range h.updates {
		if u.seq <= last[u.space] {
			return fmt.Errorf("%s: %d came behind %d", u.space, u.seq, last[u.space])
		}
		if every && u.seq != last[u.space]+1 {
			return fmt.Errorf("%s: %d came behind %d, though it kept up", u.space, u.seq, last[u.space])
		}
		last[u.space] = u.seq
	}
	for space, seq := range newest {
		if (only == nil || only[space]) && last[space] != seq {
			return fmt.Errorf("%s: ends at %d, want %d", space, last[space], seq)
		}
	}
	for space := range last {
		if only != nil && !only[space] {
			return fmt.Errorf("%s: nobody asked for it", space)
		}
	}
	return nil
}

// settled waits until a member has everything that it will get.
func settled(p *peer, newest map[string]int, only map[string]bool, every bool) error {
	err, size := errors.New("nothing came"), 0
	for range 5000 {
		time.Sleep(time.Millisecond)
		text := p.text()
		if len(text) == size {
			continue
		}
		size = len(text)
		var h history
		if h, err = parse(text); err == nil {
			err = h.check(newest, only, every)
		}
		if err == nil && h.whole {
			return nil
		}
	}
	return err
}

// Any interleaving of publishes, stalls, resumes, joins and leaves gives each
// member a sequence that a subscriber is promised: a consistent cut first, rising
// per space, the newest of every space in the end, and every frame if it kept up.
func TestEveryMemberGetsWhatItIsPromised(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) { rapid.Check(t, func(rt *rapid.T) { model(t, rt, kind) }) })
	}
}

func model(t *testing.T, rt *rapid.T, kind string) {
	f := New(Options{First: first, Chunks: 4, Lag: 160 << 10, Shards: rapid.IntRange(1, 3).Draw(rt, "shards")})
	spaces := []string{"A", "B", "C", "D", "E"}
	newest := map[string]int{}
	type member struct {
		*peer
		only  map[string]bool
		since int // bytes published since it joined
		due   int // frames of what it wants
	}
	var members []*member
	for range rapid.IntRange(1, 40).Draw(rt, "steps") {
		switch op := rapid.IntRange(0, 9).Draw(rt, "op"); {
		case op <= 4 || len(members) == 0 && op > 6:
			size := rapid.SampledFrom([]int{20, 350, 3000, 20000}).Draw(rt, "size")
			for range rapid.IntRange(1, 12).Draw(rt, "burst") {
				space := rapid.SampledFrom(spaces).Draw(rt, "space")
				newest[space]++
				f.Publish(space, frame(space, newest[space], size))
				for _, m := range members {
					m.since += size
					if m.only[space] {
						m.due++
					}
				}
			}
		case op <= 6:
			m := &member{}
			if rapid.Bool().Draw(rt, "filtered") {
				m.only = map[string]bool{"A": true, "C": true}
			}
			m.peer = join(t, f, kind, m.only)
			members = append(members, m)
		case op == 7:
			m := rapid.SampledFrom(members).Draw(rt, "stalling")
			m.stall(true)
		case op == 8:
			m := rapid.SampledFrom(members).Draw(rt, "resuming")
			m.stall(false)
		case op == 9:
			i := rapid.IntRange(0, len(members)-1).Draw(rt, "leaving")
			members[i].member.Leave(nil, ErrLeft)
			members[i].stall(false)
			<-members[i].left
			members = append(members[:i], members[i+1:]...)
		}
	}
	for i, m := range members {
		m.stall(false)
		if err := settled(m.peer, newest, m.only, m.since < 32<<10); err != nil {
			rt.Errorf("member %d: %v", i, err)
		}
		// Who wants everything starts from a state that may be older than it is.
		if sent, skipped := m.member.Sent(), m.member.Skipped(); m.only != nil && sent+skipped != int64(m.due) {
			rt.Errorf("member %d: got %d frames sent and %d spared, want %d in all", i, sent, skipped, m.due)
		}
		m.member.Leave([]byte("bye 1\n"), ErrLeft)
		if err := <-m.left; !errors.Is(err, ErrLeft) {
			rt.Errorf("member %d: left with %v", i, err)
		}
		m.conn.Close()
	}
}
