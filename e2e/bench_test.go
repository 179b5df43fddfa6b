//go:build e2e && linux

package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestBenchHub measures a hub that the real binary starts from itself. What comes
// out is not judged: whether it was all delivered, in order, is.
func TestBenchHub(t *testing.T) {
	for name, flags := range map[string]string{
		"in flight": "--subscribers 20 --in-flight 4",
		"at a rate": "--subscribers 20 --publishers 3 --rate 40",
		"stalled":   "--subscribers 20 --publishers 3 --rate 40 --stalled 5",
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"bench", "hub", "--json", "--seconds", "0.6"}, strings.Fields(flags)...)
			out, err := exec.Command(quasarBinary, args...).Output()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var m struct {
				Published, Delivered, Lost, Conflated *int64
				OutOfOrder                            *int64 `json:"out_of_order"`
				Delay                                 *struct{ Count int }
			}
			if err := json.Unmarshal(out, &m); err != nil {
				t.Fatal(err)
			}
			if *m.Published == 0 || *m.Delivered != *m.Published*20 || *m.Lost != 0 || *m.Conflated != 0 || *m.OutOfOrder != 0 || m.Delay.Count == 0 {
				t.Errorf("got %s, want every message delivered to 20 subscribers", out)
			}
		})
	}
}
