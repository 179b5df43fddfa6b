package calibration

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/price"
)

// text writes a price as a venue does.
func text(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }

// collect hands the ticks of a series over, but for those that leave has.
func collect(t testing.TB, c *Collector, index *price.Index, s *series, leave func(i int) bool) {
	t.Helper()
	for i, tick := range s.ticks {
		if leave != nil && leave(i) {
			continue
		}
		if err := c.Tick(index.Symbol, tick.epoch, text(tick.price, index.Decimals)); err != nil {
			t.Fatal(err)
		}
	}
}

func only(t testing.TB, c *Collector) Symbol {
	t.Helper()
	r := c.Report()
	if len(r.Symbols) != 1 || len(r.Unknown) != 0 {
		t.Fatalf("got %d symbols and %v, want one", len(r.Symbols), r.Unknown)
	}
	return r.Symbols[0]
}

// The order of ticks, and how often each comes, is nothing that a price does: files of
// several recorders say what one of them says.
func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	index := lookup(t, "JUMP100")
	s := simulate(t, index, 1, 40_000)
	var plain, mixed Collector
	collect(t, &plain, index, s, nil)
	collect(t, &mixed, index, s, func(i int) bool { return i < 20_000 })
	collect(t, &mixed, index, s, func(i int) bool { return i > 25_000 })
	want := only(t, &plain)
	got := only(t, &mixed)
	want.Duplicates = 5001
	if diff := cmp.Diff(got, want, near(1e-9)); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(s.ticks), func(i, j int) { s.ticks[i], s.ticks[j] = s.ticks[j], s.ticks[i] })
	var shuffled Collector
	collect(t, &shuffled, index, s, nil)
	want.Duplicates = 0
	if diff := cmp.Diff(only(t, &shuffled), want, near(1e-9)); diff != "" {
		t.Errorf("shuffled: got (-) want (+):\n%s", diff)
	}
}

// A gap takes its move away and leaves the rest: a walk of six hours in the dark is no
// jump, and a crash in it none that was seen.
func TestWhatLiesInAGapIsNotMeasured(t *testing.T) {
	for _, name := range []string{"V75_1s", "JUMP50", "CRASH50", "STEP", "RB100"} {
		index := lookup(t, name)
		var c Collector
		n, every := 30_000, 1000
		if index.Kind == price.Range { // both borders have to be seen after each gap
			n, every = 90_000, 10_000
		}
		collect(t, &c, index, simulate(t, index, 2, n), func(i int) bool { return i > 0 && i%every < 200 })
		got := only(t, &c)
		if got.Gaps != n/every || got.Lost != n-got.Ticks {
			t.Errorf("%s: got %d gaps with %d ticks lost of %d, want %d and %d", name, got.Gaps, got.Lost, got.Ticks, n/every, n-got.Ticks)
		}
		for _, p := range got.Parameters() {
			if truth := truth(index)[p.Name]; !p.Holds(truth) {
				t.Errorf("%s: got a %s from %v to %v, want %v in it", name, p.Name, p.Low, p.High, truth)
			}
		}
		if len(got.Refused) > 0 || len(got.Notes) > 0 {
			t.Errorf("%s: got %v and %v, want neither refusals nor notes", name, got.Refused, got.Notes)
		}
	}
}

func TestLateTicksOfAnIntervalAreNoGaps(t *testing.T) {
	index := lookup(t, "V75")
	s := simulate(t, index, 1, 1000)
	for i := range s.ticks {
		if i%7 == 3 {
			s.ticks[i].epoch++
		}
	}
	var c Collector
	collect(t, &c, index, s, nil)
	if got := only(t, &c); got.Gaps != 0 || got.Interval.Value != 2 || got.Volatility == nil {
		t.Errorf("got %+v, want no gap and two seconds", got)
	}
}

func TestTwoPricesOfOneMomentAreNotOneVenue(t *testing.T) {
	index := lookup(t, "V75_1s")
	var c Collector
	collect(t, &c, index, simulate(t, index, 1, 500), nil)
	collect(t, &c, index, simulate(t, index, 2, 300), nil)
	got := only(t, &c)
	if got.Measured() || len(got.Refused) != 1 || !strings.Contains(got.Refused[0].Reason, "two prices of one moment") {
		t.Errorf("got %+v, want it refused", got)
	}
}

