package backtest

import (
	"cmp"
	"context"
	"io"
	"iter"

	"github.com/karlquant/quasar/trade"
)

// book is the journal of an account that lives as long as the process: it hands the
// entries on and keeps none.
type book struct {
	to      io.Writer // nil for nowhere
	seq     int64
	decided map[string]bool
	refused map[trade.Reason]int
	halts   int
	failed  error // the first of writing
}

func newBook(to io.Writer) *book {
	return &book{to: to, decided: make(map[string]bool), refused: make(map[trade.Reason]int)}
}

// Append implements trade.Journal.
func (b *book) Append(_ context.Context, entries ...*trade.Entry) error {
	for _, e := range entries {
		if e.Planned != nil && b.decided[e.Planned.Signal.Decision] {
			return trade.ErrDecided
		}
	}
	for _, e := range entries {
		b.seq++
		e.Seq = b.seq
		switch {
		case e.Planned != nil:
			b.decided[e.Planned.Signal.Decision] = true
		case e.Refused != nil && len(e.Refused.Reasons) > 0:
			b.refused[e.Refused.Reasons[0]]++
		case e.Halted != nil:
			b.halts++
		}
		if err := b.write(e); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) write(e *trade.Entry) error {
	if b.to == nil {
		return nil
	}
	line, err := e.Encode()
	if err == nil {
		_, err = b.to.Write(append(line, '\n'))
	}
	b.failed = cmp.Or(b.failed, err)
	return err
}

// Entries implements trade.Journal: nothing was there before.
func (b *book) Entries(context.Context) iter.Seq2[*trade.Entry, error] {
	return func(func(*trade.Entry, error) bool) {}
}
