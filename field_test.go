package quasar_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

func TestFieldsHaveTheNamesOfTheWireInItsOrder(t *testing.T) {
	want := []string{"training_steps", "actor_loss", "critic_loss", "avn_loss", "avn_accuracy",
		"dominant_signal", "buy_count", "sell_count", "last_price", "signal_source"}
	var got []string
	for f := range quasar.AllFields.All() {
		got = append(got, f.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := quasar.Field(quasar.NumFields).String(); got != "unknown field" {
		t.Errorf("a field beyond the last: got %q", got)
	}
}

func TestFieldsAreASet(t *testing.T) {
	set := quasar.FieldsOf(quasar.LastPrice, quasar.ActorLoss, quasar.LastPrice)
	if got := slices.Collect(set.All()); !slices.Equal(got, []quasar.Field{quasar.ActorLoss, quasar.LastPrice}) {
		t.Errorf("got %v", got)
	}
	if set.Len() != 2 || !set.Has(quasar.ActorLoss) || set.Has(quasar.AVNLoss) {
		t.Errorf("got %d fields, actor_loss %v, avn_loss %v", set.Len(), set.Has(quasar.ActorLoss), set.Has(quasar.AVNLoss))
	}
	without := set.Without(quasar.ActorLoss).Without(quasar.BuyCount)
	if got := slices.Collect(without.All()); !slices.Equal(got, []quasar.Field{quasar.LastPrice}) {
		t.Errorf("without actor_loss: got %v", got)
	}
	if training, voting := quasar.TrainingFields.Len(), quasar.VotingFields.Len(); training != 5 || voting != 5 || quasar.AllFields.Len() != quasar.NumFields {
		t.Errorf("got groups of %d and %d, together %d", training, voting, quasar.AllFields.Len())
	}
}

func TestFieldsBeyondTheSchemaAreNotThere(t *testing.T) {
	set := quasar.Fields(0xffff)
	if n := len(slices.Collect(set.All())); n != quasar.NumFields || set.Len() != quasar.NumFields {
		t.Errorf("got %d fields and a length of %d, want %d", n, set.Len(), quasar.NumFields)
	}
}

func TestFieldsStopWhenAsked(t *testing.T) {
	var got []quasar.Field
	for f := range quasar.AllFields.All() {
		if got = append(got, f); f == quasar.CriticLoss {
			break
		}
	}
	if !slices.Equal(got, []quasar.Field{quasar.TrainingSteps, quasar.ActorLoss, quasar.CriticLoss}) {
		t.Errorf("got %v", got)
	}
}
