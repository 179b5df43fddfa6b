package report

import (
	"time"

	"github.com/karlquant/quasar/trade"
)

// Options say what a report is about. Nil is fine.
type Options struct {
	Account trade.Account
	// Start is what the account had before the first order, with what was paid in; 0
	// for not known.
	Start trade.Money
	// Since leaves out what was decided before it, zero for nothing. A report that
	// leaves something out never claims an edge: who chooses the part of a record can
	// choose a lucky one.
	Since time.Time
	// Part tells that the record was broken off: nor does such a report claim an edge.
	Part bool
	// Tried is how many rows the intervals allow for, if that is more than the report
	// has: assets or policies may have been tried that never came to an order.
	Tried int
	// Points is the most points of the curve of the account, 0 for 500; at least 2.
	Points int
	// Seed is that of the coins and the bands.
	Seed uint64
	// Runs is how often coins and bands are drawn, 0 for 1000, and fewer, but not below
	// 200, for more than 20,000 orders.
	Runs int
}

func (o *Options) filled(orders int) *Options {
	var f Options
	if o != nil {
		f = *o
	}
	if f.Points == 0 {
		f.Points = 500
	}
	f.Points = max(f.Points, 2)
	if f.Runs <= 0 {
		f.Runs = min(1000, max(200, 20_000_000/max(orders, 1)))
	}
	return &f
}
