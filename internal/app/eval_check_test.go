package app

import (
	"strings"
	"testing"

	"github.com/karlquant/quasar/internal/eval"
)

// A check that cannot fail says nothing: the same world passes one figure and falls
// short of the other.
func TestEvalCheckSaysWhatFallsShort(t *testing.T) {
	var out strings.Builder
	easy, hard := atMost("easy", "sim-arms", "ucb1", eval.Shadow, 0.9), atMost("hard", "sim-arms", "ucb1", eval.Shadow, 0.0001)
	mushrooms := inMushrooms("linucb", 45)
	err := checkTargets(t.Context(), &out, func(string) {}, []target{easy, hard, mushrooms}, "", 2, 7)
	if err == nil || err.Error() != "1 of 3 figures fall short" {
		t.Errorf("got the error %v, want one figure of three that falls short", err)
	}
	for i, want := range []string{"2 seeds from 7", "easy", "hard", "mushroom"} {
		verdict := []string{"", "pass", "FALLS SHORT", "left out: needs --data with agaricus-lepiota.data"}[i]
		found := false
		for line := range strings.Lines(out.String()) {
			found = found || strings.Contains(line, want) && strings.Contains(line, verdict)
		}
		if !found {
			t.Errorf("no line with %q and %q in\n%s", want, verdict, out.String())
		}
	}
}

func TestEvalCheckWantsTheDataThatItIsPromised(t *testing.T) {
	err := checkTargets(t.Context(), &strings.Builder{}, func(string) {}, []target{inMushrooms("linucb", 45)}, t.TempDir(), 2, 1)
	if err == nil || !strings.Contains(err.Error(), "agaricus-lepiota.data") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}
