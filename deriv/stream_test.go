package deriv_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
)

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