func TestSymbolsWithoutALawAreToldAndLeftOut(t *testing.T) {
	var c Collector
	for i := range 5 {
		for _, symbol := range []string{"frxEURUSD", "V75", "r_75"} { // names for people are none of the venue's
			if err := c.Tick(symbol, int64(i+1), "1.5"); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := Report{Unknown: []Unknown{{"V75", 5}, {"frxEURUSD", 5}, {"r_75", 5}}}
	if diff := cmp.Diff(c.Report(), want); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
}

func TestWhatIsNoTickOrQuoteIsRefused(t *testing.T) {
	var c Collector
	for _, quote := range []string{"", "x", "-1", "0", "NaN", "Inf", "1e999", "0x1p4x", "1,5", `"1.5"`} {
		if err := c.Tick("R_75", 1, quote); err == nil || !strings.Contains(err.Error(), "number above 0") {
			t.Errorf("a price of %q: got %v, want an error", quote, err)
		}
	}
	if c.Tick("", 1, "1.5") == nil || c.Tick("R_75", 0, "1.5") == nil || c.Tick("R_75", -5, "1.5") == nil {
		t.Error("no symbol, or no time: got no error")
	}
	call := Contract{Type: "CALL", Duration: 5, Unit: "t"}
	for name, err := range map[string]error{
		"no symbol":                  c.Quote("", call, 10, 19, 0.01),
		"no type":                    c.Quote("R_75", Contract{Duration: 5, Unit: "t"}, 10, 19, 0.01),
		"no duration":                c.Quote("R_75", Contract{Type: "CALL", Unit: "t"}, 10, 19, 0.01),
		"a unit that is none":        c.Quote("R_75", Contract{Type: "CALL", Duration: 5, Unit: "y"}, 10, 19, 0.01),
		"no stake":                   c.Quote("R_75", call, 0, 19, 0.01),
		"no payout":                  c.Quote("R_75", call, 10, 0, 0.01),
		"a payout that is no number": c.Quote("R_75", call, 10, math.NaN(), 0.01),
		"a payout without end":       c.Quote("R_75", call, 10, math.Inf(1), 0.01),
		"a cent above the stake":     c.Quote("R_75", call, 10, 19, 11),
		"no cent":                    c.Quote("R_75", call, 10, 19, 0),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if r := c.Report(); len(r.Symbols)+len(r.Unknown) != 0 {
		t.Errorf("got %+v, want nothing of it", r)
	}
}

func TestACollectorHasABound(t *testing.T) {
	c := Collector{ticks: MostTicks}
	if err := c.Tick("R_75", 1, "1.5"); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want %v", err, ErrFull)
	}
}

// Twenty payouts of 195.40 to 195.43 for 100, rounded to cents: their mean, within 2.1
// of its standard errors, and half a cent.
func TestPayoutsAreMeansOfRatios(t *testing.T) {
	var c Collector
	put := func(k Contract, n int, payouts ...float64) {
		for i := range n {
			if err := c.Quote("R_75", k, 100, payouts[i%len(payouts)], 0.01); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(Contract{"PUT", 1, "m"}, 10, 190)
	put(Contract{"CALL", 10, "t"}, 20, 195.40, 195.43)
	put(Contract{"CALL", 5, "t"}, 3, 195.40)
	put(Contract{"CALL", 1, "d"}, 12, 99)
	got := only(t, &c)
	se := 0.00015 * math.Sqrt(20.0/19) / math.Sqrt(20)
	half := 1.959964*se + 0.00005
	want := []Payout{
		{Contract{"CALL", 10, "t"}, &Estimate{1.95415, 1.95415 - half, 1.95415 + half, 20}},
		{Contract{"PUT", 1, "m"}, &Estimate{1.9, 1.89995, 1.90005, 10}},
	}
	if diff := cmp.Diff(got.Payouts, want, near(1e-9)); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
	refused := []Refusal{
		{"all", "got 0 ticks, want 201: 201 more, 7m"},
		{"payout of CALL of 5t", "got 3 quotes, want 10: 7 more"},
		{"payout of CALL of 1d", "got 0.99 times the stake, want more than the stake and at most 100 times"},
	}
	if diff := cmp.Diff(got.Refused, refused); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
	if !got.Measured() {
		t.Error("payouts without ticks: got nothing of use, want the payouts")
	}
}

func TestDecimalsAreThoseOfTheText(t *testing.T) {
	for quote, want := range map[string]int{"1": 0, "1.5": 1, "470681.9756": 4, "1.50000": 5, "1.123456789": 8, "1.5e3": 0, "1E3": 0} {
		if got := decimals(quote); got != want {
			t.Errorf("%s: got %d, want %d", quote, got, want)
		}
	}
}
