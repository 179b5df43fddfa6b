package ranker

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar"
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

	// Policy, Reward and Model are what the original's --bandit, --reward and
	// --model ask for: one of Policies, one of Rewards, a path; "" for nothing. The
	// formula is the only policy there is yet; /health and the log say so.
	Policy, Reward, Model string

	// Token is the credential for the hub, Header goes with each handshake. Neither
	// shows in an answer or a log. An empty Token takes that of the environment,
	// QUASAR_TOKEN, if there is any.
	Token  string
	Header http.Header
	// HTTPClient makes the handshakes; nil for one of its own.
	HTTPClient *http.Client

	// UI holds the ranker's page, with index.html at its root; nil for none.
	UI fs.FS
	// FrameAncestors are the origins whose pages may show it in a frame.
	FrameAncestors []string
	// AllowedHosts are names beside loopback and IP addresses under which
	// requests may ask.
	AllowedHosts []string
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
	return fmt.Sprintf("{hub: %s, assets: %q, order: %s, sync: %t, stale after: %v, token: %t, headers: %d}",
		o.HubURL, o.Assets, o.Order, o.Sync, o.StaleAfter, o.Token != "", len(o.Header))
}

// Formula is the only policy that there is yet.
const Formula = "formula"

// The names that the original's flags, and ours to come, have for policies and
// rewards.
var (
	Policies = []string{"ucb", "thompson", "greedy", "epsilon-greedy", "ucb1", "linucb", "lints", "d-linucb",
		"neural-linear", "squarecb", "ensemble", Formula, "random"}
	Rewards = []string{"simple", "logret", "net", "vol", "sharpe", "sortino", "binary", "rank"}
)

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
	if err := known("bandit", o.Policy, Policies); err != nil {
		return err
	}
	return known("reward", o.Reward, Rewards)
}

func known(what, name string, names []string) error {
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("%s: got %+q, want one of %s", what, name, strings.Join(names, ", "))
}

// notes say what was asked for and is not there yet.
func (o *Options) notes() []string {
	var notes []string
	if o.Policy != "" && o.Policy != Formula {
		notes = append(notes, "the policy "+o.Policy+" is not there yet: the formula orders the assets")
	}
	if o.Reward != "" {
		notes = append(notes, "the reward "+o.Reward+" has no effect: nothing learns yet")
	}
	if o.Model != "" {
		notes = append(notes, "the model is not read and not written: there is no network yet")
	}
	return notes
}
