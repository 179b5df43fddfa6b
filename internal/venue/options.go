package venue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
)

// Options says which account is traded on.
type Options struct {
	// Deriv is how the venue is reached; its environment variables fill in what is
	// empty. AppID must be a number; no Account is the first active one of the mode.
	Deriv deriv.Options
	// Mode is trade.Demo or trade.Live. Live needs Deriv.RealMoney too.
	Mode trade.Mode
	// Logger is told of streams that ended; nil discards.
	Logger *slog.Logger
}

// Open finds the account and returns its broker. It connects for that and no longer:
// Run keeps a connection. Whatever does not agree with the mode is an error.
func Open(ctx context.Context, opts *Options) (*Broker, error) {
	o := *opts
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if live := o.Mode == trade.Live; live != o.Deriv.RealMoney {
		return nil, fmt.Errorf("venue: got mode %s with RealMoney %t, want both to say the same", o.Mode, o.Deriv.RealMoney)
	}
	finder, err := deriv.NewAccount(&o.Deriv)
	if err != nil {
		return nil, err
	}
	accounts, err := finder.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	info, err := pick(accounts, cmp.Or(o.Deriv.Account, os.Getenv(deriv.AccountEnv)), o.Mode)
	if err != nil {
		return nil, err
	}
	o.Deriv.Account = info.ID
	account, err := deriv.NewAccount(&o.Deriv)
	if err != nil {
		return nil, err
	}
	as, err := describe(&o, &info)
	if err != nil {
		return nil, err
	}
	return newBroker(&o, account, as), nil
}

// pick finds the account by its id, or the first active one, of the kind that the mode
// wants. The kind is what the venue says of it, never what its id looks like.
func pick(accounts []deriv.AccountInfo, id string, mode trade.Mode) (deriv.AccountInfo, error) {
	kind := deriv.Demo
	if mode == trade.Live {
		kind = deriv.Real
	}
	for _, a := range accounts {
		switch {
		case id != "" && id != a.ID, id == "" && (a.Kind != kind || a.Status != "active"):
		case a.Kind != kind:
			return a, fmt.Errorf("venue: account %s is %s, want a %s one for mode %s: %w", a.ID, a.Kind, kind, mode, deriv.ErrWrongAccount)
		case a.Status != "active":
			return a, fmt.Errorf("venue: account %s is %.20q, want an active one: %w", a.ID, a.Status, deriv.ErrWrongAccount)
		default:
			return a, nil
		}
	}
	return deriv.AccountInfo{}, fmt.Errorf("venue: got %d accounts of this token, want account %q, %s and active: %w", len(accounts), id, kind, deriv.ErrWrongAccount)
}

var errAppID = errors.New("venue: app id: want a number, the one of your app at Deriv (DERIV_APP_ID)")

func describe(o *Options, info *deriv.AccountInfo) (trade.Account, error) {
	app, err := strconv.ParseInt(cmp.Or(o.Deriv.AppID, os.Getenv(deriv.AppIDEnv)), 10, 64)
	if err != nil || app <= 0 {
		return trade.Account{}, errAppID
	}
	return trade.Account{Mode: o.Mode, ID: info.ID, Currency: info.Currency, AppID: app, Venue: Host(cmp.Or(o.Deriv.URL, os.Getenv(deriv.URLEnv)))}, nil
}

// Host names a venue by its address, "" being Deriv itself.
func Host(address string) string {
	if address == "" {
		address = deriv.DefaultURL
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}
