package main

import (
	"bytes"
	"strings"
	"testing"
)

const pythonTests = `
import unittest

class Kinds(unittest.TestCase):
    def test_good(self): pass
    def test_bad(self): self.assertEqual(1, 2)
    def test_error(self): raise ValueError("no")
    def test_subs(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
    @unittest.skip("no moon")
    def test_later(self): pass
    @unittest.expectedFailure
    def test_known(self): self.fail()
`

func TestUnittest(t *testing.T) {
	if _, why := findPython(t.Context()); why != "" {
		t.Skip(why)
	}
	write(t, map[string]string{
		"mixed/test_kinds.py": pythonTests,
		"good/test_good.py":   "import unittest\n\nclass Good(unittest.TestCase):\n    def test_a(self): pass\n    def test_b(self): pass\n",
		"dies/test_dies.py":   "import os, unittest\n\nclass Dies(unittest.TestCase):\n    def test_exit(self): os._exit(0)\n",
		"half/test_half.py":   "def half(:\n",
		"none/readme":         "",
	})
	tests := []struct {
		name string
		want outcome
	}{
		{name: "good", want: outcome{tally: tally{passed: 2}}},
		{name: "mixed", want: outcome{
			tally: tally{passed: 2, failed: 3, skipped: 1},
			failures: []string{
				"python: test_error", "python: test_bad", "python: test_subs",
			},
			skips: []string{"python: test_later: 'no moon'"},
		}},
		{name: "dies", want: outcome{tally: tally{failed: 1}, failures: []string{"python: the run ended without its summary"}}},
		{name: "half", want: outcome{tally: tally{failed: 1}, failures: []string{"python: test_half"}}},
		{name: "none", want: outcome{tally: tally{failed: 1}, failures: []string{"python: no test ran"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			s := &summary{}
			(&config{out: &out, python: test.name}).runPython(t.Context(), s)
			got := outcome{s.tally, trimNames(s.failures), s.skips}
			if diff := diffOutcome(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, out.String())
			}
		})
	}
}

// trimNames cuts the class away, which Python writes in another way since 3.11.
func trimNames(failures []string) []string {
	for i, f := range failures {
		failures[i], _, _ = strings.Cut(f, " (")
	}
	return failures
}
