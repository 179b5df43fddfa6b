package ranker

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/trade"
)

// Options says how a ranker behaves. Only HubURL must be there. Printing them shows
// neither the token nor the headers.
type Options struct {
	// HubURL is the hub: ws://, wss://, http:// or https://, with or without
	// /ws/subscribe.
	HubURL string
	// Assets limits the ranking to these spaces; nil is all.
	Assets []string
	// Order is the order of the formula; "" for asc.
	Order quasar.Order
	// OnRanking is called with the new ranking after each update, and after each
	// connection that was lost or refused, by one goroutine at a time; nil for
	// nothing. One that is slow misses rankings, but never the newest.
	OnRanking func(Ranking)
	// Sync calls OnRanking for each update before the next is read, so that the
	// same frames make the same calls. One that takes longer than a minute then
	// loses the connection.
	Sync bool
	// StaleAfter is how old a snapshot, or its votes, may be by the hub's clock
	// before the asset is held back; 0 for 30 s.
	StaleAfter time.Duration

	// Policy chooses whose signal to follow, and orders the assets: one of Policies;
	// "" for ucb. Until the first outcome is known the formula orders them.
	Policy string
	// Reward is what the policy learns from: one of Rewards; "" for simple.
	Reward string
	// Feedback says whose outcomes it learns from: one of Feedbacks; "" for both.
	Feedback string
	// Model is the file that keeps what was learned: a checkpoint, or a PyTorch file
	// to begin with, which is never written to. "" forgets everything with the
	// process.
	Model string
	// Horizon is for how long a signal is followed before its outcome counts; 0 for
	// a minute. DecideEvery is how long after a decision the next is made, by the
	// hub's clock; 0 for a twelfth of the horizon.
	Horizon, DecideEvery time.Duration
	// Cost is what following a signal costs, in standard deviations of the price's
	// move over the horizon: 0 or more.
	Cost float64
	// Alpha, Epsilon, HalfLife and Slate are as in bandit.Config. Floor is the share
	// of decisions that goes to all of the slate alike, so that what is recorded can
	// judge other policies; 0 for 0.1, below 0 for none.
	Alpha, Epsilon, HalfLife float64
	Slate                    int
	Floor                    float64
	// Seed fixes all chance: the same frames and the same seed make the same
	// decisions.
	Seed uint64
	// Decisions is the file to which each decision and each outcome is appended, for
	// `quasar eval`; "" for none.
	Decisions string

	// OnSignal is called with what each decision wants to be followed, and must not
	// wait; nil for nothing. Trader is what trades them, to be shown and halted by
	// whoever has AdminToken; nil for nothing. Traded is for what it says of orders.
	OnSignal func(trade.Signal)
	Trader   *trade.Trader
	// MaxOpenAsset is how many orders of one asset may be open, after which decisions
	// are among the others; 0 for 1.
	MaxOpenAsset int
	// AdminToken is the credential of those who may halt, resume and flatten; "" for
	// nobody.
	AdminToken string

	// Viewers tells whether a token may look, and whose it is; nil lets anybody look.
	// What takes no token says how the ranker is and nothing of what it does. It may be
	// called from any goroutine and does not block.
	Viewers func(token string) (Viewer, bool)

	// NeverTraded says why an asset of a name is ranked and never traded, "" if
	// nothing speaks against it; nil for any name will do.
	NeverTraded func(spaceName string) string

	// Token is the credential for the hub, Header goes with each handshake. Neither
	// shows in an answer or a log. An empty Token takes that of the environment,
	// QUASAR_TOKEN, if there is any. Authorization is what a proxy in front of the hub
	// wants in the header of that name, as in subscriber.Options.
	Token         string
	Authorization string
	Header        http.Header
	// HTTPClient makes the handshakes; nil for one of its own.
	HTTPClient *http.Client

	// UI holds the ranker's page, with index.html at its root; nil for none.
	UI fs.FS
	// FrameAncestors are the origins whose pages may show it in a frame.
	FrameAncestors []string
	// AllowedHosts are names beside loopback and IP addresses under which
	// requests may ask.
	AllowedHosts []string
	// TrustedProxies are the addresses of reverse proxies whose X-Forwarded-For,
	// -Host and -Proto are believed; none by default. Such a proxy must set all
	// three itself, or what its client says would be believed as well.
	TrustedProxies []netip.Prefix
	// InsecureAllowAnonymous says that whoever started the ranker opened it to a
	// network without credentials. The ranker shows it.
	InsecureAllowAnonymous bool
	// Version is what /health says of the program; "" for "unknown".
	Version string
	// Logger is told of the connection to the hub; nil discards.
	Logger *slog.Logger
}

