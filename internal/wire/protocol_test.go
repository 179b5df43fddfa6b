package wire

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where the protocol's text says that a golden file shows something, it does.
func TestProtocolNamesCasesThatExist(t *testing.T) {
	text, err := os.ReadFile("../../spec/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string][]string)
	for _, file := range []string{"publish", "merge", "ranking", "python_client"} {
		names[file] = goldenNames(t, file+".json")
	}
	cited := 0
	for _, m := range regexp.MustCompile("`(publish|merge|ranking|python_client): ([^`]+)`").FindAllStringSubmatch(string(text), -1) {
		file, name := m[1], m[2]
		if name == "NAME" {
			continue // how it is to be read
		}
		cited++
		if !slices.Contains(names[file], name) {
			t.Errorf("%s.json has no case %q", file, name)
		}
	}
	if cited < 50 {
		t.Errorf("the protocol names %d cases; has it another form now?", cited)
	}
}

// goldenNames reads the names of a golden file's cases, each of which is there
// once.
func goldenNames(t *testing.T, file string) []string {
	t.Helper()
	var names []string
	for _, c := range readGolden[struct{ Name string }](t, file) {
		if c.Name != "" && slices.Contains(names, c.Name) {
			t.Errorf("%s: %q stands twice", file, c.Name)
		}
		names = append(names, c.Name)
	}
	return names
}

// pythonCase is a frame that the Python publisher sends.
type pythonCase struct {
	Name  string          `json:"name"`
	Frame json.RawMessage `json:"frame"`
}

// The Python publisher keeps to the schema by itself: a hub takes all that it
// sends, as it is, save that it clamps an accuracy.
func TestGoldenPythonClientIsTakenWhole(t *testing.T) {
	for _, c := range readGolden[pythonCase](t, "python_client.json") {
		if c.Frame == nil {
			continue // the word about the file
		}
		t.Run(c.Name, func(t *testing.T) {
			f, err := Decode(c.Frame)
			if err != nil || len(f.Stripped)+len(f.Dropped)+f.NonFinite > 0 {
				t.Fatalf("%s: %v, stripped %q, dropped %v, %d not finite", c.Frame, err, f.Stripped, f.Dropped, f.NonFinite)
			}
			if strings.Contains(c.Name, "the hub clamps") {
				return
			}
			if diff := cmp.Diff(fieldsSent(t, c.Frame), fieldsSent(t, AppendUpdate(nil, f.Update))); diff != "" {
				t.Errorf("-sent +taken\n%s", diff)
			}
		})
	}
}

// fieldsSent returns the fields of a frame, in whichever way it groups them.
func fieldsSent(t *testing.T, frame []byte) map[string]any {
	t.Helper()
	var groups struct{ Training, Voting, Data map[string]any }
	if err := json.Unmarshal(frame, &groups); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	all := make(map[string]any)
	for _, group := range []map[string]any{groups.Training, groups.Voting, groups.Data} {
		for field, value := range group {
			all[field] = value
		}
	}
	return all
}
