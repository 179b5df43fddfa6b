package ranker

import (
	"maps"
	"reflect"

	"github.com/karlquant/quasar/trade/report"
)

// openAPIDocument is all of openapi.json but the schemas, which it makes as it refers
// to them.
func openAPIDocument(s *schemas) object {
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Quasar ranker", "version": "1", "summary": "Ranks the assets of a hub, decides which to follow, and trades if it was told to.",
			"description": "The contract only grows: fields and endpoints are added, never renamed or removed, so pass over what you do not know. " +
				"Every required key is always there; what does not exist is null. Times are Unix seconds, in reports RFC 3339. Money is decimal text. " +
				"HEAD is answered wherever GET is. Errors are application/problem+json.",
			"license": object{"name": "MIT", "identifier": "MIT"},
		},
		"servers": []any{object{"url": "http://127.0.0.1:7861", "description": "A ranker with nothing set."}},
		"paths":   openAPIPaths(s),
		"components": object{
			"responses": openAPIResponses(),
			"securitySchemes": object{
				"viewer": object{"type": "http", "scheme": "bearer", "description": "A viewer's token, where the ranker was given some: in Authorization: Bearer, X-Quasar-Token, the subprotocols quasar.v1, bearer.TOKEN, or as the cookie of /view/login. The admin token will do as well."},
				"admin":  object{"type": "http", "scheme": "bearer", "description": "Authorization: Bearer, and the token of QUASAR_ADMIN_TOKEN; or X-Quasar-Token; or the cookie of /trade/login."},
			},
		},
	}
}

var (
	orderParameter = object{"name": "order", "in": "query", "description": "Which score of the formula stands first; without it the ranker's own order counts, and what was learned.", "schema": reference("Order")}
	limitParameter = object{"name": "limit", "in": "query", "description": "At most so many rows.", "schema": object{"type": "integer", "minimum": 0}}
	etagParameter  = object{"name": "If-None-Match", "in": "header", "description": "The ETag of the answer that the client has.", "schema": object{"type": "string"}}
	fileParameter  = object{"name": "file", "in": "path", "required": true, "description": "A path below /ui/.", "schema": object{"type": "string"}}
	etagHeader     = object{"ETag": object{"schema": object{"type": "string"}}}
)

