package natsengine

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/enginetest"
)

// A hub that is restarted while we do not reach it ourselves is known in its new life
// by those who do, and nothing of its earlier one stays.
func TestAHubBehindAnotherIsRestarted(t *testing.T) {
	for how, kill := range map[string]bool{"it says goodbye": false, "it is killed": true} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wires{net: enginetest.NewNet(1), ends: make(map[*wire]bool)}
				w.cut = func(from, to string) bool { return from != to && from != "middle" && to != "middle" }
				a, middle, lost := over(w, "a"), over(w, "middle"), &losses{}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- a.Run(ctx, lost) }()
				enginetest.Start(t, middle)
				for n := range 3 {
					far := over(w, "far")
					stop := enginetest.StartUntil(t, far)
					far.Announce(hub.Claim{Space: fmt.Sprint("LIFE", n), Hub: "far", Seq: int64(n) + 1, Epoch: 1, Live: true})
					time.Sleep(15 * time.Second)
					if got := claimsOf(a, "far"); !slices.Equal(got, []string{fmt.Sprint("LIFE", n)}) {
						t.Errorf("life %d: got the claims %v of it, want those of this life", n, got)
					}
					if got := a.Status().Members; !slices.Contains(got, "far") {
						t.Errorf("life %d: got the members %v, want it among them", n, got)
					}
					if kill {
						far.bus.close()
					}
					stop()
					time.Sleep(time.Second)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if len(lost.ids) < 2 || slices.ContainsFunc(lost.ids, func(id string) bool { return id != "far" }) {
					t.Errorf("got %v lost, want each earlier life of far", lost.ids)
				}
			})
		})
	}
}

func claimsOf(e *Engine, id string) (spaces []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.replica.claims[id]; l != nil {
		for space := range l.claims {
			spaces = append(spaces, space)
		}
	}
	return spaces
}
