package venue

import (
	"context"
	"errors"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
)

var _ trade.Broker = (*Broker)(nil)

// Broker trades on one account. Its methods may be called by any number of
// goroutines.
type Broker struct {
	*Market
	opts    *Options
	account *deriv.Account
	as      trade.Account
	watches chan int64 // contracts that Run has to follow
}

// maxWatches is how many contracts wait for Run to follow them. Beyond that their end
// comes by the balance, or is asked for.
const maxWatches = 64

func newBroker(o *Options, account *deriv.Account, as trade.Account) *Broker {
	return &Broker{
		Market: NewMarket(account.Client, as.Currency, o.Logger), opts: o, account: account, as: as, watches: make(chan int64, maxWatches),
	}
}

// Account is what is traded on.
func (b *Broker) Account() trade.Account { return b.as }

var errNoQuote = errors.New("the quote is not of this broker, or too old")

// Buy buys what was quoted. It is sent once, or not at all.
func (b *Broker) Buy(ctx context.Context, q *trade.Quote) (trade.Receipt, error) {
	quote, ok := b.quoted(q)
	if !ok {
		return trade.Receipt{}, &trade.Rejection{Code: "StaleQuote", Err: errNoQuote}
	}
	bought, err := b.account.Buy(ctx, quote, quote.Ask)
	if err != nil {
		return trade.Receipt{}, verdict(err)
	}
	b.watchContract(int64(bought.Contract))
	return trade.Receipt{
		Contract: int64(bought.Contract), Transaction: int64(bought.Transaction), Price: trade.Money(bought.Price), Payout: payout(q, bought.Payout),
		Balance: trade.Money(bought.BalanceAfter), Purchased: bought.Purchased.Time(), Expiry: expiry(q, &quote, &bought), Shortcode: bought.Shortcode,
	}, nil
}

// payout is none for the kinds that multiply, whatever the venue calls so.
func payout(q *trade.Quote, paid deriv.Money) trade.Money {
	if q.Kind.Multiplies() {
		return 0
	}
	return trade.Money(paid)
}

// slowestTick is the longest interval of an index that is known.
const slowestTick = 2 * time.Second

// expiry is when a contract ends by itself at the latest.
func expiry(q *trade.Quote, d *deriv.Quote, bought *deriv.Bought) time.Time {
	start := bought.Start.Time()
	switch {
	case q.Ticks > 0:
		return start.Add(time.Duration(q.Ticks+2) * slowestTick)
	case q.Duration > 0:
		return start.Add(q.Duration)
	case d.Expiry != 0:
		return d.Expiry.Time()
	}
	return time.Time{}
}

// verdict is a Rejection where surely nothing was bought or sold.
func verdict(err error) error {
	if deriv.OutcomeOf(err) != deriv.NotMade {
		return err
	}
	code := "NotSent"
	var refused *deriv.Error
	if errors.As(err, &refused) {
		code = refused.Code
	}
	return &trade.Rejection{Code: code, Err: err}
}

// Sell sells a contract for what it brings. It is sent once. An error that is
// ErrRejected means that it was not sold.
func (b *Broker) Sell(ctx context.Context, contract int64) error {
	if _, err := b.account.Sell(ctx, deriv.ContractID(contract), 0); err != nil {
		return verdict(err)
	}
	return nil
}

// Contract asks what became of a contract.
func (b *Broker) Contract(ctx context.Context, id int64) (trade.Contract, error) {
	c, err := b.account.Contract(ctx, deriv.ContractID(id))
	if err != nil {
		return trade.Contract{}, err
	}
	return contract(&c), nil
}

func (b *Broker) watchContract(id int64) {
	select {
	case b.watches <- id:
	default:
	}
}
