package derivsim_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// quiet is a simulator of a few indices.
func quiet(t *testing.T) *derivsim.Options {
	return &derivsim.Options{Seed: 1, Start: noon, Indices: indices(t, "V75", "V100_1s", "CRASH500", "STEP"), History: 3000}
}

func TestWhatIsRefusedBeforeItIsDone(t *testing.T) {
	for _, test := range []struct{ name, request, want, field string }{
		{"no JSON", `{`, "InputValidationFailed", ""},
		{"a name twice", `{"time":1,"time":1}`, "InputValidationFailed", ""},
		{"no call", `{"req_id":1}`, "UnrecognisedRequest", ""},
		{"a call of the old API", `{"authorize":"x"}`, "UnrecognisedRequest", ""},
		{"two calls", `{"time":1,"ping":1}`, "UnrecognisedRequest", ""},
		{"an unknown field", `{"time":1,"extra":1}`, "InputValidationFailed", "extra"},
		{"the old generation's symbol", `{"proposal":1,"symbol":"R_75","contract_type":"CALL","currency":"USD"}`, "InputValidationFailed", "underlying_symbol"},
		{"the old generation's loginid", `{"balance":1,"loginid":"x"}`, "InputValidationFailed", "loginid"},
		{"a price in quotes", `{"buy":"1","price":"10"}`, "InputValidationFailed", "price"},
		{"a missing end", `{"ticks_history":"R_75"}`, "InputValidationFailed", "end"},
		{"an end that is no epoch", `{"ticks_history":"R_75","end":"now"}`, "InputValidationFailed", "end"},
		{"a negative count", `{"ticks_history":"R_75","end":"latest","count":-1}`, "InputValidationFailed", "count"},
		{"a symbol that is none", `{"ticks":"V75"}`, "InvalidSymbol", ""},
		{"no symbols at all", `{"ticks":[]}`, "InputValidationFailed", "ticks"},
		{"a kind of stream that is none", `{"forget_all":"everything"}`, "InputValidationFailed", "forget_all"},
		{"a number out of range", `{"sell":1,"price":1e300}`, "InputValidationFailed", ""},
		{"too high a limit", `{"statement":1,"limit":1000}`, "InputValidationFailed", "limit"},
		{"a date that is none", `{"profit_table":1,"date_from":"yesterday"}`, "InputValidationFailed", "date_from"},
		{"a contract that is none", `{"proposal_open_contract":1,"contract_id":4}`, "ContractNotFound", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := dialAccount(t, start(t, quiet(t)), derivsim.DemoAccount)
				a := r.ask(test.request)
				if a.Error == nil || a.Error.Code != test.want {
					t.Fatalf("got %+v, want %s", a.Error, test.want)
				}
				if _, ok := a.Error.Details[test.field]; !ok && test.field != "" {
					t.Errorf("got the details %v, want them to name %s", a.Error.Details, test.field)
				}
				if got := into[deriv.PingAnswer](r, `{"ping":1}`); got.Ping != "pong" {
					t.Errorf("afterwards: got %v, want a pong", got)
				}
			})
		})
	}
}

func TestAnAnswerEchoesItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, quiet(t)))
		a := r.ask(`{ "ping": 1, "req_id": 42, "passthrough": {"mine": [1]} }`)
		if a.ReqID != 42 || string(a.Echo) != `{"ping":1,"req_id":42,"passthrough":{"mine":[1]}}` {
			t.Errorf("got id %d and %s, want 42 and the request", a.ReqID, a.Echo)
		}
	})
}

func TestThePublicSocketTradesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, quiet(t)))
		for _, request := range []string{
			`{"buy":"x","price":1}`, `{"sell":1,"price":0}`, `{"portfolio":1}`, `{"profit_table":1}`, `{"statement":1}`,
			`{"balance":1}`, `{"transaction":1,"subscribe":1}`, `{"proposal_open_contract":1}`,
		} {
			if got := r.code(request); got != "AuthorizationRequired" {
				t.Errorf("%s: got %q, want AuthorizationRequired", request, got)
			}
		}
	})
}

