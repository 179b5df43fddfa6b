package paper

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// What is settled after a pause has the time of its tick, and may be older than what
// was before it. A record is complete all the same.
func TestARecordIsOfAllTheTimeSince(t *testing.T) {
	b := newBook(trade.Unit)
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for i, s := range []int64{10, 20, 50, 30, 40, 60} {
		b.move(trade.Movement{Transaction: int64(i + 1), Action: "deposit", Amount: 1, At: at(s)})
	}
	for since, want := range map[int64][]int64{0: {1, 2, 3, 4, 5, 6}, 20: {2, 3, 4, 5, 6}, 35: {3, 5, 6}, 50: {3, 6}, 60: {6}, 61: nil} {
		var got []int64
		for _, m := range b.record(at(99), at(since)).Movements {
			got = append(got, m.Transaction)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("since %d (-want +got):\n%s", since, diff)
		}
	}
}
