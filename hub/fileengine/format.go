package fileengine

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/disk"
)

// The file has one JSON object a line: a header, the records in the order of their
// names, and the checksum of all lines before it. The first two keys of the header
// and the last line are the same in all versions to come, so that a file of
// another version can be told from a damaged one.
const (
	format  = "quasar hub state"
	version = 1

	sumOpens  = `{"sha256":"`
	sumCloses = "\"}\n"
	sumSize   = len(sumOpens) + 2*sha256.Size + len(sumCloses)
)

// maxState is how large a file is read: that of 200,000 spaces is smaller.
const maxState = 256 << 20

var (
	errDamaged = errors.New("damaged")
	errVersion = errors.New("another version")
)

// state is what a file says.
type state struct {
	writtenAt time.Time
	records   []hub.Record // by name
}

func byName(a, b hub.Record) int { return cmp.Compare(a.Snapshot.SpaceName, b.Snapshot.SpaceName) }

// appendState appends the file that says s.
func appendState(dst []byte, s *state) []byte {
	start := len(dst)
	dst = appendHeader(dst, s.writtenAt, len(s.records))
	for i := range s.records {
		dst = appendRecord(dst, &s.records[i])
	}
	return appendSum(dst, dst[start:])
}

func appendHeader(dst []byte, writtenAt time.Time, spaces int) []byte {
	dst = fmt.Appendf(dst, `{"format":%q,"version":%d,"written_at":`, format, version)
	dst = quasar.AppendUnixTime(dst, writtenAt)
	return fmt.Appendf(dst, `,"spaces":%d}`+"\n", spaces)
}

// appendRecord appends the line of one record: the snapshot as subscribers get it,
// and the stamps of the fields that were ever written.
func appendRecord(dst []byte, r *hub.Record) []byte {
	dst = append(dst, `{"snapshot":`...)
	dst = r.Snapshot.AppendJSON(dst)
	dst = append(dst, `,"stamps":{`...)
	open := len(dst)
	for f, stamp := range r.Stamps {
		if stamp.Seq == 0 {
			continue
		}
		if len(dst) > open {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), quasar.Field(f).String()...), `":{"seq":`...)
		dst = strconv.AppendInt(dst, stamp.Seq, 10)
		dst = strconv.AppendQuoteToASCII(append(dst, `,"hub":`...), stamp.Hub) // an id needs no escape
		dst = append(dst, '}')
	}
	return append(dst, "}}\n"...)
}

func appendSum(dst, body []byte) []byte {
	sum := sha256.Sum256(body)
	dst = hex.AppendEncode(append(dst, sumOpens...), sum[:])
	return append(dst, sumCloses...)
}

// readState reads a file. The error is errDamaged where that is what the file is,
// errVersion where it is whole and of another version, and otherwise that of the
// system.
func readState(path string) (*state, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: got %s, want a regular file", path, disk.Kind(info))
	case info.Size() > maxState:
		return nil, fmt.Errorf("%w: got %d bytes, want at most %d", errDamaged, info.Size(), maxState)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrPermission) {
		return nil, err
	}
	if err != nil { // the disk gives some of it back no more
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	s, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// decode reads what appendState wrote, and nothing else: every line has to be the
// one that its meaning would be written as, and every value one that a hub may
// have.
func decode(data []byte) (*state, error) {
	body, err := checkSum(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	line := body[:bytes.IndexByte(body, '\n')+1]
	s, spaces, err := decodeHeader(line)
	if errors.Is(err, errVersion) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", errDamaged, err)
	}
	if s.records, err = decodeRecords(body[len(line):], spaces); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return s, nil
}

// checkSum returns what stands before the checksum, if that is right.
func checkSum(data []byte) (body []byte, err error) {
	if len(data) < sumSize {
		return nil, fmt.Errorf("got %d bytes, want a checksum at the end", len(data))
	}
	body = data[:len(data)-sumSize]
	if want := appendSum(nil, body); !bytes.Equal(data[len(body):], want) {
		return nil, errors.New("the checksum is wrong, or is not at the end")
	}
	return body, nil
}

func decodeHeader(line []byte) (s *state, spaces int, err error) {
	var kind struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return nil, 0, err
	}
	if kind.Format != format {
		return nil, 0, fmt.Errorf("format: got %+.40q, want %q", kind.Format, format)
	}
	if kind.Version != version {
		return nil, 0, fmt.Errorf("%w: got version %d of the state, want %d; run the quasar that wrote it, or move the file away", errVersion, kind.Version, version)
	}
	var rest struct {
		WrittenAt float64 `json:"written_at"`
		Spaces    int     `json:"spaces"`
	}
	if err := json.Unmarshal(line, &rest); err != nil {
		return nil, 0, err
	}
	at, err := quasar.UnixTime(rest.WrittenAt)
	if err == nil && !bytes.Equal(appendHeader(nil, at, rest.Spaces), line) {
		err = errUnusual
	}
	return &state{writtenAt: at}, rest.Spaces, err
}

func decodeRecords(lines []byte, spaces int) ([]hub.Record, error) {
	var records []hub.Record
	for line := range bytes.Lines(lines) {
		r, err := decodeRecord(line)
		if err == nil && len(records) > 0 && byName(records[len(records)-1], r) >= 0 {
			err = fmt.Errorf("space %s: got it behind %s", r.Snapshot.SpaceName, records[len(records)-1].Snapshot.SpaceName)
		}
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", len(records)+1, err)
		}
		records = append(records, r)
	}
	if len(records) != spaces {
		return nil, fmt.Errorf("got %d records, want %d", len(records), spaces)
	}
	return records, nil
}

// recordLine is what appendRecord writes.
type recordLine struct {
	Snapshot quasar.Snapshot `json:"snapshot"`
	Stamps   map[string]struct {
		Seq int64  `json:"seq"`
		Hub string `json:"hub"`
	} `json:"stamps"`
}

func decodeRecord(line []byte) (hub.Record, error) {
	var in recordLine
	if err := json.Unmarshal(line, &in); err != nil {
		return hub.Record{}, err
	}
	r := hub.Record{Snapshot: in.Snapshot}
	for f := range r.Stamps {
		r.Stamps[f] = hub.Stamp(in.Stamps[quasar.Field(f).String()])
	}
	r, err := r.Valid()
	if err == nil && !bytes.Equal(appendRecord(nil, &r), line) {
		err = errUnusual
	}
	return r, err
}

// errUnusual is the error of a line that has more, or says it differently, than a
// hub would have written it.
var errUnusual = errors.New("got a line that no hub writes")
