package fileengine

import (
	"bytes"
	"errors"
	"testing"

	"github.com/karlquant/quasar"
)

// FuzzDecode holds what decode promises for any bytes, with the checksum that they
// have and with the right one: it does not panic, a state that it accepts is
// written as the very same bytes, and no value in it breaks a rule.
func FuzzDecode(f *testing.F) {
	good := appendState(nil, goldenState())
	f.Add(good)
	f.Add(good[:len(good)-sumSize])
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		checkDecode(t, data)
		checkDecode(t, sealed(string(data)))
		if len(data) > sumSize { // with the body changed under its checksum
			checkDecode(t, sealed(string(data[:len(data)-sumSize])))
		}
	})
}

func checkDecode(t *testing.T, data []byte) {
	t.Helper()
	s, err := decode(data)
	if err != nil {
		if s != nil || errors.Is(err, errDamaged) == errors.Is(err, errVersion) {
			t.Fatalf("got %+v, %v, want no state, and an error of one kind", s, err)
		}
		if len(err.Error()) > 500 {
			t.Errorf("got an error of %d bytes: %q", len(err.Error()), err)
		}
		return
	}
	if again := appendState(nil, s); !bytes.Equal(again, data) {
		t.Errorf("got %q, which is written as %q", data, again)
	}
	for _, r := range s.records {
		u := quasar.Update{Fields: quasar.AllFields, Training: r.Snapshot.Training, Voting: r.Snapshot.Voting}
		if _, dropped := u.Valid(); len(dropped) > 0 || quasar.CheckSpaceName(r.Snapshot.SpaceName) != nil || r.Snapshot.Seq <= 0 {
			t.Errorf("got %+v, dropped %v", r, dropped)
		}
	}
}