func openAPIPaths(s *schemas) object {
	state := s.get("state", "Data", "Everything that the page shows.", answerOf[stateAnswer](s), orderParameter, etagParameter)
	at(state, "responses", "200")["headers"] = etagHeader
	at(state, "responses")["304"] = object{"description": "Nothing has changed since the ETag in If-None-Match.", "headers": etagHeader}
	ready := s.get("readyz", "Operation", "There is a hub behind the ranking.", answerOf[lifeAnswer](s))
	at(ready, "responses")["503"] = object{"$ref": "#/components/responses/Unavailable"}
	performance := s.get("performance", "Trading", "What the record of trades proves, and what not.", object{"application/json": object{"schema": s.of(reflect.TypeFor[report.Performance]())}})
	notFound(performance)
	positions := s.get("positions", "Trading", "What is open, and the newest orders that ended: 50 without a limit.", answerOf[positionsAnswer](s), limitParameter)
	notFound(positions)
	risk := s.get("risk", "Trading", "The limits, how much of them is used, and the newest refusals: 50 without a limit.", answerOf[riskAnswer](s), limitParameter)
	notFound(risk)
	ui := s.get("ui", "Pages", "The page's own files.", object{"*/*": object{"schema": object{"type": "string"}}}, fileParameter)
	notFound(ui)
	text := object{"schema": object{"type": "string"}}
	paths := object{
		"/rankings":     s.get("rankings", "Data", "All assets, ranked.", answerOf[rankingsAnswer](s), orderParameter, limitParameter),
		"/decisions":    s.get("decisions", "Data", "The newest decisions and what became of them: 50 without a limit.", answerOf[decisionsAnswer](s), limitParameter),
		"/api/state":    state,
		"/positions":    positions,
		"/risk":         risk,
		"/performance":  performance,
		"/health":       s.get("health", "Operation", "How the ranker, its hub and its trading stand.", answerOf[healthAnswer](s)),
		"/metrics":      s.get("metrics", "Operation", "Counters in the text format of Prometheus.", object{"text/plain": text}),
		"/livez":        s.get("livez", "Operation", "The process is up.", answerOf[lifeAnswer](s)),
		"/readyz":       ready,
		"/openapi.json": s.get("openapi", "Operation", "This document.", object{"application/json": object{"schema": object{"type": "object"}}}),
		"/":             s.get("page", "Pages", "The page; a line of text in a build without one.", object{"text/html": text, "text/plain": text}),
		"/ui/{file}":    ui,
	}
	paths["/ws/view"] = s.view()
	for _, path := range []string{"/rankings", "/decisions", "/api/state", "/positions", "/risk", "/performance", "/metrics", "/ws/view"} {
		forViewers(paths[path].(object))
	}
	health := paths["/health"].(object)
	at(health, "responses", "200")["content"] = object{"application/json": object{"schema": object{"anyOf": []any{s.of(reflect.TypeFor[healthAnswer]()), s.of(reflect.TypeFor[strangerAnswer]())}}}}
	paths["/view/session"] = s.get("viewSession", "Access", "Whether whoever asks may look.", answerOf[viewAnswer](s))
	paths["/trade/session"] = s.get("session", "Commands", "Whether whoever asks may command.", answerOf[sessionAnswer](s))
	for path := range paths {
		paths[path] = object{"get": paths[path]}
	}
	paths["/trade/login"] = object{"post": s.login("login", "Commands", "Trade the admin token for a cookie of this ranker's own page: HttpOnly, SameSite=Strict, for 12 hours at most.", answerOf[sessionAnswer](s))}
	paths["/view/login"] = object{"post": s.login("viewLogin", "Access", "Trade a viewer's token, or the admin's, for a cookie of this ranker's own page: HttpOnly, SameSite=Strict, for 12 hours at most.", answerOf[viewAnswer](s))}
	viewLogout := s.post("viewLogout", "End the session of the cookie.", answerOf[viewAnswer](s))
	viewLogout["tags"] = []string{"Access"}
	paths["/view/logout"] = object{"post": viewLogout}
	paths["/trade/logout"] = object{"post": s.post("logout", "End the session of the cookie.", answerOf[sessionAnswer](s))}
	for name, summary := range map[string]string{
		"halt":    "Buy nothing until a person resumes; what is open runs on.",
		"resume":  "End a halt.",
		"flatten": "Halt, and sell what can be sold.",
	} {
		paths["/trade/"+name] = object{"post": s.command(name, summary)}
	}
	paths["/trade/limits"] = object{"post": s.tighten()}
	paths["/trade/resolve"] = object{"post": s.resolve()}
	return paths
}

// at follows keys.
func at(node any, keys ...string) object {
	for _, key := range keys {
		node = node.(object)[key]
	}
	return node.(object)
}

func notFound(operation object) {
	at(operation, "responses")["404"] = object{"$ref": "#/components/responses/NotFound"}
}

func answerOf[T any](s *schemas) object {
	return object{"application/json": object{"schema": s.of(reflect.TypeFor[T]())}}
}

// get is an operation that reads. Where a query is looked at, a wrong one is refused.
func (s *schemas) get(id, tag, summary string, content object, parameters ...object) object {
	responses := maps.Clone(always)
	responses["200"] = object{"description": summary, "content": content}
	if tag == "Data" || tag == "Trading" || id == "health" {
		responses["400"] = object{"$ref": "#/components/responses/BadRequest"}
	}
	operation := object{"operationId": id, "tags": []string{tag}, "summary": summary, "responses": responses}
	if len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	return operation
}

// always are the answers that each endpoint may give.
var always = object{
	"403": object{"$ref": "#/components/responses/Forbidden"},
	"405": object{"$ref": "#/components/responses/MethodNotAllowed"},
}

// view is the WebSocket of who looks.
func (s *schemas) view() object {
	operation := s.get("view", "Data", "A WebSocket: what /api/state answers as a text frame whenever it has changed, at most twice a second, and every 5 s also without a change. Whoever sends anything is let go.", nil)
	responses := at(operation, "responses")
	delete(responses, "200")
	delete(responses, "400")
	responses["101"] = object{"description": "The frames follow."}
	responses["426"] = object{"$ref": "#/components/responses/UpgradeRequired"}
	responses["503"] = object{"$ref": "#/components/responses/Unavailable"}
	return operation
}

