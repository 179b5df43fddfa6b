package deriv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// AccountKind is demo or real money.
type AccountKind string

// The kinds of accounts. The venue says which an account is; its id does not.
const (
	Demo AccountKind = "demo"
	Real AccountKind = "real"
)

// Options of a client. Nil is fine, and so is every zero.
type Options struct {
	// URL is the venue or a simulator: https://HOST, or http://HOST:PORT on
	// loopback. Empty takes QUASAR_DERIV_URL, and else DefaultURL.
	URL string
	// Token is a personal access token. Empty takes DERIV_API_KEY. The public
	// socket needs none, and gets none.
	Token Token
	// TokenSource is asked for a token before each connection, in place of Token:
	// for OAuth, whose tokens last an hour.
	TokenSource func(context.Context) (Token, error)
	// AppID is sent with each REST call; a personal access token needs one. Empty
	// takes DERIV_APP_ID.
	AppID string
	// Account is the id of the account. Empty takes DERIV_ACCOUNT, and else the
	// first active one of the kind.
	Account string
	// RealMoney trades on a real account. Without it only a demo account is ever
	// connected to, whatever Account says.
	RealMoney bool

	// CallTimeout bounds each call with all it waits for; 0 is 10 s. The
	// deadline of a context counts if it is earlier.
	CallTimeout time.Duration
	// PingEvery is how often a ping is sent, 0 is 25 s; PongWithin how long its
	// answer may take before the connection is given up, 0 is 10 s. [?] After
	// how long the venue drops an idle connection is not known.
	PingEvery, PongWithin time.Duration
	// TickSilence is how many intervals a stream of ticks may be silent before
	// its connection is given up; 0 is 5, below 0 never. It counts where the
	// interval of a symbol is known, and never less than two seconds of ours.
	TickSilence int
	// ReconnectFirst and ReconnectMost bound the wait before the next attempt: it
	// is any time up to a ceiling that doubles from the one (0 is 1 s) to the
	// other (0 is 60 s).
	ReconnectFirst, ReconnectMost time.Duration
	// ClockEvery is how often the venue's clock is asked for; 0 is 60 s.
	ClockEvery time.Duration
	// Streams is how many subscriptions a connection may have; 0 is 90. [?] The
	// venue is said to allow 100.
	Streams int
	// TickQueue is how many ticks or prices wait for a slow reader before the
	// oldest is dropped, 0 is 1024; EventQueue how many changes of contracts and
	// transactions, which are then read again and not lost, 0 is 1024.
	TickQueue, EventQueue int
	// Backfill is how many ticks of a gap are asked for at most, 0 is 5000, below
	// 0 none. A history that does not come within CallTimeout is asked for three
	// times on a connection; the live ticks behind the gap wait for it.
	Backfill int
	// ContractSilence is how long, by the venue's clock, an open contract may go
	// without news before it is asked for; 0 is 15 s.
	ContractSilence time.Duration
	// LagMost is how old, by the venue's clock, the newest tick of an index that
	// never sleeps may be before the state is Degraded; 0 is 30 s. It is never less
	// than what passes there in two seconds of ours.
	LagMost time.Duration
	// CacheFor is how long, by the venue's clock, active_symbols and
	// contracts_for are kept; 0 is 10 minutes.
	CacheFor time.Duration
	// Budgets are the rate limits. [?] Two lists of the venue contradict each
	// other; the smaller figures are the default.
	Budgets Budgets

	// OnLate is called with the answer to a buy or a sell that came after its
	// deadline: r is the request, and a what is known now. It is called from one
	// goroutine and should return soon.
	OnLate func(r Request, a *Answer)
	// OnFrame is called with every message that is sent or received, in order. It
	// must not block or keep the slice. No credential is in them.
	OnFrame func(sent bool, frame []byte)

	// HTTPClient makes REST calls and handshakes. Nil is one of its own, which
	// takes its proxy from the environment. Redirects are never followed.
	HTTPClient *http.Client
	// Random spreads reconnections. Nil is a source with a random seed.
	Random *rand.Rand
	// Logger is told of connections; nil discards.
	Logger *slog.Logger
}

