package deriv_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
)

// history is a venue's record of many contracts that have ended; one ends between
// two pages.
type history struct {
	mu    sync.Mutex // guards what follows
	ended []deriv.Finished
	moved []deriv.Movement
	deaf  bool // to offsets
	reads int
}

func newHistory(n int) *history {
	h := &history{}
	for range n {
		h.end()
	}
	return h
}

func (h *history) end() {
	n := int64(len(h.ended) + 1)
	h.ended = append(h.ended, deriv.Finished{AppID: 1, Contract: deriv.ContractID(n), Transaction: deriv.TransactionID(n), SellTime: deriv.Epoch(n), Purchased: 1})
	h.moved = append(h.moved, deriv.Movement{Action: "sell", AppID: 1, Transaction: deriv.TransactionID(n), Time: deriv.Epoch(n)})
}

func (h *history) answer(p *peer, call string, request map[string]any) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch call {
	case "profit_table":
		rows := page(h.ended, request, h.deaf)
		p.reply(request, call, deriv.ProfitTableAnswer{ProfitTable: deriv.ProfitTable{Count: deriv.Count(len(rows)), Transactions: rows}})
	case "statement":
		newest := slices.Clone(h.moved)
		slices.Reverse(newest)
		rows := page(newest, request, h.deaf)
		p.reply(request, call, deriv.StatementAnswer{Statement: deriv.Statement{Count: deriv.Count(len(rows)), Transactions: rows}})
	default:
		return false
	}
	h.reads++
	h.end()
	return true
}

func page[T any](rows []T, request map[string]any, deaf bool) []T {
	offset, _ := request["offset"].(float64)
	if deaf {
		offset = 0
	}
	rows = rows[min(int(offset), len(rows)):]
	return rows[:min(len(rows), int(request["limit"].(float64)))]
}

func TestAWholeRecordIsReadInOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		h := newHistory(1203)
		v.answer = h.answer
		a := startAccount(t, v, nil)
		ended, err := a.ProfitTableSince(t.Context(), time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		var got, want []int64
		for i, f := range ended {
			got, want = append(got, int64(f.Contract)), append(want, int64(i+1))
		}
		if diff := cmp.Diff(got, want); diff != "" || len(got) < 1203 {
			t.Errorf("%d contracts: got (-) want (+):\n%s", len(got), diff)
		}
		moved, err := a.StatementSince(t.Context(), time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		got, want = nil, nil
		for i, m := range moved {
			got, want = append(got, int64(m.Transaction)), append(want, int64(i+1))
		}
		if diff := cmp.Diff(got, want); diff != "" || len(got) < 1203 {
			t.Errorf("%d movements: got (-) want (+):\n%s", len(got), diff)
		}
	})
}

// A venue that sends the first page whatever the offset must not be asked for ever.
func TestAVenueThatKnowsNoPagesIsNotAskedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		h := newHistory(1203)
		h.deaf = true
		v.answer = h.answer
		a := startAccount(t, v, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := a.ProfitTableSince(ctx, time.Unix(0, 0))
		h.mu.Lock()
		defer h.mu.Unlock()
		if err != nil || h.reads > 3 {
			t.Errorf("got %v after %d pages, want the one that there is", err, h.reads)
		}
	})
}

func TestTheAppIDIsLearnedFromTheFirstOwnBuy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			switch call {
			case "proposal":
				p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q", Ask: deriv.Cents(1000)}})
			case "buy":
				p.reply(request, call, deriv.BuyAnswer{Buy: deriv.Bought{Contract: 77, Transaction: 500}})
			case "portfolio":
				p.reply(request, call, deriv.PortfolioAnswer{Portfolio: deriv.Portfolio{Contracts: []deriv.Holding{
					{AppID: 9, Contract: 76, Transaction: 499}, {AppID: 12345, Contract: 77, Transaction: 500},
				}}})
			default:
				return false
			}
			return true
		}
		a := startAccount(t, v, nil)
		want := func(id int64, confirmed bool) {
			t.Helper()
			if gotID, got := a.AppID(); gotID != id || got != confirmed {
				t.Errorf("got %d, %v, want %d, %v", gotID, got, id, confirmed)
			}
		}
		want(0, false) // "app-1" is no number
		must(a.Portfolio(t.Context()))
		want(0, false) // nothing of it is ours
		q := must(a.Quote(t.Context(), call5t))
		must(a.Buy(t.Context(), q, q.Ask))
		want(0, false)
		must(a.Portfolio(t.Context()))
		want(12345, true)
	})
}

func TestAFreshConnectionIsOfTheSameAccountAndItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		a := startAccount(t, v, nil)
		if err := a.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Another account would be the first by now.
		v.accounts = `[{"account_id":"DOT1","balance":1,"currency":"USD","group":"row","status":"active","account_type":"demo"},` + demoAccount + `]`
		together := 0
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				err := a.Fresh(t.Context(), func(ctx context.Context, fresh *deriv.Account) error {
					if got := fresh.Info().ID; got != "DOT90004580" {
						t.Errorf("got account %s, want that of the first connection", got)
					}
					if together++; together > 1 {
						t.Error("two are open at once")
					}
					time.Sleep(time.Second)
					together--
					_, err := fresh.Balance(ctx)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := v.count("connect"); got != 4 {
			t.Errorf("got %d connections, want the first and three fresh ones", got)
		}
		boom := errors.New("boom")
		if err := a.Fresh(t.Context(), func(context.Context, *deriv.Account) error { return boom }); !errors.Is(err, boom) {
			t.Errorf("got %v, want what f returned", err)
		}
		v.refuse = 401
		if err := a.Fresh(t.Context(), func(context.Context, *deriv.Account) error { return nil }); !deriv.IsClass(err, deriv.ClassAuth) {
			t.Errorf("got %v, want the refused token", err)
		}
	})
}

// Two connections of an account share what the venue allows it.
func TestAFreshConnectionSpendsTheSameBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = (&history{}).answer
		a := startAccount(t, v, func(o *deriv.Options) { o.Budgets.Tables = deriv.Budget{PerMinute: 4, PerHour: 4000} })
		must(a.ProfitTable(t.Context(), deriv.ProfitTableRequest{Limit: 9}))
		err := a.Fresh(t.Context(), func(ctx context.Context, fresh *deriv.Account) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err := fresh.ProfitTable(ctx, deriv.ProfitTableRequest{Limit: 9})
			return err
		})
		if !errors.Is(err, deriv.ErrBudget) {
			t.Errorf("got %v, want ErrBudget: the first connection has spent it", err)
		}
	})
}

// A quote is good on the account and the connection that gave it, once.
func TestAQuoteOfSomebodyElseIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "proposal" {
				p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q", Ask: deriv.Cents(1000)}})
			}
			return call == "proposal"
		}
		public := must(start(t, v, nil).Quote(t.Context(), call5t))
		a := startAccount(t, v, nil)
		own := must(a.Quote(t.Context(), call5t))
		other := own
		other.Account = "DOT1"
		for name, q := range map[string]deriv.Quote{"of the public socket": public, "of another account": other} {
			if _, err := a.Buy(t.Context(), q, q.Ask); !errors.Is(err, deriv.ErrStaleQuote) || deriv.OutcomeOf(err) != deriv.NotMade {
				t.Errorf("a quote %s: got %v, want ErrStaleQuote", name, err)
			}
		}
		if v.count("buy") != 0 || public.Account != "" || own.Account != "DOT90004580" || strconv.FormatUint(own.Generation, 10) != "1" {
			t.Errorf("got %d buys, %q and %q, want none was sent", v.count("buy"), public.Account, own.Account)
		}
	})
}
