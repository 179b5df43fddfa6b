package rank

import (
	"reflect"
	"testing"
)

// Every number of a state has to be in a checkpoint, once.
func TestVisitHasEveryNumberOfAState(t *testing.T) {
	var s state
	fields := make(map[any]string)
	list(reflect.ValueOf(&s).Elem(), "state", fields)
	names := make(map[string]bool)
	s.visit(func(c cell) {
		if _, ok := fields[c.x]; !ok || names[c.name] {
			t.Errorf("%s: got it twice, or something that is not in the state", c.name)
		}
		delete(fields, c.x)
		names[c.name] = true
	})
	for _, path := range fields {
		t.Errorf("%s is not visited", path)
	}
	if len(names) != StateWidth {
		t.Errorf("got %d numbers, want %d", len(names), StateWidth)
	}
}

// list has the address of each float64 in v, by its path. Anything else in a state
// would be lost in a checkpoint.
func list(v reflect.Value, path string, fields map[any]string) {
	if v.Kind() != reflect.Struct {
		fields[reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Interface()] = path
		return
	}
	for i := range v.NumField() {
		list(v.Field(i), path+"."+v.Type().Field(i).Name, fields)
	}
}
