package ranker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/dial/dialtest"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
)

// The page is told of what is at stake, of every limit, and of what ended.
func TestStateTellsOfTrading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trader := holding(t, 3)
		wins(t, trader, 2)
		r := prepare(t, newHub(t), &ranker.Options{Trader: trader, AdminToken: adminToken})
		got := read(t, ask(r, "GET", "/api/state").Body.Bytes())["trade"].(document)
		used := document{
			"open": 2., "foreign": 0., "open_payout": "3.90", "minute": 0., "hour": 0., "day": 3., "daily_loss": "-0.95", "rolling_loss": "-0.95",
			"drawdown": 0., "losses_in_a_row": 0., "at_stake": "2.00",
		}
		if diff := cmp.Diff(used, got["used"]); diff != "" {
			t.Errorf("used (-want +got):\n%s", diff)
		}
		account := got["account"].(document)
		if account["balance"] != "98.95" || len(got["positions"].([]any)) != 2 || len(got["recent"].([]any)) != 1 || got["commands"] != true {
			t.Errorf("got %v", got)
		}
		if got["venue"].(document)["connected"] != false || got["limits"].(document)["loss_streak"] != 5. {
			t.Errorf("got %v and %v", got["venue"], got["limits"])
		}
	})
}

// What an open contract would bring is not known before the venue says so, nor where it
// last said that it does not know; a poll sees that it is told.
func TestARunningProfitIsUnknownUntilTheVenueTellsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trader := holding(t, 1)
		r := prepare(t, newHub(t), &ranker.Options{Trader: trader})
		tag := ""
		for _, c := range []struct {
			name string
			bid  *trade.Money
			want any
		}{
			{"nothing told yet", nil, nil},
			{"a loss", new(trade.Cents(40)), "-0.60"},
			{"a profit", new(trade.Cents(130)), "0.30"},
			{"nothing known any more", nil, nil},
		} {
			trader.Handle(t.Context(), trade.Event{Contract: &trade.Contract{ID: 1, Bid: c.bid}})
			w := ask(r, "GET", "/api/state", "If-None-Match", tag)
			tag = w.Header().Get("Etag")
			for _, answer := range []document{read(t, w.Body.Bytes())["trade"].(document), read(t, ask(r, "GET", "/positions").Body.Bytes())} {
				position := answer["positions"].([]any)[0].(document)
				if got := position["running_profit"]; got != c.want || (position["running_at"] == nil) != (c.want == nil) {
					t.Errorf("%s: got %v at %v, want %v", c.name, got, position["running_at"], c.want)
				}
			}
		}
	})
}

// A limit is the largest number that one can write: the rows that are open come on top
// of it, and together they must not be less than none.
func TestTheLargestLimitIsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trader := holding(t, 3)
		wins(t, trader, 2)
		r := prepare(t, newHub(t), &ranker.Options{Trader: trader})
		got := read(t, ask(r, "GET", "/positions?limit=9223372036854775807").Body.Bytes())
		if len(got["positions"].([]any)) != 2 || len(got["recent"].([]any)) != 1 {
			t.Errorf("got %v, want what is open and what ended", got)
		}
		for _, path := range []string{"/rankings", "/decisions", "/risk"} {
			if w := ask(r, "GET", path+"?limit=9223372036854775807"); w.Code != 200 {
				t.Errorf("%s: got %d, want 200", path, w.Code)
			}
		}
	})
}

// A poll finds nothing new until something is: also if it is the trader's alone.
func TestTheTagChangesWithTrading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, trader := commanded(t)
		tag := ask(r, "GET", "/api/state").Header().Get("Etag")
		if again := ask(r, "GET", "/api/state", "If-None-Match", tag); again.Code != 304 {
			t.Errorf("nothing happened: got %d, want 304", again.Code)
		}
		wins(t, trader, 1)
		again := ask(r, "GET", "/api/state", "If-None-Match", tag)
		if tag = again.Header().Get("Etag"); again.Code != 200 {
			t.Errorf("a contract ended: got %d, want 200", again.Code)
		}
		tell(r, "/trade/halt", "", "Authorization", "Bearer "+adminToken)
		if again := ask(r, "GET", "/api/state", "If-None-Match", tag); again.Code != 200 {
			t.Errorf("a halt: got %d, want 200", again.Code)
		}
	})
}

// viewer looks at a ranker over the network of a bubble.
func viewer(t *testing.T, r *ranker.Ranker, header ...string) (*websocket.Conn, error) {
	t.Helper()
	opts := &websocket.DialOptions{HTTPClient: dialtest.Serve(t, r).Client(), HTTPHeader: map[string][]string{}}
	for i := 0; i < len(header); i += 2 {
		opts.HTTPHeader.Set(header[i], header[i+1])
	}
	conn, _, err := websocket.Dial(t.Context(), "ws://127.0.0.1:7861/ws/view", opts)
	if err == nil {
		conn.SetReadLimit(1 << 20)
		t.Cleanup(func() { _ = conn.CloseNow() })
	}
	return conn, err
}

// next is the next frame, and how long it took to come.
func next(t *testing.T, conn *websocket.Conn) (document, time.Duration) {
	t.Helper()
	start := time.Now()
	_, frame, err := conn.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return read(t, frame), time.Since(start)
}

// A viewer is told at once of how things stand, within half a second of what changes,
// and every five seconds that nothing has.
func TestAViewerIsToldOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, trader := commanded(t)
		conn, err := viewer(t, r)
		if err != nil {
			t.Fatal(err)
		}
		if first, _ := next(t, conn); first["status"] != "ok" || first["trade"] == nil {
			t.Errorf("got %v, want the state", first)
		}
		wins(t, trader, 1)
		after, took := next(t, conn)
		if took > 500*time.Millisecond || len(after["trade"].(document)["positions"].([]any)) != 0 {
			t.Errorf("got %v after %v, want no position within half a second", after["trade"], took)
		}
		if _, took := next(t, conn); took != 5*time.Second {
			t.Errorf("nothing new after %v, want to hear so after 5 s", took)
		}
	})
}

func TestViewersAreOfOurPageAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := commanded(t)
		if _, err := viewer(t, r, "Origin", "http://evil.example"); err == nil {
			t.Error("a page of a stranger: got in")
		}
		var last *websocket.Conn
		for i := range 32 {
			conn, err := viewer(t, r, "Origin", own)
			if err != nil {
				t.Fatalf("viewer %d: %v", i, err)
			}
			last = conn
		}
		if _, err := viewer(t, r); err == nil {
			t.Error("the 33rd: got in")
		}
		_ = last.CloseNow()
		time.Sleep(time.Minute)
		if _, err := viewer(t, r); err != nil {
			t.Errorf("after one left: %v", err)
		}
	})
}

// Who ends the ranker does not wait for those who look, nor they for ever.
func TestViewersLeaveWithTheRanker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := follow(t, newHub(t), nil)
		conn, err := viewer(t, r.Ranker)
		if err != nil {
			t.Fatal(err)
		}
		next(t, conn)
		r.stop()
		for range 10 {
			if _, _, err = conn.Read(t.Context()); err != nil {
				break
			}
		}
		if websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("got %v, want to be told that the ranker ends", err)
		}
	})
}
