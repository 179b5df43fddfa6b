package ranker

import (
	"bytes"
	stdjson "encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/rest"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

var update = flag.Bool("update", false, "rewrite the golden files from what the code does")

type object = map[string]any

// TestGoldenOpenAPI holds that openapi.json is what the types of the answers say.
// What it says of the model, of times and of errors is the hub's.
func TestGoldenOpenAPI(t *testing.T) {
	b := &schemas{t: t, made: hubsSchemas(t), types: make(map[string]reflect.Type), words: make(map[string]string)}
	for _, dir := range []string{".", "../trade", "../trade/report"} {
		b.readComments(dir)
	}
	doc := openAPIDocument(b)
	doc["components"].(object)["schemas"] = b.made
	var want bytes.Buffer
	enc := stdjson.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	const file = "openapi.json"
	if got, err := os.ReadFile(file); err == nil && bytes.Equal(got, want.Bytes()) {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the types say: make golden, then read the diff", file)
	}
	if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// hubsSchemas are those that both servers have.
func hubsSchemas(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile("../hub/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Schemas object `json:"schemas"`
		} `json:"components"`
	}
	if err := stdjson.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	taken := make(object)
	for _, name := range []string{"SpaceName", "Order", "Signal", "Timestamp", "NullableTimestamp", "Training", "Voting", "Snapshot", "Problem"} {
		if taken[name] = doc.Components.Schemas[name]; taken[name] == nil {
			t.Fatalf("the hub's openapi.json has no schema %s", name)
		}
	}
	return taken
}

// schemas makes a schema of each type of an answer.
type schemas struct {
	t     *testing.T
	made  object                  // by name
	types map[string]reflect.Type // by name: whose schema it is
	words map[string]string       // the comments: "package.Type" and "package.Type.Field"
}

// enums are the types that have a few values.
var enums = map[reflect.Type][]string{
	reflect.TypeFor[trade.Mode]():     {"paper", "demo", "live"},
	reflect.TypeFor[trade.Side]():     {"BUY", "SELL"},
	reflect.TypeFor[trade.Kind]():     {"CALL", "PUT", "MULTUP", "MULTDOWN"},
	reflect.TypeFor[trade.Result]():   {"won", "lost", "sold", "cancelled"},
	reflect.TypeFor[trade.Standing](): {"ACTIVE", "REDUCING", "HALTED"},
	reflect.TypeFor[trade.State]():    {"PLANNED", "SENT", "OPEN", "SETTLED", "REJECTED", "UNKNOWN", "ABANDONED", "ORPHAN"},
	reflect.TypeFor[report.Finding](): {"none", "chance", "loss", "edge", "part"},
}

func reference(name string) object { return object{"$ref": "#/components/schemas/" + name} }

// of returns the schema of a type, and makes those that it refers to.
func (s *schemas) of(typ reflect.Type) object {
	if values, ok := enums[typ]; ok {
		return object{"type": "string", "enum": values}
	}
	switch typ {
	case reflect.TypeFor[rest.UnixSeconds]():
		return reference("NullableTimestamp")
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[trade.Money]():
		return object{"type": "string", "pattern": `^-?[0-9]+(\.[0-9]{1,8})?$`, "description": "Money in the account's currency, as decimal text."}
	case reflect.TypeFor[quasar.Snapshot]():
		return reference("Snapshot")
	case reflect.TypeFor[quasar.Order]():
		return reference("Order")
	case reflect.TypeFor[quasar.Signal]():
		return reference("Signal")
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return nullable(s.of(typ.Elem()))
	case reflect.Slice:
		return object{"type": "array", "items": s.of(typ.Elem())}
	case reflect.Array:
		return object{"type": "array", "items": s.of(typ.Elem()), "minItems": typ.Len(), "maxItems": typ.Len()}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(typ.Elem())}
	case reflect.Struct:
		return s.ofStruct(typ)
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return object{"type": "integer"}
	}
	s.t.Fatalf("%v: no schema for a %v", typ, typ.Kind())
	return nil
}

func nullable(schema object) object {
	if kind, plain := schema["type"].(string); plain && schema["enum"] == nil {
		schema["type"] = []string{kind, "null"}
		return schema
	}
	return object{"anyOf": []any{schema, object{"type": "null"}}}
}

// renamed are types whose own name another one has.
var renamed = map[reflect.Type]string{
	reflect.TypeFor[trade.Account](): "TradedAccount",
	reflect.TypeFor[report.Row]():    "ReportRow",
	reflect.TypeFor[orderAnswer]():   "TradeOrder",
}

// nameOf is what a type is called in the document: rankingsAnswer is Rankings.
func nameOf(typ reflect.Type) string {
	if name, ok := renamed[typ]; ok {
		return name
	}
	name := strings.TrimSuffix(typ.Name(), "Answer")
	return strings.ToUpper(name[:1]) + name[1:]
}

func (s *schemas) ofStruct(typ reflect.Type) object {
	name := nameOf(typ)
	if s.made[name] != nil && s.types[name] != typ {
		s.t.Fatalf("%v and %v: both are called %s", typ, s.types[name], name)
	}
	if s.made[name] == nil {
		s.types[name] = typ
		made := object{"type": "object"}
		s.made[name] = made // before its fields, which may refer to it
		properties, required := make(object), []string{}
		s.fields(typ, properties, &required)
		made["properties"], made["required"] = properties, required
		if words := s.words[typ.String()]; words != "" {
			made["description"] = words
		}
	}
	return reference(name)
}

func (s *schemas) fields(typ reflect.Type, properties object, required *[]string) {
	for f := range typ.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && options == "inline" {
			s.fields(f.Type, properties, required)
			continue
		}
		if name == "" {
			s.t.Fatalf("%v.%s: has no name in JSON", typ, f.Name)
		}
		schema := s.of(f.Type)
		if words := s.words[typ.String()+"."+f.Name]; words != "" {
			schema["description"] = words
		}
		properties[name] = schema
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}

// readComments takes down what the source says of types and of their fields.
func (s *schemas) readComments(dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if types, ok := decl.(*ast.GenDecl); ok && types.Tok == token.TYPE {
				s.readTypes(file.Name.Name, types)
			}
		}
	}
}

func (s *schemas) readTypes(pkg string, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		typ := spec.(*ast.TypeSpec)
		name := pkg + "." + typ.Name.Name
		s.words[name] = strings.Join(strings.Fields(fmt.Sprint(decl.Doc.Text(), typ.Doc.Text())), " ")
		fields, ok := typ.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range fields.Fields.List {
			for _, field := range f.Names {
				s.words[name+"."+field.Name] = strings.Join(strings.Fields(fmt.Sprint(f.Doc.Text(), f.Comment.Text())), " ")
			}
		}
	}
}
