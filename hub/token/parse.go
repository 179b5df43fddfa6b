package token

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxFile bounds what is read of a file: some 10,000 tokens. Each answer compares
// its token with all of them.
const (
	maxFile    = 4 << 20
	maxEntries = 10_000
)

var (
	errDigest  = errors.New("want 64 hexadecimal digits, the SHA-256 of a token")
	errSecret  = errors.New(`got a token itself, want only what "quasar token new" writes: its SHA-256, role and spaces`)
	errTooMany = fmt.Errorf("got more than %d tokens", maxEntries)
)

// Parse reads entries: JSON objects, one behind the other, on lines of their own or
// not. What is not an entry is an error, which repeats nothing that may be secret.
func Parse(data []byte) ([]Entry, error) {
	if bytes.Contains(data, []byte(`"qsr_`)) || bytes.HasPrefix(data, []byte("qsr_")) {
		return nil, errSecret
	}
	var entries []Entry
	in := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		var e Entry
		err := json.UnmarshalDecode(in, &e, json.RejectUnknownMembers(true))
		if errors.Is(err, io.EOF) {
			return entries, checkAll(entries)
		}
		if err != nil {
			return nil, fmt.Errorf("entry %d: got something else at byte %d, want {\"id\": …, \"role\": …, \"spaces\": […], \"sha256\": …}", len(entries)+1, in.InputOffset())
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("entry %d: %w", len(entries)+1, err)
		}
		if entries = append(entries, e); len(entries) > maxEntries {
			return nil, errTooMany
		}
	}
}

// checkAll tells entries apart.
func checkAll(entries []Entry) error {
	ids, digests := make(map[string]bool), make(map[Digest]bool)
	for i := range entries {
		e := &entries[i]
		switch {
		case ids[e.ID]:
			return fmt.Errorf("id: got %s twice, want each once", e.ID)
		case digests[e.SHA256]:
			return fmt.Errorf("sha256: got that of %s twice, want each token once", e.ID)
		case e.SHA256 == Digest{}:
			return fmt.Errorf("sha256: got none for %s", e.ID)
		}
		ids[e.ID], digests[e.SHA256] = true, true
	}
	return nil
}

// Append appends entries as Parse reads them, each on a line of its own.
func Append(out []byte, entries ...Entry) []byte {
	for i := range entries {
		line, err := json.Marshal(&entries[i])
		if err != nil {
			panic(err) // an entry of strings, digits and times always marshals
		}
		out = append(append(out, line...), '\n')
	}
	return out
}
