package hub_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// A token that is revoked, or expires, closes what was opened with it, and nothing
// else. What comes after that is not taken.
func TestARevokedTokenClosesItsSessions(t *testing.T) {
	k := newTokens(t)
	s := hubtest.New(t, &hub.Options{Authenticator: k.store})
	go func() { _ = k.store.Run(t.Context()) }()
	open := func(path, name string) *peer {
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p := opened(t, conn, path, carriers["header"](k.secret[name]))
		p.silent = true // leaves the close unanswered, and goes on
		return p.listen()
	}
	pub, sub := open("/ws/publish/V75", "publisher"), open("/ws/subscribe", "subscriber")
	other, viewer := open("/ws/publish/V100", "other"), open("/ws/subscribe", "viewer")
	pub.text(steps(1))
	k.revoke("publisher", "subscriber")
	for what, p := range map[string]*peer{"the publisher": pub, "the subscriber": sub} {
		select {
		case <-p.done:
		case <-time.After(patience):
			t.Fatalf("%s lives on", what)
		}
		if got := p.last().closing(); got != "1008 the credential was revoked or has expired" {
			t.Errorf("%s: got the end %q", what, got)
		}
	}
	other.text(steps(2))
	for len(viewer.updates()) < 3 { // the first state, V75, V100
		time.Sleep(time.Millisecond)
	}
	for _, p := range []*peer{other, viewer} {
		p.mu.Lock()
		if p.ended != nil {
			t.Errorf("one whose token is valid was closed: %v", p.ended)
		}
		p.mu.Unlock()
	}
	for path, name := range map[string]string{"/ws/publish/V75": "publisher", "/ws/subscribe": "subscriber"} {
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, answer := shake(t, conn, path, carriers["header"](k.secret[name]))
		checkProblem(t, name, answer, http.StatusUnauthorized)
	}
}

// In between the close frame and the end of the connection nothing is taken.
func TestWhatComesAfterTheRevocationIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTokens(t)
		s := hubtest.New(t, &hub.Options{Authenticator: k.store})
		go func() { _ = k.store.Run(t.Context()) }()
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p := opened(t, conn, "/ws/publish/V75", carriers["header"](k.secret["publisher"]))
		p.silent = true
		p.listen()
		p.text(steps(1))
		synctest.Wait()
		revoked := time.Now()
		k.revoke("publisher")
		for n := 2; n < 100; n++ {
			time.Sleep(100 * time.Millisecond)
			if p.write(masked(fin|opText, []byte(steps(n)))) != nil {
				break
			}
		}
		answer := ask(t, s, http.MethodGet, "/metrics/V75", "X-Quasar-Token: "+k.secret["viewer"])
		body, _ := io.ReadAll(answer.Body)
		taken := regexp.MustCompile(`"training_steps":(\d+)`).FindSubmatch(body)
		var last int
		if len(taken) == 2 {
			fmt.Sscan(string(taken[1]), &last)
		}
		if after := time.Duration(last-1) * 100 * time.Millisecond; last == 0 || after > 900*time.Millisecond || time.Since(revoked) > 2*time.Second {
			t.Errorf("got the step %d taken, %v after the revocation, and the end %v after it", last, after, time.Since(revoked))
		}
	})
}
