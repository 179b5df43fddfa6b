package token

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/logtest"
)

// running is a store that rereads its file in a bubble of fake time.
type running struct {
	*Store
	t    *testing.T
	path string
	log  logtest.Log
}

func run(t *testing.T, entries ...Entry) *running {
	t.Helper()
	r := &running{t: t, path: filepath.Join(t.TempDir(), "tokens")}
	r.write(Append(nil, entries...))
	var err error
	if r.Store, err = Open(&Options{File: r.path, Logger: slog.New(slog.NewTextHandler(&r.log, nil))}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	})
	return r
}

func (r *running) write(data []byte) {
	r.t.Helper()
	if err := os.WriteFile(r.path, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// later waits as long as a change may take at most.
func (r *running) later() { time.Sleep(time.Second + rereadEvery/2) }

func TestAStoreTellsValidTokensFromOthers(t *testing.T) {
	pub, pubEntry := made(t, Entry{ID: "p", Role: hub.RolePublisher, Spaces: []string{"V75"}})
	old, oldEntry := made(t, Entry{ID: "o", Role: hub.RoleViewer, Expires: time.Now().Add(-time.Second)})
	gone, _ := made(t, Entry{Role: hub.RoleAdmin})
	s, err := Open(&Options{Inline: string(Append(nil, pubEntry, oldEntry))})
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "p", gone.Reveal(), old.Reveal(), pub.Reveal() + " ", pub.Reveal()[:50], strings.ToLower(pub.Reveal()), string(pubEntry.SHA256[:])} {
		if grant, ok := s.Authenticate(token); ok || grant.ID != "" {
			t.Errorf("%d characters: got %+v", len(token), grant)
		}
	}
	grant, ok := s.Authenticate(pub.Reveal())
	if !ok || grant.ID != "p" || grant.Role != hub.RolePublisher || !cmp.Equal(grant.Spaces, []string{"V75"}) || grant.Live.Err() != nil {
		t.Errorf("got %+v, %t", grant, ok)
	}
	if diff := cmp.Diff([]hub.Role{hub.RoleSubscriber, hub.RoleViewer}, s.Missing(time.Now())); diff != "" {
		t.Errorf("missing: %s", diff)
	}
	if !s.Knows(hub.RolePublisher) || !s.Knows(hub.RoleViewer) || s.Knows(hub.RoleAdmin) {
		t.Error("an expired token is known all the same, one that never was is not")
	}
}

func TestWhatIsMissing(t *testing.T) {
	_, pub := made(t, Entry{Role: hub.RolePublisher, Spaces: []string{"V75"}})
	_, sub := made(t, Entry{Role: hub.RoleSubscriber})
	_, view := made(t, Entry{Role: hub.RoleViewer})
	_, admin := made(t, Entry{Role: hub.RoleAdmin})
	for name, c := range map[string]struct {
		have []Entry
		want []hub.Role
	}{
		"nothing is there":           {nil, []hub.Role{hub.RolePublisher, hub.RoleSubscriber, hub.RoleViewer}},
		"one of each":                {[]Entry{pub, sub, view}, nil},
		"an admin reads, too":        {[]Entry{pub, admin}, nil},
		"an admin does not publish":  {[]Entry{sub, view, admin}, []hub.Role{hub.RolePublisher}},
		"a viewer is no subscriber":  {[]Entry{pub, view}, []hub.Role{hub.RoleSubscriber}},
		"a subscriber does not view": {[]Entry{pub, sub}, []hub.Role{hub.RoleViewer}},
	} {
		s, err := Open(&Options{Inline: string(Append(nil, c.have...))})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, s.Missing(today)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A change of the file, of whatever kind, is seen within a second, and ends what
// is valid no more and nothing else.
func TestAChangedFileEndsWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stay, stays := made(t, Entry{ID: "stays", Role: hub.RoleViewer})
		leave, leaves := made(t, Entry{ID: "leaves", Role: hub.RoleAdmin})
		widen, widens := made(t, Entry{ID: "widens", Role: hub.RolePublisher, Spaces: []string{"V75"}})
		come, comes := made(t, Entry{ID: "comes", Role: hub.RoleSubscriber})
		r := run(t, stays, leaves, widens)
		staying, _ := r.Authenticate(stay.Reveal())
		leaving, _ := r.Authenticate(leave.Reveal())
		widening, _ := r.Authenticate(widen.Reveal())

		widens.Spaces = append(widens.Spaces, "V100")
		stays.Note = "is for people"
		if err := Change(r.path, func([]Entry) ([]Entry, error) { return []Entry{comes, widens, stays}, nil }); err != nil {
			t.Fatal(err)
		}
		r.later()
		if staying.Live.Err() != nil || leaving.Live.Err() == nil || widening.Live.Err() == nil {
			t.Errorf("ended: stays %v, leaves %v, was changed %v", staying.Live.Err(), leaving.Live.Err(), widening.Live.Err())
		}
		if _, ok := r.Authenticate(leave.Reveal()); ok {
			t.Error("a revoked token is valid")
		}
		if grant, ok := r.Authenticate(widen.Reveal()); !ok || len(grant.Spaces) != 2 || grant.Live.Err() != nil {
			t.Errorf("changed: got %+v, %t", grant, ok)
		}
		if _, ok := r.Authenticate(come.Reveal()); !ok {
			t.Error("a new token is not valid")
		}
		if !r.Knows(hub.RoleAdmin) {
			t.Error("forgot that there were tokens of the role: it would be open again")
		}
		r.write(nil) // in place, and all of them
		r.later()
		if staying.Live.Err() == nil || len(r.Missing(time.Now())) != 3 {
			t.Error("an empty file leaves no token valid")
		}
	})
}

func TestATokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret, e := made(t, Entry{Role: hub.RoleViewer, Expires: time.Now().Add(time.Minute)})
		alone, err := Open(&Options{Inline: string(Append(nil, e))}) // nobody runs it
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, e)
		grant, ok := r.Authenticate(secret.Reveal())
		time.Sleep(time.Minute - time.Second)
		if !ok || grant.Live.Err() != nil {
			t.Error("expired too early")
		}
		time.Sleep(time.Second)
		for name, s := range map[string]*Store{"alone": alone, "running": r.Store} {
			if _, ok := s.Authenticate(secret.Reveal()); ok {
				t.Errorf("%s: valid at the moment at which it expires", name)
			}
		}
		r.later()
		if grant.Live.Err() == nil {
			t.Error("what was opened with it lives on")
		}
	})
}

// A file that is damaged or gone leaves the tokens as they were, and is told of
// once: half a file must neither lock everybody out nor let anybody in.
func TestABrokenFileChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret, e := made(t, Entry{ID: "a", Role: hub.RoleViewer})
		r := run(t, e)
		grant, _ := r.Authenticate(secret.Reveal())
		whole := Append(nil, e)
		for _, breaking := range []func(){
			func() { r.write(whole[:len(whole)/2]) },
			func() { r.write([]byte(secret.Reveal())) },
			func() { _ = os.Remove(r.path) },
			func() { _ = os.Mkdir(r.path, 0o700) },
		} {
			breaking()
			time.Sleep(time.Minute)
			if _, ok := r.Authenticate(secret.Reveal()); !ok || grant.Live.Err() != nil {
				t.Errorf("the token is valid no more:\n%s", r.log.String())
			}
		}
		if got := strings.Count(r.log.String(), "tokens cannot be read"); got < 4 || got > 8 { // a poll may come in between
			t.Errorf("got %d complaints, want one for each kind of damage:\n%s", got, r.log.String())
		}
		_ = os.Remove(r.path)
		r.write(nil)
		r.later()
		if _, ok := r.Authenticate(secret.Reveal()); ok || grant.Live.Err() == nil {
			t.Errorf("a file that can be read again counts again:\n%s", r.log.String())
		}
		for _, want := range []string{"tokens can be read again", `msg="token revoked or changed" id=a role=viewer`} {
			if !strings.Contains(r.log.String(), want) {
				t.Errorf("got %s, want %s in it", r.log.String(), want)
			}
		}
		if strings.Contains(r.log.String(), "qsr_") {
			t.Errorf("got a token in\n%s", r.log.String())
		}
	})
}

func TestTokensOfBothPlaces(t *testing.T) {
	a, first := made(t, Entry{ID: "a", Role: hub.RoleViewer})
	b, second := made(t, Entry{ID: "b", Role: hub.RoleViewer})
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, Append(nil, first), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(&Options{File: path, Inline: string(Append(nil, second))})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []Secret{a, b} {
		if _, ok := s.Authenticate(secret.Reveal()); !ok {
			t.Error("a token of one place is not valid")
		}
	}
	if _, err := Open(&Options{File: path, Inline: string(Append(nil, first))}); err == nil || !strings.Contains(err.Error(), "id: got a twice") {
		t.Errorf("the same in both: got %v", err)
	}
	if _, err := Open(&Options{Inline: "rubbish"}); err == nil || !strings.Contains(err.Error(), "tokens given inline: entry 1") {
		t.Errorf("rubbish: got %v", err)
	}
}

// How long an answer takes does not tell how much of a token was right: each is
// hashed and compared with all others. (What is measured here is cost, for people
// who wonder; it asserts nothing.)
func BenchmarkAuthenticate(b *testing.B) {
	s, err := Open(&Options{Inline: manyEntries(1000)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s.Authenticate("qsr_view_0123456789abcdef0123456789abcdef01234567890")
	}
}
