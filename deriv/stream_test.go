package deriv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// take reads n ticks.
func take[T any](t *testing.T, s *deriv.Stream[T], n int) []deriv.Event[T] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour) // of the bubble's time
	defer cancel()
	var events []deriv.Event[T]
	for range n {
		e, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("after %d events: %v", len(events), err)
		}
		events = append(events, e)
	}
	return events
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

// The one thing that stops other clients: a reader that does not read.
func TestAReaderThatNeverReadsStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		newMarket(v)
		c := start(t, v, func(o *deriv.Options) { o.TickQueue = 10 })
		idle := must(c.Ticks(t.Context(), "1HZ100V"))
		defer idle.Close()
		other := must(c.Ticks(t.Context(), "1HZ100V"))
		defer other.Close()
		for range 500 {
			if _, err := other.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		if err := c.Ping(t.Context()); err != nil || time.Since(begun) != 0 {
			t.Errorf("a ping took %v and said %v, want it at once", time.Since(begun), err)
		}
		if got := v.count("ticks"); got != 1 {
			t.Errorf("%d subscriptions for two readers, want one", got)
		}
		events := take(t, idle, 10)
		if events[0].Missed < 480 || !events[0].Resync {
			t.Errorf("got %+v, want most of 500 missed and told", events[0])
		}
		checkOrder(t, events[1:])
	})
}

func TestTheLastReaderEndsTheSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		newMarket(v)
		c := start(t, v, nil)
		a, b := must(c.Ticks(t.Context(), "1HZ100V")), must(c.Ticks(t.Context(), "1HZ100V"))
		a.Close()
		a.Close()
		synctest.Wait()
		if got := v.count("forget"); got != 0 {
			t.Errorf("%d were forgotten while one reads, want none", got)
		}
		if _, err := a.Next(t.Context()); !errors.Is(err, deriv.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		b.Close()
		synctest.Wait()
		if got := v.count("forget"); got != 1 {
			t.Errorf("%d were forgotten, want one", got)
		}
		again := must(c.Ticks(t.Context(), "1HZ100V"))
		defer again.Close()
		checkOrder(t, take(t, again, 3))
		if got := v.count("ticks"); got != 2 {
			t.Errorf("got %d subscriptions, want two", got)
		}
	})
}

func TestASubscriptionThatIsThereAlreadyIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		m := newMarket(v)
		refused := 0
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "ticks" && request["ticks"] == "R_75" && v.count("forget_all") == 0 {
				refused++
				p.fail(request, "ticks", "AlreadySubscribed")
				return true
			}
			return m.answer(p, call, request)
		}
		c := start(t, v, nil)
		other := must(c.Ticks(t.Context(), "1HZ100V"))
		defer other.Close()
		s := must(c.Ticks(t.Context(), "R_75"))
		defer s.Close()
		take(t, s, 3)
		checkOrder(t, take(t, other, 20))
		if refused != 1 || v.count("forget_all") != 1 {
			t.Errorf("refused %d times, forgot %d times, want once each", refused, v.count("forget_all"))
		}
	})
}

func TestASubscriptionThatIsRefusedSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "ticks" {
				p.fail(request, "ticks", "InvalidSymbol")
			}
			return call == "ticks"
		}
		c := start(t, v, func(o *deriv.Options) { o.Streams = 1 })
		if _, err := c.Ticks(t.Context(), "NONE"); !deriv.IsClass(err, deriv.ClassValidation) {
			t.Errorf("got %v, want class validation", err)
		}
		newMarket(v)
		s := must(c.Ticks(t.Context(), "R_75"))
		defer s.Close()
		if _, err := c.Ticks(t.Context(), "R_50"); !errors.Is(err, deriv.ErrTooManyStreams) {
			t.Errorf("got %v, want ErrTooManyStreams", err)
		}
	})
}

// The feed freezes and the connection lives: after five intervals it is not
// believed any more, and after that more and more slowly.
func TestASilentStreamCostsTheConnectionEverMoreSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "ticks" {
				p.reply(request, "tick", tick("R_75", 1000))
			}
			return call == "ticks"
		}
		c := start(t, v, nil)
		s := must(c.Ticks(t.Context(), "R_75"))
		defer s.Close()
		time.Sleep(time.Hour)
		if got := c.Health().Counters.Drops; got < 3 || got > 400 {
			t.Errorf("got %d drops in an hour, want some and not one each ten seconds", got)
		}
		if err := c.Health().Err; !errors.Is(err, deriv.ErrSilent) {
			t.Errorf("got %v, want ErrSilent", err)
		}
	})
}

