package fileengine

import (
	"fmt"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
)

func records(n int) []hub.Record {
	all := make([]hub.Record, n)
	for i := range all {
		all[i] = recordOf(fmt.Sprintf("S%05d", i), int64(i), time.Now())
	}
	return all
}

// What the hub pays under its lock for each update.
func BenchmarkOffer(b *testing.B) {
	e, err := Open(b.TempDir(), "h1", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	all := records(1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.Offer(all[i%len(all)])
	}
}

// What a second costs at most, beside the hub's work, while all spaces publish.
func BenchmarkSave(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprintf("%d spaces", n), func(b *testing.B) {
			e, err := Open(b.TempDir(), "h1", nil)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			all := records(n)
			for b.Loop() {
				for _, r := range all {
					e.Offer(r)
				}
				e.save()
			}
			b.ReportMetric(float64(len(e.data)), "bytes")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	data := appendState(nil, &state{time.Now(), records(10_000)})
	for b.Loop() {
		if _, err := decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
