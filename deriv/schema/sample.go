package schema

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Sample returns an object that fits: with every field that is known if full,
// and else with those that have to be there. pick chooses among the types of
// each field, as an index that is taken modulo their number.
func (o *Object) Sample(full bool, pick int) jsontext.Value {
	var members []string
	if o != nil {
		for _, f := range o.Fields {
			if full || !f.Optional {
				members = append(members, `"`+f.Name+`":`+f.sample(full, pick))
			}
		}
	}
	return jsontext.Value("{" + strings.Join(members, ",") + "}")
}

func (f *Field) sample(full bool, pick int) string {
	t := f.Types[pick%len(f.Types)]
	if t.List {
		return "[" + t.sampleOne(full, pick) + "," + t.sampleOne(full, pick) + "]"
	}
	return t.sampleOne(full, pick)
}

func (t Type) sampleOne(full bool, pick int) string {
	switch t.Kind {
	case "string":
		return `"word"`
	case "number":
		return "3"
	case "integer":
		return "7"
	case "decimal":
		return `"19.54"`
	case "object":
		return string(t.Object.Sample(full, pick))
	case "null":
		return "null"
	}
	return t.Literal
}
