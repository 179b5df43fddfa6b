package derivsim_test

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/price"
)

// What cannot be is told when it is asked for: a world without indices has nothing
// to buy by chance, money beyond a billion could leave its 64 bits, and so could
// time.
func TestOptionsThatCannotBe(t *testing.T) {
	for name, opts := range map[string]derivsim.Options{
		"no index":            {Indices: []price.Index{}},
		"too much money":      {Accounts: []derivsim.Account{{ID: "A", Kind: deriv.Demo, Currency: "USD", Balance: math.MaxInt64 / 1e6 * 1e6}}},
		"too high a payout":   {MaxPayout: math.MaxInt64},
		"a start before 2000": {Start: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a start too late":    {Start: time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a speed of none":     {Speed: math.NaN()},
		"a negative limit":    {Limits: derivsim.Limits{OpenContracts: -1}},
		"an account twice":    {Accounts: []derivsim.Account{{ID: "A", Kind: deriv.Demo, Currency: "USD"}, {ID: "A", Kind: deriv.Real, Currency: "USD"}}},
	} {
		if _, err := derivsim.New(&opts); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%s: got %v, want an error that says what is wanted", name, err)
		}
	}
}

// An account that buys and never sells comes to an end.
func TestOpenContractsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := generous(t, "V75")
		opts.Limits.OpenContracts = 3
		r := dialAccount(t, start(t, opts), derivsim.DemoAccount)
		day := buyOf(1, `"underlying_symbol":"R_75","contract_type":"CALL","amount":1,"basis":"stake","duration":365,"duration_unit":"d"`)
		for n := range 5 {
			if got := r.code(day); (got == "OpenPositionLimit") != (n >= 3) {
				t.Errorf("buy %d: got %q", n+1, got)
			}
		}
	})
}

// A client that subscribes and never reads is cut off, and costs nobody else a
// tick.
func TestWhoDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := quiet(t)
		opts.Speed = 1000
		s := start(t, opts)
		deaf, good := dialPublic(t, s), dialPublic(t, s)
		deaf.send(`{"ticks":["R_75","1HZ100V","CRASH500","stpRNG"],"subscribe":1,"passthrough":{"x":"` + strings.Repeat("x", 10_000) + `"}}`)
		good.send(`{"ticks":"1HZ100V","subscribe":1}`)
		last := deriv.Epoch(0)
		for range 3000 {
			tick := decodeBody[deriv.TickAnswer](t, good.next().Body).Tick
			if last != 0 && tick.Epoch != last+1 {
				t.Fatalf("got %d after %d, want every tick", tick.Epoch, last)
			}
			last = tick.Epoch
		}
		bytes := 0
		for {
			text, err := deaf.read(time.Minute)
			if bytes += len(text); err != nil {
				break
			}
		}
		if bytes > 20<<20 {
			t.Errorf("got %d bytes of what was not read, want the queue's 8 MiB at most", bytes)
		}
	})
}

// Connections beyond a thousand are refused and the others live; those that are
// gone make room again.
func TestThousandsOfSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := quiet(t)
		opts.Limits.Idle = time.Hour
		s := start(t, opts)
		var open []net.Conn
		refused := 0
		for range 1200 {
			conn, status := handshake(t, s)
			if status == http.StatusSwitchingProtocols {
				open = append(open, conn)
				continue
			}
			_ = conn.Close()
			if refused++; status != http.StatusTooManyRequests {
				t.Fatalf("got %d, want 429", status)
			}
		}
		if len(open) != 1000 || refused != 200 {
			t.Errorf("got %d connections and %d refused, want 1000 and 200", len(open), refused)
		}
		for _, conn := range open[:600] {
			_ = conn.Close()
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
		r := dialPublic(t, s)
		if got := r.code(`{"ping":1}`); got != "" {
			t.Errorf("afterwards: got %q, want a pong", got)
		}
		for _, conn := range open[600:] {
			_ = conn.Close()
		}
	})
}

// handshake opens a socket without a client behind it.
func handshake(t *testing.T, s *derivsim.Sim) (net.Conn, int) {
	t.Helper()
	conn, err := s.HTTPClient().Transport.(*http.Transport).DialContext(t.Context(), "tcp", "memory")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET /trading/v1/options/ws/public HTTP/1.1\r\nHost: memory\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 512)
	n, err := conn.Read(head)
	if err != nil {
		t.Fatal(err)
	}
	var status int
	if _, err := fmt.Sscanf(string(head[:n]), "HTTP/1.1 %d", &status); err != nil {
		t.Fatal(err)
	}
	return conn, status
}