func TestPipSizeIsAStepHereAndDecimalsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, quiet(t)))
		symbols := into[deriv.ActiveSymbolsAnswer](r, `{"active_symbols":"brief"}`)
		tick := into[deriv.TickAnswer](r, `{"ticks":"R_75"}`)
		if got := symbols.ActiveSymbols[0]; got.Symbol != "R_75" || got.Step.String() != "0.0001" || tick.Tick.Decimals != 4 {
			t.Errorf("got %v and %v, want a step of 0.0001 and 4 decimals", got, tick)
		}
		if got := into[deriv.ActiveSymbolsAnswer](r, `{"active_symbols":"brief","contract_type":["CALL"]}`); len(got.ActiveSymbols) != 3 {
			t.Errorf("got %v, want all but CRASH500 to offer CALL", got)
		}
	})
}

func TestAStreamIsSubscribedOnceAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		r := dialPublic(t, s)
		first := r.ask(`{"ticks":["R_75","stpRNG"],"subscribe":1,"req_id":5}`)
		if first.Subscription == nil || first.ReqID != 5 {
			t.Fatalf("got %+v, want a subscription of request 5", first)
		}
		if a := r.next(); a.MsgType != "tick" || a.Subscription == nil || a.Subscription.ID == first.Subscription.ID {
			t.Errorf("got %+v, want one of the second symbol's own", a)
		}
		if got := r.code(`{"ticks":"R_75","subscribe":1}`); got != "AlreadySubscribed" {
			t.Errorf("got %q, want AlreadySubscribed", got)
		}
		if got := r.code(`{"ticks_history":"R_75","end":"latest","subscribe":1}`); got != "AlreadySubscribed" {
			t.Errorf("got %q, want AlreadySubscribed: it is the same stream", got)
		}
		if got := r.code(`{"ticks":"R_75"}`); got != "" {
			t.Errorf("got %q for one tick, want none", got)
		}
		forget := fmt.Sprintf(`{"forget":%q}`, first.Subscription.ID)
		if !bool(into[deriv.ForgetAnswer](r, forget).Forget) || bool(into[deriv.ForgetAnswer](r, forget).Forget) {
			t.Error("forget: want 1 and then 0")
		}
		for range 5 {
			if tick := decodeBody[deriv.TickAnswer](t, until(r, "tick")); tick.Tick.Symbol != "stpRNG" {
				t.Errorf("got a tick of %s, which is forgotten", tick.Tick.Symbol)
			}
		}
		if got := into[deriv.ForgetAllAnswer](r, `{"forget_all":["ticks","candles"]}`); len(got.IDs) != 1 {
			t.Errorf("got %v, want the one that was left", got)
		}
		if text, err := r.read(time.Minute); err == nil {
			t.Errorf("got %s, want nothing more", text)
		}
	})
}

func TestAConnectionHasSoManyStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := quiet(t)
		opts.Limits.Subscriptions = 2
		r := dialPublic(t, start(t, opts))
		if got := r.code(`{"ticks":["R_75","stpRNG"],"subscribe":1}`); got != "" {
			t.Fatal(got)
		}
		if got := r.code(`{"ticks":"CRASH500","subscribe":1}`); got != "RateLimit" {
			t.Errorf("got %q, want RateLimit", got)
		}
	})
}

func TestHistoryIsCutAndPaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, quiet(t)))
		newest := into[deriv.HistoryAnswer](r, `{"ticks_history":"1HZ100V","end":"latest","count":5000}`)
		if n := len(newest.History.Times); n != 1000 || newest.Decimals != 2 {
			t.Fatalf("got %d ticks with %d decimals, want 1000 with 2", n, newest.Decimals)
		}
		before := into[deriv.HistoryAnswer](r, fmt.Sprintf(`{"ticks_history":"1HZ100V","end":"%d","count":1000}`, newest.History.Times[0]-1))
		if n := len(before.History.Times); n != 1000 || before.History.Times[n-1] != newest.History.Times[0]-1 {
			t.Errorf("got %d ticks up to %d, want 1000 up to one before %d", n, before.History.Times[n-1], newest.History.Times[0])
		}
		both := into[deriv.HistoryAnswer](r, fmt.Sprintf(`{"ticks_history":"1HZ100V","start":%d,"end":"%d"}`, newest.History.Times[10], newest.History.Times[12]))
		if diff := cmp.Diff(newest.History.Prices[10:13], both.History.Prices); diff != "" {
			t.Errorf("a span of it (-want +got):\n%s", diff)
		}
		if got := into[deriv.HistoryAnswer](r, `{"ticks_history":"1HZ100V","end":"5"}`); len(got.History.Times) != 0 {
			t.Errorf("got %v, want nothing of 1970", got)
		}
	})
}

func TestCandlesAreTheirTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, quiet(t)))
		a := into[deriv.HistoryAnswer](r, `{"ticks_history":"R_75","end":"latest","count":3,"style":"candles","granularity":120,"subscribe":1}`)
		if len(a.Candles) != 3 || a.Candles[1].Epoch-a.Candles[0].Epoch != 120 || a.Candles[0].Epoch%120 != 0 {
			t.Fatalf("got %v, want three candles of two minutes", a.Candles)
		}
		ticks := into[deriv.HistoryAnswer](r, fmt.Sprintf(`{"ticks_history":"R_75","start":%d,"end":"%d"}`, a.Candles[0].Epoch, a.Candles[1].Epoch-1))
		want := deriv.Candle{Epoch: a.Candles[0].Epoch, Open: ticks.History.Prices[0], Low: ticks.History.Prices[0]}
		for _, p := range ticks.History.Prices {
			want.High, want.Low, want.Close = max(want.High, p), min(want.Low, p), p
		}
		if a.Candles[0] != want {
			t.Errorf("got %v, want %v", a.Candles[0], want)
		}
		until(r, "ohlc")
	})
}

func TestProposalsBelongToTheirConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		one, two := dialAccount(t, s, derivsim.DemoAccount), dialAccount(t, s, derivsim.DemoAccount)
		id := into[deriv.ProposalAnswer](one, riseOf("R_75", 10)).Proposal.ID
		if got := two.code(fmt.Sprintf(`{"buy":%q,"price":10}`, id)); got != "InvalidContractProposal" {
			t.Errorf("another connection: got %q, want InvalidContractProposal", got)
		}
		if got := one.code(fmt.Sprintf(`{"buy":%q,"price":10}`, id)); got != "" {
			t.Errorf("its own: got %q, want none", got)
		}
		if got := one.code(fmt.Sprintf(`{"buy":%q,"price":10}`, id)); got != "InvalidContractProposal" {
			t.Errorf("a second time: got %q, want InvalidContractProposal", got)
		}
	})
}

func riseOf(symbol string, stake int) string {
	return fmt.Sprintf(`{"proposal":1,"underlying_symbol":%q,"contract_type":"CALL","currency":"USD","amount":%d,"basis":"stake","duration":5,"duration_unit":"t"}`, symbol, stake)
}

func subscribed(request string) string { return strings.TrimSuffix(request, "}") + `,"subscribe":1}` }

// A price that cannot change is not streamed; that of a multiplier is.
func TestConstantPricesAreNotStreamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		still := dialPublic(t, s)
		if a := still.ask(subscribed(riseOf("R_75", 10))); a.Subscription == nil {
			t.Errorf("got %+v, want a subscription", a)
		}
		if got := still.code(subscribed(riseOf("R_75", 10))); got != "AlreadySubscribed" {
			t.Errorf("got %q, want AlreadySubscribed", got)
		}
		if text, err := still.read(time.Minute); err == nil {
			t.Errorf("got %s, want no update", text)
		}
		moving := dialPublic(t, s)
		first := moving.ask(subscribed(multiplierOf("MULTUP", "")))
		again := moving.next()
		if again.MsgType != "proposal" || again.Subscription.ID != first.Subscription.ID {
			t.Errorf("got %+v, want an update", again)
		}
	})
}

