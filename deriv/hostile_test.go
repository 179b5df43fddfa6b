package deriv_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// A price of another symbol must never be taken for that of the one that was asked
// for, whatever request it claims to answer.
func TestATickOfAnotherSymbolIsNotPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "ticks" {
				p.reply(request, "tick", tick("R_75", deriv.EpochOf(time.Now())))
			}
			return call == "ticks"
		}
		c := start(t, v, func(o *deriv.Options) { o.TickSilence = -1 })
		stream := must(c.Ticks(t.Context(), "R_75"))
		defer stream.Close()
		first := take(t, stream, 1)[0].Value.Epoch
		p, id := v.last(), v.last().stream()
		p.update(id, "tick", tick("R_100", first+2))
		p.update(id, "tick", tick("R_75", first+4))
		p.update(id, "tick", tick("", first+6)) // who says nothing contradicts nothing
		for _, e := range take(t, stream, 2) {
			if e.Value.Symbol == "R_100" || e.Value.Epoch == first+2 {
				t.Errorf("got %+v, want none of R_100", e)
			}
		}
		if got := c.Health().Counters.Malformed; got != 1 {
			t.Errorf("got %d malformed, want the one", got)
		}
	})
}

// One tick of the year 5138 would make all that follow old, for ever.
func TestATickFromTheFutureSilencesNoStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		m := newMarket(v)
		m.mute[deriv.EpochOf(time.Now())+3] = true
		c := start(t, v, nil)
		stream := must(c.Ticks(t.Context(), "1HZ100V"))
		defer stream.Close()
		events := take(t, stream, 2)
		p, id := v.last(), v.last().stream()
		p.update(id, "tick", tick("1HZ100V", 99_999_999_999))
		p.update(id, "tick", tick("1HZ100V", deriv.EpochOf(time.Now())+3600))
		events = append(events, take(t, stream, 5)...)
		checkOrder(t, events)
		if got := c.Health().Counters; got.Malformed != 2 || got.Missed != 0 {
			t.Errorf("got %+v, want two malformed and none missed", got)
		}
	})
}

// So it is with the moment of a contract.
func TestAContractFromTheFutureIsNotTheLastWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		at := func(seconds deriv.Epoch) deriv.OpenContractAnswer {
			return deriv.OpenContractAnswer{Contract: deriv.OpenContract{ID: 7, Status: deriv.Open, CurrentTime: deriv.EpochOf(time.Now()) + seconds}}
		}
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "proposal_open_contract" {
				p.reply(request, call, at(0))
			}
			return call == "proposal_open_contract"
		}
		a := startAccount(t, v, nil)
		stream := must(a.WatchContract(t.Context(), 7))
		defer stream.Close()
		p, id := v.last(), v.last().stream()
		for _, seconds := range []deriv.Epoch{99_999_999_999, 2} {
			p.update(id, "proposal_open_contract", at(seconds))
		}
		synctest.Wait()
		if events := take(t, stream, 2); events[1].Value.CurrentTime != events[0].Value.CurrentTime+2 {
			t.Errorf("got %+v, want what came two seconds later", events[1])
		}
	})
}

