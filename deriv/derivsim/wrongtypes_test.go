package derivsim_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/deriv/schema"
)

// oddities are values of every type that JSON has.
var oddities = []string{`"word"`, `""`, `7`, `1.5`, `true`, `null`, `{}`, `[]`, `[null]`}

// accepts tells whether a value is of one of a field's types, as far as its own
// type goes.
func accepts(f schema.Field, value string) bool {
	return slices.ContainsFunc(f.Types, func(t schema.Type) bool {
		if inner, ok := strings.CutPrefix(value, "["); t.List {
			inner = strings.TrimSuffix(inner, "]")
			return ok && (inner == "" || acceptsOne(t, inner))
		}
		return acceptsOne(t, value)
	})
}

func acceptsOne(t schema.Type, value string) bool {
	switch t.Kind {
	case "string":
		return value[0] == '"'
	case "number":
		return value == "7" || value == "1.5"
	case "integer":
		return value == "7"
	case "decimal":
		return false // none of the oddities is one
	case "object":
		return value == "{}"
	case "null":
		return value == "null"
	}
	return value == t.Literal
}

// put sets a field of an object; path leads through objects and first elements.
func put(t *testing.T, object jsontext.Value, path []string, value string) jsontext.Value {
	t.Helper()
	if object.Kind() == '[' {
		var list []jsontext.Value
		if err := json.Unmarshal(object, &list); err != nil || len(list) == 0 {
			return nil
		}
		if list[0] = put(t, list[0], path, value); list[0] == nil {
			return nil
		}
		return marshalled(t, list)
	}
	var fields map[string]jsontext.Value
	if object.Kind() != '{' || json.Unmarshal(object, &fields) != nil {
		return nil
	}
	inner := jsontext.Value(value)
	if len(path) > 1 {
		if inner = put(t, fields[path[0]], path[1:], value); inner == nil {
			return nil // it is not there
		}
	}
	fields[path[0]] = inner
	return marshalled(t, fields)
}

func marshalled(t *testing.T, v any) jsontext.Value {
	t.Helper()
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// eachOddity puts every value that a field may not have where it is, and visits
// the result; beside, a field that nobody knows in each object.
func eachOddity(t *testing.T, text string, o *schema.Object, visit func(path, value string, wrong jsontext.Value)) {
	t.Helper()
	var walk func(o *schema.Object, path []string)
	walk = func(o *schema.Object, path []string) {
		if news := put(t, jsontext.Value(text), append(slices.Clone(path), "news"), `[1,{"a":null}]`); news != nil {
			visit(strings.Join(path, "."), "", news)
		}
		for _, f := range o.Fields {
			at := append(slices.Clone(path), f.Name)
			for _, value := range oddities {
				if wrong := put(t, jsontext.Value(text), at, value); wrong != nil && !accepts(f, value) {
					visit(strings.Join(at, "."), value, wrong)
				}
			}
			for _, inner := range f.Types {
				if inner.Object != nil {
					walk(inner.Object, at)
				}
			}
		}
	}
	walk(o, nil)
}

// What the simulator says passes with fields that nobody knows, and fails with
// any that is of a wrong type: else the tests of what it says prove nothing.
func TestWhatTheSimulatorSaysHasNoOtherTypes(t *testing.T) {
	examples := map[string]string{"error": ""}
	frames, _ := walked(t, derivsim.PriceMoved)
	for _, frame := range frames {
		msgType := msgTypeOf(t, frame)
		if n := len(frame); msgType != "ohlc" && !unspecified(frame) && n > len(examples[msgType]) && n < 1500 { // the longest has the most fields
			examples[msgType] = frame
		}
	}
	tried := 0
	for _, msgType := range schema.Answers() {
		if examples[msgType] == "" {
			t.Errorf("%s: got none", msgType)
			continue
		}
		eachOddity(t, examples[msgType], schema.AnswerOf(msgType), func(path, value string, wrong jsontext.Value) {
			if path == "msg_type" || msgType == "error" && path == "error" {
				return // they say what it is
			}
			tried++
			if err := schema.Answer(wrong); (err == nil) != (value == "") {
				t.Errorf("%s: %s = %s: got %v", msgType, path, value, err)
			}
		})
	}
	if tried < 1000 {
		t.Errorf("tried %d values, want thousands", tried)
	}
}

func msgTypeOf(t *testing.T, frame string) string {
	t.Helper()
	var fields struct {
		MsgType string         `json:"msg_type"`
		Error   jsontext.Value `json:"error"`
	}
	if err := json.Unmarshal([]byte(frame), &fields); err != nil {
		t.Fatal(err)
	}
	if fields.Error != nil {
		return "error"
	}
	return fields.MsgType
}

// A request with a field that is wrong, missing or unknown is refused with the
// name of that field, whatever the call, and the connection lives on.
func TestEveryRequestIsTakenToTheLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dialAccount(t, start(t, generous(t, "V75", "V100_1s", "CRASH500", "STEP")), derivsim.DemoAccount)
		tried := 0
		for _, call := range slices.Sorted(maps.Keys(scripts)) {
			full := strings.ReplaceAll(string(schema.RequestOf(call).Sample(true, 0)), `"req_id":7`, `"req_id":70000`)
			eachOddity(t, full, schema.RequestOf(call), func(path, value string, wrong jsontext.Value) {
				if path == "req_id" {
					return // an answer to it could not be told
				}
				tried++
				a := r.ask(string(wrong))
				if a.Error == nil || a.Error.Code != "InputValidationFailed" {
					t.Errorf("%s: got %+v, want InputValidationFailed", wrong, a.Error)
				}
			})
			for _, f := range schema.RequestOf(call).Fields {
				if without := strip(t, full, f.Name); !f.Optional && f.Name != call {
					if a := r.ask(without); a.Error == nil || a.Error.Code != "InputValidationFailed" || a.Error.Details[f.Name] == nil {
						t.Errorf("%s: got %+v, want InputValidationFailed that names %s", without, a.Error, f.Name)
					}
				}
			}
		}
		if tried < 500 {
			t.Errorf("tried %d requests, want hundreds", tried)
		}
	})
}

func strip(t *testing.T, object, field string) string {
	t.Helper()
	var fields map[string]jsontext.Value
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, field)
	return string(marshalled(t, fields))
}

// Samples of every call, right in their types and wrong in everything else, get an
// answer as the facts have it: most of them an error.
func TestNonsenseOfTheRightTypesIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, generous(t, "V75", "V100_1s"))
		codes := map[string]int{}
		for _, call := range slices.Sorted(maps.Keys(scripts)) {
			for pick := range 12 {
				for _, full := range []bool{true, false} {
					r := dialAccount(t, s, derivsim.DemoAccount)
					text := strings.ReplaceAll(string(schema.RequestOf(call).Sample(full, pick)), `"req_id":7`, `"req_id":70000`)
					codes[fmt.Sprintf("%s %s", call, r.code(text))]++
					_ = r.ws.CloseNow()
				}
			}
		}
		if len(codes) < 20 {
			t.Errorf("got %v, want answers of many kinds", codes)
		}
	})
}
