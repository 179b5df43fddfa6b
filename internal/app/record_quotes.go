package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/pflag"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/internal/recording"
)

// leastQuotesEvery is what leaves the venue's budget to others.
const leastQuotesEvery = time.Second

func (r *recorder) quoteFlags(f *pflag.FlagSet) {
	f.StringSliceVar(&r.quoteNames, "quotes", nil, "contracts with a fixed payout to ask the price of, on each symbol, as `TYPE/DURATION,...`")
	f.DurationVar(&r.quotesEvery, "quotes-every", time.Minute, "how often to ask for the quotes")
	f.StringVar(&r.quoteStake, "quotes-stake", "100", "the stake to ask for; payouts are rounded to cents, so that a higher one tells more")
	f.StringVar(&r.currency, "currency", "USD", "the currency of --quotes-stake")
}

// readQuotes returns what the flags ask for.
func (r *recorder) readQuotes(symbols int) ([]deriv.Selection, error) {
	if len(r.quoteNames) > 0 && symbols == 0 {
		return nil, usage("--quotes: got no symbols, want some to ask the quotes of")
	}
	if r.quotesEvery < leastQuotesEvery {
		return nil, usage("--quotes-every: got %v, want %v or more", r.quotesEvery, leastQuotesEvery)
	}
	var list []deriv.Selection
	for _, name := range r.quoteNames {
		contractType, duration, _ := strings.Cut(name, "/")
		q := quoteFlags{stake: r.quoteStake, duration: duration, currency: r.currency}
		sel, err := q.selection(contractType)
		if err == nil && (contractType == "" || sel.Duration == 0) {
			err = usage("got no type or no duration")
		}
		if err != nil {
			return nil, usage("--quotes: got %q with a stake of %q, want TYPE/DURATION and an amount above 0: CALL/5t,PUT/1m", name, r.quoteStake)
		}
		list = append(list, sel)
	}
	return list, nil
}

// quote asks what the wanted contracts pay on each symbol, again and again. What is not
// offered is told once and not asked for again.
func (r *recorder) quote(ctx context.Context, client *deriv.Client, records chan<- recording.Record) error {
	again := time.NewTicker(r.quotesEvery)
	defer again.Stop()
	refused := make(map[deriv.Selection]bool)
	for {
		for _, name := range r.symbols {
			r.quoteSymbol(ctx, client, name, refused, records)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *recorder) quoteSymbol(ctx context.Context, client *deriv.Client, name string, refused map[deriv.Selection]bool, records chan<- recording.Record) {
	symbol, err := client.Symbol(ctx, name)
	if err != nil {
		return // whoever follows its ticks tells of that
	}
	for _, sel := range r.wanted {
		sel.Symbol = symbol.Symbol
		if refused[sel] || ctx.Err() != nil {
			continue
		}
		quote, err := client.Quote(ctx, sel)
		if err == nil && quote.Payout > 0 {
			hand(ctx, records, quoteRecord(&quote))
			continue
		}
		if err == nil {
			err = errors.New("the venue tells no payout")
		}
		refused[sel] = errors.Is(err, deriv.ErrNotOffered) || deriv.IsClass(err, deriv.ClassValidation) || quote.ID != ""
		if ctx.Err() == nil {
			r.log.Warn("quote", "symbol", name, "contract", sel.ContractType, "error", err, "asked_again", !refused[sel])
		}
	}
}

func quoteRecord(q *deriv.Quote) recording.Record {
	return recording.Record{At: time.Now().UTC(), Quote: &recording.Quote{
		Symbol: q.Selection.Symbol, ContractType: q.Selection.ContractType, Currency: q.Selection.Currency,
		Duration: q.Selection.Duration, Unit: q.Selection.DurationUnit,
		Ask: jsontext.Value(q.Ask.String()), Payout: jsontext.Value(q.Payout.String()), Spot: jsontext.Value(q.Spot.Text(0)), Epoch: int64(q.SpotTime),
	}}
}
