package schema

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Error says which field is wrong, and how.
type Error struct {
	// Path leads to the field: "limit_order.take_profit".
	Path string
	// Got and Want are for people.
	Got, Want string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: got %s, want %s", e.Path, e.Got, e.Want) }

// CallOf returns which call a request is, and "" if it is none or several.
func CallOf(request []byte) string {
	var fields map[string]jsontext.Value
	if json.Unmarshal(request, &fields) != nil {
		return ""
	}
	found := ""
	for name := range fields {
		if known().requests[name] == nil {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

// Request checks a request strictly: no field may be missing, unknown or of
// another type. The error is a *Error.
func Request(request []byte) error {
	call := CallOf(request)
	if call == "" {
		return &Error{Path: "request", Got: "no call that is known, or several", Want: strings.Join(Requests(), ", ")}
	}
	return known().requests[call].check("", request, true)
}

// Answer checks a frame from the venue: no field may be missing or of another
// type; unknown ones pass. One with an error may lack its body. The error is a
// *Error.
func Answer(frame []byte) error {
	var envelope struct {
		MsgType string         `json:"msg_type"`
		Error   jsontext.Value `json:"error"`
	}
	if err := json.Unmarshal(frame, &envelope); err != nil {
		return &Error{Path: "answer", Got: err.Error(), Want: "an object with msg_type"}
	}
	name := envelope.MsgType
	if envelope.Error != nil {
		name = "error"
	}
	o := known().answers[name]
	if o == nil {
		return &Error{Path: "msg_type", Got: fmt.Sprintf("%.64q", envelope.MsgType), Want: strings.Join(Answers(), ", ")}
	}
	return o.check("", frame, false)
}

func (o *Object) check(path string, object []byte, strict bool) error {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(object, &fields); err != nil {
		return &Error{Path: orTop(path), Got: err.Error(), Want: "an object"}
	}
	for i := range o.Fields {
		f := &o.Fields[i]
		value, ok := fields[f.Name]
		if !ok {
			if f.Optional {
				continue
			}
			return &Error{Path: path + f.Name, Got: "nothing", Want: f.want()}
		}
		if err := f.check(path+f.Name, value, strict); err != nil {
			return err
		}
	}
	for name := range fields {
		if strict && o.field(name) == nil {
			return &Error{Path: path + name, Got: "a field that is not allowed", Want: "it gone"}
		}
	}
	return nil
}

func orTop(path string) string {
	if path == "" {
		return "top"
	}
	return strings.TrimSuffix(path, ".")
}

func (f *Field) want() string {
	var words []string
	for _, t := range f.Types {
		words = append(words, t.String())
	}
	return strings.Join(words, " or ")
}

// String is as in the facts.
func (t Type) String() string {
	text := t.Kind
	if t.Literal != "" {
		text = t.Literal
	}
	if t.List {
		return "[" + text + "]"
	}
	return text
}

func (f *Field) check(path string, value jsontext.Value, strict bool) error {
	for _, t := range f.Types {
		if !t.matches(value) {
			continue
		}
		return t.below(path, value, strict)
	}
	return &Error{Path: path, Got: fmt.Sprintf("%.40s", value), Want: f.want()}
}

// below checks the fields of objects.
func (t Type) below(path string, value jsontext.Value, strict bool) error {
	if t.Object == nil {
		return nil
	}
	if !t.List {
		return t.Object.check(path+".", value, strict)
	}
	for i, element := range elements(value) {
		if err := t.Object.check(path+"["+strconv.Itoa(i)+"].", element, strict); err != nil {
			return err
		}
	}
	return nil
}

func elements(value jsontext.Value) []jsontext.Value {
	var list []jsontext.Value
	if json.Unmarshal(value, &list) != nil {
		return nil
	}
	return list
}

func (t Type) matches(value jsontext.Value) bool {
	if !t.List {
		return t.matchesOne(value)
	}
	if value.Kind() != '[' {
		return false
	}
	for _, element := range elements(value) {
		if !t.matchesOne(element) {
			return false
		}
	}
	return true
}

func (t Type) matchesOne(value jsontext.Value) bool {
	switch t.Kind {
	case "string":
		return value.Kind() == '"'
	case "number":
		return value.Kind() == '0'
	case "integer":
		_, err := strconv.ParseInt(string(value), 10, 64)
		return err == nil
	case "decimal":
		return isDecimal(value)
	case "object":
		return value.Kind() == '{'
	case "null":
		return value.Kind() == 'n'
	}
	return string(value) == t.Literal
}

func isDecimal(value jsontext.Value) bool {
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil || value.Kind() != '"' {
		return false
	}
	unsigned := strings.TrimPrefix(string(text), "-")
	whole, fraction, dotted := strings.Cut(unsigned, ".")
	return whole != "" && strings.Trim(whole+fraction, "0123456789") == "" && (!dotted || fraction != "")
}