func multiplierOf(contractType, limits string) string {
	return fmt.Sprintf(`{"proposal":1,"underlying_symbol":"CRASH500","contract_type":%q,"currency":"USD","amount":10,"basis":"stake","multiplier":20%s}`, contractType, limits)
}

func TestBudgetsOfAMinuteAndAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := quiet(t)
		opts.Limits.Budgets.Tables = deriv.Budget{PerMinute: 3, PerHour: 5}
		s := start(t, opts)
		one, two := dialAccount(t, s, derivsim.DemoAccount), dialAccount(t, s, derivsim.DemoAccount)
		var got []string
		ask := func(r *raw, n int) {
			for range n {
				got = append(got, r.code(`{"portfolio":1}`))
			}
		}
		ask(one, 2)
		ask(two, 2) // the account's other connection shares the row
		time.Sleep(61 * time.Second)
		ask(one, 3)
		time.Sleep(time.Hour)
		ask(dialAccount(t, s, derivsim.DemoAccount), 1)
		want := []string{"", "", "", "RateLimit", "", "", "RateLimit", ""}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestPingsAreTenASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, quiet(t)))
		for n := range 11 {
			if got := r.code(`{"ping":1}`); (got != "") != (n == 10) {
				t.Errorf("ping %d: got %q", n+1, got)
			}
		}
		time.Sleep(time.Second)
		if got := r.code(`{"ping":1}`); got != "" {
			t.Errorf("a second later: got %q, want none", got)
		}
	})
}

func TestRESTWantsATokenAndAnApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		for _, test := range []struct {
			name, method, path string
			headers            []string
			status             int
			want               string
		}{
			{"both", http.MethodGet, "/accounts", []string{"Authorization", "Bearer x", "Deriv-App-ID", "a"}, 200, `"account_type":"demo"`},
			{"no token", http.MethodGet, "/accounts", []string{"Deriv-App-ID", "a"}, 401, `"code":"Unauthorized"`},
			{"no app", http.MethodGet, "/accounts", []string{"Authorization", "Bearer x"}, 401, "Deriv-App-ID header is required for PAT tokens"},
			{"no such account", http.MethodPost, "/accounts/X/otp", []string{"Authorization", "Bearer x", "Deriv-App-ID", "a"}, 404, `"code":"AccountNotFound"`},
			{"no such endpoint", http.MethodGet, "/other", nil, 404, `"endpoint":"/trading/v1/options/other"`},
		} {
			if status, body := rest(t, s, test.method, test.path, test.headers...); status != test.status || !strings.Contains(body, test.want) {
				t.Errorf("%s: got %d %s, want %d with %s", test.name, status, body, test.status, test.want)
			}
		}
		for range 60 {
			rest(t, s, http.MethodGet, "/accounts", "Authorization", "Bearer x", "Deriv-App-ID", "a")
		}
		if status, body := rest(t, s, http.MethodGet, "/accounts", "Authorization", "Bearer x", "Deriv-App-ID", "a"); status != 429 {
			t.Errorf("got %d %s, want 429", status, body)
		}
	})
}

func TestAOneTimeURLIsGoodOnceAndForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		fetch := func() string {
			_, body := rest(t, s, http.MethodPost, "/accounts/"+derivsim.DemoAccount+"/otp", "Authorization", "Bearer x", "Deriv-App-ID", "a")
			_, url, _ := strings.Cut(body, `"url":"`)
			url, _, _ = strings.Cut(url, `"`)
			return strings.Replace(url, "ws://", "http://", 1)
		}
		url := fetch()
		if !strings.HasPrefix(url, base+"/ws/demo?otp=") {
			t.Fatalf("got %s, want it to lead to the demo socket", url)
		}
		dial(t, s, url)
		if status, body := request(t, s, http.MethodGet, url, ""); status != 401 || !strings.Contains(body, "InvalidOTP") {
			t.Errorf("used: got %d %s, want 401 and InvalidOTP", status, body)
		}
		old := fetch()
		time.Sleep(time.Minute)
		for name, url := range map[string]string{
			"used and expired": url, "expired": old, "none": base + "/ws/demo", "another's": strings.Replace(fetch(), "/demo", "/real", 1),
		} {
			if status, body := request(t, s, http.MethodGet, url, ""); status != 401 || !strings.Contains(body, "InvalidOTP") {
				t.Errorf("%s: got %d %s, want 401 and InvalidOTP", name, status, body)
			}
		}
	})
}

func TestAUserHasFiveConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		var all []*raw
		for range 5 {
			all = append(all, dialAccount(t, s, derivsim.DemoAccount))
		}
		_, body := rest(t, s, http.MethodPost, "/accounts/"+derivsim.DemoAccount+"/otp", "Authorization", "Bearer x", "Deriv-App-ID", "a")
		_, url, _ := strings.Cut(body, `"url":"ws`)
		url, _, _ = strings.Cut(url, `"`)
		if status, body := request(t, s, http.MethodGet, "http"+url, ""); status != 429 {
			t.Errorf("the sixth: got %d %s, want 429", status, body)
		}
		_ = all[0].ws.CloseNow()
		synctest.Wait()
		dialAccount(t, s, derivsim.DemoAccount)
	})
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, quiet(t)))
		begun := time.Now()
		_, err := r.read(time.Hour)
		if websocket.CloseStatus(err) != websocket.StatusNormalClosure || time.Since(begun) != 2*time.Minute {
			t.Errorf("got %v after %v, want a close after two minutes", err, time.Since(begun))
		}
	})
}

func TestARequestBeyondAllBoundsIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialPublic(t, start(t, quiet(t)))
		_ = r.ws.Write(t.Context(), websocket.MessageText, []byte(`{"ticks":"`+strings.Repeat("x", 1<<17)+`"}`)) // it may be refused in the middle
		if _, err := r.read(patience); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
			t.Errorf("got %v, want 1009", err)
		}
	})
}

// The clock says how fast it runs, and in it an hour passes in 3.6 of our seconds.
func TestTheClockIsAsFastAsItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := quiet(t)
		opts.Speed = 1000
		r := dialPublic(t, start(t, opts))
		first := into[deriv.TimeAnswer](r, `{"time":1}`)
		time.Sleep(3600 * time.Millisecond)
		second := into[deriv.TimeAnswer](r, `{"time":1}`)
		if first.Speed != 1000 || second.Millis-first.Millis != 3_600_000 || second.Time-first.Time != 3600 {
			t.Errorf("got %+v and %+v, want an hour between them at speed 1000", first, second)
		}
	})
}

// Whoever asks, when and how often: the ticks of a seed are the same.
func TestARunReplays(t *testing.T) {
	history := func(prepare func(r *raw)) (h deriv.History) {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, quiet(t))
			if prepare != nil {
				prepare(dialPublic(t, s))
			}
			time.Sleep(time.Until(time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC))) // an hour into the bubble
			end := strconv.FormatInt(noon.Unix()+3600, 10)
			h = *into[deriv.HistoryAnswer](dialPublic(t, s), `{"ticks_history":"R_75","end":"`+end+`","count":1000}`).History
		})
		return h
	}
	want := history(nil)
	got := history(func(r *raw) {
		r.code(`{"ticks":["R_75","stpRNG"],"subscribe":1}`)
		until(r, "tick")
	})
	if diff := cmp.Diff(want, got); diff != "" || len(want.Prices) != 1000 {
		t.Errorf("with a subscriber (-want +got):\n%s", diff)
	}
}

func TestRunEndsAllThatItServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		for range 10 {
			dialPublic(t, s).code(`{"ticks":"R_75","subscribe":1}`)
		}
		if err := s.Run(t.Context()); err == nil {
			t.Error("a second Run: got no error")
		}
	}) // a goroutine that is left fails the bubble
}
