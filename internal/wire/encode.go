package wire

import (
	"bytes"
	"iter"
	"time"

	"github.com/karlquant/quasar"
)

// AppendUpdate appends the frame in which a publisher sends u: training, voting
// or metrics, by the groups of the fields that u sets. Fields that u does not
// set are not in it; what is nil or not finite is null.
func AppendUpdate(dst []byte, u quasar.Update) []byte {
	training, voting := u.Fields&quasar.TrainingFields, u.Fields&quasar.VotingFields
	switch {
	case voting == 0:
		dst = append(dst, `{"type":"training","data":`...)
		dst = u.Training.AppendJSON(dst, training)
	case training == 0:
		dst = append(dst, `{"type":"voting","data":`...)
		dst = u.Voting.AppendJSON(dst, voting)
	default:
		dst = append(dst, `{"type":"metrics","training":`...)
		dst = u.Training.AppendJSON(dst, training)
		dst = append(dst, `,"voting":`...)
		dst = u.Voting.AppendJSON(dst, voting)
	}
	return append(dst, '}')
}

// AppendIdentify appends the frame in which a publisher names its space.
func AppendIdentify(dst []byte, space string) []byte {
	dst = append(dst, `{"type":"identify","space":`...)
	dst = appendName(dst, space)
	return append(dst, '}')
}

// AppendHeartbeat appends the frame in which a publisher says that it lives.
func AppendHeartbeat(dst []byte) []byte { return append(dst, `{"type":"heartbeat"}`...) }

// AppendInitialState appends the first frame that a subscriber gets.
func AppendInitialState(dst []byte, snapshots []quasar.Snapshot, now time.Time) []byte {
	dst = append(dst, `{"type":"initial_state","snapshots":{`...)
	for i := range snapshots {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendName(dst, snapshots[i].SpaceName)
		dst = append(dst, ':')
		dst = snapshots[i].AppendJSON(dst)
	}
	dst = append(dst, `},"hub_timestamp":`...)
	dst = quasar.AppendUnixTime(dst, now)
	return append(dst, '}')
}

// AppendInitialStateOf appends the initial state that the newest update of each
// space makes: updates are what AppendMetricsUpdate wrote. It copies the
// snapshots as they stand there.
func AppendInitialStateOf(dst []byte, updates iter.Seq[[]byte], now time.Time) []byte {
	dst = append(dst, `{"type":"initial_state","snapshots":{`...)
	open := len(dst)
	for update := range updates {
		if len(dst) > open {
			dst = append(dst, ',')
		}
		name, rest, _ := bytes.Cut(update[len(updateOpens):], []byte(snapshotOpens))
		// No string in the snapshot holds this: quotes in strings are escaped.
		snapshot := rest[:bytes.LastIndex(rest, []byte(timestampOpens))]
		dst = append(append(append(dst, name...), ':'), snapshot...)
	}
	dst = append(append(dst, '}'), timestampOpens...)
	dst = quasar.AppendUnixTime(dst, now)
	return append(dst, '}')
}

const (
	updateOpens    = `{"type":"metrics_update","space_name":`
	snapshotOpens  = `,"snapshot":`
	timestampOpens = `,"hub_timestamp":`
)

// AppendMetricsUpdate appends the frame that tells subscribers of one accepted
// update.
func AppendMetricsUpdate(dst []byte, s *quasar.Snapshot, now time.Time) []byte {
	dst = append(dst, updateOpens...)
	dst = appendName(dst, s.SpaceName)
	dst = append(dst, snapshotOpens...)
	dst = s.AppendJSON(dst)
	dst = append(dst, timestampOpens...)
	dst = quasar.AppendUnixTime(dst, now)
	return append(dst, '}')
}

// appendName appends the name of a space, none of whose characters needs an
// escape.
func appendName(dst []byte, space string) []byte {
	return append(append(append(dst, '"'), space...), '"')
}
