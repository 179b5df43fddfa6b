package deriv_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/schema"
)

// requests are a zero of every call that the client can make.
var requests = []deriv.Request{
	&deriv.TimeRequest{}, &deriv.PingRequest{}, &deriv.ActiveSymbolsRequest{}, &deriv.ContractsForRequest{},
	&deriv.TicksRequest{}, &deriv.TicksHistoryRequest{}, &deriv.ProposalRequest{}, &deriv.BuyRequest{},
	&deriv.SellRequest{}, &deriv.OpenContractRequest{}, &deriv.PortfolioRequest{}, &deriv.ProfitTableRequest{},
	&deriv.StatementRequest{}, &deriv.BalanceRequest{}, &deriv.TransactionRequest{}, &deriv.ForgetRequest{},
	&deriv.ForgetAllRequest{},
}

// answers are a zero of the body of every message type.
var answers = map[string]any{
	"time": deriv.TimeAnswer{}, "ping": deriv.PingAnswer{}, "active_symbols": deriv.ActiveSymbolsAnswer{},
	"contracts_for": deriv.ContractsForAnswer{}, "tick": deriv.TickAnswer{}, "history": deriv.HistoryAnswer{},
	"candles": deriv.HistoryAnswer{}, "proposal": deriv.ProposalAnswer{}, "buy": deriv.BuyAnswer{},
	"sell": deriv.SellAnswer{}, "proposal_open_contract": deriv.OpenContractAnswer{},
	"portfolio": deriv.PortfolioAnswer{}, "profit_table": deriv.ProfitTableAnswer{},
	"statement": deriv.StatementAnswer{}, "balance": deriv.BalanceAnswer{}, "transaction": deriv.TransactionAnswer{},
	"forget": deriv.ForgetAnswer{}, "forget_all": deriv.ForgetAllAnswer{},
}

// notRead are fields of which the facts themselves are doubtful: an id of
// letters is called a number. They pass whatever they are.
var notRead = map[string]bool{"proposal_open_contract.account_id": true}

func canonical(t *testing.T, value jsontext.Value) string {
	t.Helper()
	value = value.Clone()
	if err := value.Canonicalize(); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	return string(value)
}

func TestEveryRequestIsWhatTheFactsSay(t *testing.T) {
	seen := map[string]bool{}
	for _, zero := range requests {
		seen[zero.Call()] = true
		for pick := range 12 {
			for _, full := range []bool{true, false} {
				sample := schema.RequestOf(zero.Call()).Sample(full, pick)
				checkRequest(t, zero, sample)
			}
		}
	}
	for _, call := range schema.Requests() {
		if !seen[call] {
			t.Errorf("%s: the facts know it, the client does not", call)
		}
	}
}

// checkRequest reads a request as the facts have it, and writes it again.
func checkRequest(t *testing.T, zero deriv.Request, sample jsontext.Value) {
	t.Helper()
	r := reflect.New(reflect.TypeOf(zero).Elem()).Interface().(deriv.Request)
	if err := json.Unmarshal(sample, r); err != nil {
		t.Fatalf("%s: %s: %v", r.Call(), sample, err)
	}
	var end struct {
		ReqID       int64        `json:"req_id"`
		Passthrough deriv.Object `json:"passthrough"`
	}
	if err := json.Unmarshal(sample, &end); err != nil {
		t.Fatal(err)
	}
	frame, err := deriv.EncodeRequest(r, end.ReqID, end.Passthrough)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Request(frame); err != nil {
		t.Errorf("%s: %s: %v", r.Call(), frame, err)
	}
	if !strings.HasPrefix(string(frame), `{"`+r.Call()+`":`) {
		t.Errorf("got %s, want %s first", frame, r.Call())
	}
	// What is 0 or "" and may be missing is left out.
	want := strings.ReplaceAll(canonical(t, sample), `"description":0,`, "")
	if got := canonical(t, frame); got != want {
		t.Errorf("%s: got %s, want %s", r.Call(), got, want)
	}
}

