package wire

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/karlquant/quasar"
)

// errNothing is the error of a frame that should change something and does not.
var errNothing = errors.New("nothing valid in it")

// Decode reads the frame of a publisher. An error means that the frame is to be
// rejected whole; it says what was got and what is wanted and is safe to show.
// Fields that were dropped or stripped while their neighbours stay are no
// error: they are in the Frame. The Frame is filled as far as it was read even
// when there is an error.
//
// Decode keeps nothing of data. It never panics, and its time and memory are
// proportional to len(data), which is at most MaxPublish.
func Decode(data []byte) (Frame, error) { return new(Decoder).Decode(data) }

// Decoder decodes the frames of one publisher, one after the other. It remembers
// the text that it met last, so that a frame with no new text costs one
// allocation. The zero value is ready.
type Decoder struct {
	source string // the last signal source
}

// Decode is as the function Decode.
func (r *Decoder) Decode(data []byte) (Frame, error) {
	if len(data) > MaxPublish {
		return Frame{}, fmt.Errorf("frame: got %d bytes, want at most %d", len(data), MaxPublish)
	}
	if !utf8.Valid(data) {
		return Frame{}, errUTF8
	}
	d := decoder{scanner: scanner{data: data}, memory: r}
	err := d.frame()
	return d.out, err
}

// decoder reads one frame.
type decoder struct {
	scanner
	memory *Decoder
	out    Frame
	// values is where the pointers of out.Update point: one allocation for all.
	values *values
	seen   topKeys
	// bodies are the values of data, training, voting and space whose meaning
	// depends on a type that had not been read yet.
	bodies  [numTopKeys]int
	unknown keys // those of the frame itself
}

// topKeys is a set of the keys of a frame that mean something.
type topKeys uint8

const (
	keyType = iota
	keyTraining
	keyVoting
	keyData
	keySpace
	numTopKeys
)

func topKey(key []byte) (int, bool) {
	switch string(key) {
	case "type":
		return keyType, true
	case "training":
		return keyTraining, true
	case "voting":
		return keyVoting, true
	case "data":
		return keyData, true
	case "space":
		return keySpace, true
	}
	return 0, false
}

var topKeyNames = [numTopKeys]string{"type", "training", "voting", "data", "space"}

