package wire

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// shapes are frames of the largest size that cost a careless reader the most.
var shapes = []struct {
	name string
	// frame has its filler at the %s; unit is repeated with a number until it is full.
	frame, unit string
}{
	{"thousands of keys in one object", `{"type":"training","data":{"avn_loss":1%s}}`, `,"%d":0`},
	{"thousands of objects with one key", `{"type":"training","data":{"avn_loss":1,"x":[0%s]}}`, `,{"%d":0}`},
	{"thousands of objects with nothing", `{"type":"training","data":{"avn_loss":1,"x":[0%s]}}`, `,{}`},
	{"thousands of keys of the frame", `{"type":"training","data":{"avn_loss":1}%s}`, `,"%d":[]`},
	{"a group that is passed over and read again", `{"data":{"avn_loss":1%s},"type":"training"}`, `,"%d":{}`},
	{"one key of many escapes", `{"type":"training","data":{"avn_loss":1,"%s":0}}`, `\u0061`},
	{"one string of many escapes", `{"type":"voting","data":{"buy_count":1,"signal_source":"%s"}}`, `\ud83d\ude80`},
	{"a signal between thousands of spaces", `{"type":"voting","data":{"dominant_signal":"%sBUY"}}`, `\u3000`},
	{"one number of thousands of digits", `{"type":"training","data":{"avn_loss":1%s}}`, `7`},
	{"one count of thousands of digits", `{"type":"training","data":{"avn_loss":1,"training_steps":"1%s"}}`, `0`},
	{"a fraction of thousands of digits", `{"type":"training","data":{"avn_loss":0.%s1}}`, `0`},
	{"an exponent of thousands of digits", `{"type":"training","data":{"avn_loss":1e%s}}`, `9`},
	{"white space alone", `{"type":"training",%s"data":{"avn_loss":1}}`, ` `},
}

func largest(frame, unit string) []byte {
	var filler strings.Builder
	for n := 0; filler.Len() < MaxPublish-len(frame)-12; n++ {
		if strings.Contains(unit, "%d") {
			fmt.Fprintf(&filler, unit, n)
			continue
		}
		filler.WriteString(unit)
	}
	return []byte(strings.Replace(frame, "%s", filler.String(), 1))
}

// What a frame costs has to be a small multiple of its length, whatever is in it:
// a publisher may send thousands of them a second.
func TestDecodeCostsNoMoreThanItsInputWarrants(t *testing.T) {
	for _, c := range shapes {
		t.Run(c.name, func(t *testing.T) {
			frame := largest(c.frame, c.unit)
			if _, err := Decode(frame); err != nil && !strings.Contains(err.Error(), "characters, want") {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			const runs = 3
			for range runs {
				_, _ = Decode(frame)
			}
			runtime.ReadMemStats(&after)
			perByte := float64(after.TotalAlloc-before.TotalAlloc) / runs / float64(len(frame))
			if perByte > 40 {
				t.Errorf("got %.1f bytes allocated for each byte of the frame, want at most 40", perByte)
			}
		})
	}
}

func BenchmarkDecodeHostile(b *testing.B) {
	for _, c := range shapes {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			frame := largest(c.frame, c.unit)
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Decode(frame)
			}
		})
	}
}
