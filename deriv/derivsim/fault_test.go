package derivsim_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// faulty runs a test with one fault switched on, on the demo account.
func faulty(t *testing.T, test func(t *testing.T, s *derivsim.Sim, r *raw)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, generous(t, "V100_1s", "V75"))
		r := dialAccount(t, s, derivsim.DemoAccount)
		r.ask(`{"ping":1}`) // so that it is surely there
		test(t, s, r)
	})
}

func inject(t *testing.T, s *derivsim.Sim, f derivsim.Fault) {
	t.Helper()
	if err := s.Inject(f); err != nil {
		t.Fatal(err)
	}
}

var aBuy = buyOf(10, `"underlying_symbol":"1HZ100V","contract_type":"CALL","amount":10,"basis":"stake","duration":3,"duration_unit":"t"`)

func bought(r *raw) int {
	r.t.Helper()
	return len(into[deriv.StatementAnswer](r, `{"statement":1,"action_type":"buy"}`).Statement.Transactions)
}

func TestABuyIsDroppedBeforeOrAfterItIsMade(t *testing.T) {
	for kind, want := range map[derivsim.Kind]int{derivsim.DropBefore: 0, derivsim.DropAfter: 1} {
		faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
			inject(t, s, derivsim.Fault{Kind: kind, Count: 1, Call: "buy"})
			if got := r.code(`{"ping":1}`); got != "" {
				t.Fatalf("%s: another call: got %q", kind, got)
			}
			r.send(aBuy)
			if text, err := r.read(patience); err == nil || websocket.CloseStatus(err) != -1 {
				t.Fatalf("%s: got %s, %v, want an end without a word", kind, text, err)
			}
			if got := bought(dialAccount(t, s, derivsim.DemoAccount)); got != want {
				t.Errorf("%s: got %d contracts, want %d", kind, got, want)
			}
		})
	}
}

func TestAnAnswerComesLate(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.LateAnswer, Count: 1, Call: "buy"})
		begun := time.Now()
		r.send(aBuy)
		if got := into[deriv.PingAnswer](r, `{"ping":1}`); got.Ping != "pong" || time.Since(begun) > time.Second {
			t.Errorf("another call: got %v after %v", got, time.Since(begun))
		}
		until(r, "buy")
		if got := time.Since(begun); got != 12*time.Second {
			t.Errorf("got the buy after %v, want 12s", got)
		}
	})
}

func TestAnAnswerComesTwice(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.DuplicateAnswer, Count: 1, Call: "buy"})
		r.send(aBuy)
		first, second := string(until(r, "buy")), string(until(r, "buy"))
		if first != second || bought(r) != 1 {
			t.Errorf("got %s and %s and %d contracts, want the same twice and one contract", first, second, bought(r))
		}
	})
}

func TestTheContractIsToldOfBeforeItsBuy(t *testing.T) {
	for _, count := range []int{0, 1} {
		faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
			inject(t, s, derivsim.Fault{Kind: derivsim.ContractBeforeBuy, Count: count})
			r.ask(`{"transaction":1,"subscribe":1}`)
			r.send(strings.TrimSuffix(aBuy, "}") + `,"subscribe":1}`)
			var got []string
			for range 3 {
				got = append(got, r.next().MsgType)
			}
			want := []string{"buy", "transaction", "proposal_open_contract"}
			if count == 1 {
				want = []string{"transaction", "proposal_open_contract", "buy"}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("with %d faults (-want +got):\n%s", count, diff)
			}
		})
	}
}

// follow buys with a subscription and counts what comes in ten seconds.
func follow(r *raw) (updates, finals, sells int) {
	r.t.Helper()
	r.ask(`{"transaction":1,"subscribe":1}`)
	r.send(strings.TrimSuffix(aBuy, "}") + `,"subscribe":1}`)
	end := time.Now().Add(10 * time.Second)
	for time.Now().Before(end) {
		text, err := r.read(10 * time.Second)
		if err != nil {
			return updates, finals, sells
		}
		switch {
		case strings.Contains(text, `"is_sold":1`):
			finals++
		case strings.HasPrefix(text, `{"msg_type":"proposal_open_contract"`):
			updates++
		case strings.Contains(text, `"action":"sell"`):
			sells++
		}
	}
	return updates, finals, sells
}