// Format prints what is not secret, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, o.text()) }

// LogValue is what is not secret.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.text()) }

// MarshalText is what is not secret, in JSON too.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.text()), nil }

func (o Options) text() string {
	return fmt.Sprintf("{hub: %s, assets: %q, order: %s, sync: %t, stale after: %v, token: %t, authorization: %t, headers: %d}",
		o.HubURL, o.Assets, o.Order, o.Sync, o.StaleAfter, o.Token != "", o.Authorization != "", len(o.Header))
}

// The policies and rewards by name, and whose outcomes a policy can learn from:
// shadow is what the prices say of every asset, traded is what trades brought.
var (
	Policies  = bandit.Names()
	Rewards   = bandit.Rewards()
	Feedbacks = []string{"shadow", "traded", "both"}
)

// shadow is the feedback of prices alone, traded that of trades alone.
const (
	shadow = "shadow"
	traded = "traded"
)

// formulaPolicy orders by the formula and learns nothing.
const formulaPolicy = "formula"

// settle returns checked options with their defaults filled in.
func (o *Options) settle() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Order == "" {
		out.Order = quasar.Asc
	}
	if out.StaleAfter == 0 {
		out.StaleAfter = 30 * time.Second
	}
	fill(&out.Policy, "ucb")
	fill(&out.Reward, "simple")
	fill(&out.Feedback, "both")
	fill(&out.Horizon, time.Minute)
	fill(&out.DecideEvery, out.Horizon/12)
	fill(&out.Slate, 10)
	fill(&out.MaxOpenAsset, 1)
	fill(&out.Floor, 0.1)
	if out.Version == "" {
		out.Version = "unknown"
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	out.Assets = slices.Compact(slices.Sorted(slices.Values(out.Assets)))
	err := out.check()
	return out, err
}

func fill[T comparable](option *T, value T) {
	if *option == *new(T) {
		*option = value
	}
}

func (o *Options) check() error {
	if o.HubURL == "" {
		return errors.New("hub URL: got none, want one like ws://host:7860")
	}
	if _, err := quasar.ParseOrder(string(o.Order)); err != nil {
		return err
	}
	if o.StaleAfter < 0 {
		return fmt.Errorf("StaleAfter: got %v, want a duration above 0, or 0 for 30s", o.StaleAfter)
	}
	for _, name := range o.Assets {
		if err := quasar.CheckSpaceName(name); err != nil {
			return fmt.Errorf("assets: %w", err)
		}
	}
	for _, name := range []struct {
		what, got string
		names     []string
	}{{"bandit", o.Policy, Policies}, {"reward", o.Reward, Rewards}, {"feedback", o.Feedback, Feedbacks}} {
		if err := known(name.what, name.got, name.names); err != nil {
			return err
		}
	}
	if o.HalfLife < 0 || o.HalfLife > 1e9 {
		return fmt.Errorf("HalfLife: got %v, want above 0 and up to 1e9 decisions, or 0 for the policy's own", o.HalfLife)
	}
	if o.DecideEvery < 0 || o.DecideEvery > o.Horizon {
		return fmt.Errorf("DecideEvery: got %v, want above 0 and at most the horizon, %v", o.DecideEvery, o.Horizon)
	}
	return nil
}

func known(what, name string, names []string) error {
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("%s: got %+q, want one of %s", what, name, strings.Join(names, ", "))
}