// Frames that break the protocol end their connection and nothing else: a length
// of 2⁶³, reserved bits, no mask, an opcode that is none, a control frame that is
// too long or in pieces, text that is no UTF-8, a message without a beginning.
func TestFramesThatBreakTheProtocol(t *testing.T) {
	mask := "\x00\x00\x00\x00"
	for name, frame := range map[string]string{
		"an endless length":         "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + mask,
		"a negative length":         "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + mask,
		"reserved bits":             "\xf1\x80" + mask,
		"no mask":                   "\x81\x02{}",
		"an opcode that is none":    "\x83\x80" + mask,
		"a ping that is too long":   "\x89\xfe\x00\x80" + mask + strings.Repeat("x", 128),
		"a ping in pieces":          "\x09\x80" + mask,
		"no UTF-8":                  "\x81\x82" + mask + "\xff\xfe",
		"a piece without beginning": "\x80\x82" + mask + "{}",
		"too many pieces":           "\x01\xfe\x3f\xff" + mask + strings.Repeat("x", 0x3fff) + "\x00\xfe\x3f\xff" + mask + strings.Repeat("x", 0x3fff),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, quiet(t))
				other := dialPublic(t, s)
				conn, _ := handshake(t, s)
				go func() { _, _ = conn.Write([]byte(frame)) }() // it may be refused in the middle
				begun := time.Now()
				_, _ = io.Copy(io.Discard, conn)
				if took := time.Since(begun); took > 3*time.Second {
					t.Errorf("got the end after %v, want it at once", took)
				}
				_ = conn.Close()
				if got := other.code(`{"ping":1}`); got != "" {
					t.Errorf("another connection: got %q, want a pong", got)
				}
			})
		})
	}
}

