package deriv_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// start returns a client of the public socket that runs until the test ends.
func start(t testing.TB, v *venue, change func(*deriv.Options)) *deriv.Client {
	t.Helper()
	opts := v.options()
	if change != nil {
		change(opts)
	}
	c, err := deriv.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	running(t, c)
	return c
}

func startAccount(t testing.TB, v *venue, change func(*deriv.Options)) *deriv.Account {
	t.Helper()
	opts := v.options()
	if change != nil {
		change(opts)
	}
	a, err := deriv.NewAccount(opts)
	if err != nil {
		t.Fatal(err)
	}
	running(t, a)
	return a
}

func TestACallThatIsNotAnsweredEndsAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(_ *peer, call string, _ map[string]any) bool { return call == "active_symbols" }
		c := start(t, v, nil)
		begun := time.Now()
		_, err := c.ActiveSymbols(t.Context())
		var silent *deriv.CallError
		if !errors.As(err, &silent) || !silent.Sent || !errors.Is(err, deriv.ErrDeadline) {
			t.Errorf("got %v, want a call that was sent and missed its deadline", err)
		}
		if got := time.Since(begun); got != 10*time.Second {
			t.Errorf("it took %v, want 10s", got)
		}
	})
}

func TestADropInTheMiddleOfACallFailsItOrReadsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "active_symbols" && p.n < 3 {
				p.drop()
				return true
			}
			if call == "active_symbols" {
				p.reply(request, call, deriv.ActiveSymbolsAnswer{ActiveSymbols: []deriv.ActiveSymbol{{Symbol: "R_75", Name: "Volatility 75 Index"}}})
				return true
			}
			return false
		}
		c := start(t, v, nil)
		got, err := c.Symbol(t.Context(), "V75")
		if err != nil || got.Symbol != "R_75" {
			t.Errorf("got %v, %v, want R_75 over the third connection", got, err)
		}
		if h := c.Health(); h.Generation != 3 || h.Counters.Drops != 2 || h.State != deriv.Ready {
			t.Errorf("got %+v, want the third connection after two drops", h)
		}
	})
}

// A buy is never sent twice, whatever happens to it.
func TestABuyIsSentOnceAndItsOutcomeIsTold(t *testing.T) {
	receipt := deriv.BuyAnswer{Buy: deriv.Bought{Contract: 77, Transaction: 5, Price: deriv.Cents(1000)}}
	tests := []struct {
		name  string
		buy   func(p *peer, request map[string]any)
		want  deriv.Outcome
		sent  int
		drops uint64
	}{
		{name: "answered", want: deriv.Made, sent: 1, buy: func(p *peer, r map[string]any) { p.reply(r, "buy", receipt) }},
		{name: "refused", want: deriv.NotMade, sent: 1, buy: func(p *peer, r map[string]any) { p.fail(r, "buy", "InsufficientBalance") }},
		{name: "too many", want: deriv.NotMade, sent: 1, buy: func(p *peer, r map[string]any) { p.fail(r, "buy", "RateLimit") }},
		{name: "an internal error", want: deriv.Unknown, sent: 1, buy: func(p *peer, r map[string]any) { p.fail(r, "buy", "InternalServerError") }},
		{name: "an error that nobody knows", want: deriv.Unknown, sent: 1, buy: func(p *peer, r map[string]any) { p.fail(r, "buy", "SomethingNew") }},
		{name: "dropped before the answer", want: deriv.Unknown, sent: 1, drops: 1, buy: func(p *peer, _ map[string]any) { p.drop() }},
		{name: "no answer", want: deriv.Unknown, sent: 1, buy: func(*peer, map[string]any) {}},
		{name: "a receipt of a wrong type", want: deriv.Unknown, sent: 1, buy: func(p *peer, r map[string]any) {
			p.send([]byte(`{"msg_type":"buy","echo_req":{},"req_id":` + reqID(r) + `,"buy":{"contract_id":"77"}}`))
		}},
		{name: "a receipt of nothing", want: deriv.Unknown, sent: 1, buy: func(p *peer, r map[string]any) { p.reply(r, "buy", deriv.BuyAnswer{}) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue(t)
				v.answer = func(p *peer, call string, request map[string]any) bool {
					switch call {
					case "proposal":
						p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q-1", Ask: deriv.Cents(1000), Payout: deriv.Cents(1954)}})
					case "buy":
						test.buy(p, request)
					default:
						return false
					}
					return true
				}
				a := startAccount(t, v, nil)
				q, err := a.Quote(t.Context(), call5t)
				if err != nil {
					t.Fatal(err)
				}
				_, err = a.Buy(t.Context(), q, q.Ask)
				if got := deriv.OutcomeOf(err); got != test.want {
					t.Errorf("got %v (%v), want %v", got, err, test.want)
				}
				_, err = a.Buy(t.Context(), q, q.Ask)
				if deriv.OutcomeOf(err) != deriv.NotMade {
					t.Errorf("a second buy of one quote: got %v, want it refused here", err)
				}
				time.Sleep(5 * time.Minute)
				if got := v.count("buy"); got != test.sent {
					t.Errorf("%d buys were sent, want %d", got, test.sent)
				}
				if got := a.Health().Counters.Drops; got != test.drops {
					t.Errorf("got %d drops, want %d", got, test.drops)
				}
			})
		})
	}
}

