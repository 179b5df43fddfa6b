package derivsim

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/schema"
)

// call is one request as it is dealt with.
type call struct {
	session *session
	envelope
	name   string
	symbol string // of a buy, once it is known
	text   []byte
	before bool // its effects are told before it is answered
}

// answer is what a call leads to: a message, and what follows it.
type answer struct {
	msgType string
	stream  *stream // that it begins, or nil
	body    any
	then    func() // once it has been sent; may be nil
}

// handlers are the calls. Those of the second table are for trading sockets.
var (
	handlers = map[string]func(*Sim, *call) (*answer, error){
		"time": (*Sim).callTime, "ping": (*Sim).callPing, "active_symbols": (*Sim).callActiveSymbols,
		"contracts_for": (*Sim).callContractsFor, "ticks": (*Sim).callTicks, "ticks_history": (*Sim).callTicksHistory,
		"proposal": (*Sim).callProposal, "forget": (*Sim).callForget, "forget_all": (*Sim).callForgetAll,
	}
	tradingHandlers = map[string]func(*Sim, *call) (*answer, error){
		"buy": (*Sim).callBuy, "sell": (*Sim).callSell, "proposal_open_contract": (*Sim).callOpenContract,
		"portfolio": (*Sim).callPortfolio, "profit_table": (*Sim).callProfitTable, "statement": (*Sim).callStatement,
		"balance": (*Sim).callBalance, "transaction": (*Sim).callTransaction,
	}
)

// handle deals with one message of a client.
func (s *Sim) handle(c *session, text []byte) {
	k, problem := readCall(c, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	defer s.flush()
	if s.revoked[c.user.token] && c.account != nil {
		k.refuse(&deriv.Error{Code: "InvalidToken", Message: "The token is invalid."})
		c.close(closeGoingAway, "token revoked")
		return
	}
	if problem == nil {
		problem = s.admit(k)
	}
	if problem != nil {
		k.refuse(problem)
		return
	}
	if s.strikes(DropBefore, k) {
		c.drop()
		return
	}
	s.execute(k)
}

// execute runs a call that was admitted, and answers it.
func (s *Sim) execute(k *call) {
	run := handlers[k.name]
	if run == nil {
		run = tradingHandlers[k.name]
	}
	a, err := run(s, k)
	if err != nil {
		k.refuse(problemOf(err))
		return
	}
	k.before = s.strikes(ContractBeforeBuy, k)
	if k.before {
		s.early(a)
	}
	if s.strikes(DropAfter, k) {
		k.session.drop()
		return
	}
	s.reply(k, a)
	if a.then != nil && !k.before {
		a.then()
	}
}

// early tells of a call's effects before its answer.
func (s *Sim) early(a *answer) {
	s.flush()
	if a.then != nil {
		a.then()
	}
	s.flush()
}

// reply sends an answer in the way that the faults have it.
func (s *Sim) reply(k *call, a *answer) {
	id := ""
	if a.stream != nil {
		id = a.stream.id
	}
	text := frame(a.msgType, k.common(id), encode(a.body))
	s.garble(k.session, k)
	if s.strikes(LateAnswer, k) {
		s.after(s.clock.ours(s.faults.lateBy), func() { k.session.push(text) })
		return
	}
	k.session.push(text)
	if s.strikes(DuplicateAnswer, k) {
		k.session.push(text)
	}
}

// readCall checks a message against the facts, without the world.
func readCall(c *session, text []byte) (*call, *deriv.Error) {
	k := &call{session: c, text: text, envelope: envelope{echo: jsontext.Value("{}")}}
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(text, &fields); err != nil {
		return k, &deriv.Error{Code: "InputValidationFailed", Message: "Input validation failed: want one JSON object."}
	}
	k.echo = jsontext.Value(text)
	_ = k.echo.Compact() // it is valid
	if _, err := strconv.ParseInt(string(fields["req_id"]), 10, 64); err == nil {
		k.reqID = fields["req_id"]
	}
	if k.name = schema.CallOf(text); k.name == "" {
		return k, &deriv.Error{Code: "UnrecognisedRequest", Message: "Unrecognised request."}
	}
	if err := schema.Request(text); err != nil {
		return k, invalidInput(err)
	}
	return k, nil
}

// invalidInput names the field at fault, as the venue does.
func invalidInput(err error) *deriv.Error {
	var wrong *schema.Error
	if !errors.As(err, &wrong) {
		return &deriv.Error{Code: "InputValidationFailed", Message: "Input validation failed: " + err.Error()}
	}
	what := fmt.Sprintf("got %s, want %s.", wrong.Got, wrong.Want)
	return &deriv.Error{
		Code: "InputValidationFailed", Message: "Input validation failed: " + wrong.Path,
		Details: deriv.Object{wrong.Path: encode(what)},
	}
}

func wrongField(field, got, want string) *deriv.Error {
	return invalidInput(&schema.Error{Path: field, Got: got, Want: want})
}

// admit holds a call against the limits and what its socket is for.
func (s *Sim) admit(k *call) *deriv.Error {
	c := k.session
	if tradingHandlers[k.name] != nil && c.account == nil {
		return &deriv.Error{Code: "AuthorizationRequired", Message: "Please log in."}
	}
	if s.faults.rateLimited(k) || s.strikes(RateLimitBurst, k) && s.faults.rateLimited(k) {
		return rateLimit(k.name)
	}
	if !c.calls.take(s.at) {
		return rateLimit(k.name)
	}
	if k.name == "ping" {
		if !c.pings.take(s.at) {
			return rateLimit(k.name)
		}
		return nil
	}
	if !c.rows.row(k.name).take(s.at) {
		return rateLimit(k.name)
	}
	return nil
}

func rateLimit(call string) *deriv.Error {
	return &deriv.Error{Code: "RateLimit", Message: "You have reached the rate limit for " + call + "."}
}

// read decodes the request into its type. It has been checked, so that only a
// number out of range can be wrong.
func (k *call) read(request any) error {
	if err := json.Unmarshal(k.text, request); err != nil {
		return &deriv.Error{Code: "InputValidationFailed", Message: "Input validation failed: a number out of range."}
	}
	return nil
}

func problemOf(err error) *deriv.Error {
	var e *deriv.Error
	if errors.As(err, &e) {
		return e
	}
	return &deriv.Error{Code: "InternalServerError", Message: err.Error()}
}

// refuse answers with an error.
func (k *call) refuse(e *deriv.Error) {
	msgType := k.name
	if msgType == "" {
		msgType = "error"
	}
	k.session.push(frame(msgType, k.common(""), encode(struct {
		Error *deriv.Error `json:"error"`
	}{e})))
}
