package report

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar/trade"
)

// rowPoints is how many points the curve of a row has that is not the whole account.
const rowPoints = 60

// Make makes the report of one account's orders, which are those of its ledger in their
// order, the oldest first. It changes none of them.
func Make(orders []*trade.Order, opts *Options) *Report {
	o := opts.filled(len(orders))
	r := &Report{Account: o.Account, Seed: o.Seed, Runs: o.Runs}
	before, part := trade.Money(0), o.Part
	var all []*bet
	for _, order := range orders {
		if !o.Since.IsZero() && decided(order).Before(o.Since) {
			before, part = before+order.Profit(), true
			continue
		}
		if b := r.Apart.sort(order); b != nil {
			all = append(all, b)
		}
	}
	if !o.Since.IsZero() {
		r.Since = new(o.Since.UTC())
	}
	if o.Start != 0 {
		r.Start = new(o.Start + before)
	}
	r.rows(all, o)
	r.judge(part)
	return r
}

// OfLedger is Make for a whole ledger, of which it takes the account and what that
// began with.
func OfLedger(l *trade.Ledger, opts *Options) *Report {
	var o Options
	if opts != nil {
		o = *opts
	}
	o.Account, o.Start = l.Account, l.Opening+l.Adjusted
	return Make(l.Orders(), &o)
}

// decided is when it came to an order; of an orphan, when it was bought.
func decided(o *trade.Order) time.Time {
	if o.Intent == nil {
		return o.Orphan.Purchased
	}
	return o.Intent.Signal.At
}

// rows makes all rows of the report.
func (r *Report) rows(all []*bet, o *Options) {
	groups := [][]*group{
		groupBy(all, (*bet).asset), groupBy(all, func(b *bet) string { return string(b.order.Kind()) }), groupBy(all, (*bet).policy),
	}
	tests := 1
	for _, g := range groups {
		if len(g) > 1 {
			tests += len(g)
		}
	}
	tests = max(tests, o.Tried)
	r.Correction = Correction{Method: "bonferroni", Tests: tests, Level: level / float64(tests)}
	random := func(dimension, at int) *rand.Rand {
		return rand.New(rand.NewPCG(o.Seed, uint64(dimension)<<32|uint64(at)))
	}
	whole := &group{bets: all}
	r.Total = whole.row(&r.Correction, r.Start, o.Points, true, o.Runs, random(0, 0))
	for i, rows := range []*[]Row{&r.Assets, &r.Kinds, &r.Policies} {
		for at, g := range groups[i] {
			if len(groups[i]) == 1 { // it is the whole account, by another name
				*rows = []Row{r.Total}
				(*rows)[0].Name, (*rows)[0].Curve = g.name, curve(ends(all), spread(r.Total.N, rowPoints))
				continue
			}
			*rows = append(*rows, g.row(&r.Correction, r.Start, rowPoints, false, o.Runs, random(i+1, at)))
		}
	}
	if ended := ends(all); len(ended) > 0 {
		r.To = new(ended[len(ended)-1].ended().UTC())
		first := slices.MinFunc(ended, func(a, b *bet) int { return decided(a.order).Compare(decided(b.order)) })
		r.From = new(decided(first.order).UTC())
	}
}

// group is the orders of a row, as they were bought, those included that are open or
// unresolved.
type group struct {
	name string
	bets []*bet
}

// groupBy divides orders by a name, in the order of names.
func groupBy(all []*bet, name func(*bet) string) []*group {
	byName := make(map[string]*group)
	var groups []*group
	for _, b := range all {
		g := byName[name(b)]
		if g == nil {
			g = &group{name: name(b)}
			byName[g.name], groups = g, append(groups, g)
		}
		g.bets = append(g.bets, b)
	}
	slices.SortFunc(groups, func(a, b *group) int { return strings.Compare(a.name, b.name) })
	return groups
}

// row works out everything about a group.
func (g *group) row(c *Correction, start *trade.Money, points int, bands bool, runs int, random *rand.Rand) Row {
	ended := ends(g.bets)
	row := Row{Name: g.name, N: len(ended)}
	row.count(ended)
	row.money(ended, start)
	row.Expectancy = expectancy(g.bets, ended, c.Level)
	row.Positive = positive(ended)
	row.Needed = needed(&row, ended)
	at := spread(len(ended), points)
	row.Curve = curve(ended, at)
	row.Coin = toss(ended, row.Curve, bands, runs, random)
	if bands {
		resample(ended, row.Curve, runs, random)
	}
	return row
}
