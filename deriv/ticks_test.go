package deriv_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
)

// market lets a venue tick once a second, and know its history.
type market struct {
	v  *venue
	mu sync.Mutex // guards what follows
	// mute are epochs that are not sent live, gone those that the history lacks too.
	mute, gone map[deriv.Epoch]bool
	twice      bool
	begun      deriv.Epoch
}

func newMarket(v *venue) *market {
	m := &market{v: v, mute: map[deriv.Epoch]bool{}, gone: map[deriv.Epoch]bool{}, begun: deriv.EpochOf(time.Now())}
	v.answer = m.answer
	return m
}

func (m *market) answer(p *peer, call string, request map[string]any) bool {
	switch call {
	case "ticks":
		symbol := request["ticks"].(string)
		id := p.reply(request, "tick", tick(symbol, deriv.EpochOf(time.Now())))
		p.tasks.Go(func() { m.run(p, id, symbol) })
	case "ticks_history":
		p.reply(request, "history", m.history(request))
	default:
		return false
	}
	return true
}

func (m *market) run(p *peer, id, symbol string) {
	for p.sleep(time.Second) {
		p.mu.Lock()
		_, alive := p.subs[id]
		p.mu.Unlock()
		if !alive {
			return
		}
		now := deriv.EpochOf(time.Now())
		m.mu.Lock()
		mute, twice := m.mute[now], m.twice
		m.mu.Unlock()
		if mute {
			continue
		}
		p.update(id, "tick", tick(symbol, now))
		if twice {
			p.update(id, "tick", tick(symbol, now-1))
			p.update(id, "tick", tick(symbol, now))
		}
	}
}

func (m *market) history(request map[string]any) deriv.HistoryAnswer {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, _ := request["start"].(float64)
	to, err := strconv.ParseInt(request["end"].(string), 10, 64)
	if err != nil {
		to = time.Now().Unix()
	}
	count := min(int(request["count"].(float64)), deriv.MaxHistory)
	h := deriv.History{Prices: []deriv.Price{}, Times: []deriv.Epoch{}}
	for at := max(deriv.Epoch(from), deriv.Epoch(to)-deriv.Epoch(count)+1); at <= deriv.Epoch(to); at++ {
		if !m.gone[at] {
			h.Times = append(h.Times, at)
			h.Prices = append(h.Prices, tick("", at).Tick.Quote)
		}
	}
	return deriv.HistoryAnswer{History: &h, Decimals: 4}
}

// checkOrder wants each second once and in order, but for those that an event
// says it missed.
func checkOrder(t *testing.T, events []deriv.Event[deriv.Tick]) {
	t.Helper()
	for i := 1; i < len(events); i++ {
		before, e := events[i-1].Value.Epoch, events[i]
		if got := int(e.Value.Epoch - before); got != 1+e.Missed {
			t.Errorf("tick %d: %d seconds after the last with %d missed (%+v)", i, got, e.Missed, e)
		}
	}
}

func TestTicksOfALostConnectionAreReadFromTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		newMarket(v)
		c := start(t, v, nil)
		s := must(c.Ticks(t.Context(), "1HZ100V"))
		defer s.Close()
		first := take(t, s, 5)
		v.net.Down.Store(true)
		v.last().drop()
		time.Sleep(40 * time.Minute) // more than two pages
		v.net.Down.Store(false)
		events := slices.Concat(first, take(t, s, 2500))
		checkOrder(t, events)
		h := c.Health()
		if h.Counters.Gaps != 1 || h.Counters.Filled < 2400 || h.Counters.Missed != 0 || h.Counters.Resubscribed != 1 {
			t.Errorf("got %+v, want one gap that was filled", h.Counters)
		}
		if h.Lag > 2*time.Second || h.Streams != 1 || h.Alive != 1 {
			t.Errorf("got %+v, want no lag and the stream alive", h)
		}
	})
}

func TestTicksThatAreLeftOutAreFilledAndThoseSentTwiceAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		m := newMarket(v)
		m.twice = true
		for i := range deriv.Epoch(4) {
			m.mute[m.begun+10+i] = true
		}
		m.mute[m.begun+40], m.gone[m.begun+40] = true, true
		c := start(t, v, nil)
		s := must(c.Ticks(t.Context(), "1HZ100V"))
		defer s.Close()
		events := take(t, s, 60)
		checkOrder(t, events)
		missed, filled := 0, 0
		for _, e := range events {
			missed += e.Missed
			if e.Filled {
				filled++
			}
		}
		if missed > 1 || filled != 4 {
			t.Errorf("got %d missed and %d filled, want at most 1, which comes late, and 4", missed, filled)
		}
		if got := c.Health().Counters.Duplicates; got < 90 {
			t.Errorf("got %d duplicates, want two for nearly each tick", got)
		}
	})
}

