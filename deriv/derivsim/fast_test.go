package derivsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// A world that is a thousand times as fast as ours is the client's own: its clock,
// the ticks by it, a contract of a minute in 60 ms, and its end when it is asked
// for afterwards.
func TestAFastWorldIsTheClientsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := quiet(t)
		opts.Speed = 1000
		s := start(t, opts)
		a := trading(t, s)
		if err := a.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if ahead := a.Now().Sub(s.Now()); a.Speed() != 1000 || ahead.Abs() > time.Second {
			t.Errorf("got a clock %v ahead at speed %v, want the simulator's at 1000", ahead, a.Speed())
		}
		ticks, err := a.Ticks(t.Context(), "1HZ100V")
		if err != nil {
			t.Fatal(err)
		}
		defer ticks.Close()
		begun, last := time.Now(), deriv.Epoch(0)
		for range 3600 {
			e, err := ticks.Next(t.Context())
			if err != nil || last != 0 && e.Value.Epoch != last+1 {
				t.Fatalf("got %+v, %v after %d, want every tick", e, err, last)
			}
			last = e.Value.Epoch
		}
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("got an hour in %v of ours, want 3.6 s", took)
		}
		sel := rise("R_75", deriv.Unit, 0)
		sel.Duration, sel.DurationUnit = 1, "m"
		begun = time.Now()
		b := buy(t, a, sel)
		time.Sleep(100 * time.Millisecond)
		c, err := a.Contract(t.Context(), b.Contract)
		if err != nil || !c.Settled() || c.SellTime != b.Start+60 {
			t.Errorf("got %+v, %v after %v, want its end a minute after %d", c, err, time.Since(begun), b.Start)
		}
	})
}

func TestWhateverIsNotEmptyIsAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		for _, test := range []struct {
			name, token, app string
			status           int
		}{
			{"letters", "Bearer x", "my-app", 200}, {"a long one", "Bearer pat_0123456789abcdef.-_~+/=", "1", 200},
			{"none", "", "1", 401}, {"an empty one", "Bearer ", "1", 401}, {"only blanks", "Bearer    ", "1", 401}, {"no bearer", "Basic eDp5", "1", 401},
			{"no app", "Bearer x", "", 401}, {"an app of blanks", "Bearer x", "  ", 401},
		} {
			status, body := rest(t, s, http.MethodPost, "/accounts/"+derivsim.DemoAccount+"/otp", "Authorization", test.token, "Deriv-App-ID", test.app)
			if status != test.status {
				t.Errorf("%s: got %d %s, want %d", test.name, status, body, test.status)
			}
		}
	})
}
