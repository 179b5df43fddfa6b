package derivsim_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/deriv/schema"
)

// scripts are requests of every call that are right. CONTRACT stands for one that
// is open, OLD for one that has ended, STREAM for a subscription.
var scripts = map[string][]string{
	"time":           {`{"time":1}`},
	"ping":           {`{"ping":1}`},
	"active_symbols": {`{"active_symbols":"brief"}`, `{"active_symbols":"full","contract_type":["CALL","ACCU"]}`},
	"contracts_for":  {`{"contracts_for":"R_75"}`, `{"contracts_for":"CRASH500"}`, `{"contracts_for":"1HZ100V"}`},
	"ticks":          {`{"ticks":"R_75"}`, `{"ticks":["1HZ100V","stpRNG"],"subscribe":1}`},
	"ticks_history": {
		`{"ticks_history":"R_75","end":"latest","count":10}`, `{"ticks_history":"R_75","end":"latest","style":"candles","granularity":60,"count":5,"adjust_start_time":1}`,
		`{"ticks_history":"CRASH500","end":"latest","count":3,"subscribe":1}`, `{"ticks_history":"1HZ100V","end":"latest","style":"candles","count":3,"subscribe":1}`,
	},
	"proposal": {
		propose(rise5t), propose(riseSeconds), subscribed(propose(multUp)), subscribed(propose(accu)),
	},
	"buy": {
		buyOf(10, rise5t), subscribed(buyOf(10, riseSeconds)), subscribed(buyOf(10, multUp)), subscribed(buyOf(10, accu)), buyOf(10, lasting),
	},
	"proposal_open_contract": {
		`{"proposal_open_contract":1}`, `{"proposal_open_contract":1,"contract_id":CONTRACT}`, `{"proposal_open_contract":1,"contract_id":OLD}`,
		`{"proposal_open_contract":1,"subscribe":1}`, `{"proposal_open_contract":1,"contract_id":CONTRACT,"subscribe":1}`,
	},
	"portfolio":    {`{"portfolio":1}`, `{"portfolio":1,"contract_type":["MULTUP"]}`},
	"profit_table": {`{"profit_table":1}`, `{"profit_table":1,"description":1,"limit":5,"sort":"ASC","date_from":"2026-01-01"}`},
	"statement":    {`{"statement":1}`, `{"statement":1,"description":1,"action_type":"sell","limit":5}`, `{"statement":1,"action_type":"deposit"}`},
	"balance":      {`{"balance":1}`, `{"balance":1,"subscribe":1}`},
	"transaction":  {`{"transaction":1,"subscribe":1}`},
	"sell":         {`{"sell":CONTRACT,"price":0}`},
	"forget":       {`{"forget":"STREAM"}`, `{"forget":"none"}`},
	"forget_all":   {`{"forget_all":"ticks"}`, `{"forget_all":["candles","proposal","balance","transaction","proposal_open_contract"]}`},
}

const (
	rise5t      = `"underlying_symbol":"1HZ100V","contract_type":"CALL","amount":5,"basis":"stake","duration":5,"duration_unit":"t"`
	riseSeconds = `"underlying_symbol":"R_75","contract_type":"PUT","amount":5,"basis":"stake","duration":15,"duration_unit":"s"`
	multUp      = `"underlying_symbol":"CRASH500","contract_type":"MULTUP","amount":5,"basis":"stake","multiplier":20,"limit_order":{"take_profit":5,"stop_loss":4}`
	accu        = `"underlying_symbol":"1HZ100V","contract_type":"ACCU","amount":5,"basis":"stake","growth_rate":0.05,"limit_order":{"take_profit":2}`
	lasting     = `"underlying_symbol":"R_75","contract_type":"CALL","amount":5,"basis":"stake","duration":1,"duration_unit":"h"`
)

func propose(fields string) string { return `{"proposal":1,"currency":"USD",` + fields + `}` }

// order is that of the walk: what the later calls are about has to be there.
var order = []string{
	"time", "ping", "active_symbols", "contracts_for", "transaction", "balance", "ticks", "ticks_history", "proposal", "buy", "proposal_open_contract",
	"portfolio", "profit_table", "statement", "sell", "forget", "forget_all",
}