var call5t = deriv.Selection{Symbol: "R_75", ContractType: "CALL", Currency: "USD", Amount: deriv.Cents(1000), Basis: "stake", Duration: 5, DurationUnit: "t"}

func reqID(request map[string]any) string {
	return itoa(int64(request["req_id"].(float64)))
}

func itoa(n int64) string { return deriv.Price(n * 100_000_000).String() }

func TestAQuoteDoesNotOutliveItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call != "proposal" {
				return false
			}
			p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q-1", Ask: deriv.Cents(1000)}})
			return true
		}
		a := startAccount(t, v, nil)
		q, err := a.Quote(t.Context(), call5t)
		if err != nil {
			t.Fatal(err)
		}
		v.last().drop()
		synctest.Wait()
		_, err = a.Buy(t.Context(), q, q.Ask)
		if !errors.Is(err, deriv.ErrDisconnected) {
			t.Errorf("while disconnected: got %v, want ErrDisconnected at once", err)
		}
		time.Sleep(time.Minute)
		_, err = a.Buy(t.Context(), q, q.Ask)
		if !errors.Is(err, deriv.ErrStaleQuote) || deriv.OutcomeOf(err) != deriv.NotMade {
			t.Errorf("over the next connection: got %v, want ErrStaleQuote", err)
		}
		if got := v.count("buy"); got != 0 {
			t.Errorf("%d buys were sent, want none", got)
		}
	})
}

func TestALateReceiptIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			switch call {
			case "proposal":
				p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q-1", Ask: deriv.Cents(1000)}})
			case "buy":
				p.tasks.Go(func() {
					p.sleep(12 * time.Second)
					p.reply(request, "buy", deriv.BuyAnswer{Buy: deriv.Bought{Contract: 77}})
				})
			default:
				return false
			}
			return true
		}
		late := make(chan string, 1)
		a := startAccount(t, v, func(o *deriv.Options) {
			o.OnLate = func(r deriv.Request, answer *deriv.Answer) {
				var body deriv.BuyAnswer
				_ = answer.Into(&body)
				late <- r.(deriv.BuyRequest).ID + " " + itoa(int64(body.Buy.Contract))
			}
		})
		q := must(a.Quote(t.Context(), call5t))
		_, err := a.Buy(t.Context(), q, q.Ask)
		if !errors.Is(err, deriv.ErrDeadline) {
			t.Errorf("got %v, want the deadline", err)
		}
		if got := <-late; got != "q-1 77" {
			t.Errorf("got %q, want the receipt of q-1", got)
		}
	})
}

func TestRubbishIsCountedAndHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		c := start(t, v, nil)
		if err := c.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, frame := range []string{
			`{`, `[]`, `null`, `{"msg_type":3}`, `{"msg_type":"time","req_id":4711,"time":1}`, `{"msg_type":"tick","req_id":99,"tick":{}}`,
			`{"msg_type":"tick","subscription":{"id":"nobody's"},"tick":{}}`, strings.Repeat("[", 20000),
		} {
			v.last().send([]byte(frame))
		}
		if err := c.Ping(t.Context()); err != nil {
			t.Errorf("got %v, want the connection alive", err)
		}
		got := c.Health().Counters
		if got.Malformed != 5 || got.Unknown != 3 || got.Drops != 0 {
			t.Errorf("got %+v, want 5 malformed, 3 unknown and no drop", got)
		}
	})
}

func TestAnOversizedMessageCostsTheConnectionAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		c := start(t, v, nil)
		if err := c.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		big := `{"msg_type":"time","time":1,"x":"` + strings.Repeat("x", 4<<20) + `"}`
		v.last().send([]byte(big))
		time.Sleep(2 * time.Second)
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if h := c.Health(); h.Generation != 2 || !strings.Contains(h.Err.Error(), "more than 4194304 bytes") {
			t.Errorf("got generation %d and %v, want the second and the reason", h.Generation, h.Err)
		}
	})
}

