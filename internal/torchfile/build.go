package torchfile

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nlpodyssey/gopickle/types"
)

// The bounds of what is looked at: a few lists that contain each other may have
// more elements than there are atoms.
const (
	maxDepth  = 8
	maxVisits = 100_000
	maxBytes  = 4 * MaxFile // of all tensors: several may be parts of one storage
)

// usual are the keys under which people keep a model's weights beside others.
var usual = []string{"model", "state_dict", "model_state_dict", "net", "network", "module", "weights"}

// build finds the weights among what a file holds.
func build(format string, value any) (*File, error) {
	root, ok := entries(value)
	if !ok {
		return nil, fmt.Errorf("got %s, want a dict of tensors; %s", kind(value), want)
	}
	where, err := findWeights(root)
	if err != nil {
		return nil, err
	}
	b := builder{file: &File{Format: format, Where: where}}
	if where == "" {
		return b.file, b.model("", root)
	}
	for _, e := range root {
		name, err := key(e.Key)
		if below, ok := entries(e.Value); ok && name == where {
			err = b.model(where, below)
		} else if err == nil {
			err = b.add(name, e.Value, 1)
		}
		if err != nil {
			return nil, err
		}
	}
	return b.file, nil
}

// findWeights finds the dict that has tensors itself: the one under a usual key,
// the file (""), or the only one that it could be.
func findWeights(root []types.DictEntry) (where string, err error) {
	var candidates []string
	for _, e := range root {
		name, _ := e.Key.(string)
		if below, ok := entries(e.Value); ok && name != "" && hasTensors(below) {
			candidates = append(candidates, name)
		}
	}
	for _, name := range usual {
		if slices.Contains(candidates, name) {
			return name, nil
		}
	}
	switch {
	case hasTensors(root):
		return "", nil
	case len(candidates) == 1:
		return candidates[0], nil
	case len(candidates) == 0:
		return "", fmt.Errorf("got no tensors in the dict and the dicts in it; %s", want)
	}
	return "", fmt.Errorf("got tensors under %s, and cannot tell which are the model's; %s", quote(strings.Join(candidates, ", ")), want)
}

func hasTensors(dict []types.DictEntry) bool {
	return slices.ContainsFunc(dict, func(e types.DictEntry) bool {
		_, ok := e.Value.(*tensor)
		return ok
	})
}

// entries returns a dict's entries, the last of each key, in the order of the
// first.
func entries(v any) ([]types.DictEntry, bool) {
	switch d := v.(type) {
	case *types.Dict:
		return newest(*d), true
	case *types.OrderedDict:
		all := make([]types.DictEntry, 0, d.Len())
		for e := d.List.Front(); e != nil; e = e.Next() {
			if entry, ok := e.Value.(*types.OrderedDictEntry); ok {
				all = append(all, types.DictEntry{Key: entry.Key, Value: entry.Value})
			}
		}
		return all, true
	}
	return nil, false
}

// newest leaves of the entries with one key the last.
func newest(d types.Dict) []types.DictEntry {
	var all []types.DictEntry
	at := make(map[any]int, len(d))
	for _, e := range d {
		if i, ok := at[e.Key]; ok {
			all[i].Value = e.Value
			continue
		}
		at[e.Key] = len(all)
		all = append(all, e)
	}
	return all
}

// builder makes lists of what it finds.
type builder struct {
	file   *File
	visits int
	bytes  int
}

// model takes the tensors of a dict for the weights.
func (b *builder) model(where string, dict []types.DictEntry) error {
	for _, e := range dict {
		name, err := key(e.Key)
		if err != nil {
			return err
		}
		if t, ok := e.Value.(*tensor); ok {
			err = b.put(&b.file.Weights, name, t)
		} else {
			err = b.add(join(where, name), e.Value, 1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds what is at a name and below it.
func (b *builder) add(name string, value any, depth int) error {
	b.visits++
	if b.visits > maxVisits || depth > maxDepth {
		return fmt.Errorf("%s: got more than %d values or more than %d levels; %s", quote(name), maxVisits, maxDepth, want)
	}
	if dict, ok := entries(value); ok {
		return b.dict(name, dict, depth)
	}
	switch v := value.(type) {
	case *tensor:
		return b.put(&b.file.Others, name, v)
	case *types.List:
		return b.list(name, *v, depth)
	case *types.Tuple:
		return b.list(name, *v, depth)
	case bool, int, float64, nil:
		b.file.Values = append(b.file.Values, Value{name, v})
	case string:
		b.file.Values = append(b.file.Values, Value{name, strings.ToValidUTF8(v, "\ufffd")})
	case *big.Int:
		b.file.Values = append(b.file.Values, Value{name, v.String()})
	default: // bytes, a set: of no use to anybody here
		b.file.Values = append(b.file.Values, Value{name, kind(v)})
	}
	return nil
}

func (b *builder) dict(name string, dict []types.DictEntry, depth int) error {
	for _, e := range dict {
		below, err := key(e.Key)
		if err == nil {
			err = b.add(join(name, below), e.Value, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) list(name string, values []any, depth int) error {
	for i, v := range values {
		if err := b.add(join(name, strconv.Itoa(i)), v, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// key is a dict's key as a part of a name: an optimizer counts its parameters.
func key(k any) (string, error) {
	switch k := k.(type) {
	case string:
		if !utf8.ValidString(k) {
			return "", damaged("got the key %s, which is no text", quote(k))
		}
		return k, nil
	case int:
		return strconv.Itoa(k), nil
	}
	return "", fmt.Errorf("got a key that is %s, want text or a whole number; %s", kind(k), want)
}

func join(name, key string) string {
	if name == "" {
		return key
	}
	return name + "." + key
}

// kind is what a value is to a person.
func kind(v any) string {
	switch v.(type) {
	case *tensor:
		return "one tensor"
	case *types.List, *types.Tuple:
		return "a list"
	case nil:
		return "None"
	case bool, int, float64, *big.Int:
		return "a number"
	case string:
		return "text"
	case []byte, *types.ByteArray:
		return "bytes"
	}
	return "something else"
}
