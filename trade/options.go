package trade

import (
	"errors"
	"log/slog"
	"time"
)

// Options says how a trader behaves. Broker and Journal must be there.
type Options struct {
	Broker  Broker
	Journal Journal
	// Limits bound what may be risked; nil for DefaultLimits.
	Limits *Limits
	// Terms chooses what to buy for a signal, which it may refuse; nil for nothing at
	// all.
	Terms func(f *Facts) (Terms, error)
	// BuyDeadline is how long the venue may take to answer before nobody knows what
	// became of a buy; 0 for 10 s. By the broker's clock, but at least half a second of
	// ours.
	BuyDeadline time.Duration
	// ReconcileEvery is how long journal and venue may go without being compared; 0
	// for a minute. By the broker's clock.
	ReconcileEvery time.Duration
	// OnChange is called with a copy of each order that changed, in order, and must
	// not call the trader; nil for nothing.
	OnChange func(Order)
	// OnNotice is called with what a person should be told, and must not call the
	// trader; nil for nothing.
	OnNotice func(Notice)
	// Version is written into the journal when the trader starts.
	Version string
	// Logger is told what happens; nil discards.
	Logger *slog.Logger
}

// The times of an unknown order. The venue's record may be behind, so that what is
// not there yet is asked for again.
const (
	abandonAfter = time.Minute      // after it was sent
	betweenReads = 10 * time.Second // two of them have to agree
	reach        = 30 * time.Second // how late a buy may be executed after its deadline
	early        = 2 * time.Second  // clocks of seconds
	before       = 5 * time.Minute  // a record is read again, in case a clock was wrong
)

func (o *Options) filled() (*Options, error) {
	if o == nil || o.Broker == nil || o.Journal == nil {
		return nil, errors.New("trade: want a Broker and a Journal")
	}
	f := *o
	if f.Limits == nil {
		f.Limits = DefaultLimits()
	}
	var err error
	if f.Limits, err = f.Limits.Filled(); err != nil {
		return nil, err
	}
	if f.BuyDeadline == 0 {
		f.BuyDeadline = 10 * time.Second
	}
	if f.ReconcileEvery == 0 {
		f.ReconcileEvery = time.Minute
	}
	if f.Logger == nil {
		f.Logger = slog.New(slog.DiscardHandler)
	}
	return &f, nil
}