// A message may come in pieces with pings between them, or as a binary one.
func TestFramesThatAreOdd(t *testing.T) {
	mask := "\x00\x00\x00\x00"
	for name, frame := range map[string]string{
		"in pieces": "\x01\x85" + mask + `{"pin` + "\x89\x81" + mask + "p" + "\x80\x85" + mask + `g":1}`,
		"binary":    "\x82\x8a" + mask + `{"ping":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, _ := handshake(t, start(t, quiet(t)))
				defer conn.Close()
				go func() { _, _ = conn.Write([]byte(frame)) }()
				var got string
				for !strings.Contains(got, `"ping":"pong"`) {
					buffer := make([]byte, 4096)
					n, err := conn.Read(buffer)
					if err != nil {
						t.Fatalf("got %q, %v, want a pong", got, err)
					}
					got += string(buffer[:n])
				}
			})
		})
	}
}

// Requests that are nested deeply, hold huge numbers or escape their echo are
// answered like any other.
func TestRequestsThatAreOdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialAccount(t, start(t, generous(t, "V75")), derivsim.DemoAccount)
		for name, text := range map[string]string{
			"deep":                   `{"ping":1,"passthrough":` + strings.Repeat(`{"a":`, 2000) + `1` + strings.Repeat(`}`, 2000) + `,"req_id":9}`,
			"an id beyond 64 bits":   `{"time":1,"req_id":99999999999999999999}`,
			"a negative id":          `{"time":1,"req_id":-9223372036854775808}`,
			"a huge stake":           buyOf(1, `"underlying_symbol":"R_75","contract_type":"CALL","amount":1e308,"basis":"stake","duration":5,"duration_unit":"t"`),
			"a tiny stake":           buyOf(1, `"underlying_symbol":"R_75","contract_type":"CALL","amount":1e-300,"basis":"stake","duration":5,"duration_unit":"t"`),
			"a duration without end": buyOf(1, `"underlying_symbol":"R_75","contract_type":"CALL","amount":1,"basis":"stake","duration":9223372036854775807,"duration_unit":"d"`),
			"a huge multiplier":      buyOf(1, `"underlying_symbol":"R_75","contract_type":"MULTUP","amount":1,"basis":"stake","multiplier":1e300`),
			"a growth below 0":       buyOf(1, `"underlying_symbol":"R_75","contract_type":"ACCU","amount":1,"basis":"stake","growth_rate":-0.05`),
			"a contract below 0":     `{"sell":-1,"price":0}`,
			"a price below 0":        `{"sell":1,"price":-1e10}`,
			"an offset of all":       `{"statement":1,"offset":9223372036854775807}`,
			"a span backwards":       `{"ticks_history":"R_75","start":9223372036854775807,"end":"1"}`,
			"quotes in a symbol":     `{"ticks":"\"},{\""}`,
			"a symbol of zeros":      `{"ticks":"\u0000"}`,
			"a line's end":           `{"contracts_for":"R_75\n\u2028"}`,
		} {
			r.send(text)
			for {
				a := r.next() // it holds the answer against the facts
				if a.MsgType != "tick" {
					break
				}
			}
			if got := r.code(`{"ping":1}`); got != "" {
				t.Errorf("%s: afterwards: got %q, want a pong", name, got)
			}
			time.Sleep(time.Second)
		}
	})
}

// The admin call is for small things.
func TestTheAdminCallIsBounded(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, _ *raw) {
		url := derivsim.MemoryURL + "/admin/faults"
		for name, body := range map[string]string{
			"too many":      `{"kind":"foreign-contract","count":1000000000}`,
			"too long ago":  `{"kind":"lag","for":-1e300}`,
			"for ever":      `{"kind":"lag","for":1e300}`,
			"no number":     `{"kind":"lag","rate":"1"}`,
			"an odd number": `{"kind":"lag","count":1.5}`,
			"a list":        `[{"kind":"lag"}]`,
			"two":           `{"kind":"lag"}{"kind":"lag"}`,
		} {
			if status, answer := request(t, s, http.MethodPost, url, body); status != 400 || len(answer) > 2000 {
				t.Errorf("%s: got %d %.200s, want 400 in few words", name, status, answer)
			}
		}
		resp, err := s.HTTPClient().Post(url, "", strings.NewReader(`{"kind":"`+strings.Repeat("x", 1<<20)+`"}`))
		if err == nil { // it may end in the middle
			_ = resp.Body.Close()
		}
		if err == nil && resp.StatusCode != http.StatusBadRequest {
			t.Errorf("too long: got %s, want 400", resp.Status)
		}
		for n := range 250 {
			want := 200
			if n >= 200 {
				want = 400
			}
			if status, body := request(t, s, http.MethodPost, url, `{"kind":"tick-gap","rate":0}`); status != want {
				t.Fatalf("fault %d: got %d %s, want %d", n+1, status, body, want)
			}
		}
		if status, _ := request(t, s, http.MethodPut, url, ""); status != 404 && status != 405 {
			t.Errorf("another method: got %d, want 404 or 405", status)
		}
		time.Sleep(time.Second) // the server's patience with what it cut off
	})
}

// Clients of hundreds of accounts trade at once, each with its own limits, and
// each account's books hold its own contracts.
func TestHundredsOfClients(t *testing.T) {
	const clients = 200
	synctest.Test(t, func(t *testing.T) {
		opts := quiet(t)
		opts.Accounts = nil
		for n := range clients {
			opts.Accounts = append(opts.Accounts, derivsim.Account{ID: fmt.Sprint("A", n), Kind: deriv.Demo, Currency: "USD", Balance: 100 * deriv.Unit})
		}
		opts.Faults = []derivsim.Fault{{Kind: derivsim.DropAfter, Count: 1, Call: "buy", Account: "A7"}}
		s := start(t, opts)
		failed := make(chan int, clients)
		for n := range clients {
			r := dialAs(t, s, fmt.Sprint("A", n), fmt.Sprint("token ", n))
			go func() {
				r.send(aBuy)
				if _, err := r.read(patience); err != nil {
					failed <- n
				}
			}()
		}
		time.Sleep(10 * time.Second)
		close(failed)
		for n := range failed {
			if n != 7 {
				t.Errorf("client %d: got no answer, want it of 7 alone", n)
			}
		}
		for n := range clients {
			if l := ledgerOf(t, s, fmt.Sprint("A", n)); len(l.Of(7)) != 1 || l.Contracts[0].Status == deriv.Open {
				t.Errorf("account %d: got %+v, want its one contract, ended", n, l.Contracts)
			}
		}
	})
}
