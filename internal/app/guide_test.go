package app

import (
	"cmp"
	"math"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// guide is the smoke test of the original guide, to the letter but for the port.
const guide = `
import time
from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics

pub = AssetSpacePublisher("V75_TEST", "ws://localhost:7860/ws/publish/V75_TEST")
pub.start()
for step in range(10):
    pub.publish_combined(
        TrainingMetrics(training_steps=step*100, avn_accuracy=0.5+step*0.04),
        VotingMetrics(dominant_signal="BUY", buy_count=7, sell_count=3))
    time.sleep(0.5)
`

// People who run the original point their training code at our hub and change
// nothing else.
func TestTheOriginalGuidesSmokeTest(t *testing.T) {
	python, err := exec.LookPath(cmp.Or(os.Getenv("PYTHON"), "python3"))
	if err != nil {
		t.Skip("no Python: install python3 to run the guide's script")
	}
	hub := realHub(t)
	address, err := url.Parse(hub)
	if err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(t.Context(), python, "-c", strings.ReplaceAll(guide, "localhost:7860", "localhost:"+address.Port()))
	script.Env = append(os.Environ(), "PYTHONPATH=../../python", "PYTHONDONTWRITEBYTECODE=1")
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	var answer struct {
		Rankings []struct {
			SpaceName        string  `json:"space_name"`
			Score            float64 `json:"score"`
			SignalConfidence float64 `json:"signal_confidence"`
			Snapshot         struct {
				Training struct {
					TrainingSteps int64   `json:"training_steps"`
					AVNAccuracy   float64 `json:"avn_accuracy"`
				} `json:"training"`
			} `json:"snapshot"`
		} `json:"rankings"`
	}
	if err := getJSON(t.Context(), hub, "/rankings", access{}, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Rankings) != 1 {
		t.Fatalf("got %+v, want V75_TEST alone", answer.Rankings)
	}
	got := answer.Rankings[0]
	near := func(x, want float64) bool { return math.Abs(x-want) < 1e-9 }
	if got.SpaceName != "V75_TEST" || got.Snapshot.Training.TrainingSteps != 900 || !near(got.Snapshot.Training.AVNAccuracy, 0.86) ||
		!near(got.SignalConfidence, 0.7) || !near(got.Score, -0.16) {
		t.Errorf("got %+v, want V75_TEST with 900 steps, accuracy 0.86, confidence 0.7, score -0.16", got)
	}
}
