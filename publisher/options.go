package publisher

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"time"
)

// Options of a Publisher. Nil stands for the zero value. Printing them shows
// neither the token nor the values of the headers.
type Options struct {
	// Header is sent with each handshake. Its User-Agent takes the place of ours,
	// and its Authorization that of the field below.
	Header http.Header `json:"-"`

	// Token is the credential for the hub; it travels in the header
	// X-Quasar-Token and nowhere else. Empty takes that of the environment,
	// QUASAR_TOKEN, if there is any.
	Token string `json:"-"`

	// Authorization is what a proxy in front of the hub wants in the header of that
	// name, such as "Bearer hf_…" for a private Hugging Face Space. It goes to hubs
	// on wss or on this machine, and New refuses all others. Empty takes that of the
	// environment, QUASAR_AUTHORIZATION, if there is any.
	Authorization string `json:"-"`

	// HTTPClient makes the handshakes; its redirects are not followed. Nil is a
	// client of its own, which takes its proxy from the environment.
	HTTPClient *http.Client `json:"-"`

	// MaxRate is how many frames a second may leave at most; what is published
	// faster is merged, and the newest always leaves. 0 is 20, the least is 0.1,
	// and +Inf is no limit.
	MaxRate float64

	// MaxVoteAge is the age at which a vote is no longer sent. The hub stamps
	// what arrives with its own clock, so after an outage an old vote would pass
	// for a new one, and votes are traded by their age. 0 is 60 seconds, which
	// is longer than it takes to find a hub that is back; negative sends votes
	// of any age.
	MaxVoteAge time.Duration

	// Logger is told about connections, refusals and dropped fields. Nil
	// discards.
	Logger *slog.Logger `json:"-"`

	// Rand draws the waits between attempts to connect. Nil has a random seed.
	// It must not be used elsewhere at the same time.
	Rand *rand.Rand `json:"-"`
}

const (
	defaultMaxRate    = 20
	leastMaxRate      = 0.1 // rarer than heartbeats makes no sense
	defaultMaxVoteAge = time.Minute
)

// Format prints what is not secret, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, o.text()) }

// LogValue is what is not secret.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.text()) }

func (o Options) text() string {
	return fmt.Sprintf("{headers: %d, token: %t, authorization: %t, max rate: %g/s, max vote age: %v}",
		len(o.Header), o.Token != "", o.Authorization != "", o.MaxRate, o.MaxVoteAge)
}

// settle returns the options with their defaults filled in.
func (o *Options) settle() (Options, error) {
	if o == nil {
		o = &Options{}
	}
	settled := *o
	if math.IsNaN(o.MaxRate) || o.MaxRate != 0 && o.MaxRate < leastMaxRate {
		return settled, fmt.Errorf("MaxRate: got %g, want %g frames a second or more, or 0 for %d", o.MaxRate, leastMaxRate, defaultMaxRate)
	}
	if o.MaxRate == 0 {
		settled.MaxRate = defaultMaxRate
	}
	if o.MaxVoteAge == 0 {
		settled.MaxVoteAge = defaultMaxVoteAge
	}
	if o.Logger == nil {
		settled.Logger = slog.New(slog.DiscardHandler)
	}
	return settled, nil
}
