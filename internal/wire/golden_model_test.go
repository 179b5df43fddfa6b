package wire

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

// mergeCase is a run of frames beside the snapshots and broadcasts they make.
type mergeCase struct {
	Name      string       `json:"name"`
	SpaceName string       `json:"space_name"`
	Frames    []mergeFrame `json:"frames"`
}

type mergeFrame struct {
	At    float64 `json:"at"`
	Frame string  `json:"frame"`
	// Broadcast is the frame that subscribers get, null if they get none.
	Broadcast json.RawMessage `json:"broadcast"`
}

func TestGoldenMerge(t *testing.T) {
	const file = "merge.json"
	cases := readGolden[mergeCase](t, file)
	for i := range cases {
		c := &cases[i]
		got := runMerge(c)
		if *update {
			*c = got
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			if diff := cmp.Diff(plain(t, *c), plain(t, got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	if *update {
		writeGolden(t, file, cases)
	}
}

func runMerge(c *mergeCase) mergeCase {
	got := mergeCase{Name: c.Name, SpaceName: c.SpaceName}
	snapshot := quasar.Snapshot{SpaceName: c.SpaceName}
	for _, in := range c.Frames {
		now := time.UnixMicro(int64(math.Round(in.At * 1e6)))
		out := mergeFrame{At: in.At, Frame: in.Frame, Broadcast: json.RawMessage("null")}
		if f, err := Decode([]byte(in.Frame)); err == nil && f.Type.Updates() {
			if snapshot, err = snapshot.Apply(f.Update, now); err == nil {
				out.Broadcast = AppendMetricsUpdate(nil, &snapshot, now)
			}
		}
		got.Frames = append(got.Frames, out)
	}
	return got
}

// rankingCase is a set of spaces beside their places in each order.
type rankingCase struct {
	Name   string                        `json:"name"`
	Spaces []rankedSpace                 `json:"spaces"`
	Want   map[quasar.Order][]rankedWant `json:"want"`
}

type rankedSpace struct {
	SpaceName   string   `json:"space_name"`
	BuyCount    *int64   `json:"buy_count"`
	SellCount   *int64   `json:"sell_count"`
	AVNAccuracy *float64 `json:"avn_accuracy"`
}

type rankedWant struct {
	Rank             int      `json:"rank"`
	SpaceName        string   `json:"space_name"`
	Score            *float64 `json:"score"`
	SignalConfidence *float64 `json:"signal_confidence"`
	Reason           string   `json:"reason,omitempty"`
}

func TestGoldenRanking(t *testing.T) {
	const file = "ranking.json"
	cases := readGolden[rankingCase](t, file)
	for i := range cases {
		c := &cases[i]
		got := rankAll(c.Spaces)
		if *update {
			c.Want = got
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			if diff := cmp.Diff(c.Want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	if *update {
		writeGolden(t, file, cases)
	}
}

func rankAll(spaces []rankedSpace) map[quasar.Order][]rankedWant {
	var snapshots []quasar.Snapshot
	for _, s := range spaces {
		snapshots = append(snapshots, quasar.Snapshot{
			SpaceName: s.SpaceName,
			Training:  quasar.Training{AVNAccuracy: s.AVNAccuracy},
			Voting:    quasar.Voting{BuyCount: s.BuyCount, SellCount: s.SellCount},
		})
	}
	out := make(map[quasar.Order][]rankedWant)
	for _, order := range []quasar.Order{quasar.Desc, quasar.Asc, quasar.Balanced} {
		for _, r := range quasar.Rank(snapshots, order) {
			out[order] = append(out[order], rankedWant{r.Rank, r.Snapshot.SpaceName, r.Score.Value, r.Score.SignalConfidence, r.Score.Reason})
		}
	}
	return out
}