// resolved are options without zeros.
type resolved struct {
	Options
	endpoint endpoint
	http     *http.Client
	chance   *chance
}

// chance is Options.Random, which connections of one account share.
type chance struct {
	mu   sync.Mutex // guards rand
	rand *rand.Rand
}

// upTo returns any time up to d.
func (c *chance) upTo(d time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.rand.Int64N(int64(d) + 1))
}

// defaults replaces each zero by what it means.
func (o *Options) defaults() {
	for _, d := range []struct {
		value *time.Duration
		zero  time.Duration
	}{
		{&o.CallTimeout, 10 * time.Second}, {&o.PingEvery, 25 * time.Second}, {&o.PongWithin, 10 * time.Second},
		{&o.ReconnectFirst, time.Second}, {&o.ReconnectMost, time.Minute}, {&o.ClockEvery, time.Minute},
		{&o.ContractSilence, 15 * time.Second}, {&o.CacheFor, 10 * time.Minute}, {&o.LagMost, 30 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	for _, d := range []struct {
		value *int
		zero  int
	}{{&o.TickSilence, 5}, {&o.Streams, 90}, {&o.TickQueue, 1024}, {&o.EventQueue, 1024}, {&o.Backfill, 5000}} {
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Random == nil {
		o.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
}

func (o *Options) resolve() (*resolved, error) {
	r := &resolved{}
	if o != nil {
		r.Options = *o
	}
	r.defaults()
	err := r.check()
	if err != nil {
		return nil, err
	}
	if r.endpoint, err = parseEndpoint(orEnv(r.URL, URLEnv, DefaultURL)); err != nil {
		return nil, err
	}
	r.http = httpClient(r.HTTPClient)
	r.chance = &chance{rand: r.Random}
	return r, nil
}

func (o *Options) check() error {
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"CallTimeout", o.CallTimeout}, {"PingEvery", o.PingEvery}, {"PongWithin", o.PongWithin},
		{"ReconnectFirst", o.ReconnectFirst}, {"ReconnectMost", o.ReconnectMost}, {"ClockEvery", o.ClockEvery},
		{"ContractSilence", o.ContractSilence}, {"CacheFor", o.CacheFor}, {"LagMost", o.LagMost},
	} {
		if d.value < 0 {
			return fmt.Errorf("deriv: %s: got %v, want more than 0", d.name, d.value)
		}
	}
	if o.Streams < 0 || o.TickQueue < 0 || o.EventQueue < 0 {
		return fmt.Errorf("deriv: Streams, TickQueue and EventQueue: got %d, %d and %d, want none below 0", o.Streams, o.TickQueue, o.EventQueue)
	}
	if err := o.Budgets.check(); err != nil {
		return fmt.Errorf("deriv: %w", err)
	}
	return nil
}

// credentials fills in what only a trading client needs.
func (r *resolved) credentials() error {
	if r.Token.IsZero() && r.TokenSource == nil {
		r.Token = NewToken(strings.TrimSpace(os.Getenv(TokenEnv)))
	}
	r.AppID, r.Account = orEnv(r.AppID, AppIDEnv, ""), orEnv(r.Account, AccountEnv, "")
	switch {
	case r.Token.IsZero() && r.TokenSource == nil:
		return errors.New("deriv: got no token; make one with the trade scope and set " + TokenEnv)
	case r.AppID == "":
		return errors.New("deriv: got no app id; register an app and set " + AppIDEnv + ": a personal access token is refused without")
	case !printable(r.Token.Reveal()) || !printable(r.AppID):
		return errors.New("deriv: got a token or an app id that no header may hold, want printable ASCII")
	}
	return nil
}

func (r *resolved) kind() AccountKind {
	if r.RealMoney {
		return Real
	}
	return Demo
}

func orEnv(value, name, otherwise string) string {
	if value == "" {
		value = strings.TrimSpace(os.Getenv(name))
	}
	if value == "" {
		value = otherwise
	}
	return value
}

func printable(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// httpClient never follows redirects: they would carry a token away.
func httpClient(given *http.Client) *http.Client {
	client := &http.Client{}
	if given != nil {
		*client = *given
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}
