package venue_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/brokertest"
)

func TestARealAccountIsABrokerToo(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) *brokertest.Bench {
		b := bench(t, simulator(t, nil), trade.Live)
		want := trade.Account{Mode: trade.Live, ID: derivsim.RealAccount, Currency: "USD", AppID: 77, Venue: "127.0.0.1:7870"}
		if a := b.Broker.Account(); a != want {
			t.Errorf("got %+v, want %+v", a, want)
		}
		return b
	})
}

// The mode and the account must agree by what the venue says of the account. Its id
// says nothing.
func TestWhichAccountIsTraded(t *testing.T) {
	accounts := []derivsim.Account{
		{ID: "CR1", Kind: deriv.Demo, Currency: "USD", Balance: deriv.Unit}, {ID: "VRTC1", Kind: deriv.Real, Currency: "EUR", Balance: deriv.Unit},
		{ID: "CR2", Kind: deriv.Demo, Currency: "USD", Balance: deriv.Unit},
	}
	for _, test := range []struct {
		name      string
		mode      trade.Mode
		id, env   string
		app       string
		disagrees bool // RealMoney is not what the mode says
		want      string
		wrong     string // part of the error
	}{
		{name: "the first demo account", mode: trade.Demo, want: "CR1"},
		{name: "the first real account", mode: trade.Live, want: "VRTC1"},
		{name: "the one that is named", mode: trade.Demo, id: "CR2", want: "CR2"},
		{name: "the one that the environment names", mode: trade.Demo, env: "CR2", want: "CR2"},
		{name: "a real account for demo", mode: trade.Demo, id: "VRTC1", wrong: "account VRTC1 is real, want a demo one"},
		{name: "a demo account for live", mode: trade.Live, id: "CR1", wrong: "account CR1 is demo, want a real one"},
		{name: "nobody's account", mode: trade.Demo, id: "CR3", wrong: `want account "CR3"`},
		{name: "live without real money", mode: trade.Live, disagrees: true, wrong: "want both to say the same"},
		{name: "demo with real money", mode: trade.Demo, disagrees: true, wrong: "want both to say the same"},
		{name: "an app that is no number", mode: trade.Demo, app: "mine", wrong: "want a number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(deriv.AccountEnv, test.env)
			synctest.Test(t, func(t *testing.T) {
				sim := simulator(t, &derivsim.Options{Seed: 1, Start: noon, History: 100, Accounts: accounts})
				o := options(sim, test.mode)
				o.Deriv.Account = test.id
				if test.app != "" {
					o.Deriv.AppID = test.app
				}
				if test.disagrees {
					o.Deriv.RealMoney = !o.Deriv.RealMoney
				}
				b, err := venue.Open(t.Context(), o)
				switch {
				case test.wrong == "" && (err != nil || b.Account().ID != test.want || b.Account().Mode != test.mode):
					t.Errorf("got %v, %v, want %s", b, err, test.want)
				case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
					t.Errorf("got %v, want an error with %q", err, test.wrong)
				case err != nil && strings.Contains(err.Error(), "any"):
					t.Errorf("got %v, want no token in it", err)
				}
			})
		})
	}
}

// liar leads the sockets of an account to another path.
type liar struct{ http.RoundTripper }

func (l liar) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.RoundTripper.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/otp") {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(string(body), "/ws/demo", "/ws/real")
	answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	return answer, nil
}

// An account that is demo by what is said of it, and real by where its socket leads, is
// traded by nobody.
func TestAnAccountWhoseSocketDisagreesIsNotTraded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulator(t, nil)
		o := options(sim, trade.Demo)
		client := sim.HTTPClient()
		client.Transport = liar{client.Transport}
		o.Deriv.HTTPClient = client
		b, err := venue.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Run(t.Context(), func(e trade.Event) { t.Errorf("got %+v, want nothing", e) }); !errors.Is(err, deriv.ErrWrongAccount) {
			t.Errorf("got %v, want ErrWrongAccount", err)
		}
		if _, err := b.Record(t.Context(), noon); !errors.Is(err, deriv.ErrWrongAccount) {
			t.Errorf("record: got %v, want ErrWrongAccount", err)
		}
	})
}

