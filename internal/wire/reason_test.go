package wire

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each frame of the golden file that is rejected has a reason, and each reason
// there is has a frame: no counter stays at 0 because a text was changed.
func TestEveryRejectionHasAReason(t *testing.T) {
	seen := map[string]bool{ReasonOther: true}
	for _, c := range readGolden[publishCase](t, "publish.json") {
		_, err := Decode(c.bytes())
		if err == nil {
			continue
		}
		reason := Reason(err)
		if reason == ReasonOther {
			t.Errorf("%s: got no reason for %q", c.Name, err)
		}
		seen[reason] = true
	}
	want := slices.Sorted(slices.Values(Reasons()))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if got := Reason(errors.New("frames: got a new one")); got != ReasonOther {
		t.Errorf("got %s, want %s", got, ReasonOther)
	}
}
