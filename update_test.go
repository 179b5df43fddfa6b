package quasar_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

func TestUpdateOfSetsWhatIsNotNil(t *testing.T) {
	training := quasar.Training{TrainingSteps: new(int64(9)), AVNAccuracy: new(0.5)}
	voting := quasar.Voting{DominantSignal: new(quasar.Sell), LastPrice: new(1.5)}
	for _, c := range []struct {
		name     string
		training *quasar.Training
		voting   *quasar.Voting
		want     quasar.Update
	}{
		{"neither group", nil, nil, quasar.Update{}},
		{"empty groups", &quasar.Training{}, &quasar.Voting{}, quasar.Update{}},
		{"training alone", &training, nil, quasar.Update{Fields: quasar.FieldsOf(quasar.TrainingSteps, quasar.AVNAccuracy), Training: training}},
		{"voting alone", nil, &voting, quasar.Update{Fields: quasar.FieldsOf(quasar.DominantSignal, quasar.LastPrice), Voting: voting}},
		{"both", &training, &voting, quasar.Update{
			Fields:   quasar.FieldsOf(quasar.TrainingSteps, quasar.AVNAccuracy, quasar.DominantSignal, quasar.LastPrice),
			Training: training, Voting: voting}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, quasar.UpdateOf(c.training, c.voting)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestMergeLetsTheLaterWin(t *testing.T) {
	first := quasar.UpdateOf(&quasar.Training{ActorLoss: new(1.0), CriticLoss: new(2.0)}, &quasar.Voting{BuyCount: new(int64(3))})
	next := quasar.Update{
		Fields:   quasar.FieldsOf(quasar.ActorLoss, quasar.BuyCount, quasar.SellCount),
		Training: quasar.Training{ActorLoss: new(9.0), CriticLoss: new(9.0)}, // critic_loss is not set: it does not count
		Voting:   quasar.Voting{SellCount: new(int64(4))},                    // buy_count is set and nil: it is not known any more
	}
	want := quasar.Update{
		Fields:   quasar.FieldsOf(quasar.ActorLoss, quasar.CriticLoss, quasar.BuyCount, quasar.SellCount),
		Training: quasar.Training{ActorLoss: new(9.0), CriticLoss: new(2.0)},
		Voting:   quasar.Voting{SellCount: new(int64(4))},
	}
	if diff := cmp.Diff(want, first.Merge(next)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestValidTakesOrRefusesEachField(t *testing.T) {
	training := func(training quasar.Training) quasar.Update { return quasar.UpdateOf(&training, nil) }
	voting := func(voting quasar.Voting) quasar.Update { return quasar.UpdateOf(nil, &voting) }
	signal := func(s string) quasar.Update { return voting(quasar.Voting{DominantSignal: new(quasar.Signal(s))}) }
	source := func(s string) quasar.Update { return voting(quasar.Voting{SignalSource: &s}) }
	price := func(x float64) quasar.Update { return voting(quasar.Voting{LastPrice: &x}) }
	accuracy := func(x float64) quasar.Update { return training(quasar.Training{AVNAccuracy: &x}) }
	steps := func(n int64) quasar.Update { return training(quasar.Training{TrainingSteps: &n}) }
	null := func(f quasar.Field) quasar.Update { return quasar.Update{Fields: quasar.FieldsOf(f)} }
	longest := strings.Repeat("\u00e9", quasar.MaxSignalSource)

	for _, c := range []struct {
		name string
		in   quasar.Update
		want quasar.Update // of which Fields say what was taken
		err  string
	}{
		{name: "no steps at all", in: steps(0), want: steps(0)},
		{name: "as many steps as there can be", in: steps(quasar.MaxCount), want: steps(quasar.MaxCount)},
		{name: "one step more", in: steps(quasar.MaxCount + 1), err: "training_steps: got 9007199254740992, want 0 to 9007199254740991"},
		{name: "steps below 0", in: steps(-1), err: "training_steps: got -1, want 0 to 9007199254740991"},
		{name: "a buy count below 0", in: voting(quasar.Voting{BuyCount: new(int64(-1))}), err: "buy_count: got -1, want 0 to 9007199254740991"},
		{name: "a sell count below 0", in: voting(quasar.Voting{SellCount: new(int64(math.MinInt64))}), err: "sell_count: got -9223372036854775808, want 0 to 9007199254740991"},

		{name: "a loss below 0", in: training(quasar.Training{ActorLoss: new(-1e300)}), want: training(quasar.Training{ActorLoss: new(-1e300)})},
		{name: "a loss that diverged is not known", in: training(quasar.Training{CriticLoss: new(math.NaN())}), want: null(quasar.CriticLoss)},
		{name: "an infinite loss is not known", in: training(quasar.Training{AVNLoss: new(math.Inf(-1))}), want: null(quasar.AVNLoss)},
		{name: "minus zero is zero", in: training(quasar.Training{AVNLoss: new(math.Copysign(0, -1))}), want: training(quasar.Training{AVNLoss: new(0.0)})},

		{name: "an accuracy above 1 is 1", in: accuracy(1.01), want: accuracy(1)},
		{name: "an accuracy below 0 is 0", in: accuracy(-5), want: accuracy(0)},
		{name: "an accuracy in between stays", in: accuracy(0.81), want: accuracy(0.81)},
		{name: "an infinite accuracy is not known, rather than 1", in: accuracy(math.Inf(1)), want: null(quasar.AVNAccuracy)},

		{name: "the smallest price", in: price(math.SmallestNonzeroFloat64), want: price(math.SmallestNonzeroFloat64)},
		{name: "a price of 0", in: price(0), err: "last_price: got 0, want above 0"},
		{name: "a price of minus zero", in: price(math.Copysign(0, -1)), err: "last_price: got 0, want above 0"},
		{name: "a negative price", in: price(-2.5), err: "last_price: got -2.5, want above 0"},
		{name: "an infinite price is not known", in: price(math.Inf(1)), want: null(quasar.LastPrice)},

		{name: "a signal", in: signal("NEUTRAL"), want: signal("NEUTRAL")},
		{name: "a signal in small letters", in: signal(" buy "), want: signal("BUY")},
		{name: "a signal that is none", in: signal("HOLD"), err: `dominant_signal: got "HOLD", want "BUY", "SELL" or "NEUTRAL"`},

		{name: "a source with any text", in: source("ensemble <b>\u00e9\U0001F680</b>"), want: source("ensemble <b>\u00e9\U0001F680</b>")},
		{name: "an empty source", in: source(""), want: source("")},
		{name: "the longest source", in: source(longest), want: source(longest)},
		{name: "a longer one", in: source(longest + "x"), err: "signal_source: got 65 characters, want at most 64"},
		{name: "a source with a line break", in: source("a\nb"), err: "signal_source: got the control character U+000A"},
		{name: "a source with a control character beyond ASCII", in: source("a\u009bb"), err: "signal_source: got the control character U+009B"},
		{name: "a source that turns the text around", in: source("a\u202eb"), err: "signal_source: got the control character U+202E"},
		{name: "a source with a mark of direction", in: source("a\u200fb"), err: "signal_source: got the control character U+200F"},
		{name: "a source with a line separator", in: source("a\u2028b"), err: "signal_source: got the control character U+2028"},
		{name: "a source that is not UTF-8", in: source("a\xffb"), err: "signal_source: got bytes that are not UTF-8"},

		{name: "null makes a signal unknown", in: null(quasar.DominantSignal), want: null(quasar.DominantSignal)},
		{name: "null makes a source unknown", in: null(quasar.SignalSource), want: null(quasar.SignalSource)},
		{name: "what is not set is left out", in: quasar.Update{Training: quasar.Training{ActorLoss: new(1.0)}}},
		{name: "fields beyond the schema are left out", in: quasar.Update{Fields: 1 << quasar.NumFields}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, errs := c.in.Valid()
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			var said []string
			for _, e := range errs {
				said = append(said, e.Error())
			}
			if strings.Join(said, "; ") != c.err {
				t.Errorf("got %q, want %q", said, c.err)
			}
		})
	}
}

func TestValidKeepsTheNeighboursOfABadField(t *testing.T) {
	in := quasar.UpdateOf(
		&quasar.Training{TrainingSteps: new(int64(-1)), ActorLoss: new(0.5)},
		&quasar.Voting{DominantSignal: new(quasar.Signal("up")), BuyCount: new(int64(7))})
	want := quasar.UpdateOf(&quasar.Training{ActorLoss: new(0.5)}, &quasar.Voting{BuyCount: new(int64(7))})
	wantErrs := []*quasar.FieldError{
		{Field: quasar.TrainingSteps, Reason: "got -1, want 0 to 9007199254740991"},
		{Field: quasar.DominantSignal, Reason: `got "up", want "BUY", "SELL" or "NEUTRAL"`},
	}
	got, errs := in.Valid()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(wantErrs, errs); diff != "" {
		t.Errorf("errors, -want +got\n%s", diff)
	}
}
