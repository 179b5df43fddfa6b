package replay_test

import (
	"testing"
	"time"

	"github.com/karlquant/quasar/trade/paper"
)

// BenchmarkPlay plays ticks of two indices past an account that does nothing.
func BenchmarkPlay(b *testing.B) {
	traded := indices(b, "V75_1s", "V100_1s")
	p := newPlayer(b, traded, &paper.Options{})
	b.ReportAllocs()
	for r, err := range simulated(b, traded, 1, time.Duration(b.N)*time.Second/2) {
		if err != nil {
			b.Fatal(err)
		}
		p.Play(b.Context(), &r)
	}
}
