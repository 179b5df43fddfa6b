// Package schema knows the fields of the Deriv API's calls and checks JSON
// against them: what is sent strictly, what comes leniently. It says nothing
// about values beyond their type.
//
// The facts are in fields.txt. They follow the public description of the new
// API; what they cannot know must be checked on a demo account.
package schema

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed fields.txt
var facts string

// Schema is the fields of every call.
type Schema struct {
	requests map[string]*Object
	answers  map[string]*Object
}

// Object is what is known of one JSON object. Its fields stand in the order of
// the facts.
type Object struct {
	Fields []Field
}

// Field is one field of an object.
type Field struct {
	Name     string
	Optional bool
	Types    []Type
}

// Type is one that a field may have.
type Type struct {
	// Kind is "string", "number", "integer", "decimal" (a string that holds a
	// number), "object", "null", or "literal".
	Kind string
	// List is true for an array of such.
	List bool
	// Literal is the one value allowed, as JSON, for Kind "literal".
	Literal string
	// Object tells the fields of Kind "object", nil if nothing is known of them.
	Object *Object
}

// known is made of the facts when they are first asked for: a program that only
// links this package does not pay for them.
var known = sync.OnceValue(func() *Schema { return must(parse(facts)) })

// Requests returns the names of all calls, sorted.
func Requests() []string { return slices.Sorted(maps.Keys(known().requests)) }

// Answers returns the message types of all answers, sorted.
func Answers() []string { return slices.Sorted(maps.Keys(known().answers)) }

// RequestOf returns what is known of a call, its common fields included, and nil
// for none.
func RequestOf(call string) *Object { return known().requests[call] }

// AnswerOf returns what is known of the frame with a message type, its envelope
// included, and nil for none.
func AnswerOf(msgType string) *Object { return known().answers[msgType] }

func must(s *Schema, err error) *Schema {
	if err != nil {
		panic(err)
	}
	return s
}

// parse reads lines of the form
//
//	request NAME | answer NAME | common request | common answer | alias answer NAME = NAME
//	PATH TYPE|TYPE…
//
// A path is names with dots between; ? behind a name makes the field optional.
func parse(text string) (*Schema, error) {
	s := &Schema{requests: map[string]*Object{}, answers: map[string]*Object{}}
	commons := map[string]*Object{"request": {}, "answer": {}}
	var current *Object
	for number, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		var err error
		switch {
		case len(words) != 2:
			err = fmt.Errorf("got %d words, want two", len(words))
		case words[0] == "common":
			current = commons[words[1]]
		case words[0] == "request":
			current = &Object{}
			s.requests[words[1]] = current
		case words[0] == "answer":
			current = &Object{}
			s.answers[words[1]] = current
		default:
			err = current.add(strings.Split(words[0], "."), words[1])
		}
		if err != nil {
			return nil, fmt.Errorf("fields.txt:%d: %w", number+1, err)
		}
	}
	complete(s.requests, commons["request"])
	complete(s.answers, commons["answer"])
	return s, nil
}

func complete(objects map[string]*Object, common *Object) {
	for _, o := range objects {
		for _, f := range common.Fields {
			if o.field(f.Name) == nil {
				o.Fields = append(o.Fields, f)
			}
		}
	}
}

func (o *Object) field(name string) *Field {
	for i := range o.Fields {
		if o.Fields[i].Name == name {
			return &o.Fields[i]
		}
	}
	return nil
}

// add puts a field where its path leads.
func (o *Object) add(path []string, types string) error {
	if o == nil {
		return fmt.Errorf("got the field %s before any request or answer", path[0])
	}
	name, optional := strings.CutSuffix(path[0], "?")
	if len(path) == 1 {
		list, err := parseTypes(types)
		o.Fields = append(o.Fields, Field{Name: name, Optional: optional, Types: list})
		return err
	}
	f := o.field(name)
	if f == nil {
		return fmt.Errorf("got a field of %s, which is not there", name)
	}
	for i := range f.Types {
		if f.Types[i].Kind == "object" {
			if f.Types[i].Object == nil {
				f.Types[i].Object = &Object{}
			}
			return f.Types[i].Object.add(path[1:], types)
		}
	}
	return fmt.Errorf("got a field of %s, which is no object", name)
}

func parseTypes(text string) ([]Type, error) {
	var types []Type
	for word := range strings.SplitSeq(text, "|") {
		t := Type{Kind: word}
		if inner, ok := strings.CutPrefix(word, "["); ok {
			t.Kind, t.List = strings.TrimSuffix(inner, "]"), true
		}
		switch t.Kind {
		case "string", "number", "integer", "decimal", "object", "null":
		case "any":
			types = append(types, anyTypes()...)
			continue
		default:
			if t.Kind == "" || !strings.ContainsAny(t.Kind[:1], `"0123456789`) {
				return nil, fmt.Errorf("got the type %q, want string, number, integer, decimal, object, null, any or a literal", word)
			}
			t.Kind, t.Literal = "literal", t.Kind
		}
		types = append(types, t)
	}
	return types, nil
}

func anyTypes() []Type {
	return []Type{
		{Kind: "string"}, {Kind: "number"}, {Kind: "object"}, {Kind: "null"},
		{Kind: "string", List: true}, {Kind: "number", List: true}, {Kind: "object", List: true},
	}
}
