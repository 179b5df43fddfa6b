package deriv_test

import (
	"context"
	encoding "encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/deriv"
)

func TestOnlyLoopbackMayBeWithoutTLS(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.derivws.com": "", "wss://api.derivws.com": "", "http://127.0.0.1:7870": "", "ws://localhost:7870/": "", "http://[::1]:1": "", "http://127.9.9.9:1": "",
		"http://api.derivws.com":      "only loopback may be without TLS",
		"ws://10.0.0.1:7870":          "only loopback may be without TLS",
		"http://localhost.evil.com":   "only loopback may be without TLS",
		"http://127.0.0.1.evil.com":   "only loopback may be without TLS",
		"ftp://127.0.0.1":             "got the scheme",
		"api.derivws.com":             "want https://HOST",
		"https://u:hush@x.example":    "want https://HOST",
		"https://x.example/path":      "want https://HOST",
		"https://x.example?otp=hush1": "want https://HOST",
		"://":                         "want https://HOST",
	} {
		_, err := deriv.New(&deriv.Options{URL: address})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", address, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: it tells a secret: %v", address, err)
		}
	}
}

func TestTheEnvironmentFillsIn(t *testing.T) {
	t.Setenv("QUASAR_DERIV_URL", "http://example.com")
	if _, err := deriv.New(nil); err == nil {
		t.Error("the URL of the environment was not looked at")
	}
	t.Setenv("QUASAR_DERIV_URL", "")
	for _, name := range []string{"DERIV_API_KEY", "DERIV_APP_ID"} {
		_, err := deriv.NewAccount(nil)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want the name of %s", err, name)
		}
		t.Setenv(name, "x")
	}
	if a, err := deriv.NewAccount(nil); err != nil || a.Kind() != deriv.Demo {
		t.Errorf("got %v, want a demo account", err)
	}
	t.Setenv("DERIV_API_KEY", "two\nlines")
	if _, err := deriv.NewAccount(nil); err == nil || strings.Contains(err.Error(), "two") {
		t.Errorf("got %v, want it refused and not shown", err)
	}
}

func TestATokenCannotBePrinted(t *testing.T) {
	opts := deriv.Options{Token: deriv.NewToken("pat-hush")}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "options", opts, "token", opts.Token)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", opts.Token)
	texts := []string{fmt.Sprintf("%v %+v %#v %s %q", opts, opts, opts, opts.Token, opts.Token), log.String()}
	for _, marshal := range []func(any) ([]byte, error){encoding.Marshal, func(v any) ([]byte, error) { return json.Marshal(v) }} {
		texts = append(texts, string(must(marshal(struct{ Token deriv.Token }{opts.Token}))))
	}
	for _, text := range texts {
		if strings.Contains(text, "hush") || !strings.Contains(text, "[redacted]") {
			t.Errorf("got %s", text)
		}
	}
}

// Whatever goes wrong on the way to a trading socket, neither the token nor the
// one-time URL may be in what is said or logged about it.
func TestNoErrorAndNoLogHoldsASecret(t *testing.T) {
	tests := []struct {
		name  string
		wrong func(v *venue)
	}{
		{name: "the venue repeats the token", wrong: func(v *venue) { v.refuse = 500 }},
		{name: "the URL cannot be read", wrong: func(v *venue) { v.socketURL = "ws://127.0.0.1:7870/\x7f?otp=otp-hush" }},
		{name: "the URL leads nowhere", wrong: func(v *venue) { v.socketURL = "ws://127.0.0.1:7870/trading/v1/options/ws/demo/?otp=otp-hush" }},
		{name: "the handshake is cut off", wrong: func(v *venue) { v.cut = true }},
		{name: "rubbish instead of accounts", wrong: func(v *venue) { v.accounts = `"pat-hush"` }},
		{name: "the network is down", wrong: func(v *venue) { v.net.Down.Store(true) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue(t)
				test.wrong(v)
				var log strings.Builder
				opts := v.options()
				opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				opts.OnFrame = func(_ bool, frame []byte) { log.Write(frame) }
				a := must(deriv.NewAccount(opts))
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				_ = a.Run(ctx) // with an error where the account is not the one
				err := a.Health().Err
				if err == nil {
					t.Error("got no error")
				}
				if text := fmt.Sprintf("%v %+v %#v %s", err, err, err, log.String()); strings.Contains(text, "hush") {
					t.Errorf("it tells a secret: %s", text)
				}
			})
		})
	}
}
