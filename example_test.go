package quasar_test

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/karlquant/quasar"
)

func Example() {
	now := time.Unix(1760000000, 0)
	v75 := quasar.Snapshot{SpaceName: "V75"}
	v75, _ = v75.Apply(quasar.UpdateOf(&quasar.Training{AVNAccuracy: new(0.5)}, nil), now)
	v75, _ = v75.Apply(quasar.UpdateOf(nil, &quasar.Voting{BuyCount: new(int64(3)), SellCount: new(int64(1))}), now)
	fmt.Println(*v75.Score().SignalConfidence, *v75.Score().Value)
	// Output: 0.75 0.25
}

func ExampleSnapshot_Apply() {
	s := quasar.Snapshot{SpaceName: "V75"}
	s, err := s.Apply(quasar.UpdateOf(
		&quasar.Training{TrainingSteps: new(int64(100)), ActorLoss: new(math.NaN())},
		&quasar.Voting{DominantSignal: new(quasar.Signal("hold")), BuyCount: new(int64(7))},
	), time.Unix(1760000000, 0))
	var dropped *quasar.FieldError
	if errors.As(err, &dropped) {
		fmt.Println("dropped", dropped)
	}
	fmt.Println(string(s.AppendJSON(nil)))
	// Output:
	// dropped dominant_signal: got "hold", want "BUY", "SELL" or "NEUTRAL"
	// {"space_name":"V75","training":{"training_steps":100,"actor_loss":null,"critic_loss":null,"avn_loss":null,"avn_accuracy":null},"voting":{"dominant_signal":null,"buy_count":7,"sell_count":null,"last_price":null,"signal_source":null},"seq":1760000000000000,"updated_at":1760000000.000000,"training_at":1760000000.000000,"voting_at":1760000000.000000}
}

func ExampleUpdate_Valid() {
	u := quasar.UpdateOf(&quasar.Training{TrainingSteps: new(int64(-1)), AVNAccuracy: new(1.7)}, nil)
	valid, dropped := u.Valid()
	fmt.Println(*valid.Training.AVNAccuracy)
	for _, e := range dropped {
		fmt.Println(e)
	}
	// Output:
	// 1
	// training_steps: got -1, want 0 to 9007199254740991
}

func ExampleUpdate_Merge() {
	waiting := quasar.UpdateOf(&quasar.Training{TrainingSteps: new(int64(1)), AVNLoss: new(0.25)}, nil)
	waiting = waiting.Merge(quasar.UpdateOf(&quasar.Training{TrainingSteps: new(int64(2))}, nil))
	fmt.Println(string(waiting.Training.AppendJSON(nil, waiting.Fields)))
	// Output: {"training_steps":2,"avn_loss":0.25}
}

func ExampleRank() {
	space := func(name string, buy, sell int64, accuracy float64) quasar.Snapshot {
		return quasar.Snapshot{SpaceName: name,
			Training: quasar.Training{AVNAccuracy: &accuracy},
			Voting:   quasar.Voting{BuyCount: &buy, SellCount: &sell}}
	}
	spaces := []quasar.Snapshot{space("V75", 3, 1, 0.5), space("V100_1s", 1, 1, 0.625), space("CRASH1000", 0, 0, 0.5)}
	for _, order := range []quasar.Order{quasar.Desc, quasar.Asc, quasar.Balanced} {
		fmt.Println(order)
		for _, r := range quasar.Rank(spaces, order) {
			if r.Score.Value == nil {
				fmt.Printf("  - %s: %s\n", r.Snapshot.SpaceName, r.Score.Reason)
				continue
			}
			fmt.Printf("  %d %s %+.3f\n", r.Rank, r.Snapshot.SpaceName, *r.Score.Value)
		}
	}
	// Output:
	// desc
	//   1 V75 +0.250
	//   2 V100_1s -0.125
	//   - CRASH1000: no votes
	// asc
	//   1 V100_1s -0.125
	//   2 V75 +0.250
	//   - CRASH1000: no votes
	// balanced
	//   1 V100_1s -0.125
	//   2 V75 +0.250
	//   - CRASH1000: no votes
}

func ExampleCheckSpaceName() {
	fmt.Println(quasar.CheckSpaceName("V75_1s"))
	fmt.Println(quasar.CheckSpaceName("../etc/passwd\n"))
	// Output:
	// <nil>
	// space name: got "../etc/passwd\n", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit
}

func ExampleParseSignal() {
	signal, err := quasar.ParseSignal(" buy ")
	fmt.Println(signal, err)
	_, err = quasar.ParseSignal("HOLD")
	fmt.Println(err)
	// Output:
	// BUY <nil>
	// got "HOLD", want "BUY", "SELL" or "NEUTRAL"
}

func ExampleFields_All() {
	for f := range quasar.FieldsOf(quasar.LastPrice, quasar.TrainingSteps).All() {
		fmt.Println(f)
	}
	// Output:
	// training_steps
	// last_price
}

func ExampleNextSeq() {
	now := time.UnixMicro(1760000000123456)
	first := quasar.NextSeq(0, now)
	fmt.Println(first)
	fmt.Println(quasar.NextSeq(first, now.Add(-time.Hour))) // the clock went back
	// Output:
	// 1760000000123456
	// 1760000000123457
}
