package quasar_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

func TestScore(t *testing.T) {
	for _, c := range []struct {
		name      string
		buy, sell *int64
		accuracy  *float64
		want      quasar.Score
	}{
		{name: "the larger side's share less the accuracy", buy: new(int64(7)), sell: new(int64(1)), accuracy: new(0.5),
			want: quasar.Score{Value: new(0.375), SignalConfidence: new(0.875)}},
		{name: "the sellers may be the larger side", buy: new(int64(1)), sell: new(int64(3)), accuracy: new(1.0),
			want: quasar.Score{Value: new(-0.25), SignalConfidence: new(0.75)}},
		{name: "all votes on one side", buy: new(int64(4)), sell: new(int64(0)), accuracy: new(0.0),
			want: quasar.Score{Value: new(1.0), SignalConfidence: new(1.0)}},
		{name: "as many votes as there can be", buy: new(int64(quasar.MaxCount)), sell: new(int64(quasar.MaxCount)), accuracy: new(0.5),
			want: quasar.Score{Value: new(0.0), SignalConfidence: new(0.5)}},
		{name: "no votes on either side are no confidence", buy: new(int64(0)), sell: new(int64(0)), accuracy: new(0.5),
			want: quasar.Score{Reason: "no votes"}},
		{name: "an unknown count is not 0", buy: new(int64(7)), accuracy: new(0.5), want: quasar.Score{Reason: "no votes"}},
		{name: "nothing is known", want: quasar.Score{Reason: "no votes"}},
		{name: "votes without an accuracy", buy: new(int64(3)), sell: new(int64(1)),
			want: quasar.Score{SignalConfidence: new(0.75), Reason: "no accuracy"}},

		// No snapshot that was merged or decoded holds these; one that was made
		// by hand must not rank by them.
		{name: "an accuracy that is NaN is none", buy: new(int64(3)), sell: new(int64(1)), accuracy: new(math.NaN()),
			want: quasar.Score{SignalConfidence: new(0.75), Reason: "no accuracy"}},
		{name: "an infinite accuracy is none", buy: new(int64(3)), sell: new(int64(1)), accuracy: new(math.Inf(-1)),
			want: quasar.Score{SignalConfidence: new(0.75), Reason: "no accuracy"}},
		{name: "an accuracy above 1 is 1", buy: new(int64(3)), sell: new(int64(1)), accuracy: new(7.0),
			want: quasar.Score{Value: new(-0.25), SignalConfidence: new(0.75)}},
		{name: "a negative count is none", buy: new(int64(-5)), sell: new(int64(10)), accuracy: new(0.5),
			want: quasar.Score{Reason: "no votes"}},
		{name: "a count beyond the largest is none", buy: new(int64(math.MaxInt64)), sell: new(int64(math.MaxInt64)), accuracy: new(0.5),
			want: quasar.Score{Reason: "no votes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := quasar.Snapshot{Training: quasar.Training{AVNAccuracy: c.accuracy}, Voting: quasar.Voting{BuyCount: c.buy, SellCount: c.sell}}
			if diff := cmp.Diff(c.want, s.Score()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// The example of the documents that Quasar comes from.
func TestScoreOfTheSmokeTest(t *testing.T) {
	s := quasar.Snapshot{
		Training: quasar.Training{TrainingSteps: new(int64(900)), AVNAccuracy: new(0.5 + 9*0.04)},
		Voting:   quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3))},
	}
	got := s.Score()
	if math.Abs(*got.Value+0.16) > 1e-15 || *got.SignalConfidence != 0.7 {
		t.Errorf("got %v with confidence %v, want -0.16 with 0.7", *got.Value, *got.SignalConfidence)
	}
}