func TestEveryAnswerIsReadAndWrittenAsTheFactsSay(t *testing.T) {
	for _, msgType := range schema.Answers() {
		zero, ok := answers[msgType]
		if !ok && msgType != "error" {
			t.Errorf("%s: the facts know it, the client does not", msgType)
		}
		if !ok {
			continue
		}
		for pick := range 6 {
			full, minimal := answerSample(t, msgType, true, pick), answerSample(t, msgType, false, pick)
			first, again := readAndWrite(t, zero, full), readAndWrite(t, zero, minimal)
			if err := schema.Answer(first); err != nil {
				t.Errorf("%s: %s: %v", msgType, first, err)
			}
			if err := schema.Answer(again); err != nil {
				t.Errorf("%s: %s: %v", msgType, again, err)
			}
			if pick == 0 {
				compareFull(t, msgType, full, first)
			}
		}
	}
}

func compareFull(t *testing.T, msgType string, full, got jsontext.Value) {
	t.Helper()
	want := canonical(t, without(t, full, "proposal_open_contract", "account_id"))
	want = strings.ReplaceAll(want, `{},{}`, `{"epoch":null,"tick":null},{"epoch":null,"tick":null}`)
	if msgType == "proposal_open_contract" {
		want = strings.ReplaceAll(want, `{"epoch":null,"tick":null}`, `{}`)
	}
	if diff := cmp.Diff(canonical(t, got), want); diff != "" {
		t.Errorf("%s: got (-) want (+):\n%s", msgType, diff)
	}
}

func answerSample(t *testing.T, msgType string, full bool, pick int) jsontext.Value {
	t.Helper()
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(schema.AnswerOf(msgType).Sample(full, pick), &fields); err != nil {
		t.Fatal(err)
	}
	fields["msg_type"] = jsontext.Value(`"` + msgType + `"`)
	return marshal(t, fields)
}

