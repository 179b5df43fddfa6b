package hub_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var rewrite = flag.Bool("update", false, "rewrite the golden files from what the code does")

const asyncAPIFile = "../spec/asyncapi.json"

// frameTypes are what a publisher sends, hubTypes what a subscriber gets, each with
// its schema in openapi.json, which other tests hold against a hub.
var (
	frameTypes = map[string]string{
		"metrics": "MetricsFrame", "training": "TrainingFrame", "voting": "VotingFrame",
		"heartbeat": "HeartbeatFrame", "ping": "PingFrame", "identify": "IdentifyFrame",
	}
	hubTypes = map[string]string{"initial_state": "InitialState", "metrics_update": "MetricsUpdate"}
)

// TestGoldenAsyncAPI holds that spec/asyncapi.json has the messages of the OpenAPI
// document, and the credentials.
func TestGoldenAsyncAPI(t *testing.T) {
	text, err := os.ReadFile(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(asyncAPI(parseJSON(t, text).(map[string]any))); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(asyncAPIFile); err == nil && bytes.Equal(got, want.Bytes()) {
		return
	}
	if !*rewrite {
		t.Fatalf("%s is not what openapi.json says: make golden, then read the diff", asyncAPIFile)
	}
	if err := os.WriteFile(asyncAPIFile, want.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

type object = map[string]any

func link(pointer string) object { return object{"$ref": "#/" + pointer} }

func asyncAPI(api object) object {
	components := api["components"].(object)
	schemas, messages := components["schemas"].(object), make(object)
	used := make(object)
	for kind, schema := range both(frameTypes, hubTypes) {
		messages[kind] = object{
			"name": kind, "contentType": "application/json", "payload": link("components/schemas/" + schema),
			"summary": schemas[schema].(object)["description"],
		}
		take(schemas, schema, used)
	}
	info := api["info"].(object)
	return object{
		"asyncapi": "3.0.0",
		"info": object{
			"title": "Quasar hub, the WebSockets", "version": info["version"], "license": object{"name": "MIT"},
			"description": "Text messages of one JSON object each, seen from the hub. In words: spec/protocol.md. What a hub sends only grows: " +
				"pass over keys and types that you do not know. From publishers it also takes NaN, Infinity and -Infinity, bare as Python writes them, for null. " +
				"A hub on its own machine may need no credential.",
		},
		"defaultContentType": "application/json",
		"servers":            object{"local": object{"host": "127.0.0.1:7860", "protocol": "ws", "description": "A hub with nothing set."}},
		"channels":           asyncChannels(),
		"operations": object{
			"takeFrames": operation("receive", "publish", frameTypes,
				"The hub takes what a publisher sends and answers with no data frame, ever.", "bearer", "header", "subprotocol"),
			"sendUpdates": operation("send", "subscribe", hubTypes,
				"The hub sends one initial_state, then a metrics_update for each accepted update. What a subscriber sends is discarded.", "bearer", "header", "subprotocol", "cookie"),
		},
		"components": object{"messages": messages, "schemas": used, "securitySchemes": asyncSecurity(components["securitySchemes"].(object))},
	}
}

func both(a, b map[string]string) map[string]string {
	all := make(map[string]string)
	for _, m := range []map[string]string{a, b} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// take copies a schema with all that it refers to.
func take(from object, name string, to object) {
	if to[name] != nil {
		return
	}
	to[name] = from[name]
	eachRef(from[name], func(pointer string) { take(from, pointer[strings.LastIndexByte(pointer, '/')+1:], to) })
}

func eachRef(v any, found func(pointer string)) {
	switch v := v.(type) {
	case object:
		if pointer, ok := v["$ref"].(string); ok {
			found(pointer)
		}
		for _, inner := range v {
			eachRef(inner, found)
		}
	case []any:
		for _, inner := range v {
			eachRef(inner, found)
		}
	}
}

func asyncChannels() object {
	messages := func(kinds map[string]string) object {
		all := make(object)
		for kind := range kinds {
			all[kind] = link("components/messages/" + kind)
		}
		return all
	}
	ws := func(more object) object {
		binding := object{"method": "GET", "bindingVersion": "0.1.0"}
		for k, v := range more {
			binding[k] = v
		}
		return object{"ws": binding}
	}
	return object{
		"publish": object{
			"address": "/ws/publish/{space_name}", "messages": messages(frameTypes), "bindings": ws(nil),
			"description": "One connection for each space. A message has at most 64 KiB. The newest connection owns the space.",
			"parameters":  object{"space_name": object{"description": "The space: " + "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}},
		},
		"subscribe": object{
			"address": "/ws/subscribe", "messages": messages(hubTypes),
			"description": "Who falls behind gets the newest of each space; who takes nothing for the write deadline is closed with 1013.",
			"bindings": ws(object{"query": object{"type": "object", "properties": object{
				"assets": object{"type": "string", "description": "The spaces to hear of, separated by commas; all without it."},
			}}}),
		},
	}
}

func operation(action, channel string, kinds map[string]string, summary string, schemes ...string) object {
	var messages, security []object
	for kind := range kinds {
		messages = append(messages, link("channels/"+channel+"/messages/"+kind))
	}
	slices.SortFunc(messages, func(a, b object) int { return strings.Compare(a["$ref"].(string), b["$ref"].(string)) })
	for _, s := range schemes {
		security = append(security, link("components/securitySchemes/"+s))
	}
	return object{"action": action, "channel": link("channels/" + channel), "messages": messages, "summary": summary, "security": security}
}

// asyncSecurity says the same as OpenAPI in the words that AsyncAPI has for it.
func asyncSecurity(schemes object) object {
	all := make(object)
	for name, s := range schemes {
		scheme := make(object)
		for k, v := range s.(object) {
			scheme[k] = v
		}
		if scheme["type"] == "apiKey" {
			scheme["type"] = "httpApiKey"
		}
		all[name] = scheme
	}
	return all
}

// Nothing in the document points to nowhere, and the frames that publishers of all
// kinds send are in it.
func TestAsyncAPIHasTheFramesThatAreSent(t *testing.T) {
	text, err := os.ReadFile(asyncAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	doc := parseJSON(t, text)
	api := &openAPI{doc: doc.(object)}
	eachRef(doc, func(pointer string) {
		if api.at(api.doc, strings.Split(strings.TrimPrefix(pointer, "#/"), "/")...) == nil {
			t.Errorf("%s points to nowhere", pointer)
		}
	})
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(asyncAPIFile, doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ kind, frame string }{
		{"metrics", fullFrame},
		{"training", `{"type":"training","data":{"training_steps":"9","avn_loss":null}}`},
		{"voting", `{"type":"voting","data":{"dominant_signal":"BUY","rewards":1}}`},
		{"heartbeat", `{"type":"heartbeat"}`},
		{"ping", `{"type":"ping"}`},
		{"identify", `{"type":"identify","space":"V75"}`},
	} {
		schema, err := compiler.Compile(asyncAPIFile + "#/components/messages/" + c.kind + "/payload")
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(parseJSON(t, []byte(c.frame))); err != nil {
			t.Errorf("%s: %v", c.frame, err)
		}
		if schema.Validate(parseJSON(t, []byte(`{"type":"command"}`))) == nil {
			t.Errorf("%s: takes a command", c.kind)
		}
	}
}
