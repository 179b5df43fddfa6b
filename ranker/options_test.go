package ranker_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/ranker"
)

// The token goes to the hub, and nowhere else.
func TestTheTokenStaysSecret(t *testing.T) {
	const token, password = "t0ken-of-mine", "pa55word"
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		var seen bytes.Buffer
		opts := &ranker.Options{
			Token: token, Authorization: "Basic " + password,
			Logger: slog.New(slog.NewJSONHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug})),
		}
		r := follow(t, hub, opts)
		if hub.header.Get("X-Quasar-Token") != token || hub.header.Get("Authorization") != "Basic "+password {
			t.Errorf("the hub got the headers %v, want the token and the password", hub.header)
		}
		hub.leave()
		time.Sleep(time.Second)
		for _, target := range []string{"/rankings", "/api/state", "/health", "/livez", "/readyz", "/", "/x"} {
			w := ask(r, "GET", target)
			fmt.Fprintln(&seen, w.Header(), w.Body)
		}
		fmt.Fprintf(&seen, "%v %+v %#v %s %v\n", *opts, opts, opts, opts, r.Ranker)
		opts.Logger.Info("options", "value", opts, "pointer", *opts)
		if text, err := json.Marshal(opts); err != nil {
			t.Error(err)
		} else {
			seen.Write(text)
		}
		for _, secret := range []string{token, password} {
			if i := strings.Index(seen.String(), secret); i >= 0 {
				t.Errorf("%s stands in …%s", secret, seen.String()[max(0, i-80):i+len(secret)])
			}
		}
	})
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name string
		opts *ranker.Options
		want string
	}{
		{"no options", nil, "hub URL: got none, want one like ws://host:7860"},
		{"a hub without a scheme", &ranker.Options{HubURL: "localhost:7860"},
			`subscriber: hub URL: got the scheme "localhost", want ws, wss, http or https, as in ws://host:7860`},
		{"an asset that cannot be one", &ranker.Options{HubURL: "ws://h", Assets: []string{"../x"}},
			`assets: space name: got "../x", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit`},
		{"an order that is none", &ranker.Options{HubURL: "ws://h", Order: "best"}, `order: got "best", want "desc", "asc" or "balanced"`},
		{"a limit below nothing", &ranker.Options{HubURL: "ws://h", StaleAfter: -1}, "StaleAfter: got -1ns, want a duration above 0, or 0 for 30s"},
		{"a policy that nobody knows", &ranker.Options{HubURL: "ws://h", Policy: "best"},
			`bandit: got "best", want one of ` + strings.Join(ranker.Policies, ", ")},
		{"a reward that nobody knows", &ranker.Options{HubURL: "ws://h", Reward: "all"},
			`reward: got "all", want one of ` + strings.Join(ranker.Rewards, ", ")},
		{"a page that cannot be read", &ranker.Options{HubURL: "ws://h", UI: brokenFS{}}, "UI: the disk is gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ranker.New(c.opts); err == nil || err.Error() != c.want {
				t.Errorf("got the error %v\nwant %s", err, c.want)
			}
		})
	}
	for _, name := range append(ranker.Policies, "") {
		if _, err := ranker.New(&ranker.Options{HubURL: "ws://h", Policy: name}); err != nil {
			t.Errorf("policy %q: got the error %v, want none", name, err)
		}
	}
	for _, name := range append(ranker.Rewards, "") {
		if _, err := ranker.New(&ranker.Options{HubURL: "ws://h", Reward: name}); err != nil {
			t.Errorf("reward %q: got the error %v, want none", name, err)
		}
	}
}

type brokenFS struct{}

func (brokenFS) Open(string) (fs.File, error) { return nil, errors.New("the disk is gone") }