// The receipt of another buy is not that of ours, whatever its number: what became
// of ours is unknown.
func TestAnAnswerToAnotherOrderIsNotOurs(t *testing.T) {
	const receipt = `"buy":{"contract_id":7,"transaction_id":9,"buy_price":10,"payout":19.54,"balance_after":1,"longcode":"","shortcode":"x","start_time":1,"purchase_time":1}`
	tests := []struct{ name, call, frame string }{
		{name: "a receipt for another quote", call: "buy", frame: `{"msg_type":"buy","req_id":%d,"echo_req":{"buy":"other","price":10},` + receipt + `}`},
		{name: "a refusal of another quote", call: "buy", frame: `{"msg_type":"buy","req_id":%d,"echo_req":{"buy":"other","price":10},"error":{"code":"PriceMoved","message":"No."}}`},
		{name: "a refusal of another call", call: "buy", frame: `{"msg_type":"time","req_id":%d,"echo_req":{"time":1},"error":{"code":"RateLimit","message":"No."}}`},
		{name: "the sale of another contract", call: "sell", frame: `{"msg_type":"sell","req_id":%d,"echo_req":{"sell":12,"price":0},"sell":{"contract_id":12,"transaction_id":9,"sold_for":1,"balance_after":1,"reference_id":1}}`},
		{name: "the sale of another contract, said by the receipt alone", call: "sell", frame: `{"msg_type":"sell","req_id":%d,"sell":{"contract_id":12,"transaction_id":9,"sold_for":1,"balance_after":1,"reference_id":1}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue(t)
				v.answer = func(p *peer, call string, request map[string]any) bool {
					switch call {
					case "proposal":
						p.reply(request, "proposal", quoted)
					case test.call:
						p.send(fmt.Appendf(nil, test.frame, int64(request["req_id"].(float64))))
					default:
						return false
					}
					return true
				}
				a := startAccount(t, v, nil)
				var err error
				if test.call == "buy" {
					_, err = a.Buy(t.Context(), must(a.Quote(t.Context(), call5t)), deriv.Cents(1000))
				} else if err = a.WaitReady(t.Context()); err == nil {
					_, err = a.Sell(t.Context(), 4711, 0)
				}
				if err == nil || deriv.OutcomeOf(err) != deriv.Unknown {
					t.Errorf("got %v, %v, want an outcome that is unknown", err, deriv.OutcomeOf(err))
				}
			})
		})
	}
}

var quoted = deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "ours", Ask: deriv.Cents(1000), Payout: deriv.Cents(1954)}}

// A contract that was not asked for is no answer.
func TestAnotherContractIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "proposal_open_contract" {
				p.reply(request, call, deriv.OpenContractAnswer{Contract: deriv.OpenContract{ID: 12, Status: deriv.Won, Sold: true}})
			}
			return call == "proposal_open_contract"
		}
		a := startAccount(t, v, nil)
		if got, err := a.Contract(t.Context(), 4711); err == nil {
			t.Errorf("got %+v, want an error", got)
		}
	})
}

// A clock that nobody can have is not taken over, and neither is a speed.
func TestAClockThatCannotBeIsNotBelieved(t *testing.T) {
	for _, answer := range []deriv.TimeAnswer{
		{Time: 1 << 60}, {Time: 2_000_000_000, Millis: 1 << 62}, {Time: 2_000_000_000, Speed: 1e300}, {Time: 2_000_000_000, Speed: 1e-300}, {Time: -5},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := newVenue(t)
			v.answer = func(p *peer, call string, request map[string]any) bool {
				if call == "time" {
					p.reply(request, "time", answer)
				}
				return call == "time"
			}
			c := start(t, v, nil)
			if err := c.WaitReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			if clock := c.Health().Clock; clock.Known || c.Speed() != 1 || time.Until(c.Now()).Abs() > time.Second {
				t.Errorf("%+v: got %+v, %v at speed %v, want ours", answer, clock, c.Now(), c.Speed())
			}
		})
	}
}

// REST: what is sent in answer is bounded in size and in time, and leads nowhere else.
func TestHostileRESTAnswersEndTheAttempt(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("somebody else was called, with %v", r.Header)
	}))
	defer elsewhere.Close()
	tests := []struct {
		name, want string
		serve      http.HandlerFunc
	}{
		{name: "a redirect to somebody else", want: "HTTP307", serve: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}},
		{name: "a redirect to itself", want: "HTTP301", serve: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusMovedPermanently)
		}},
		{name: "megabytes, compressed to kilobytes", want: "cannot be read", serve: serveBomb},
		{name: "an answer without an end", want: "cannot be read", serve: serveForEver},
		{name: "JSON a million levels deep", want: "cannot be read", serve: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("["), 1<<20)) }},
		{name: "an error as long as a book", want: "Oh: xxx", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprintf(w, `{"errors":[{"code":"Oh","message":%q}]}`, strings.Repeat("x", 1<<19))
		}},
		{name: "no header for ever", want: "deadline", serve: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{name: "a body for ever", want: "deadline", serve: func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(`{"data":[`))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(test.serve)
			defer s.Close()
			a := must(deriv.NewAccount(&deriv.Options{URL: s.URL, Token: deriv.NewToken("pat-hush"), AppID: "1"}))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			if test.want == "deadline" {
				ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
			}
			defer cancel()
			_, err := a.Accounts(ctx)
			if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 600 || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %.700v, want it short and with %q", err, test.want)
			}
		})
	}
}

func serveBomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	for range 16 {
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			return
		}
	}
	_ = z.Close()
}

func serveForEver(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

// A login server that repeats what it was sent does not make it known.
func TestALoginServerThatRepeatsSecrets(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid %s","error_description":%q}`, r.FormValue("refresh_token"), r.Form.Encode())
	}))
	defer s.Close()
	o := &deriv.OAuth{ClientID: "app", RedirectURL: "http://127.0.0.1:1/back", AuthURL: s.URL, TokenURL: s.URL}
	login := must(o.Begin())
	back := must(http.NewRequest(http.MethodGet, "/?code=code-hush&state="+stateOf(t, login), nil)).URL
	_, byCode := login.Exchange(t.Context(), back)
	_, byRefresh := o.Refresh(t.Context(), deriv.NewToken("refresh-hush"))
	for _, err := range []error{byCode, byRefresh} {
		var refused *deriv.Error
		if !errors.As(err, &refused) || strings.Contains(fmt.Sprintf("%v %+v", err, *refused), "hush") {
			t.Errorf("got %+v, want a refusal without a secret", err)
		}
	}
}

func stateOf(t *testing.T, login *deriv.Login) string {
	t.Helper()
	return must(http.NewRequestWithContext(t.Context(), http.MethodGet, login.URL, http.NoBody)).URL.Query().Get("state")
}
