package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

var update = flag.Bool("update", false, "rewrite what the golden files want")

const goldenDir = "../../spec/golden"

// readGolden reads a golden file, and with -update writes back what the test
// made of it.
func readGolden[T any](t testing.TB, name string) []T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldenDir, name))
	if err != nil {
		t.Fatal(err)
	}
	var cases []T
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return cases
}

func writeGolden[T any](t testing.TB, name string, cases []T) {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(cases); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(goldenDir, name), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// publishCase is a frame of a publisher beside what becomes of it.
type publishCase struct {
	Name        string       `json:"name"`
	Frame       string       `json:"frame,omitempty"`
	FrameBase64 []byte       `json:"frame_base64,omitempty"`
	Want        publishFrame `json:"want"`
}

func (c *publishCase) bytes() []byte {
	if c.FrameBase64 != nil {
		return c.FrameBase64
	}
	return []byte(c.Frame)
}

// publishFrame is what becomes of a frame. One with an error changes nothing and
// has no update; what was counted on the way to the error counts.
type publishFrame struct {
	Error     string          `json:"error,omitempty"`
	Type      Type            `json:"type,omitempty"`
	Space     string          `json:"space,omitempty"`
	Training  json.RawMessage `json:"training,omitempty"`
	Voting    json.RawMessage `json:"voting,omitempty"`
	Stripped  []string        `json:"stripped,omitempty"`
	NonFinite int             `json:"non_finite,omitempty"`
	Dropped   []string        `json:"dropped,omitempty"`
}

func golden(f Frame, err error) publishFrame {
	out := publishFrame{Stripped: f.Stripped, NonFinite: f.NonFinite}
	for _, e := range f.Dropped {
		out.Dropped = append(out.Dropped, e.Error())
	}
	if err != nil {
		out.Error = err.Error()
		return out
	}
	out.Type, out.Space = f.Type, f.Space
	if set := f.Update.Fields & quasar.TrainingFields; set != 0 {
		out.Training = f.Update.Training.AppendJSON(nil, set)
	}
	if set := f.Update.Fields & quasar.VotingFields; set != 0 {
		out.Voting = f.Update.Voting.AppendJSON(nil, set)
	}
	return out
}

func TestGoldenPublish(t *testing.T) {
	const file = "publish.json"
	cases := readGolden[publishCase](t, file)
	for i := range cases {
		c := &cases[i]
		got := golden(Decode(c.bytes()))
		if *update {
			c.Want = got
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			if diff := cmp.Diff(plain(t, c.Want), plain(t, got)); diff != "" {
				t.Errorf("%s\n-want +got\n%s", c.bytes(), diff)
			}
		})
	}
	if *update {
		writeGolden(t, file, cases)
	}
}

// plain makes values comparable whatever the white space of their JSON.
func plain(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
