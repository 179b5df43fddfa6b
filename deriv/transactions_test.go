package deriv_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
)

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
