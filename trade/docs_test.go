package trade_test

import (
	"os"
	"strings"
	"testing"

	"github.com/karlquant/quasar/trade"
)

func TestTheGuideHasEveryReason(t *testing.T) {
	text, err := os.ReadFile("../docs/risk.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range trade.Reasons {
		if !strings.Contains(string(text), "| `"+string(r)+"` |") {
			t.Errorf("docs/risk.md has no row of %q", r)
		}
	}
}