// ledger is a venue's record of one account.
type ledger struct {
	v    *venue
	mu   sync.Mutex // guards rows
	rows []deriv.Movement
}

func (l *ledger) answer(p *peer, call string, request map[string]any) bool {
	switch call {
	case "transaction":
		p.reply(request, call, deriv.TransactionAnswer{})
	case "statement":
		l.mu.Lock()
		var page []deriv.Movement
		for _, m := range l.rows {
			if from, ok := request["date_from"].(float64); !ok || m.Time >= deriv.Epoch(from) {
				page = append([]deriv.Movement{m}, page...)
			}
		}
		l.mu.Unlock()
		offset, _ := request["offset"].(float64)
		page = page[min(int(offset), len(page)):]
		page = page[:min(len(page), int(request["limit"].(float64)))]
		p.reply(request, call, deriv.StatementAnswer{Statement: deriv.Statement{Count: deriv.Count(len(page)), Transactions: page}})
	default:
		return false
	}
	return true
}

// trade happens at the venue, and is sent to whoever is connected.
func (l *ledger) trade(id deriv.TransactionID) {
	now := deriv.EpochOf(time.Now())
	l.mu.Lock()
	l.rows = append(l.rows, deriv.Movement{Action: "sell", Transaction: id, Time: now, Amount: deriv.Cents(int64(id))})
	l.mu.Unlock()
	p := l.v.last()
	p.mu.Lock()
	ids := make([]string, 0, len(p.subs))
	for sub := range p.subs {
		ids = append(ids, sub)
	}
	p.mu.Unlock()
	for _, sub := range ids {
		p.update(sub, "transaction", deriv.TransactionAnswer{Transaction: deriv.Transaction{Action: "sell", ID: id, Time: now, Amount: deriv.Cents(int64(id))}})
	}
}

func ids(events []deriv.Event[deriv.Transaction]) []deriv.TransactionID {
	var list []deriv.TransactionID
	for _, e := range events {
		list = append(list, e.Value.ID)
	}
	return list
}

func upTo(n int) []deriv.TransactionID {
	var list []deriv.TransactionID
	for i := range n {
		list = append(list, deriv.TransactionID(i+1))
	}
	return list
}

func TestTransactionsOfALostConnectionAreReadFromTheStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		l := &ledger{v: v}
		v.answer = l.answer
		a := startAccount(t, v, nil)
		s := must(a.Transactions(t.Context()))
		defer s.Close()
		l.trade(1)
		l.trade(2)
		time.Sleep(time.Second)
		v.net.Down.Store(true)
		v.last().drop()
		time.Sleep(5 * time.Minute)
		l.trade(3)
		l.trade(4)
		time.Sleep(time.Minute)
		v.net.Down.Store(false)
		time.Sleep(3 * time.Minute)
		l.trade(5)
		l.trade(5) // sent twice
		l.trade(6)
		if diff := cmp.Diff(ids(take(t, s, 6)), upTo(6)); diff != "" {
			t.Errorf("got (-) want (+):\n%s", diff)
		}
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if e, err := s.Next(ctx); err == nil {
			t.Errorf("got %+v once more", e)
		}
	})
}

func TestASlowReaderOfTransactionsLosesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		l := &ledger{v: v}
		v.answer = l.answer
		a := startAccount(t, v, func(o *deriv.Options) { o.EventQueue = 8 })
		s := must(a.Transactions(t.Context()))
		defer s.Close()
		quick := must(a.Transactions(t.Context()))
		defer quick.Close()
		for i := range 100 {
			l.trade(deriv.TransactionID(i + 1))
			synctest.Wait()
			take(t, quick, 1)
			if i%7 == 0 {
				time.Sleep(time.Second)
			}
		}
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call != "statement" {
				return l.answer(p, call, request)
			}
			p.tasks.Go(func() { // it takes its time
				p.sleep(2 * time.Second)
				l.answer(p, call, request)
			})
			return true
		}
		got := take(t, s, 8) // all that it holds: it asks for the rest
		time.Sleep(time.Second)
		for i := 100; i < 120; i++ { // live ones, while it waits for what it missed
			l.trade(deriv.TransactionID(i + 1))
		}
		got = append(got, take(t, s, 112)...)
		if diff := cmp.Diff(ids(got), upTo(120)); diff != "" {
			t.Errorf("got (-) want (+):\n%s", diff)
		}
	})
}

