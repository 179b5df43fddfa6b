package subscriber

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
)

// Options of a Client. Nil stands for the zero value. Printing them shows
// neither the token nor the values of the headers.
type Options struct {
	// Assets are the spaces to receive. Empty is all of them.
	Assets []string

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

	// MaxFrame is the size of the largest frame that is read, in bytes: the
	// initial state of 10,000 spaces is 5 million or so. 0 is 64 MiB.
	MaxFrame int64

	// Logger is told about each connection that is made; what goes wrong is
	// yielded by Watch. Nil discards.
	Logger *slog.Logger `json:"-"`

	// Rand draws the waits between attempts to connect. Nil has a random seed.
	// It must not be used elsewhere at the same time.
	Rand *rand.Rand `json:"-"`
}

const defaultMaxFrame = 64 << 20

// Format prints what is not secret, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, o.text()) }

// LogValue is what is not secret.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.text()) }

func (o Options) text() string {
	return fmt.Sprintf("{assets: %q, headers: %d, token: %t, authorization: %t, max frame: %d}",
		o.Assets, len(o.Header), o.Token != "", o.Authorization != "", o.MaxFrame)
}

// settle returns the options with their defaults filled in.
func (o *Options) settle() (Options, error) {
	if o == nil {
		o = &Options{}
	}
	settled := *o
	if o.MaxFrame < 0 {
		return settled, fmt.Errorf("MaxFrame: got %d, want bytes above 0, or 0 for %d", o.MaxFrame, defaultMaxFrame)
	}
	if o.MaxFrame == 0 {
		settled.MaxFrame = defaultMaxFrame
	}
	if o.Logger == nil {
		settled.Logger = slog.New(slog.DiscardHandler)
	}
	return settled, nil
}