func TestHowASettlementIsToldOf(t *testing.T) {
	for _, test := range []struct {
		kind            derivsim.Kind
		updates, finals int
	}{{"", 4, 1}, {derivsim.SettlementByTransaction, 0, 0}, {derivsim.NoFinalContract, 4, 0}} {
		faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
			if test.kind != "" {
				inject(t, s, derivsim.Fault{Kind: test.kind, Count: 1})
			}
			if updates, finals, sells := follow(r); updates != test.updates || finals != test.finals || sells != 1 {
				t.Errorf("%s: got %d updates, %d ends and %d sells, want %d, %d and 1", test.kind, updates, finals, sells, test.updates, test.finals)
			}
			r = dialAccount(t, s, derivsim.DemoAccount)
			id := into[deriv.ProfitTableAnswer](r, `{"profit_table":1}`).ProfitTable.Transactions[0].Contract
			if c := settled(r, id); !c.Settled() {
				t.Errorf("%s: asked for it: got %+v, want its end", test.kind, c)
			}
		})
	}
}

func TestTicksAreLeftOutRepeatedAndMixedUp(t *testing.T) {
	for kind, want := range map[derivsim.Kind][]int64{
		"": {1, 2, 3, 4, 5}, derivsim.TickGap: {2, 3, 4, 5, 6}, derivsim.TickDuplicate: {1, 1, 2, 3, 4}, derivsim.TickOutOfOrder: {2, 1, 3, 4, 5},
	} {
		faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
			first := into[deriv.TickAnswer](r, `{"ticks":"1HZ100V","subscribe":1}`).Tick.Epoch
			if kind != "" {
				inject(t, s, derivsim.Fault{Kind: kind, Count: 1})
			}
			var got []int64
			for range 5 {
				got = append(got, int64(decodeBody[deriv.TickAnswer](t, until(r, "tick")).Tick.Epoch-first))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", kind, diff)
			}
			h := into[deriv.HistoryAnswer](r, fmt.Sprintf(`{"ticks_history":"1HZ100V","start":%d,"end":"latest"}`, first+1)).History
			if len(h.Times) < 4 || h.Times[3] != first+4 {
				t.Errorf("%s: got the history %v, want it whole", kind, h.Times)
			}
		})
	}
}

func TestALagKeepsEverythingBackInOrder(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		last := into[deriv.TickAnswer](r, `{"ticks":"1HZ100V","subscribe":1}`).Tick.Epoch
		inject(t, s, derivsim.Fault{Kind: derivsim.Lag, Count: 1, For: 3 * time.Minute})
		for range 400 {
			tick := decodeBody[deriv.TickAnswer](t, until(r, "tick")).Tick
			if tick.Epoch != last+1 {
				t.Fatalf("got %d after %d, want all in order", tick.Epoch, last)
			}
			last = tick.Epoch
			lag := s.Now().Sub(tick.Epoch.Time())
			if since := tick.Epoch.Time().Sub(noon); since > time.Second && since < 2*time.Minute && (lag < 2*time.Minute || lag > 2*time.Minute+time.Second) {
				t.Fatalf("got a lag of %v after %v, want two minutes", lag, since)
			}
			if since := tick.Epoch.Time().Sub(noon); since > 6*time.Minute && lag > time.Second {
				t.Fatalf("got a lag of %v after %v, want it gone", lag, since)
			}
			if last%60 == 0 {
				r.send(`{"ping":1}`)
			}
		}
	})
}

func TestCallsAreRefused(t *testing.T) {
	for _, test := range []struct {
		kind derivsim.Kind
		want string
	}{{derivsim.PriceMoved, "PriceMoved"}, {derivsim.MarketClosed, "MarketIsClosed"}, {derivsim.RateLimitBurst, "RateLimit"}, {derivsim.TokenRevoked, "InvalidToken"}} {
		faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
			inject(t, s, derivsim.Fault{Kind: test.kind, Count: 1})
			if got := r.code(aBuy); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestABurstOfRateLimitsEnds(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.RateLimitBurst, Count: 1})
		refused := 0
		for r.code(`{"balance":1}`) == "RateLimit" {
			refused++
		}
		if refused != 10 {
			t.Errorf("got %d calls refused, want 10", refused)
		}
	})
}