func (d *decoder) frame() error {
	d.space()
	if first, err := d.scalar(); err != nil {
		return err
	} else if first.kind != kindObject {
		return fmt.Errorf("frame: got %v, want an object", first.kind)
	}
	more, err := d.open('{', '}')
	for ; more; more, err = d.next('}') {
		if err := d.top(); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if d.space(); d.pos < len(d.data) {
		return d.fail("nothing behind the object")
	}
	if !d.seen.has(keyType) {
		return fmt.Errorf("type: got none, want %s", wantTypes)
	}
	return d.finish()
}

func (k topKeys) has(key int) bool { return k&(1<<key) != 0 }

// top reads one member of the frame. A body whose type is not known yet is
// passed over and its place remembered.
func (d *decoder) top() error {
	raw, escaped, err := d.key()
	if err != nil {
		return err
	}
	key, known := topKey(raw)
	if escaped {
		key, known = topKey([]byte(unescape(raw, true)))
	}
	if !known {
		return d.strip(&d.unknown, unescape(raw, escaped))
	}
	if d.seen.has(key) {
		return duplicate(topKeyNames[key])
	}
	d.seen |= 1 << key
	switch {
	case key == keyType:
		return d.readType()
	case d.seen.has(keyType):
		return d.body(key)
	}
	d.bodies[key] = d.pos
	return d.skip(nil)
}

const wantTypes = "metrics, training, voting, heartbeat, ping or identify"

func (d *decoder) readType() error {
	v, err := d.scalar()
	if err != nil {
		return err
	}
	if v.kind != kindString {
		return fmt.Errorf("type: got %v, want %s", v.kind, wantTypes)
	}
	text := v.text
	if v.escaped {
		text = []byte(unescape(v.text, true))
	}
	if d.out.Type = typeNamed(text); d.out.Type == "" {
		return fmt.Errorf("type: got %+q, want %s", clip(string(text)), wantTypes)
	}
	return nil
}

// typeNamed returns the type of that name without an allocation, or "".
func typeNamed(name []byte) Type {
	for _, t := range [...]Type{Metrics, Training, Voting, Heartbeat, Ping, Identify} {
		if string(name) == string(t) {
			return t
		}
	}
	return ""
}

// finish reads the bodies that stood before the type, then validates.
func (d *decoder) finish() error {
	end := d.pos
	for key, pos := range d.bodies {
		if pos == 0 {
			continue
		}
		d.pos = pos
		if err := d.body(key); err != nil {
			return err
		}
	}
	d.pos = end
	if !d.out.Type.Updates() {
		return nil
	}
	valid, dropped := d.out.Update.Valid()
	d.out.Update = valid
	for _, e := range dropped {
		d.out.Dropped = append(d.out.Dropped, e)
	}
	if valid.Fields != 0 {
		return nil
	}
	return d.nothing()
}

// nothing says why a frame that should carry an update carries none.
func (d *decoder) nothing() error {
	if len(d.out.Dropped) > 0 {
		return fmt.Errorf("%w: %w", errNothing, d.out.Dropped[0])
	}
	want := "data with at least one field of the schema"
	if d.out.Type == Metrics {
		want = "training or voting with at least one field of the schema"
	}
	return fmt.Errorf("%w: %s wants %s", errNothing, d.out.Type, want)
}

// body reads the value of one top key, now that the type is known.
func (d *decoder) body(key int) error {
	switch {
	case d.out.Type == Metrics && key == keyTraining, d.out.Type == Training && key == keyData:
		return d.group(topKeyNames[key], quasar.TrainingFields)
	case d.out.Type == Metrics && key == keyVoting, d.out.Type == Voting && key == keyData:
		return d.group(topKeyNames[key], quasar.VotingFields)
	case d.out.Type == Identify && key == keySpace:
		return d.identify()
	}
	d.out.Stripped = append(d.out.Stripped, topKeyNames[key])
	return d.skip(&d.out.Stripped)
}

func (d *decoder) identify() error {
	v, err := d.scalar()
	if err != nil {
		return err
	}
	if v.kind != kindString {
		return fmt.Errorf("space: got %v, want a string", v.kind)
	}
	d.out.Space = unescape(v.text, v.escaped)
	return nil
}

// group reads an object of fields. Null stands for no group.
func (d *decoder) group(name string, allowed quasar.Fields) error {
	v, err := d.scalar()
	if err != nil {
		return err
	}
	switch v.kind {
	case kindNull:
		return nil
	case kindObject:
	default:
		d.out.Dropped = append(d.out.Dropped, fmt.Errorf("%s: got %v, want an object", name, v.kind))
		if v.kind == kindArray {
			return d.skip(&d.out.Stripped)
		}
		return nil
	}
	return d.fields(allowed)
}

// fields reads the members of an object of fields.
func (d *decoder) fields(allowed quasar.Fields) error {
	var seen quasar.Fields
	var unknown keys
	more, err := d.open('{', '}')
	for ; more; more, err = d.next('}') {
		raw, escaped, err := d.key()
		if err != nil {
			return err
		}
		f, ok := d.fieldNamed(raw, escaped)
		switch {
		case !ok || !allowed.Has(f):
			err = d.strip(&unknown, unescape(raw, escaped))
		case seen.Has(f):
			err = duplicate(f.String())
		default:
			seen = seen.With(f)
			err = d.field(f)
		}
		if err != nil {
			return err
		}
	}
	return err
}

func (d *decoder) fieldNamed(raw []byte, escaped bool) (quasar.Field, bool) {
	if escaped {
		return fieldNamed([]byte(unescape(raw, true)))
	}
	return fieldNamed(raw)
}

// strip passes over a member that is not in the schema and counts its name and
// all names inside it.
func (d *decoder) strip(siblings *keys, key string) error {
	if err := siblings.add(key); err != nil {
		return err
	}
	d.out.Stripped = append(d.out.Stripped, key)
	return d.skip(&d.out.Stripped)
}

// skip passes over a value of any kind and adds the keys in it to names, unless
// that is nil.
func (d *decoder) skip(names *[]string) error {
	v, err := d.scalar()
	if err != nil {
		return err
	}
	switch v.kind {
	case kindObject:
		return d.skipObject(names)
	case kindArray:
		return d.skipArray(names)
	}
	return nil
}

func (d *decoder) skipObject(names *[]string) error {
	var siblings keys
	more, err := d.open('{', '}')
	for ; more; more, err = d.next('}') {
		raw, escaped, err := d.key()
		if err != nil {
			return err
		}
		key := unescape(raw, escaped)
		if err := siblings.add(key); err != nil {
			return err
		}
		if names != nil {
			*names = append(*names, key)
		}
		if err := d.skip(names); err != nil {
			return err
		}
	}
	return err
}

func (d *decoder) skipArray(names *[]string) error {
	more, err := d.open('[', ']')
	for ; more; more, err = d.next(']') {
		if err := d.skip(names); err != nil {
			return err
		}
	}
	return err
}
