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

// Options says how a ranker behaves. Only HubURL is wanted.
type Options struct {
	// HubURL is the hub: ws://, wss://, http:// or https://, with or without
	// /ws/subscribe.
	HubURL string
	// Assets limits the ranking to these spaces; nil is all.
	Assets []string
	// Order is the order of the formula; "" for asc.
	Order quasar.Order
	// Sync handles each update to its end, OnRanking included, before the next is
	// read, so that a run is deterministic. Without it a slow OnRanking sees the
	// newest ranking and misses those before.
	Sync bool
	// OnRanking is called with each new ranking, by one goroutine at a time; nil
	// for nothing.
	OnRanking func(Ranking)
	// StaleAfter is how old a snapshot, or its votes, may be by the hub's clock
	// before the asset is held back; 0 for 30 s.
	StaleAfter time.Duration

	// Policy, Reward and Model are what the original's --bandit, --reward and
	// --model ask for: names that are known, and a path. The formula is the only
	// policy there is yet; the ranker says so.
	Policy, Reward, Model string

	// Token is the credential for the hub; Header goes with the handshake.
	Token  string      `json:"-"`
	Header http.Header `json:"-"`
	// HTTPClient makes the handshakes; nil for one of its own.
	HTTPClient *http.Client `json:"-"`

	// UI holds the ranker's page, with index.html at its root; nil for none.
	UI fs.FS `json:"-"`
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
	Logger *slog.Logger `json:"-"`
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

func (o *Options) withDefaults() (Options, error) {
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
	return out, out.check()
}

func (o *Options) check() error {
	if o.HubURL == "" {
		return errors.New("hub: got none, want ws://HOST:PORT")
	}
	if _, err := quasar.ParseOrder(string(o.Order)); err != nil {
		return err
	}
	if o.StaleAfter < 0 {
		return fmt.Errorf("StaleAfter: got %v, want a positive duration", o.StaleAfter)
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