func TestHosts(t *testing.T) {
	for address, want := range map[string]string{"": "api.derivws.com", "http://127.0.0.1:7870": "127.0.0.1:7870", "x": "x"} {
		if got := venue.Host(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

// A contract that no stream tells the end of is told by the movement of the balance,
// and its end can be asked for.
func TestABalanceTellsWhatNoContractDoes(t *testing.T) {
	for _, kind := range []derivsim.Kind{derivsim.SettlementByTransaction, derivsim.NoFinalContract} {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := simulator(t, nil)
				b := open(t, sim, trade.Demo)
				events := running(t, b)
				if err := sim.Inject(derivsim.Fault{Kind: kind, Count: 1}); err != nil {
					t.Fatal(err)
				}
				r := buy(t, b, trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit, Ticks: 2})
				await(t, events, func(e trade.Event) bool {
					return e.Movement != nil && e.Movement.Contract == r.Contract && e.Movement.Action == "sell"
				})
				c, err := b.Contract(t.Context(), r.Contract)
				if err != nil || c.Settlement == nil || c.Settlement.Transaction == 0 {
					t.Errorf("got %+v, %v, want its end", c, err)
				}
				if sim.Happened()[kind] != 1 {
					t.Error("the fault did not happen: the test says nothing")
				}
			})
		})
	}
}

// A stream that takes its time to begin is no lost connection.
func TestALateStreamIsNoLostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulator(t, nil)
		b := open(t, sim, trade.Demo)
		events := running(t, b)
		if err := sim.Inject(derivsim.Fault{Kind: derivsim.LateAnswer, Count: 1, Call: "proposal_open_contract", For: 5 * time.Second}); err != nil {
			t.Fatal(err)
		}
		r := buy(t, b, trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit, Ticks: 10})
		time.Sleep(3 * time.Second)
		if h := b.Health(); !h.Connected {
			t.Errorf("got %+v, want it connected", h)
		}
		await(t, events, func(e trade.Event) bool {
			if e.Lost != nil || e.Connected != 0 {
				t.Errorf("got %+v, want the connection left alone", e)
			}
			return settled(r.Contract)(e)
		})
		if sim.Happened()[derivsim.LateAnswer] != 1 {
			t.Error("the fault did not happen: the test says nothing")
		}
	})
}

// A contract whose stream could not begin, for there was no connection in time, is
// followed all the same.
func TestAContractIsFollowedInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulator(t, nil)
		first, next := open(t, sim, trade.Demo), open(t, sim, trade.Demo)
		running(t, first)
		r := buy(t, first, trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit, Ticks: 10})
		if _, err := next.Record(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		if err := sim.Inject(derivsim.Fault{Kind: derivsim.Maintenance, Count: 1, For: time.Minute}); err != nil {
			t.Fatal(err)
		}
		await(t, telling(t, next), settled(r.Contract))
	})
}

// Each record is read on a connection of its own: the venue has then given up what it
// still had to say on the others.
func TestEachRecordIsReadOnANewConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulator(t, nil)
		o := options(sim, trade.Demo)
		b, err := venue.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		running(t, b)
		for range 3 {
			if _, err := b.Record(t.Context(), noon); err != nil {
				t.Fatal(err)
			}
		}
		if err := sim.Inject(derivsim.Fault{Kind: derivsim.OTPFailure, Count: 1}); err != nil {
			t.Fatal(err)
		}
		began := b.Now()
		if _, err := b.Record(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		if sim.Happened()[derivsim.OTPFailure] != 1 {
			t.Error("got a record without a new one-time URL, want a connection of its own")
		}
		if tried := b.Now().Sub(began); tried > 10*time.Second {
			t.Errorf("got a record after %v, want it tried again soon", tried)
		}
	})
}

// A token that is revoked ends Run, whose error says so; what is asked later fails and
// does not wait for ever.
func TestARevokedTokenEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulator(t, nil)
		b := open(t, sim, trade.Demo)
		ended := make(chan error, 1)
		connected := make(chan struct{}, 10)
		go func() { ended <- b.Run(t.Context(), func(e trade.Event) { connected <- struct{}{} }) }()
		<-connected
		if err := sim.Inject(derivsim.Fault{Kind: derivsim.TokenRevoked, Count: 1}); err != nil {
			t.Fatal(err)
		}
		if err := sim.Inject(derivsim.Fault{Kind: derivsim.Maintenance, Count: 1, For: time.Second}); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !deriv.IsClass(err, deriv.ClassAuth) {
			t.Errorf("got %v, want what the venue says of the token", err)
		}
		if _, err := b.Record(t.Context(), noon); !deriv.IsClass(err, deriv.ClassAuth) {
			t.Errorf("record: got %v, want what the venue says of the token", err)
		}
		if _, err := b.Buy(t.Context(), &trade.Quote{ID: "x"}); !errors.Is(err, trade.ErrRejected) {
			t.Errorf("buy: got %v, want ErrRejected", err)
		}
	})
}