// Two minutes without a pong: the peer may be gone without a word.
func TestAConnectionThatAnswersNoPingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, _ map[string]any) bool { return call == "ping" && p.n == 1 }
		c := start(t, v, nil)
		if err := c.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		for c.Health().Generation == 1 || c.Health().State != deriv.Ready {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(begun); took < 34*time.Second || took > 37*time.Second {
			t.Errorf("it took %v, want 25s and 10s and up to a second", took)
		}
		if err := c.Health().Err; !errors.Is(err, deriv.ErrSilent) {
			t.Errorf("got %v, want ErrSilent", err)
		}
	})
}

func TestARefusedTokenEndsRunAndIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.refuse = 401
		a := must(deriv.NewAccount(v.options()))
		err := a.Run(t.Context())
		if !deriv.IsClass(err, deriv.ClassAuth) || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v, want an error of class auth without the token", err)
		}
		time.Sleep(time.Hour)
		if got := v.count("GET /accounts"); got != 1 {
			t.Errorf("%d attempts, want one", got)
		}
		if h := a.Health(); h.State != deriv.Halted {
			t.Errorf("got %v, want halted", h.State)
		}
		if _, err := a.Portfolio(t.Context()); !deriv.IsClass(err, deriv.ClassAuth) {
			t.Errorf("a call after that: got %v, want the reason", err)
		}
	})
}

func TestATokenRevokedInTheMiddleEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "balance" {
				p.fail(request, call, "InvalidToken")
			}
			return call == "balance"
		}
		a := must(deriv.NewAccount(v.options()))
		done := make(chan error, 1)
		go func() { done <- a.Run(t.Context()) }()
		if _, err := a.Balance(t.Context()); !deriv.IsClass(err, deriv.ClassAuth) {
			t.Errorf("got %v, want class auth", err)
		}
		if err := <-done; !deriv.IsClass(err, deriv.ClassAuth) {
			t.Errorf("Run: got %v, want class auth", err)
		}
	})
}

func TestOnlyTheRightKindOfAccountIsEverConnectedTo(t *testing.T) {
	realAccount := strings.Replace(demoAccount, `"demo"`, `"real"`, 1)
	tests := []struct {
		name, accounts, socketURL string
		change                    func(*deriv.Options)
		want                      string
	}{
		{name: "a real one for demo", accounts: realAccount, want: "got 1 accounts, want one that is active and demo"},
		{name: "a real one by its id, which looks like demo", accounts: realAccount, change: func(o *deriv.Options) { o.Account = "DOT90004580" }, want: `"DOT90004580" is real, want demo`},
		{name: "demo for real money", accounts: demoAccount, change: func(o *deriv.Options) { o.Account, o.RealMoney = "DOT90004580", true }, want: "is demo, want real"},
		{name: "an id that is not there", accounts: demoAccount, change: func(o *deriv.Options) { o.Account = "X" }, want: `want "X" among them`},
		{name: "a socket of the other kind", accounts: demoAccount, socketURL: "ws://127.0.0.1:7870/trading/v1/options/ws/real?otp=otp-hush", want: "want ws://127.0.0.1:7870/trading/v1/options/ws/demo"},
		{name: "a socket somewhere else", accounts: demoAccount, socketURL: "wss://evil.example/trading/v1/options/ws/demo?otp=otp-hush", want: `got "wss://evil.example/`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue(t)
				v.accounts, v.socketURL = "["+test.accounts+"]", test.socketURL
				opts := v.options()
				if test.change != nil {
					test.change(opts)
				}
				err := must(deriv.NewAccount(opts)).Run(t.Context())
				if !errors.Is(err, deriv.ErrWrongAccount) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hush") {
					t.Errorf("got %v, want ErrWrongAccount with %s and no secret", err, test.want)
				}
				if got := v.count("connect"); got != 0 {
					t.Errorf("%d sockets were opened, want none", got)
				}
			})
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		c := must(deriv.New(v.options()))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		if err := c.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		stream := must(make(chan error, 1), error(nil))
		go func() {
			_, err := c.ActiveSymbols(context.Background())
			stream <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("got %v, want nil", err)
		}
		if err := <-stream; err == nil {
			t.Error("a call under way: got no error")
		}
		if err := c.Run(t.Context()); err == nil {
			t.Error("a second Run: got no error")
		}
	})
}
