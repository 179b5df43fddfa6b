package wire

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar"
)

// HubFrame is what a hub tells its subscribers.
type HubFrame struct {
	// Type is InitialState or MetricsUpdate. Any other is one that this version
	// does not know: the contract grows, so a reader passes over it.
	Type Type
	// Snapshots are those of an initial state, by name, or the one of an update.
	Snapshots []quasar.Snapshot
	// Dropped has an error for each snapshot of an initial state that was refused.
	Dropped []error
	// HubTimestamp is the hub's clock when it made the frame; zero if it did not say.
	HubTimestamp time.Time
}

type hubFrame struct {
	Type         Type                       `json:"type"`
	Snapshots    map[string]quasar.Snapshot `json:"snapshots"`
	SpaceName    string                     `json:"space_name"`
	Snapshot     *quasar.Snapshot           `json:"snapshot"`
	HubTimestamp *float64                   `json:"hub_timestamp"`
}

// DecodeHub reads a frame that a subscriber received. Whatever hub sent it, the
// values in the answer are in range, and the names can name spaces.
func DecodeHub(data []byte) (HubFrame, error) {
	var in hubFrame
	if err := json.Unmarshal(data, &in); err != nil {
		return HubFrame{}, fmt.Errorf("hub frame: %w", err)
	}
	out := HubFrame{Type: in.Type}
	if in.HubTimestamp != nil {
		out.HubTimestamp = time.UnixMicro(int64(math.Round(*in.HubTimestamp * 1e6)))
	}
	switch in.Type {
	case InitialState:
		out.addAll(in.Snapshots)
	case MetricsUpdate:
		if in.Snapshot == nil {
			return HubFrame{}, fmt.Errorf("metrics_update of %+q: got no snapshot", clip(in.SpaceName))
		}
		if err := out.add(in.SpaceName, *in.Snapshot); err != nil {
			return HubFrame{}, err
		}
	case "":
		return HubFrame{}, fmt.Errorf("hub frame: got no type")
	}
	return out, nil
}

// addAll takes over every snapshot that can be: one bad one of many must not
// keep the rest from their reader.
func (f *HubFrame) addAll(snapshots map[string]quasar.Snapshot) {
	for _, name := range slices.Sorted(maps.Keys(snapshots)) {
		if err := f.add(name, snapshots[name]); err != nil {
			f.Dropped = append(f.Dropped, err)
		}
	}
}

// add takes a snapshot over as far as it keeps to the schema.
func (f *HubFrame) add(name string, s quasar.Snapshot) error {
	if err := quasar.CheckSpaceName(name); err != nil {
		return err
	}
	if s.SpaceName != "" && s.SpaceName != name {
		return fmt.Errorf("snapshot of %q: got the space_name %+q", name, clip(s.SpaceName))
	}
	if s.Seq < 0 || s.Seq > quasar.MaxCount {
		return fmt.Errorf("snapshot of %q: got seq %d, want 0 to %d", name, s.Seq, int64(quasar.MaxCount))
	}
	valid, _ := quasar.Update{Fields: quasar.AllFields, Training: s.Training, Voting: s.Voting}.Valid()
	s.SpaceName, s.Training, s.Voting = name, valid.Training, valid.Voting
	f.Snapshots = append(f.Snapshots, s)
	return nil
}