func TestAContractIsWatchedToItsEnd(t *testing.T) {
	open := func(at deriv.Epoch) deriv.OpenContractAnswer {
		return deriv.OpenContractAnswer{Contract: deriv.OpenContract{ID: 77, Status: deriv.Open, CurrentTime: at}}
	}
	won := deriv.OpenContractAnswer{Contract: deriv.OpenContract{ID: 77, Status: deriv.Won, Sold: true, CurrentTime: 99}}
	tests := []struct {
		name   string
		script func(p *peer, id string, request map[string]any)
		want   []deriv.Status
	}{
		{name: "by its stream", want: []deriv.Status{deriv.Open, deriv.Open, deriv.Won}, script: func(p *peer, id string, _ map[string]any) {
			p.update(id, "proposal_open_contract", open(2))
			p.update(id, "proposal_open_contract", open(1)) // late, and older
			p.update(id, "proposal_open_contract", won)
			p.update(id, "proposal_open_contract", won)
		}},
		{name: "without its last message", want: []deriv.Status{deriv.Open, deriv.Won}, script: func(*peer, string, map[string]any) {}},
		{name: "over a lost connection", want: []deriv.Status{deriv.Open, deriv.Won}, script: func(p *peer, _ string, _ map[string]any) { p.drop() }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue(t)
				v.answer = func(p *peer, call string, request map[string]any) bool {
					switch {
					case call != "proposal_open_contract":
						return false
					case request["subscribe"] != nil && p.n == 1:
						id := p.reply(request, call, open(1))
						test.script(p, id, request)
					default:
						p.reply(request, call, won)
					}
					return true
				}
				a := startAccount(t, v, nil)
				s := must(a.WatchContract(t.Context(), 77))
				defer s.Close()
				var got []deriv.Status
				for e, err := range s.All(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, e.Value.Status)
				}
				if diff := cmp.Diff(got, test.want); diff != "" {
					t.Errorf("got (-) want (+):\n%s", diff)
				}
				if _, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
					t.Errorf("after the end: got %v, want io.EOF", err)
				}
			})
		})
	}
}

func TestAQuoteIsKeptWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		asked := 0
		v.answer = func(p *peer, call string, request map[string]any) bool {
			switch call {
			case "proposal":
				asked++
				p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q-" + itoa(int64(asked)), Ask: deriv.Cents(1000), Payout: deriv.Cents(1954)}})
			case "buy":
				p.reply(request, call, deriv.BuyAnswer{Buy: deriv.Bought{Contract: 77}})
			default:
				return false
			}
			return true
		}
		a := startAccount(t, v, nil)
		s := must(a.Quotes(t.Context(), call5t))
		defer s.Close()
		first := take(t, s, 1)[0].Value
		if first.ID != "q-1" || fmt.Sprintf("%.4f", first.BreakEven()) != "0.5118" {
			t.Errorf("got %+v, want q-1 that breaks even at 0.5118", first)
		}
		must(a.Buy(t.Context(), first, first.Ask))
		if got := take(t, s, 1)[0].Value.ID; got != "q-2" {
			t.Errorf("after a buy: got %s, want a new one", got)
		}
		v.last().drop()
		again := take(t, s, 1)[0]
		if again.Value.ID != "q-3" || again.Value.Generation != 2 {
			t.Errorf("after a drop: got %+v, want a third of the second connection", again)
		}
	})
}

func TestASelectionThatIsNotOfferedIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "proposal" {
				p.fail(request, call, "StakeTooLow")
			}
			return call == "proposal"
		}
		c := start(t, v, nil)
		with := func(change func(*deriv.Selection)) deriv.Selection {
			sel := call5t
			change(&sel)
			return sel
		}
		for _, sel := range []deriv.Selection{
			with(func(s *deriv.Selection) { s.ContractType = "ACCU" }),
			with(func(s *deriv.Selection) { s.Duration = 11 }),
			with(func(s *deriv.Selection) { s.Duration, s.DurationUnit = 14, "s" }),
			with(func(s *deriv.Selection) { s.ContractType, s.Duration, s.Multiplier = "MULTUP", 0, 150 }),
		} {
			if _, err := c.Quote(t.Context(), sel); !errors.Is(err, deriv.ErrNotOffered) {
				t.Errorf("%+v: got %v, want ErrNotOffered", sel, err)
			}
		}
		if got := v.count("proposal"); got != 0 {
			t.Errorf("%d were sent, want none", got)
		}
		if _, err := c.Quote(t.Context(), call5t); !deriv.IsClass(err, deriv.ClassValidation) {
			t.Errorf("got %v, want the venue's refusal", err)
		}
		if _, err := c.Quote(t.Context(), call5t); !errors.Is(err, deriv.ErrNotOffered) {
			t.Errorf("once more: got %v, want it refused here", err)
		}
		time.Sleep(11 * time.Minute)
		if _, err := c.Quote(t.Context(), call5t); !deriv.IsClass(err, deriv.ClassValidation) || errors.Is(err, deriv.ErrNotOffered) {
			t.Errorf("after the offers were read again: got %v, want it asked", err)
		}
		if v.count("proposal") != 2 || v.count("contracts_for") != 2 {
			t.Errorf("got %d proposals and %d readings of the offers, want two of each", v.count("proposal"), v.count("contracts_for"))
		}
	})
}

// What has ended leaves nothing behind on a connection that lives for weeks.
func TestAConnectionRemembersNothingOfWhatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		n := int64(0)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			switch call {
			case "proposal":
				n++
				p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q-" + itoa(n), Ask: deriv.Cents(1000)}})
			case "buy":
				p.reply(request, call, deriv.BuyAnswer{Buy: deriv.Bought{Contract: deriv.ContractID(n)}})
			case "proposal_open_contract":
				c := deriv.OpenContract{ID: deriv.ContractID(request["contract_id"].(float64)), Status: deriv.Open}
				id := p.reply(request, call, deriv.OpenContractAnswer{Contract: c})
				c.Status, c.Sold = deriv.Won, true
				p.update(id, call, deriv.OpenContractAnswer{Contract: c})
			default:
				return false
			}
			return true
		}
		a := startAccount(t, v, nil)
		quotes := must(a.Quotes(t.Context(), call5t))
		defer quotes.Close()
		before := 0
		for i := range 50 {
			q := take(t, quotes, 1)[0].Value
			b := must(a.Buy(t.Context(), q, q.Ask))
			contract := must(a.WatchContract(t.Context(), b.Contract))
			for range contract.All(t.Context()) {
			}
			contract.Close()
			time.Sleep(10 * time.Second)
			synctest.Wait() // for the ping of this second
			if i == 0 {
				before = a.Routes()
			}
		}
		if got := a.Routes(); got != before || before == 0 {
			t.Errorf("got %d routes after 50 contracts and %d after one, want as many", got, before)
		}
	})
}

// A buy that was refused has not ended the stream of its price: that has to be
// forgotten before it can be begun again.
func TestAPriceGoesOnAfterABuyThatWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		n := int64(0)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			switch call {
			case "proposal":
				n++
				p.mu.Lock()
				alive := len(p.subs)
				p.mu.Unlock()
				if alive > 0 {
					p.fail(request, call, "AlreadySubscribed")
					return true
				}
				p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q-" + itoa(n), Ask: deriv.Cents(1000)}})
			case "buy":
				p.fail(request, call, "PriceMoved")
			default:
				return false
			}
			return true
		}
		a := startAccount(t, v, nil)
		quotes := must(a.Quotes(t.Context(), call5t))
		defer quotes.Close()
		for range 3 {
			q := take(t, quotes, 1)[0].Value
			if _, err := a.Buy(t.Context(), q, q.Ask); !deriv.IsClass(err, deriv.ClassPrice) {
				t.Fatalf("got %v, want the price moved", err)
			}
		}
		take(t, quotes, 1)
		if n != 4 || v.count("forget") != 3 || v.count("forget_all") != 0 {
			t.Errorf("asked %d times and forgot %d times, all of them %d times, want 4, 3 and 0", n, v.count("forget"), v.count("forget_all"))
		}
	})
}