// A history that fails says nothing of what came late: only what nobody has is missed,
// and it is told where it is.
func TestOnlyWhatNobodyHasIsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		begun := deriv.EpochOf(time.Now())
		v.answer = func(p *peer, call string, request map[string]any) bool {
			switch call {
			case "ticks":
				p.reply(request, "tick", tick("1HZ100V", begun))
			case "ticks_history":
				p.update(p.stream(), "tick", tick("1HZ100V", begun+1)) // late, and before the answer
				p.fail(request, "history", "InputValidationFailed")
			default:
				return false
			}
			return true
		}
		c := start(t, v, func(o *deriv.Options) { o.TickSilence = -1 })
		stream := must(c.Ticks(t.Context(), "1HZ100V"))
		defer stream.Close()
		p, id := v.last(), v.last().stream()
		for _, after := range []deriv.Epoch{2, 5, 6} {
			p.update(id, "tick", tick("1HZ100V", begun+after))
			time.Sleep(time.Minute)
		}
		var got []string
		for _, e := range take(t, stream, 5) {
			got = append(got, fmt.Sprintf("%d after %d missed", e.Value.Epoch-begun, e.Missed))
		}
		if diff := cmp.Diff(got, []string{"0 after 0 missed", "1 after 0 missed", "2 after 0 missed", "5 after 2 missed", "6 after 0 missed"}); diff != "" {
			t.Errorf("got (-) want (+):\n%s", diff)
		}
	})
}

// A history that does not come in time, or a venue that fails for longer than a call
// tries, is asked again, each time later; what it has still comes in its place.
func TestAGapIsAskedForAgainWhenItsHistoryDoesNotCome(t *testing.T) {
	for _, c := range []struct {
		name   string
		silent bool // else it fails
		until  int  // that many seconds after the first tick
		missed int
		asked  [2]int // at least, at most
	}{
		{name: "a history that is silent for 15 s", silent: true, until: 15, asked: [2]int{2, 2}},
		{name: "a venue that fails for 10 s", until: 10, asked: [2]int{6, 15}},
		{name: "a history that never comes is given up", silent: true, until: 1e6, missed: 3, asked: [2]int{3, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { hiddenGap(t, c.silent, c.until, c.missed, c.asked) })
		})
	}
}

func hiddenGap(t *testing.T, silent bool, until, missed int, asked [2]int) {
	v := newVenue(t)
	m := newMarket(v)
	for i := range deriv.Epoch(3) {
		m.mute[m.begun+2+i] = true
	}
	v.answer = func(p *peer, call string, request map[string]any) bool {
		if call != "ticks_history" || deriv.EpochOf(time.Now()) >= m.begun+deriv.Epoch(until) {
			return m.answer(p, call, request)
		}
		if !silent {
			p.fail(request, "history", "InternalServerError")
		}
		return true
	}
	client := start(t, v, nil)
	s := must(client.Ticks(t.Context(), "1HZ100V"))
	defer s.Close()
	checkOrder(t, take(t, s, 60))
	if got := client.Health().Counters; got.Missed != uint64(missed) || got.Filled != uint64(3-missed) {
		t.Errorf("got %d missed and %d filled, want %d and %d", got.Missed, got.Filled, missed, 3-missed)
	}
	if got := v.count("ticks_history"); got < asked[0] || got > asked[1] {
		t.Errorf("asked %d times, want %d to %d", got, asked[0], asked[1])
	}
	time.Sleep(time.Hour)
	if got := v.count("ticks_history"); got > asked[1] {
		t.Errorf("asked %d times an hour later, want %d at the most", got, asked[1])
	}
}

func TestAGapGreaterThanTheBoundSaysWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		newMarket(v)
		c := start(t, v, func(o *deriv.Options) { o.Backfill = 100 })
		s := must(c.Ticks(t.Context(), "1HZ100V"))
		defer s.Close()
		first := take(t, s, 3)
		v.net.Down.Store(true)
		v.last().drop()
		time.Sleep(time.Hour)
		v.net.Down.Store(false)
		checkOrder(t, append(first, take(t, s, 200)...))
		if got := c.Health().Counters.Missed; got < 3400 {
			t.Errorf("got %d missed, want most of an hour", got)
		}
	})
}
