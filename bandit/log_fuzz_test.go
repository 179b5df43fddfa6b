package bandit_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/karlquant/quasar/bandit"
)

// Whatever a file has in it: reading ends, says no more than once that it is no log,
// and what is read can be written and read again. A log that was opened has no damage
// at its end any more, and no record is gone.
func FuzzReadLog(f *testing.F) {
	path := filepath.Join(f.TempDir(), "decisions.log")
	l, err := bandit.OpenLog(path, &bandit.LogOptions{Features: []string{"gap"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, err := range []error{l.Decision(decision(1)), l.Outcome(outcome(1, "V75")), l.Close()} {
		if err != nil {
			f.Fatal(err)
		}
	}
	log, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(log)
	f.Add(log[:len(log)-5])
	f.Add(append(bytes.Clone(log), "rubbish\n"...))
	f.Add(bytes.Replace(log, []byte("V75"), []byte("V76"), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "decisions.log")
		records, _ := collect(bandit.ReadLog(bytes.NewReader(data)))
		must(t, os.WriteFile(path, data, 0o600))
		l, err := bandit.OpenLog(path, &bandit.LogOptions{NoSync: true})
		if errors.Is(err, bandit.ErrNoLog) {
			if len(records) > 0 {
				t.Fatalf("read %d records of what is no log", len(records))
			}
			return
		}
		must(t, err)
		must(t, l.Decision(decision(1)))
		must(t, l.Close())
		after, _ := collect(bandit.ReadLogs(path))
		if len(after) < len(records) {
			return // a later format, behind which nothing is read
		}
		if diff := cmp.Diff(records, after[:len(records)], cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("opening it changed records (-before +after):\n%s", diff)
		}
	})
}

// Lines whose checksum is right have anything in them all the same: they come from
// other programs.
func FuzzLogLine(f *testing.F) {
	for _, line := range []string{
		`{"kind":"lost","records":3`,
		`{"kind":"decision","id":3,"at":"2026-07-01T12:00:03Z","t":0,"policy":"ucb","arms":[{"arm":"V75","p":1,"key":1,"x":"AACAPwAAIMA="}],"chosen":0,"explored":true,"gate":{"open":false,"n":0,"mean":0,"low":null,"high":null}`,
		`{"kind":"outcome","decision":3,"arm":"V75","at":"2026-07-01T12:01:03Z","direction":-1,"move":-0.001,"volatility":0.002,"cost":0.03,"traded":true,"stake":1,"pnl":-1,"reward":0.47,"weight":0.5`,
		`{"kind":"outcome","decision":3,"arm":"V75","at":"2026-07-01T12:01:03Z","dropped":"late"`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := bandit.ParseContent(content)
		if err != nil {
			return
		}
		again, err := bandit.Rewritten(&r)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatalf("written and read again (-was +is):\n%s", diff)
		}
	})
}