// walker says all of scripts and keeps what it is told. When it is dropped it
// connects anew.
type walker struct {
	t   *testing.T
	sim *derivsim.Sim
	id  int64

	mu     sync.Mutex // guards what follows
	ws     *websocket.Conn
	stream string
	frames []string
}

// connect takes a token of its own each time: one may have been revoked.
func (w *walker) connect() *websocket.Conn {
	for n := range 100 {
		status, body := rest(w.t, w.sim, http.MethodPost, "/accounts/"+derivsim.DemoAccount+"/otp", "Authorization", fmt.Sprintf("Bearer %d.%d", w.id, n), "Deriv-App-ID", "7")
		if status == http.StatusOK {
			_, url, _ := strings.Cut(body, `"url":"`)
			url, _, _ = strings.Cut(url, `"`)
			return dial(w.t, w.sim, url).ws
		}
		time.Sleep(10 * time.Second)
	}
	w.t.Fatal("got no connection in a thousand seconds")
	return nil
}

// listen keeps all that comes, until the connection ends.
func (w *walker) listen(ws *websocket.Conn) {
	for {
		_, frame, err := ws.Read(context.Background())
		w.mu.Lock()
		if err != nil {
			if w.ws == ws {
				w.ws = nil
			}
			w.mu.Unlock()
			return
		}
		w.frames = append(w.frames, string(frame))
		if a, err := deriv.DecodeAnswer(frame[:min(len(frame), 1<<16)]); err == nil && a.Subscription != nil {
			w.stream = a.Subscription.ID
		}
		w.mu.Unlock()
	}
}

// say sends a request and lets a moment pass, in which whatever comes is kept.
func (w *walker) say(text string) {
	w.mu.Lock()
	ws := w.ws
	w.mu.Unlock()
	if ws == nil {
		ws = w.connect()
		w.mu.Lock()
		w.ws = ws
		w.mu.Unlock()
		go w.listen(ws)
	}
	w.id++
	_ = ws.Write(w.t.Context(), websocket.MessageText, []byte(strings.TrimSuffix(text, "}")+fmt.Sprintf(`,"req_id":%d}`, w.id))) // it may have been dropped
	time.Sleep(300 * time.Millisecond)
}

// walk says everything, some of it about contracts that there are by then. Half
// way the fault happens at the next occasion, if there is one.
func (w *walker) walk(fault derivsim.Kind) {
	for _, call := range order {
		if call == "ticks" && fault != "" {
			inject(w.t, w.sim, derivsim.Fault{Kind: fault, Count: 1})
		}
		for _, text := range scripts[call] {
			w.say(w.fill(text))
		}
		if call == "buy" {
			time.Sleep(17 * time.Second) // some of them end
		}
	}
	time.Sleep(3 * time.Minute) // what lags comes
}

func (w *walker) fill(text string) string {
	open, old := "1", "1"
	for _, c := range ledgerOf(w.t, w.sim, derivsim.DemoAccount).Contracts {
		if c.Status != deriv.Open {
			old = fmt.Sprint(c.ID)
		} else if c.Selection.DurationUnit == "h" {
			open = fmt.Sprint(c.ID)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.NewReplacer("CONTRACT", open, "OLD", old, "STREAM", w.stream).Replace(text)
}

// walked are the frames of a walk under a fault, "" for none, and how often that
// happened.
func walked(t *testing.T, fault derivsim.Kind) (frames []string, happened int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts := generous(t, "V75", "V100_1s", "CRASH500", "STEP")
		opts.History = 200
		if fault != "" {
			opts.Faults = []derivsim.Fault{{Kind: fault, Rate: 0.1, Count: 2}}
		}
		w := &walker{t: t, sim: start(t, opts)}
		inject(t, w.sim, derivsim.Fault{Kind: derivsim.BalanceAdjusted, Count: 8})
		w.walk(fault)
		w.mu.Lock()
		defer w.mu.Unlock()
		frames, happened = w.frames, w.sim.Happened()[fault]
	})
	return frames, happened
}

// ohlc is an update of a candle, of which the facts know no more than its type.
type ohlc struct {
	deriv.Answer
	OHLC struct {
		ID, Symbol             string
		Granularity            int
		OpenTime               deriv.Epoch `json:"open_time"`
		Epoch                  deriv.Epoch
		Open, High, Low, Close string
		Decimals               int `json:"pip_size"`
	}
}

