package dial

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/karlquant/quasar/internal/dial/dialtest"
)

// stream is what a server may send; marked is a frame with a mask.
var (
	stream = slices.Concat(
		dialtest.ServerFrame(0x81, ""), dialtest.ServerFrame(0x81, "\x81\x80\x81\x80"), dialtest.ServerFrame(0x89, strings.Repeat("\xff", 125)),
		dialtest.ServerFrame(0x01, strings.Repeat("\xff", 126)), dialtest.ServerFrame(0x80, strings.Repeat("\xff", 65535)), dialtest.ServerFrame(0x82, strings.Repeat("\xff", 65536)),
		[]byte{0x81, 126, 0, 1, 0xff}, []byte{0x81, 127, 0, 0, 0, 0, 0, 0, 0, 1, 0xff},
	)
	marked = []byte{0x81, 0x81, 1, 2, 3, 4, 5}
)

func TestFramesFindsAMaskBehindWhateverFrames(t *testing.T) {
	for size := range 20 {
		var f frames
		for piece := range slices.Chunk(stream, size+1) {
			if err := f.check(piece); err != nil {
				t.Fatalf("in pieces of %d: got %v, want nil", size+1, err)
			}
		}
		if err := f.check(marked); !errors.Is(err, errMasked) {
			t.Errorf("in pieces of %d: got %v behind them, want %v", size+1, err, errMasked)
		}
	}
}

// What is said of a stream does not depend on the pieces in which it comes.
func FuzzFrames(f *testing.F) {
	f.Add(stream[:400], 3)
	f.Add(slices.Concat(stream[:400], marked), 1)
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x81}, 4)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size < 1 {
			return
		}
		var whole, pieces frames
		want, got := whole.check(data), error(nil)
		for piece := range slices.Chunk(data, size) {
			if got = pieces.check(piece); got != nil {
				break
			}
		}
		if !errors.Is(got, want) {
			t.Errorf("got %v in pieces of %d, want %v as in one", got, size, want)
		}
	})
}
