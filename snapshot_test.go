package quasar_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

var noon = time.UnixMicro(1760000000123456)

// full is a snapshot with nothing missing.
func full() quasar.Snapshot {
	return quasar.Snapshot{
		SpaceName: "V75",
		Training: quasar.Training{TrainingSteps: new(int64(1200)), ActorLoss: new(0.12), CriticLoss: new(0.34),
			AVNLoss: new(0.05), AVNAccuracy: new(0.81)},
		Voting: quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3)),
			LastPrice: new(451234.12), SignalSource: new("ensemble")},
		Seq: 1760000000123456, UpdatedAt: noon, TrainingAt: noon, VotingAt: noon.Add(-2 * time.Second),
	}
}

func TestApplyMergesAndStamps(t *testing.T) {
	later := noon.Add(time.Second)
	for _, c := range []struct {
		name string
		u    quasar.Update
		want func(*quasar.Snapshot)
	}{
		{"training leaves the votes and their time", quasar.UpdateOf(&quasar.Training{TrainingSteps: new(int64(1300))}, nil),
			func(s *quasar.Snapshot) {
				s.Training.TrainingSteps, s.TrainingAt = new(int64(1300)), later
			}},
		{"votes leave the training and its time", quasar.UpdateOf(nil, &quasar.Voting{DominantSignal: new(quasar.Sell)}),
			func(s *quasar.Snapshot) {
				s.Voting.DominantSignal, s.VotingAt = new(quasar.Sell), later
			}},
		{"both groups", quasar.UpdateOf(&quasar.Training{AVNLoss: new(1.0)}, &quasar.Voting{SellCount: new(int64(4))}),
			func(s *quasar.Snapshot) {
				s.Training.AVNLoss, s.TrainingAt = new(1.0), later
				s.Voting.SellCount, s.VotingAt = new(int64(4)), later
			}},
		{"a field that is set and nil is not known any more", quasar.Update{Fields: quasar.FieldsOf(quasar.LastPrice)},
			func(s *quasar.Snapshot) { s.Voting.LastPrice, s.VotingAt = nil, later }},
		{"the same values again are an update too", quasar.UpdateOf(&quasar.Training{AVNLoss: new(0.05)}, nil),
			func(s *quasar.Snapshot) { s.TrainingAt = later }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := full()
			want.Seq, want.UpdatedAt = later.UnixMicro(), later
			c.want(&want)
			before := full()
			got, err := before.Apply(c.u, later)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v, -want +got\n%s", err, diff)
			}
			if diff := cmp.Diff(full(), before); diff != "" {
				t.Errorf("the snapshot before, -want +got\n%s", diff)
			}
		})
	}
}

func TestApplyNamesEachFieldThatWasDropped(t *testing.T) {
	u := quasar.UpdateOf(&quasar.Training{TrainingSteps: new(int64(-1)), AVNLoss: new(2.0)}, &quasar.Voting{LastPrice: new(0.0)})
	got, err := full().Apply(u, noon)
	if *got.Training.AVNLoss != 2 || *got.Training.TrainingSteps != 1200 || *got.Voting.LastPrice != 451234.12 {
		t.Errorf("got %+v %+v", got.Training, got.Voting)
	}
	if got.VotingAt != full().VotingAt {
		t.Errorf("no vote was taken, yet voting_at is %v", got.VotingAt)
	}
	var fields []quasar.Field
	for _, e := range joined(t, err) {
		var field *quasar.FieldError
		if !errors.As(e, &field) {
			t.Fatalf("got %v, want a FieldError", e)
		}
		fields = append(fields, field.Field)
	}
	if diff := cmp.Diff([]quasar.Field{quasar.TrainingSteps, quasar.LastPrice}, fields); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if errors.Is(err, quasar.ErrNothingValid) {
		t.Error("something was valid")
	}
}

func joined(t *testing.T, err error) []error {
	t.Helper()
	list, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %v, want errors joined", err)
	}
	return list.Unwrap()
}

func TestApplyOfNothingChangesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		u    quasar.Update
		want string
	}{
		{"no field", quasar.Update{}, "no valid field"},
		{"no field that is set", quasar.Update{Training: quasar.Training{AVNLoss: new(1.0)}}, "no valid field"},
		{"no field that is valid", quasar.UpdateOf(nil, &quasar.Voting{LastPrice: new(-1.0)}), "last_price: got -1, want above 0\nno valid field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := full().Apply(c.u, noon.Add(time.Hour))
			if !errors.Is(err, quasar.ErrNothingValid) || err.Error() != c.want {
				t.Errorf("got %q, want %q", err, c.want)
			}
			if diff := cmp.Diff(full(), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestNextSeq(t *testing.T) {
	for _, c := range []struct {
		name string
		last int64
		now  time.Time
		want int64
	}{
		{"the first is the clock", 0, noon, 1760000000123456},
		{"the clock has moved on", 1760000000123455, noon, 1760000000123456},
		{"the clock stands still", 1760000000123456, noon, 1760000000123457},
		{"the clock has gone back", 1760000000123456, noon.Add(-time.Hour), 1760000000123457},
		{"a clock that was never set", 0, time.UnixMicro(0), 1},
		{"a clock before 1970", 5, time.UnixMicro(-1), 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := quasar.NextSeq(c.last, c.now); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestTakeCopiesTheGivenFieldsAlone(t *testing.T) {
	from := full()
	s := quasar.Snapshot{SpaceName: "other", Seq: 3, UpdatedAt: noon}
	s.Take(quasar.FieldsOf(quasar.AVNAccuracy, quasar.SignalSource), &from)
	want := quasar.Snapshot{SpaceName: "other", Seq: 3, UpdatedAt: noon,
		Training: quasar.Training{AVNAccuracy: new(0.81)}, Voting: quasar.Voting{SignalSource: new("ensemble")}}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