func marshal(t *testing.T, v any) jsontext.Value {
	t.Helper()
	out, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func without(t *testing.T, frame jsontext.Value, object, field string) jsontext.Value {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(frame, &fields); err != nil {
		t.Fatal(err)
	}
	if inner, ok := fields[object].(map[string]any); ok {
		delete(inner, field)
	}
	return marshal(t, fields)
}

func decode(zero any, frame jsontext.Value) error {
	a, err := deriv.DecodeAnswer(frame)
	if err != nil {
		return err
	}
	return a.Into(reflect.New(reflect.TypeOf(zero)).Interface())
}

func readAndWrite(t *testing.T, zero any, frame jsontext.Value) jsontext.Value {
	t.Helper()
	a, err := deriv.DecodeAnswer(frame)
	if err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	body := reflect.New(reflect.TypeOf(zero))
	if err := a.Into(body.Interface()); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	out, err := deriv.EncodeAnswer(*a, body.Elem().Interface())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wrong are values that a field of a kind may not have. Decimals and numbers are
// taken for each other, and null for nothing.
var wrong = map[string][]string{
	"string":  {"1", "true", "{}", "[]"},
	"number":  {`"word"`, "true", "{}", "[]"},
	"integer": {`"word"`, "true", "{}", "[]", "1.5"},
	"decimal": {`"word"`, `""`, "true", "{}", "[]"},
	"object":  {`"word"`, "true", "7", "[]"},
	"literal": {"true", "{}", "[]"},
}

func TestFieldsOfAWrongTypeFail(t *testing.T) {
	tried := 0
	for msgType, zero := range answers {
		full := answerSample(t, msgType, true, 0)
		eachPath(schema.AnswerOf(msgType), "", func(path string, f schema.Field) {
			if notRead[path] {
				return
			}
			for _, bad := range wrongFor(f) {
				frame := replace(t, full, strings.Split(path, "."), jsontext.Value(bad))
				tried++
				if err := decode(zero, frame); err == nil {
					t.Errorf("%s: %s = %s was taken, want %v", msgType, path, bad, f.Types)
				}
			}
		})
	}
	if tried < 500 {
		t.Errorf("tried %d wrong values, want hundreds", tried)
	}
}

func wrongFor(f schema.Field) []string {
	kind := f.Types[0]
	if kind.List {
		return []string{`"word"`, "true", "7", "{}", "[" + wrong[kind.Kind][1] + "]"}
	}
	// Whatever is JSON may stand in the arguments of an error's message.
	if len(f.Types) > 3 && kind.Kind == "string" {
		return nil
	}
	return wrong[kind.Kind]
}

// eachPath visits the fields of an object and of the objects in it.
func eachPath(o *schema.Object, prefix string, visit func(path string, f schema.Field)) {
	if o == nil {
		return
	}
	for _, f := range o.Fields {
		if prefix+f.Name == "echo_req" || prefix+f.Name == "msg_type" {
			continue // echoed as it came; the message type is what chose the test
		}
		visit(prefix+f.Name, f)
		for _, t := range f.Types {
			eachPath(t.Object, prefix+f.Name+".", visit)
		}
	}
}

// replace puts a value at the end of a path, in the first element of lists.
func replace(t *testing.T, object jsontext.Value, path []string, value jsontext.Value) jsontext.Value {
	t.Helper()
	if object.Kind() == '[' {
		var list []jsontext.Value
		if err := json.Unmarshal(object, &list); err != nil {
			t.Fatal(err)
		}
		list[0] = replace(t, list[0], path, value)
		return marshal(t, list)
	}
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(object, &fields); err != nil {
		t.Fatalf("%s: %v", object, err)
	}
	if len(path) > 1 {
		value = replace(t, fields[path[0]], path[1:], value)
	}
	fields[path[0]] = value
	return marshal(t, fields)
}

func TestUnknownFieldsPass(t *testing.T) {
	for msgType, zero := range answers {
		full := answerSample(t, msgType, true, 0)
		want := readAndWrite(t, zero, full)
		paths := []string{""}
		eachPath(schema.AnswerOf(msgType), "", func(path string, f schema.Field) {
			if f.Types[0].Object != nil {
				paths = append(paths, path+".")
			}
		})
		for _, path := range paths {
			frame := replace(t, full, strings.Split(path+"news", "."), jsontext.Value(`{"a":[1,{"b":null}]}`))
			if err := decode(zero, frame); err != nil {
				t.Errorf("%s: an unknown field in %q: got %v, want it passed", msgType, path, err)
				continue
			}
			if got := readAndWrite(t, zero, frame); path != "" && canonical(t, got) != canonical(t, want) {
				t.Errorf("%s: an unknown field in %q changed what was read: got %s, want %s", msgType, path, got, want)
			}
		}
	}
}

func TestRequestsThatTheVenueWouldRefuseAreRefused(t *testing.T) {
	tests := []struct{ name, request, want string }{
		{name: "no call", request: `{"req_id":1}`, want: "request: got no call"},
		{name: "two calls", request: `{"time":1,"ping":1}`, want: "request: got no call that is known, or several"},
		{name: "a price in quotes", request: `{"buy":"x","price":"10"}`, want: `price: got "10", want number`},
		{name: "the old generation's symbol", request: `{"proposal":1,"symbol":"R_75","contract_type":"CALL","currency":"USD"}`, want: "underlying_symbol: got nothing"},
		{name: "the old generation's loginid", request: `{"balance":1,"loginid":"x"}`, want: "loginid: got a field that is not allowed"},
		{name: "a fraction of a contract", request: `{"sell":1.5,"price":0}`, want: "sell: got 1.5, want integer"},
		{name: "a unit that is none", request: `{"proposal":1,"underlying_symbol":"R_75","contract_type":"CALL","currency":"USD","duration_unit":"w"}`, want: `duration_unit: got "w"`},
		{name: "an unknown field below", request: `{"buy":"1","price":1,"parameters":{"underlying_symbol":"R_75","contract_type":"CALL","currency":"USD","subscribe":1}}`, want: "parameters.subscribe: got a field that is not allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := schema.Request([]byte(test.request))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestAnErrorIsReadAsOne(t *testing.T) {
	frame := `{"echo_req":{"buy":"x"},"msg_type":"buy","req_id":4,"error":{"code":"PriceMoved","message":"The price moved.","details":{"field":"price"},"code_args":["1.20"]}}`
	if err := schema.Answer([]byte(frame)); err != nil {
		t.Fatal(err)
	}
	a, err := deriv.DecodeAnswer([]byte(frame))
	if err != nil {
		t.Fatal(err)
	}
	err = a.Into(&deriv.BuyAnswer{})
	if !deriv.IsClass(err, deriv.ClassPrice) || fmt.Sprint(err) != "deriv: PriceMoved: The price moved." {
		t.Errorf("got %v of no class price", err)
	}
}