// conforms holds a frame against the facts.
func conforms(frame string) error {
	switch {
	case strings.HasPrefix(frame, `{"msg_type":"ohlc"`):
		var v ohlc
		return json.Unmarshal([]byte(frame), &v)
	case unspecified(frame):
		return nil
	}
	return schema.Answer([]byte(frame))
}

// Every call and every stream answers as the facts have it, and every field that
// they know is somewhere in it.
func TestEveryAnswerIsAsTheFactsHaveIt(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(maps.Keys(scripts)), schema.Requests()); diff != "" || len(order) != len(scripts) {
		t.Fatalf("calls that are walked: got (-) want (+):\n%s", diff)
	}
	seen := map[string]bool{}
	frames, _ := walked(t, "")
	for _, frame := range frames {
		if err := conforms(frame); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
		if strings.Contains(frame, `"error"`) {
			t.Errorf("%s: want no error: all that is asked is right", frame)
		}
		seenIn(t, frame, seen)
	}
	for _, msgType := range schema.Answers() {
		if msgType == "error" {
			continue
		}
		eachField(schema.AnswerOf(msgType), msgType+":", func(path string) {
			if strings.Contains(path, ":subscription") && !subscribable(msgType) {
				return
			}
			if seen[path] == neverSent[path] {
				t.Errorf("%s: was sent: %v, want it sent or in the list of what is not", path, seen[path])
			}
		})
	}
}

// neverSent is what the simulator has no use of.
var neverSent = map[string]bool{
	"contracts_for:contracts_for.available.barrier":             true,
	"contracts_for:contracts_for.available.cancellation_range":  true,
	"proposal:proposal.validation_params.payout":                true,
	"proposal_open_contract:proposal_open_contract.account_id":  true,
	"proposal_open_contract:proposal_open_contract.auto_run_id": true,
}

// subscribable tells whether a call with such an answer can be subscribed to.
func subscribable(msgType string) bool {
	calls := map[string]string{"tick": "ticks", "history": "ticks_history", "candles": "ticks_history"}
	call, ok := calls[msgType]
	if !ok {
		call = msgType
	}
	return slices.ContainsFunc(schema.RequestOf(call).Fields, func(f schema.Field) bool { return f.Name == "subscribe" })
}

func eachField(o *schema.Object, prefix string, visit func(path string)) {
	if o == nil {
		return
	}
	for _, f := range o.Fields {
		visit(prefix + f.Name)
		for _, t := range f.Types {
			eachField(t.Object, prefix+f.Name+".", visit)
		}
	}
}

// seenIn notes the paths of all fields in a frame.
func seenIn(t *testing.T, frame string, seen map[string]bool) {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(frame), &fields); err != nil {
		t.Fatal(err)
	}
	note(fields, fmt.Sprint(fields["msg_type"])+":", seen)
}

func note(value any, prefix string, seen map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			seen[prefix+name] = true
			note(inner, prefix+name+".", seen)
		}
	case []any:
		for _, inner := range v {
			note(inner, prefix, seen)
		}
	}
}

// So it is with each fault, but for what is no message at all.
func TestEveryAnswerIsAsTheFactsHaveItWithFaults(t *testing.T) {
	for _, kind := range derivsim.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			frames, happened := walked(t, kind)
			rubbish := 0
			told := map[string]int{}
			for _, frame := range frames {
				begin := frame[:20]
				switch {
				case kind == derivsim.Malformed && frame == `{"msg_type":"tick","tick":{"quote":`, kind == derivsim.Oversized && len(frame) > 4<<20:
					rubbish++
				case told[begin] < 20: // more of the same is in the walk without faults
					told[begin]++
					if err := conforms(frame); err != nil {
						t.Errorf("%.300s: %v", frame, err)
					}
				}
			}
			if len(frames) < 50 || happened == 0 || (rubbish > 0) != (kind == derivsim.Malformed || kind == derivsim.Oversized) {
				t.Errorf("got %d frames, %d that are none, and %d times the fault, want a walk", len(frames), rubbish, happened)
			}
		})
	}
}
