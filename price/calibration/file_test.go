package calibration

import (
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/price"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sampled measures one index of each law, and payouts.
func sampled(t testing.TB) []Symbol {
	t.Helper()
	var c Collector
	for name, ticks := range map[string]int{"V75": 2000, "JUMP100": 30_000, "CRASH500": 10_000, "BOOM50": 2000, "STEP": 500, "RB100": 90_000, "V10": 300} {
		index := lookup(t, name)
		collect(t, &c, index, simulate(t, index, 4, ticks), nil)
	}
	for i := range 12 {
		if err := c.Quote("R_75", Contract{"CALL", 5, "t"}, 10, 19.54-0.01*float64(i%2), 0.01); err != nil {
			t.Fatal(err)
		}
	}
	return c.Report().Symbols
}

func TestGoldenFileStaysWhatItIs(t *testing.T) {
	const path = "testdata/calibration.json"
	symbols := sampled(t)
	got, err := Encode(symbols)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	// Of another processor's arithmetic the last digits may differ.
	if diff := cmp.Diff(symbols, want, near(1e-9)); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
}

// What is measured and written and read is an index whose ticks, measured again, give
// the same parameters, but for what both intervals leave open.
func TestASimulationOfTheFileMeasuresTheSame(t *testing.T) {
	data, err := Encode(sampled(t))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range symbols {
		index, err := symbols[i].Index()
		if err != nil {
			t.Fatal(err)
		}
		again := measure(&index, simulate(t, &index, 9, symbols[i].Ticks))
		again.RiseSize, again.BreakoutSteps = nil, nil // measured and not used: the law's follow from the others
		for _, p := range again.Parameters() {
			if before := find(t, &symbols[i], p.Name); before.High < p.Low || before.Low > p.High {
				t.Errorf("%s, %s: got %v to %v, want what %v to %v has", index.Symbol, p.Name, p.Low, p.High, before.Low, before.High)
			}
		}
		if index.Start != symbols[i].LastPrice {
			t.Errorf("%s: got a start of %v, want the last price %v", index.Symbol, index.Start, symbols[i].LastPrice)
		}
	}
}

func TestWhatWasRefusedIsAssumed(t *testing.T) {
	short := measure(lookup(t, "JUMP100"), simulate(t, lookup(t, "JUMP100"), 1, 500))
	if diff := cmp.Diff(short.Assumed(), []string{"every", "jump_size"}); diff != "" || !short.Measured() {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
	index, err := short.Index()
	if err != nil || index.Every != 1200 || index.JumpSize != 30 || index.Volatility == 1 {
		t.Errorf("got %+v, %v, want its own volatility and the usual jumps", index, err)
	}
	if none := measure(lookup(t, "V75"), &series{}); none.Measured() || len(none.Assumed()) != 2 {
		t.Errorf("got %+v, want nothing measured", none)
	}
}

func TestEachParameterGoesToItsField(t *testing.T) {
	e := func(x float64) *Estimate { return &Estimate{x, x, x, 1} }
	base := func(name string) price.Index { return *lookup(t, name) }
	for _, test := range []struct {
		symbol Symbol
		want   func(*price.Index)
		base   price.Index
	}{
		{Symbol{Symbol: "R_75", Kind: "walk", Interval: e(3), Volatility: e(0.5)}, func(x *price.Index) { x.Interval, x.Volatility = 3*time.Second, 0.5 }, base("V75")},
		{Symbol{Symbol: "R_75", Kind: "walk", Decimals: 2, LastPrice: 470000}, func(x *price.Index) { x.Decimals, x.Start = 2, 470000 }, base("V75")},
		{Symbol{Symbol: "JD10", Kind: "jump", Every: e(999.6), JumpSize: e(20)}, func(x *price.Index) { x.Every, x.JumpSize = 1000, 20 }, base("JUMP10")},
		{Symbol{Symbol: "CRASH50", Kind: "crash", Every: e(40.4), SpikeSize: e(0.002), RiseSize: e(5)}, func(x *price.Index) { x.Every, x.SpikeSize = 40, 0.002 }, base("CRASH50")},
		{Symbol{Symbol: "stpRNG", Kind: "step", StepSize: e(0.30000000000000004), Up: e(0.4)}, func(x *price.Index) { x.StepSize = 0.3 }, base("STEP")},
		{Symbol{Symbol: "RB200", Kind: "range", StepSize: e(0.2), RangeSteps: e(20), Every: e(150)}, func(x *price.Index) { x.StepSize, x.RangeSteps, x.Every = 0.2, 20, 150 }, base("RB200")},
	} {
		got, err := test.symbol.Index()
		test.want(&test.base)
		if diff := cmp.Diff(got, test.base); diff != "" || err != nil {
			t.Errorf("%s: got %v, (-) want (+):\n%s", test.symbol.Symbol, err, diff)
		}
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	whole := func(symbol string) string { return `{"quasar_calibration":1,"symbols":[` + symbol + `]}` }
	with := func(fields string) string { return whole(`{"symbol":"R_75","kind":"walk",` + fields + `}`) }
	for _, test := range []struct{ name, data, want string }{
		{"nothing", "", "EOF"},
		{"no JSON", "quasar", "invalid character"},
		{"another file", `{"version":1}`, "got no quasar_calibration, want a file that quasar calibrate wrote"},
		{"a list", `[]`, "got a ["},
		{"a version of the future", `{"quasar_calibration":2,"new":1}`, "got version 2, want 1: measure anew"},
		{"a version that is none", `{"quasar_calibration":"1"}`, "/quasar_calibration: got a string"},
		{"something behind it", whole(`{"symbol":"R_75","kind":"walk"}`) + "x", "invalid character"},
		{"a name twice", `{"quasar_calibration":1,"quasar_calibration":1,"symbols":[]}`, "duplicate"},
		{"no symbol", whole(""), "got no symbol"},
		{"a name that is none", with(`"volatlity":{"value":1,"low":1,"high":1,"n":1}`), "/symbols/0/volatlity: no such name"},
		{"a number that is a text", with(`"volatility":{"value":"1","low":1,"high":1,"n":1}`), "/symbols/0/volatility/value: got a string, want a float64"},
		{"an interval without its value", with(`"volatility":{"value":0.5,"low":0.6,"high":0.7,"n":9}`), "R_75: volatility: got 0.5 between 0.6 and 0.7"},
		{"no observations", with(`"volatility":{"value":0.5,"low":0.4,"high":0.7,"n":0}`), "from 0"},
		{"a symbol that is none", whole(`{"symbol":"R_76","kind":"walk"}`), `got "R_76" of the law "walk"`},
		{"an alias", whole(`{"symbol":"V75","kind":"walk"}`), `got "V75"`},
		{"another law", whole(`{"symbol":"R_75","kind":"jump"}`), `of the law "jump"`},
		{"the same twice", whole(`{"symbol":"R_75","kind":"walk"},{"symbol":"R_75","kind":"walk"}`), "R_75: got it twice"},
		{"a price below 0", with(`"last_price":-5`), "last_price: got -5"},
		{"an interval of nothing", with(`"interval_seconds":{"value":0,"low":0,"high":1,"n":9}`), "interval: got 0s"},
		{"an interval beyond all clocks", with(`"interval_seconds":{"value":1e300,"low":0,"high":1e300,"n":9}`), "volatility"},
		{"a volatility below 0", with(`"volatility":{"value":-0.5,"low":-0.6,"high":0.7,"n":9}`), "volatility: got -0.5"},
		{"too many decimals", with(`"last_price":5,"decimals":12`), "decimals: got 12"},
		{"a rate of everything", whole(`{"symbol":"CRASH500","kind":"crash","every":{"value":0.5,"low":0,"high":1,"n":5}}`), "every: got 1 ticks"},
		{"a rate beyond all numbers", whole(`{"symbol":"RB100","kind":"range","every":{"value":1e300,"low":0,"high":1e300,"n":5}}`), "range steps"},
		{"a payout of less than the stake", with(`"payouts":[{"contract_type":"CALL","duration":5,"unit":"t","ratio":{"value":0.9,"low":0.8,"high":1,"n":5}}]`), "payouts: ratio: got 0.9"},
		{"a payout of nothing", with(`"payouts":[{"contract_type":"CALL","duration":5,"unit":"t"}]`), "payouts: got no ratio"},
		{"a payout of no contract", with(`"payouts":[{"contract_type":"CALL","duration":0,"unit":"t","ratio":{"value":1.9,"low":1.8,"high":2,"n":5}}]`), "payouts: contract"},
	} {
		_, err := Decode([]byte(test.data))
		if err == nil || !strings.HasPrefix(err.Error(), "calibration: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", test.name, err, test.want)
		}
	}
}

// FuzzDecode holds that what is read makes processes, and is the same when it was
// written.
func FuzzDecode(f *testing.F) {
	for _, s := range sampled(f) { // one at a time: long inputs take the fuzzer long to shorten
		data, err := Encode([]Symbol{s})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"quasar_calibration":1,"symbols":[{"symbol":"R_75","kind":"walk","volatility":{"value":1e-9,"low":0,"high":2,"n":1}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		symbols, err := Decode(data)
		if err != nil {
			return
		}
		for i := range symbols {
			index, err := symbols[i].Index()
			if err != nil {
				t.Fatalf("%s: read and then %v", symbols[i].Symbol, err)
			}
			p, err := price.New(index, 1)
			if err != nil {
				t.Fatal(err)
			}
			if x := p.Next(); !(x > 0) || math.IsInf(x, 0) {
				t.Fatalf("%s: got a tick of %v", index.Symbol, x)
			}
		}
		written, err := Encode(symbols)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(written)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again, symbols); diff != "" {
			t.Errorf("written and read, got (-) want (+):\n%s", diff)
		}
	})
}

// FuzzTicks holds that no recording makes the estimators fail, and that whatever they
// find can be written and read.
func FuzzTicks(f *testing.F) {
	f.Add("R_75", "450000.1", uint16(300), int8(1), uint8(3))
	f.Add("CRASH500", "6000", uint16(500), int8(-7), uint8(1))
	f.Add("RB100", "20000.5", uint16(900), int8(1), uint8(0))
	f.Add("JD100", "0.01", uint16(700), int8(100), uint8(9))
	f.Add("stpRNG", "1e300", uint16(400), int8(0), uint8(2))
	f.Fuzz(func(t *testing.T, symbol, quote string, n uint16, step int8, seed uint8) {
		var c Collector
		epoch := int64(1)
		for i := range int64(n % 2000) {
			epoch += (i*int64(seed) + 1) % 4
			_ = c.Tick(symbol, epoch, quote)
			_ = c.Tick(symbol, epoch+1, quote+strings.Repeat("7", int(i+int64(step))&3))
		}
		r := c.Report()
		for i := range r.Symbols {
			if !r.Symbols[i].Measured() {
				continue
			}
			data, err := Encode(r.Symbols[i : i+1])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Decode(data); err != nil {
				t.Fatalf("measured, written, and then %v", err)
			}
		}
	})
}
