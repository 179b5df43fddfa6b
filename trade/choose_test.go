package trade_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// What venues offer.
var (
	volatility = trade.Instrument{Symbol: "R_75", RiseFall: true, Multiply: true, Multipliers: []float64{50, 100}, MinTicks: 1, MaxTicks: 10, MinDuration: 15 * time.Second, MaxDuration: 24 * time.Hour}
	step       = trade.Instrument{Symbol: "stpRNG2", RiseFall: true, MinTicks: 1, MaxTicks: 10}
	crash      = trade.Instrument{Symbol: "CRASH500", Multiply: true, Multipliers: []float64{400, 100, 200}}
	longer     = trade.Instrument{Symbol: "RB100", RiseFall: true, MinDuration: time.Minute, MaxDuration: time.Hour}
	nothing    = trade.Instrument{Symbol: "XYZ"}
)

func TestWhatIsBoughtForASignal(t *testing.T) {
	for _, c := range []struct {
		name    string
		chooser trade.Chooser
		in      trade.Instrument
		side    trade.Side
		want    trade.Terms
		err     string
	}{
		{name: "a rise", in: volatility, side: trade.Buy, want: trade.Terms{Symbol: "R_75", Kind: trade.Rise, Ticks: 5}},
		{name: "a fall", in: volatility, side: trade.Sell, want: trade.Terms{Symbol: "R_75", Kind: trade.Fall, Ticks: 5}},
		{name: "as many ticks as are wanted", chooser: trade.Chooser{Ticks: 6}, in: volatility, side: trade.Buy, want: trade.Terms{Symbol: "R_75", Kind: trade.Rise, Ticks: 6}},
		{name: "too many ticks", chooser: trade.Chooser{Ticks: 11}, in: volatility, side: trade.Buy, err: "R_75: got 11 ticks, want 1 to 10"},
		{name: "for a time", chooser: trade.Chooser{Duration: time.Minute}, in: volatility, side: trade.Sell, want: trade.Terms{Symbol: "R_75", Kind: trade.Fall, Duration: time.Minute}},
		{name: "for too short a time", chooser: trade.Chooser{Duration: time.Second}, in: volatility, side: trade.Sell, err: "R_75: got a duration of 1s, want 15s to 24h0m0s"},
		{name: "ticks where there are only times", in: longer, side: trade.Buy, err: "RB100: got 5 ticks, want 0 to 0"},
		{name: "a time where there are only ticks", chooser: trade.Chooser{Duration: time.Minute}, in: step, side: trade.Buy, err: "stpRNG2: got a duration of 1m0s, want 0s to 0s"},
		{name: "even ticks on a step index tie", chooser: trade.Chooser{Ticks: 4}, in: step, side: trade.Buy, want: trade.Terms{Symbol: "stpRNG2", Kind: trade.Rise, Ticks: 5}},
		{name: "the most ticks on a step index tie", chooser: trade.Chooser{Ticks: 10}, in: step, side: trade.Buy, want: trade.Terms{Symbol: "stpRNG2", Kind: trade.Rise, Ticks: 9}},
		{name: "a multiplier up, the smallest", in: crash, side: trade.Buy, want: trade.Terms{Symbol: "CRASH500", Kind: trade.MultiUp, Multiplier: 100, StopLoss: trade.Cents(50), TakeProfit: trade.Unit}},
		{
			name: "a multiplier down", chooser: trade.Chooser{Multiplier: 400, StopLoss: 1, TakeProfit: 0.333}, in: crash, side: trade.Sell,
			want: trade.Terms{Symbol: "CRASH500", Kind: trade.MultiDown, Multiplier: 400, StopLoss: trade.Unit, TakeProfit: trade.Cents(33)},
		},
		{name: "a multiplier that is not offered", chooser: trade.Chooser{Multiplier: 300}, in: crash, side: trade.Sell, err: "CRASH500: got the multiplier 300, want one of [400 100 200]"},
		{name: "multipliers without one", in: trade.Instrument{Symbol: "BOOM50", Multiply: true}, side: trade.Sell, err: "BOOM50: no multiplier is offered"},
		{name: "stops of less than a cent", chooser: trade.Chooser{StopLoss: 0.001}, in: crash, side: trade.Sell, err: "CRASH500: a stake of 1.00 has a stop loss of 0.00 and a take profit of 1.00, want at least a cent each"},
		{name: "nothing offered", in: nothing, side: trade.Sell, err: "XYZ: neither Rise and Fall nor multipliers are offered"},
		{name: "no stake", chooser: trade.Chooser{Sizing: trade.Sizing{Mode: trade.Kelly, Part: 0.1}}, in: volatility, side: trade.Buy, err: "kelly: the lower end of the win rate earns nothing yet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := good(newBook(t))
			f.Signal.Side, f.Instrument = c.side, &c.in
			if c.chooser.Sizing.Mode == "" {
				c.chooser.Sizing.Stake = trade.Unit
			}
			if c.err == "" {
				c.want.Stake = trade.Unit
			}
			got, err := c.chooser.Terms(f)
			if diff := cmp.Diff(c.want, got); diff != "" || c.err == "" && err != nil || c.err != "" && fmt.Sprint(err) != c.err {
				t.Errorf("got the error %v, want %q (-want +got):\n%s", err, c.err, diff)
			}
			if err := c.chooser.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestChoosersThatCannotBe(t *testing.T) {
	one := trade.Sizing{Stake: trade.Unit}
	for _, c := range []trade.Chooser{
		{}, {Sizing: one, Ticks: -1}, {Sizing: one, Duration: -1}, {Sizing: one, Ticks: 5, Duration: time.Minute}, {Sizing: one, Multiplier: math.NaN()}, {Sizing: one, Multiplier: -1},
		{Sizing: one, StopLoss: 1.1}, {Sizing: one, StopLoss: math.NaN()}, {Sizing: one, TakeProfit: math.Inf(1)}, {Sizing: one, TakeProfit: -1},
	} {
		if err := c.Check(); err == nil {
			t.Errorf("%+v: got no error, want one", c)
		}
	}
}
