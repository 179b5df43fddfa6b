package deriv_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// waits are the times between attempts to connect to a venue that is not there.
func waits(t *testing.T, seed uint64, attempts int) []time.Duration {
	t.Helper()
	var at []time.Time
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	down := func(context.Context, string, string) (net.Conn, error) {
		if at = append(at, time.Now()); len(at) > attempts {
			cancel()
		}
		return nil, errors.New("connection refused")
	}
	c := must(deriv.New(&deriv.Options{
		URL: "http://127.0.0.1:7870", HTTPClient: &http.Client{Transport: &http.Transport{DialContext: down}}, Random: rand.New(rand.NewPCG(seed, 1)),
	}))
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	var between []time.Duration
	for i := 1; i < len(at); i++ {
		between = append(between, at[i].Sub(at[i-1]))
	}
	return between
}

// A venue that is down is not run over by all who wait for it: each waits for any
// time up to 1, 2, 4 … 60 seconds.
func TestAttemptsComeEverMoreSeldomAndNeverTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const attempts, clients = 60, 20
		var all [][]time.Duration
		for seed := range uint64(clients) {
			all = append(all, waits(t, seed, attempts))
		}
		for i := range attempts {
			ceiling := min(time.Second<<min(i, 6), time.Minute)
			var sum, longest time.Duration
			var distinct []time.Duration
			for _, w := range all {
				sum, longest = sum+w[i], max(longest, w[i])
				if !slices.Contains(distinct, w[i]) {
					distinct = append(distinct, w[i])
				}
			}
			if longest > ceiling || len(distinct) < clients {
				t.Errorf("attempt %d: got waits up to %v, %d of them different, want up to %v and %d", i+2, longest, len(distinct), ceiling, clients)
			}
			if mean := sum / clients; mean < ceiling/4 || mean > ceiling*3/4 {
				t.Errorf("attempt %d: got waits of %v on average, want about half of %v", i+2, mean, ceiling)
			}
		}
	})
}

// A connection that lived is a reason to begin with a second again, one that was
// dropped at once is none. A one-time URL is asked for each time.
func TestWhatLivedIsSoonTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		a := startAccount(t, v, nil)
		drop := func() (out time.Duration) {
			if err := a.WaitReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			last := a.Health().Generation
			v.last().drop()
			begun := time.Now()
			for a.Health().Generation == last {
				time.Sleep(50 * time.Millisecond)
			}
			return time.Since(begun)
		}
		var quick time.Duration
		for range 20 {
			quick = max(quick, drop())
		}
		time.Sleep(time.Minute)
		if out := drop(); out > 1100*time.Millisecond || quick < 20*time.Second {
			t.Errorf("got %v after a connection that lived and up to %v after those that did not, want a second and up to a minute", out, quick)
		}
		if urls, sockets := v.count("POST /accounts/DOT90004580/otp"), v.count("connect"); urls != sockets || sockets != 22 {
			t.Errorf("got %d one-time URLs for %d connections, want one for each of 22", urls, sockets)
		}
	})
}
