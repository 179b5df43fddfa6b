package ranker_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
)

// bookkeeper is a venue that has a record, and does nothing else.
type bookkeeper struct {
	closedVenue
	record *trade.Record // nil while it does not answer
}

func (b *bookkeeper) Record(context.Context, time.Time) (*trade.Record, error) {
	if b.record == nil {
		return nil, errors.New("no answer in time")
	}
	return b.record, nil
}

// unresolved is a ranker whose trader does not know what became of the order i1.
func unresolved(t *testing.T, record *trade.Record) (http.Handler, *notes) {
	t.Helper()
	at := time.Now().Add(-time.Minute)
	quote := trade.Quote{Terms: trade.Terms{Symbol: "R_75", Kind: trade.Rise}}
	book := &notes{
		{Seq: 1, At: at, Opened: &trade.Opened{Account: aDemo, Balance: 100 * trade.Unit}},
		{Seq: 2, At: at, Planned: &trade.Intent{ID: "i0", Most: trade.Unit, Signal: trade.Signal{Decision: "d0"}, Quote: quote}},
		{Seq: 3, At: at, Sent: &trade.Sent{Intent: "i0"}},
		{Seq: 4, At: at, Bought: &trade.Bought{Intent: "i0", Receipt: trade.Receipt{Contract: 7, Price: trade.Unit}}},
		{Seq: 5, At: at, Planned: &trade.Intent{ID: "i1", Most: trade.Unit, Signal: trade.Signal{Decision: "d1"}, Quote: quote}},
		{Seq: 6, At: at, Sent: &trade.Sent{Intent: "i1"}},
		{Seq: 7, At: at, Halted: &trade.Halted{Reason: trade.ReasonAmbiguous, By: "trader"}},
	}
	trader, err := trade.New(&trade.Options{Broker: &bookkeeper{record: record}, Journal: book, Terms: func(*trade.Facts) (trade.Terms, error) { return trade.Terms{}, nil }})
	if err == nil {
		err = trader.Open(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return prepare(t, newHub(t), &ranker.Options{Trader: trader, AdminToken: adminToken}), book
}

func TestAPersonSaysFromElsewhereWhatBecameOfAnOrder(t *testing.T) {
	statement := &trade.Record{Open: []trade.Contract{{ID: 7, Price: trade.Unit}, {ID: 8, Price: trade.Unit}, {ID: 9, AppID: 4, Price: trade.Unit}}}
	token := []string{"Authorization", "Bearer " + adminToken}
	for _, c := range []struct {
		name   string
		record *trade.Record
		body   string
		header []string
		code   int
		want   string
	}{
		{"it is this contract", statement, `{"intent": "i1", "contract_id": 8}`, token, 200, `"done":"resolved"`},
		{"it was never bought", statement, `{"intent": "i1", "contract_id": "none"}`, token, 200, `"done":"resolved"`},
		{"another order", statement, `{"intent": "i2", "contract_id": 8}`, token, 409, `want the unresolved one: i1`},
		{"one that is resolved", statement, `{"intent": "i0", "contract_id": 8}`, token, 409, `want the unresolved one: i1`},
		{"a contract that the venue has not", statement, `{"intent": "i1", "contract_id": 4711}`, token, 409, "contract 4711: the venue has none of our app"},
		{"a contract of another app", statement, `{"intent": "i1", "contract_id": 9}`, token, 409, "contract 9: the venue has none of our app"},
		{"a contract of another order", statement, `{"intent": "i1", "contract_id": 7}`, token, 409, "no other order's"},
		{"a venue that says nothing", nil, `{"intent": "i1", "contract_id": 8}`, token, 503, "no answer in time"},
		{"no contract said", statement, `{"intent": "i1"}`, token, 400, "body: want"},
		{"a number that was none", statement, `{"intent": "i1", "contract_id": null}`, token, 400, "contract_id: got null"},
		{"nought", statement, `{"intent": "i1", "contract_id": 0}`, token, 400, "contract_id: got 0"},
		{"half a number", statement, `{"intent": "i1", "contract_id": 8.5}`, token, 400, "contract_id: got 8.5"},
		{"a text", statement, `{"intent": "i1", "contract_id": "8"}`, token, 400, `contract_id: got \"8\"`},
		{"no order said", statement, `{"contract_id": "none"}`, token, 400, "body: want"},
		{"one thing more", statement, `{"intent": "i1", "contract_id": "none", "sure": true}`, token, 400, "body: want"},
		{"nothing", statement, "", token, 400, "body: want"},
		{"too much", statement, `{"intent": "` + strings.Repeat("i", 2000) + `", "contract_id": 8}`, token, 400, "at most 1 KiB"},
		{"a stranger", statement, `{"intent": "i1", "contract_id": "none"}`, nil, 401, "want the admin token"},
		{"a page of a stranger", statement, `{"intent": "i1", "contract_id": "none"}`, append([]string{"Origin", "http://evil.example"}, token...), 403, "origin: got a foreign one"},
	} {
		bubble(t, c.name, func(t *testing.T) {
			r, book := unresolved(t, c.record)
			before := len(*book)
			w := tell(r, "/trade/resolve", c.body, c.header...)
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("got %d %s, want %d and %q", w.Code, w.Body, c.code, c.want)
			}
			if wrote := len(*book) > before; wrote != (c.code == 200) {
				t.Errorf("got %d entries after %d, want more only where it was done", len(*book), before)
			}
		})
	}
}

// What a person said stands in the journal, with who said it; and the halt goes on.
func TestWhatBecameOfAnOrderIsOnRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, book := unresolved(t, &trade.Record{Closed: []trade.Contract{{ID: 8, Price: trade.Unit, Transaction: 5}}})
		if w := tell(r, "/trade/resolve", `{"intent": "i1", "contract_id": 8}`, "Authorization", "Bearer "+adminToken); w.Code != 200 {
			t.Fatalf("got %d %s, want it done", w.Code, w.Body)
		}
		want := &trade.Bought{Intent: "i1", Receipt: trade.Receipt{Contract: 8, Transaction: 5, Price: trade.Unit}, Found: true, By: "api 192.0.2.1"}
		if diff := cmp.Diff(want, (*book)[len(*book)-1].Bought); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		account := read(t, ask(r, "GET", "/risk").Body.Bytes())["account"].(document)
		if account["unresolved"] != nil || account["halted"] == nil {
			t.Errorf("got %v, want nothing unresolved, and that it is halted", account)
		}
		if w := tell(r, "/trade/resolve", `{"intent": "i1", "contract_id": "none"}`, "Authorization", "Bearer "+adminToken); w.Code != 409 || !strings.Contains(w.Body.String(), "no order is unresolved") {
			t.Errorf("once more: got %d %s, want 409", w.Code, w.Body)
		}
	})
}
