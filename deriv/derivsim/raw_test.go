package derivsim_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/deriv/schema"
)

// raw is a connection that says what it likes, and holds every answer against
// the facts.
type raw struct {
	t  *testing.T
	ws *websocket.Conn
	id int64
}

const base = derivsim.MemoryURL + "/trading/v1/options"

func dial(t *testing.T, s *derivsim.Sim, url string) *raw {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), strings.Replace(url, "http://", "ws://", 1), &websocket.DialOptions{HTTPClient: s.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(16 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &raw{t: t, ws: ws}
}

func dialPublic(t *testing.T, s *derivsim.Sim) *raw { return dial(t, s, base+"/ws/public") }

// dialAccount goes the whole way: one-time URL, socket.
func dialAccount(t *testing.T, s *derivsim.Sim, id string) *raw {
	t.Helper()
	return dialAs(t, s, id, "any")
}

func dialAs(t *testing.T, s *derivsim.Sim, id, token string) *raw {
	t.Helper()
	status, body := rest(t, s, http.MethodPost, "/accounts/"+id+"/otp", "Authorization", "Bearer "+token, "Deriv-App-ID", "7")
	var otp deriv.OTPAnswer
	if err := json.Unmarshal([]byte(body), &otp); err != nil || status != http.StatusOK {
		t.Fatalf("got %d %s, %v, want a one-time URL", status, body, err)
	}
	return dial(t, s, otp.Data.URL)
}

func rest(t *testing.T, s *derivsim.Sim, method, path string, headers ...string) (status int, body string) {
	t.Helper()
	return request(t, s, method, base+path, "", headers...)
}

func request(t *testing.T, s *derivsim.Sim, method, url, body string, headers ...string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// patience is how long an answer is waited for, in the test's time.
const patience = 5 * time.Second

func (r *raw) send(text string) {
	r.t.Helper()
	if err := r.ws.Write(r.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		r.t.Fatal(err)
	}
}

// read takes the next message, whatever it is.
func (r *raw) read(within time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), within)
	defer cancel()
	_, text, err := r.ws.Read(ctx)
	return string(text), err
}

// next takes the next message and checks it.
func (r *raw) next() *deriv.Answer {
	r.t.Helper()
	text, err := r.read(time.Hour)
	if err != nil {
		r.t.Fatal(err)
	}
	check(r.t, text)
	a, err := deriv.DecodeAnswer([]byte(text))
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// unspecified are messages of which the facts know nothing: an update of a
// candle, and the answer that only confirms a subscription.
func unspecified(text string) bool {
	return strings.HasPrefix(text, `{"msg_type":"ohlc"`) || strings.HasSuffix(text, `"}}`) && strings.Contains(text, `"transaction":{"id":"`) && !strings.Contains(text, `"action"`)
}

func check(t *testing.T, text string) {
	t.Helper()
	if unspecified(text) {
		return
	}
	if err := schema.Answer([]byte(text)); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

// ask sends a request, under an id of its own if it has none, and takes its
// answer, passing over updates.
func (r *raw) ask(text string) *deriv.Answer {
	r.t.Helper()
	var fields struct {
		ReqID int64 `json:"req_id"`
	}
	if err := json.Unmarshal([]byte(text), &fields); err == nil && fields.ReqID == 0 {
		r.id++
		fields.ReqID = 1000 + r.id
		text = strings.TrimSuffix(text, "}") + `,"req_id":` + strconv.FormatInt(fields.ReqID, 10) + "}"
	}
	r.send(text)
	for range 10_000 {
		if a := r.next(); a.ReqID == fields.ReqID {
			return a
		}
	}
	r.t.Fatalf("%s: got no answer", text)
	return nil
}

// code returns that of the error in the answer, "" for none.
func (r *raw) code(text string) string {
	r.t.Helper()
	if a := r.ask(text); a.Error != nil {
		return a.Error.Code
	}
	return ""
}

// into asks and decodes the answer.
func into[T any](r *raw, text string) T {
	r.t.Helper()
	var body T
	if err := r.ask(text).Into(&body); err != nil {
		r.t.Fatalf("%s: %v", text, err)
	}
	return body
}

// until takes messages of one type.
func until(r *raw, msgType string) jsontext.Value {
	r.t.Helper()
	for range 10_000 {
		if a := r.next(); a.MsgType == msgType {
			return a.Body
		}
	}
	r.t.Fatalf("got no %s", msgType)
	return nil
}

func decodeBody[T any](t *testing.T, body jsontext.Value) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
