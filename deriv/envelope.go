package deriv

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Request is one of the calls of this package: TimeRequest, BuyRequest, …
type Request interface {
	// Call is the name of the call, the first key of its JSON object.
	Call() string
}

// constant are the calls whose key says nothing but 1.
var constant = map[string]bool{
	"time": true, "ping": true, "proposal": true, "proposal_open_contract": true, "portfolio": true,
	"profit_table": true, "statement": true, "balance": true, "transaction": true,
}

// requestEnd is what follows the fields of every request.
type requestEnd struct {
	ReqID       int64  `json:"req_id,omitzero"`
	Passthrough Object `json:"passthrough,omitzero"`
}

// EncodeRequest writes the request as one JSON object whose first key is the
// call. An id of 0 is left out, and so is a nil passthrough; the venue echoes
// both and stores neither.
func EncodeRequest(r Request, id int64, passthrough Object) ([]byte, error) {
	fields, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("deriv: %s: %w", r.Call(), err)
	}
	end, err := json.Marshal(requestEnd{ReqID: id, Passthrough: passthrough})
	if err != nil {
		return nil, fmt.Errorf("deriv: %s: passthrough: %w", r.Call(), err)
	}
	first := []byte("{}")
	if constant[r.Call()] {
		first = []byte(`{"` + r.Call() + `":1}`)
	}
	return join(first, fields, end), nil
}

// join makes one object of several whose names differ.
func join(objects ...[]byte) []byte {
	out := []byte{'{'}
	for _, o := range objects {
		inner := o[1 : len(o)-1]
		if len(inner) > 0 && len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, inner...)
	}
	return append(out, '}')
}

// Answer is the envelope of whatever comes from a socket.
type Answer struct {
	// MsgType names what Body holds: "tick", "history", "buy", …
	MsgType string `json:"msg_type"`
	// Echo is the request as the venue read it, with its passthrough.
	Echo jsontext.Value `json:"echo_req,omitzero"`
	// ReqID is that of the request; on updates, of the one that subscribed.
	ReqID int64 `json:"req_id,omitzero"`
	// Subscription is there on what belongs to a stream.
	Subscription *Subscription `json:"subscription,omitzero"`
	// Error stands in the place of a body.
	Error *Error `json:"error,omitzero"`
	// Body is an object of all other fields: {"tick":{…}}. Decode it into the
	// answer's type with Into.
	Body jsontext.Value `json:",embed"`
}

// Subscription names a stream for ForgetRequest. It dies with its connection.
type Subscription struct {
	ID string `json:"id"`
}

var errNoMsgType = errors.New("deriv: got an answer without msg_type")

// DecodeAnswer reads the envelope. The body is checked no further than that it
// is JSON.
func DecodeAnswer(frame []byte) (*Answer, error) {
	var a Answer
	if err := json.Unmarshal(frame, &a); err != nil {
		return nil, fmt.Errorf("deriv: %w", err)
	}
	if a.MsgType == "" {
		return nil, errNoMsgType
	}
	return &a, nil
}

// Into decodes the body into one of the answer types of this package. It fails
// for fields of a wrong type, and passes over unknown ones.
func (a *Answer) Into(body any) error {
	if a.Error != nil {
		return a.Error
	}
	if !hasMember(a.Body, a.MsgType) {
		return fmt.Errorf("deriv: %.64s: got an answer without a field of that name", a.MsgType)
	}
	if err := json.Unmarshal(a.Body, body); err != nil {
		return fmt.Errorf("deriv: %s: %w", a.MsgType, err)
	}
	return nil
}

// hasMember looks for a name at the top of an object.
func hasMember(object jsontext.Value, name string) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(object))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return false
	}
	for dec.PeekKind() == '"' {
		if token, err := dec.ReadToken(); err != nil || token.String() == name {
			return err == nil
		}
		if dec.SkipValue() != nil {
			return false
		}
	}
	return false
}

// EncodeAnswer writes the envelope around a body, one of the answer types of
// this package or nil. It is what a simulator sends.
func EncodeAnswer(a Answer, body any) ([]byte, error) {
	if body != nil {
		var err error
		if a.Body, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("deriv: %s: %w", a.MsgType, err)
		}
	}
	return json.Marshal(a)
}