// post is an operation of our own page.
func (s *schemas) post(id, summary string, content object) object {
	responses := maps.Clone(always)
	responses["200"] = object{"description": "Done.", "content": content}
	return object{"operationId": id, "tags": []string{"Commands"}, "summary": summary, "responses": responses}
}

// forViewers says that an operation may take a viewer's token.
func forViewers(operation object) {
	operation["security"] = []any{object{}, object{"viewer": []string{}}, object{"admin": []string{}}}
	at(operation, "responses")["401"] = object{"$ref": "#/components/responses/Unauthorized"}
}

func (s *schemas) login(id, tag, summary string, content object) object {
	operation := s.post(id, summary, content)
	operation["tags"] = []string{tag}
	at(operation, "responses")["400"] = object{"$ref": "#/components/responses/BadRequest"}
	at(operation, "responses")["401"] = object{"$ref": "#/components/responses/Unauthorized"}
	operation["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": object{
		"type": "object", "properties": object{"token": object{"type": "string"}}, "required": []string{"token"}, "additionalProperties": false,
	}}}}
	return operation
}

func (s *schemas) command(id, summary string) object {
	responses := maps.Clone(always)
	responses["200"] = object{"description": "Done.", "content": answerOf[commandAnswer](s)}
	for status, name := range map[string]string{"400": "BadRequest", "401": "Unauthorized", "404": "NotFound", "409": "Conflict", "503": "Unavailable"} {
		responses[status] = object{"$ref": "#/components/responses/" + name}
	}
	return object{
		"operationId": id, "tags": []string{"Commands"}, "summary": summary, "responses": responses,
		"security": []any{object{"admin": []string{}}},
		"requestBody": object{"content": object{"application/json": object{"schema": object{
			"type": "object", "properties": object{"note": object{"type": "string", "description": "Why; it stands in the journal."}}, "additionalProperties": false,
		}}}},
	}
}

// tighten is a command whose body says limits: any of those of /risk.
func (s *schemas) tighten() object {
	operation := s.command("limits", "Make limits tighter, until the process ends. Those that are not said stay; looser ones are refused, and want a restart.")
	s.of(reflect.TypeFor[limitsAnswer]())
	limits := maps.Clone(at(s.made, "Limits"))
	delete(limits, "required")
	operation["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": object{
		"type": "object", "additionalProperties": false, "required": []string{"limits"}, "properties": object{
			"limits": limits, "note": object{"type": "string", "description": "Why; it stands in the journal."},
		},
	}}}}
	return operation
}

// resolve is a command whose body says what became of an order.
func (s *schemas) resolve() object {
	operation := s.command("resolve", "Say what became of the order of which nobody knows. The contract has to be on the venue's record, of this app and no other order's; a halt goes on.")
	operation["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": object{
		"type": "object", "additionalProperties": false, "required": []string{"intent", "contract_id"}, "properties": object{
			"intent": object{"type": "string", "minLength": 1, "description": "The order's id, as /positions has it."},
			"contract_id": object{
				"description": "The number of its contract, or none for an order that was never bought.",
				"oneOf":       []any{object{"type": "integer", "minimum": 1}, object{"const": "none"}},
			},
		},
	}}}}
	return operation
}

func openAPIResponses() object {
	responses := make(object)
	for name, description := range map[string]string{
		"BadRequest":       "A query or a body that asks for something that is not to be had.",
		"Unauthorized":     "No valid token, or for a command not the admin token.",
		"Forbidden":        "A Host that this ranker was not told to answer to; for a command also the Origin of a foreign page, or a ranker without an admin token.",
		"NotFound":         "Nothing of that name; for what is about trades also a ranker that trades nothing.",
		"MethodNotAllowed": "Another method than the one that is listed here.",
		"UpgradeRequired":  "A request for a WebSocket that is none.",
		"Conflict":         "It does not go with what is known of the orders: one is unresolved, or the one that was named is not, or its contract is not on record.",
		"Unavailable":      "Not now: no connection to the hub, or the command could not be written down.",
	} {
		responses[name] = object{"description": description, "content": object{"application/problem+json": object{"schema": reference("Problem")}}}
	}
	return responses
}
