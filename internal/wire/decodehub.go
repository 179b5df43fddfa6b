package wire

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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
	Type         Type                      `json:"type"`
	Snapshots    map[string]jsontext.Value `json:"snapshots"`
	SpaceName    string                    `json:"space_name"`
	Snapshot     jsontext.Value            `json:"snapshot"`
	HubTimestamp *float64                  `json:"hub_timestamp"`
}

// hubSnapshot is a snapshot on the wire. Its keys are matched to the letter,
// which quasar.Snapshot's UnmarshalJSON cannot do with the standard library.
type hubSnapshot struct {
	SpaceName  string          `json:"space_name"`
	Training   quasar.Training `json:"training"`
	Voting     quasar.Voting   `json:"voting"`
	Seq        int64           `json:"seq"`
	UpdatedAt  *float64        `json:"updated_at"`
	TrainingAt *float64        `json:"training_at"`
	VotingAt   *float64        `json:"voting_at"`
}

// DecodeHub reads a frame that a subscriber received. Whatever hub sent it, the
// values in the answer are in range, and the names can name spaces. NaN and infinities
// as Python writes them are unknown.
func DecodeHub(data []byte) (HubFrame, error) {
	var in hubFrame
	if err := json.Unmarshal(data, &in); err != nil {
		in = hubFrame{}
		if json.Unmarshal(finite(data), &in) != nil {
			return HubFrame{}, fmt.Errorf("hub frame: %w", err)
		}
	}
	at, err := unixTime("hub_timestamp", in.HubTimestamp)
	if err != nil {
		return HubFrame{}, fmt.Errorf("hub frame: %w", err)
	}
	out := HubFrame{Type: in.Type, HubTimestamp: at}
	switch in.Type {
	case InitialState:
		out.addAll(in.Snapshots)
	case MetricsUpdate:
		if in.Snapshot == nil || in.Snapshot.Kind() == 'n' {
			return HubFrame{}, fmt.Errorf("metrics_update of %+q: got no snapshot", clip(in.SpaceName))
		}
		if err := out.add(in.SpaceName, in.Snapshot); err != nil {
			return HubFrame{}, err
		}
	case "":
		return HubFrame{}, fmt.Errorf("hub frame: got no type")
	}
	return out, nil
}

// addAll takes over every snapshot that can be: one bad one of many must not
// keep the rest from their reader.
func (f *HubFrame) addAll(snapshots map[string]jsontext.Value) {
	for _, name := range slices.Sorted(maps.Keys(snapshots)) {
		if err := f.add(name, snapshots[name]); err != nil {
			f.Dropped = append(f.Dropped, err)
		}
	}
}

// add takes a snapshot over as far as it keeps to the schema.
func (f *HubFrame) add(name string, text jsontext.Value) error {
	if err := quasar.CheckSpaceName(name); err != nil {
		return err
	}
	s, err := readSnapshot(name, text)
	if err != nil {
		return fmt.Errorf("snapshot of %q: %w", name, err)
	}
	f.Snapshots = append(f.Snapshots, s)
	return nil
}

func readSnapshot(name string, text jsontext.Value) (quasar.Snapshot, error) {
	if text.Kind() == 'n' {
		return quasar.Snapshot{}, errors.New("got null, want an object")
	}
	var in hubSnapshot
	if err := json.Unmarshal(text, &in); err != nil {
		return quasar.Snapshot{}, err
	}
	if in.SpaceName != "" && in.SpaceName != name {
		return quasar.Snapshot{}, fmt.Errorf("got the space_name %+q", clip(in.SpaceName))
	}
	if in.Seq < 0 || in.Seq > quasar.MaxCount {
		return quasar.Snapshot{}, fmt.Errorf("got seq %d, want 0 to %d", in.Seq, int64(quasar.MaxCount))
	}
	valid, _ := quasar.Update{Fields: quasar.AllFields, Training: in.Training, Voting: in.Voting}.Valid()
	out := quasar.Snapshot{SpaceName: name, Training: valid.Training, Voting: valid.Voting, Seq: in.Seq}
	var errs [3]error
	out.UpdatedAt, errs[0] = unixTime("updated_at", in.UpdatedAt)
	out.TrainingAt, errs[1] = unixTime("training_at", in.TrainingAt)
	out.VotingAt, errs[2] = unixTime("voting_at", in.VotingAt)
	return out, errors.Join(errs[:]...)
}

// unixTime reads the time under a key; null is never, the zero time.
func unixTime(key string, seconds *float64) (time.Time, error) {
	if seconds == nil {
		return time.Time{}, nil
	}
	at, err := quasar.UnixTime(*seconds)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", key, err)
	}
	return at, nil
}