func TestAClosedMarketOpensAgain(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.MarketClosed, Count: 1, Symbol: "1HZ100V"})
		symbols := into[deriv.ActiveSymbolsAnswer](r, `{"active_symbols":"full"}`).ActiveSymbols
		if bool(symbols[1].Open) == bool(symbols[0].Open) {
			t.Errorf("got %+v, want one closed", symbols)
		}
		time.Sleep(119 * time.Second)
		r.ask(`{"ping":1}`)
		time.Sleep(time.Second)
		if got := r.code(aBuy); got != "" {
			t.Errorf("two minutes later: got %q, want none", got)
		}
	})
}

func TestARevokedTokenIsGoodForNothing(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.TokenRevoked, Count: 1})
		if got := r.code(`{"ping":1}`); got != "InvalidToken" {
			t.Errorf("got %q, want InvalidToken", got)
		}
		if _, err := r.read(patience); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("got %v, want a close", err)
		}
		status, body := rest(t, s, http.MethodGet, "/accounts", "Authorization", "Bearer any", "Deriv-App-ID", "7")
		if status != 401 || !strings.Contains(body, "InvalidToken") {
			t.Errorf("got %d %s, want 401 and InvalidToken", status, body)
		}
		if status, _ := rest(t, s, http.MethodGet, "/accounts", "Authorization", "Bearer new", "Deriv-App-ID", "7"); status != 200 {
			t.Errorf("another token: got %d, want 200", status)
		}
	})
}

func TestMaintenanceClosesAllAndEnds(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.Maintenance, Count: 1, For: time.Minute})
		if _, err := r.read(patience); websocket.CloseStatus(err) != websocket.StatusServiceRestart {
			t.Errorf("got %v, want 1012", err)
		}
		if status, body := rest(t, s, http.MethodGet, "/ws/public"); status != 503 {
			t.Errorf("meanwhile: got %d %s, want 503", status, body)
		}
		time.Sleep(time.Minute)
		dialAccount(t, s, derivsim.DemoAccount)
	})
}

func TestAOneTimeURLCannotBeMade(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, _ *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.OTPFailure, Count: 1})
		headers := []string{"Authorization", "Bearer any", "Deriv-App-ID", "7"}
		if status, body := rest(t, s, http.MethodPost, "/accounts/"+derivsim.DemoAccount+"/otp", headers...); status != 502 {
			t.Errorf("got %d %s, want 502", status, body)
		}
		if status, body := rest(t, s, http.MethodPost, "/accounts/"+derivsim.DemoAccount+"/otp", headers...); status != 200 {
			t.Errorf("again: got %d %s, want 200", status, body)
		}
	})
}

func TestRubbishComesBeforeAnAnswer(t *testing.T) {
	for kind, least := range map[derivsim.Kind]int{derivsim.Malformed: 1, derivsim.Oversized: 5 << 20} {
		faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
			inject(t, s, derivsim.Fault{Kind: kind, Count: 1, Call: "ping"})
			r.send(`{"ping":1}`)
			text, err := r.read(patience)
			if _, wrong := deriv.DecodeAnswer([]byte(text)); err != nil || len(text) < least || kind == derivsim.Malformed && wrong == nil {
				t.Errorf("%s: got %d bytes, %v", kind, len(text), err)
			}
			if a := r.next(); a.MsgType != "ping" {
				t.Errorf("%s: got %+v, want the answer behind it", kind, a)
			}
		})
	}
}

func TestTheClockIsAhead(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.ClockSkew, Count: 1})
		told := into[deriv.TimeAnswer](r, `{"time":1}`)
		if ahead := told.Time.Time().Sub(s.Now()); ahead < 89*time.Second || ahead > 90*time.Second {
			t.Errorf("got %v ahead, want 90s", ahead)
		}
	})
}

func TestOthersMoveMoneyAndBuy(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		r.ask(`{"transaction":1,"subscribe":1}`)
		inject(t, s, derivsim.Fault{Kind: derivsim.BalanceAdjusted, Count: 1})
		m := decodeBody[deriv.TransactionAnswer](t, until(r, "transaction")).Transaction
		if m.Amount != 25*deriv.Unit && m.Amount != -25*deriv.Unit || m.Contract != 0 {
			t.Errorf("got %+v, want 25 without a contract", m)
		}
		inject(t, s, derivsim.Fault{Kind: derivsim.ForeignContract, Count: 1, Symbol: "R_75"})
		until(r, "transaction")
		held := into[deriv.PortfolioAnswer](r, `{"portfolio":1}`).Portfolio.Contracts
		if len(held) != 1 || held[0].AppID == 7 || held[0].Symbol != "R_75" {
			t.Errorf("got %+v, want one of another app", held)
		}
	})
}

