package deriv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// statementPage and tablePage are the most rows that the venue gives at once.
	statementPage = 999
	tablePage     = 500

	// rowsMost is how many rows are read at most: nobody trades so much that they
	// would be wrong, and a venue that sends the same page for ever is not.
	rowsMost = 200_000
)

var errTooMuch = errors.New("got more than 200000 rows, want a later beginning")

// Balance asks for the balance.
func (a *Account) Balance(ctx context.Context) (Balance, error) {
	answer, err := ask[BalanceAnswer](ctx, a.socket, BalanceRequest{})
	return answer.Balance, err
}

// Portfolio asks for the open contracts, whoever bought them.
func (a *Account) Portfolio(ctx context.Context) ([]Holding, error) {
	answer, err := ask[PortfolioAnswer](ctx, a.socket, PortfolioRequest{})
	for i := range answer.Portfolio.Contracts {
		h := &answer.Portfolio.Contracts[i]
		a.apps.learn(h.Transaction, h.AppID)
	}
	return answer.Portfolio.Contracts, err
}

// ProfitTable asks for one page of contracts that have ended.
func (a *Account) ProfitTable(ctx context.Context, r ProfitTableRequest) ([]Finished, error) {
	if r.Limit < 0 || r.Limit > tablePage || r.Offset < 0 {
		return nil, errRequest("profit_table", fmt.Sprintf("a limit of %d from %d", r.Limit, r.Offset), "0 to 500, from 0 on")
	}
	answer, err := ask[ProfitTableAnswer](ctx, a.socket, r)
	for i := range answer.ProfitTable.Transactions {
		f := &answer.ProfitTable.Transactions[i]
		a.apps.learn(f.Transaction, f.AppID)
	}
	return answer.ProfitTable.Transactions, err
}

// ProfitTableSince asks for all contracts that have ended since a moment, page by
// page: each once, with its symbol and shortcode, in the order of their sale. [?] Whether the
// venue counts from the purchase or from the sale is not known: begin early.
func (a *Account) ProfitTableSince(ctx context.Context, from time.Time) ([]Finished, error) {
	all, err := pages(tablePage, func(offset int) ([]Finished, error) {
		return a.ProfitTable(ctx, ProfitTableRequest{From: itoa(from.Unix()), Limit: tablePage, Offset: offset, Sort: "ASC", Description: true})
	}, func(f *Finished) ContractID { return f.Contract })
	slices.SortStableFunc(all, func(a, b Finished) int { return cmp.Compare(a.SellTime, b.SellTime) })
	return all, err
}

// Statement asks for one page of movements of the balance, the newest first.
func (a *Account) Statement(ctx context.Context, r StatementRequest) ([]Movement, error) {
	if r.Limit < 0 || r.Limit > statementPage || r.Offset < 0 {
		return nil, errRequest("statement", fmt.Sprintf("a limit of %d from %d", r.Limit, r.Offset), "0 to 999, from 0 on")
	}
	answer, err := ask[StatementAnswer](ctx, a.socket, r)
	a.learn(answer.Statement.Transactions)
	return answer.Statement.Transactions, err
}

// StatementSince asks for all movements from a moment on, page by page: each
// once, with its shortcode, the oldest first. Each page has a deadline of its own.
func (a *Account) StatementSince(ctx context.Context, from time.Time) ([]Movement, error) {
	rows, err := a.socket.statementSince(ctx, EpochOf(from))
	a.learn(rows)
	return rows, err
}

func (a *Account) learn(rows []Movement) {
	for i := range rows {
		a.apps.learn(rows[i].Transaction, rows[i].AppID)
	}
}

// statementSince returns all movements from a moment on, the oldest first.
func (s *socket) statementSince(ctx context.Context, from Epoch) ([]Movement, error) {
	found, err := pages(statementPage, func(offset int) ([]Movement, error) {
		a, err := ask[StatementAnswer](WithPriority(ctx), s, StatementRequest{From: from, Limit: statementPage, Offset: offset, Description: true})
		return a.Statement.Transactions, err
	}, func(m *Movement) TransactionID { return m.Transaction })
	slices.Reverse(found)
	slices.SortStableFunc(found, func(a, b Movement) int { return cmp.Compare(a.Time, b.Time) })
	return found, err
}

// pages reads a list to its end. A row that came in meanwhile pushes others to the
// next page: they are taken once. A page without anything new is the end of a
// venue that knows none.
func pages[T any, K comparable](size int, read func(offset int) ([]T, error), key func(*T) K) ([]T, error) {
	var all []T
	seen := make(map[K]bool)
	for offset := 0; ; offset += size {
		page, err := read(offset)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for i := range page {
			if k := key(&page[i]); !seen[k] {
				seen[k] = true
				all = append(all, page[i])
			}
		}
		switch {
		case len(page) < size, len(all) == before:
			return all, nil
		case len(all) > rowsMost:
			return nil, fmt.Errorf("deriv: %w", errTooMuch)
		}
	}
}
