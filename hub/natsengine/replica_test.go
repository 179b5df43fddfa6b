package natsengine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar/hub"
)

// Spaces that came and went make room for those that come, in every hub for the same
// ones, in whatever order it hears of them.
func TestClaimsOfTheGoneMakeRoom(t *testing.T) {
	const most = 10
	var claims []claim
	for n := range int64(40) {
		space := fmt.Sprint("S", n)
		claims = append(claims, claim{hub.Claim{Space: space, Hub: "a", Seq: 2*n + 1, Epoch: 2*n + 1, Live: true}, 7})
		if n%8 != 0 { // five stay
			claims = append(claims, claim{hub.Claim{Space: space, Hub: "a", Seq: 2*n + 2}, 7})
		}
	}
	first := newReplica(most)
	for i := range claims {
		if !first.note(&claims[i]) {
			t.Errorf("%+v was not kept, though there are those of the gone", claims[i])
		}
	}
	const seed = 1
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, seed))
	for range 20 {
		other := newReplica(most)
		for range 3 { // what is lost or refused comes again
			rng.Shuffle(len(claims), func(i, j int) { claims[i], claims[j] = claims[j], claims[i] })
			for i := range claims {
				if now := first.claims["a"].claims[claims[i].Space]; now.Seq == claims[i].Seq { // others are nowhere any more
					other.note(&claims[i])
				}
			}
		}
		if got, want := *other.digests(), *first.digests(); got != want || len(other.claims["a"].claims) > most {
			t.Fatalf("got the claims %v, want %v", other.claims["a"].claims, first.claims["a"].claims)
		}
	}
	live := 0
	for _, c := range first.claims["a"].claims {
		if c.Live {
			live++
		}
	}
	if live != 5 || first.unkept != 0 {
		t.Errorf("got %d live claims and %d unkept, want 5 and none", live, first.unkept)
	}
}