// count runs a script under faults that keep the connection, and tells how often
// each happened.
func count(t *testing.T, seed uint64) (told map[derivsim.Kind]int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts := generous(t, "V100_1s")
		opts.Seed = seed
		for _, kind := range []derivsim.Kind{
			derivsim.LateAnswer, derivsim.DuplicateAnswer, derivsim.SettlementByTransaction, derivsim.NoFinalContract, derivsim.TickGap,
			derivsim.TickDuplicate, derivsim.PriceMoved, derivsim.MarketClosed, derivsim.BalanceAdjusted, derivsim.ForeignContract,
		} {
			opts.Faults = append(opts.Faults, derivsim.Fault{Kind: kind, Rate: 0.05})
		}
		s := start(t, opts)
		r := dialAccount(t, s, derivsim.DemoAccount)
		r.send(`{"ticks":"1HZ100V","subscribe":1}`)
		for range 80 {
			r.ask(aBuy)
			time.Sleep(7 * time.Second)
		}
		told = s.Happened()
	})
	return told
}

// The same happens to the same calls, and something else with another seed.
func TestFaultsFollowTheirSeed(t *testing.T) {
	one, again, other := count(t, 1), count(t, 1), count(t, 2)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("the same seed (-first +second):\n%s", diff)
	}
	if maps.Equal(one, other) || len(one) < 7 {
		t.Errorf("got %v and %v, want most of the kinds, and other numbers with another seed", one, other)
	}
}

func TestWhatIsNoFault(t *testing.T) {
	s, err := derivsim.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []derivsim.Fault{
		{}, {Kind: "flood"}, {Kind: derivsim.Lag, Rate: 1.5}, {Kind: derivsim.Lag, Rate: -1}, {Kind: derivsim.Lag, Count: -1}, {Kind: derivsim.Lag, For: 48 * time.Hour},
		{Kind: derivsim.ForeignContract, Count: 1e9}, {Kind: derivsim.DropAfter, Count: 1, After: -1}, {Kind: derivsim.DropAfter, Call: "byu"},
		{Kind: derivsim.TickGap, Call: "buy"}, {Kind: derivsim.TickGap, Symbol: "R_74"}, {Kind: derivsim.DropAfter, Symbol: "R_75"}, {Kind: derivsim.Lag, Symbol: "R_75"},
		{Kind: derivsim.DropAfter, Account: "nobody"}, {Kind: derivsim.Maintenance, Account: derivsim.DemoAccount}, {Kind: derivsim.DropAfter, App: 3},
	} {
		if err := s.Inject(f); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%+v: got %v, want an error that says what is wanted", f, err)
		}
	}
}

func TestFaultsAreSwitchedFromThisMachineAlone(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		url := derivsim.MemoryURL + "/admin/faults"
		status, body := request(t, s, http.MethodPost, url, `{"kind":"late-answer","count":2,"call":"buy","for":3.5}`)
		if status != 200 || !strings.Contains(body, `"kind":"late-answer","count":2,"call":"buy","for":3.5`) {
			t.Errorf("got %d %s, want the fault listed", status, body)
		}
		for name, bad := range map[string]string{"no fault": `{"kind":"flood"}`, "an unknown field": `{"kind":"lag","speed":1}`, "no JSON": `{`} {
			if status, body := request(t, s, http.MethodPost, url, bad); status != 400 {
				t.Errorf("%s: got %d %s, want 400", name, status, body)
			}
		}
		if status, _ := request(t, s, http.MethodPost, url, `{"kind":"lag"}`, "Origin", "https://example.org"); status != 403 {
			t.Errorf("a web page: got %d, want 403", status)
		}
		if status, body := request(t, s, http.MethodDelete, url, ""); status != 200 || !strings.Contains(body, `"faults":[]`) {
			t.Errorf("got %d %s, want none left", status, body)
		}
		if !slices.Contains(derivsim.Kinds(), derivsim.Lag) || r.code(aBuy) != "" {
			t.Error("want everything as before")
		}
	})
}
