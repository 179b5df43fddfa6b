package deriv_test

import (
	"errors"
	"testing"

	"github.com/karlquant/quasar/deriv"
)

func TestNamesMeanWhatTheVenueHas(t *testing.T) {
	offered := []deriv.ActiveSymbol{
		{Symbol: "R_75", Name: "Volatility 75 Index"}, {Symbol: "1HZ75V", Name: "Volatility 75 (1s) Index"}, {Symbol: "1HZ100V", Name: "Volatility 100 (1s) Index"},
		{Symbol: "R_10", Name: "Volatility 10 Index"}, {Symbol: "1HZ10V", Name: "Volatility 10 (1s) Index"}, {Symbol: "R_100", Name: "Volatility 100 Index"},
		{Symbol: "CRASH500", Name: "Crash 500 Index"}, {Symbol: "CRASH300N", Name: "Crash 300 Index"}, {Symbol: "BOOM600N", Name: "Boom 600 Index"},
		{Symbol: "stpRNG", Name: "Step Index 100"}, {Symbol: "stpRNG2", Name: "Step Index 200"}, {Symbol: "JD10", Name: "Jump 10 Index"}, {Symbol: "RB100", Name: "Range Break 100 Index"},
	}
	for name, want := range map[string]string{
		"R_75": "R_75", "r_75": "R_75", "V75": "R_75", "v75": "R_75", "V75_1s": "1HZ75V", "V100_1s": "1HZ100V", "V10_1s": "1HZ10V", "V100": "R_100",
		"Volatility 75 (1s) Index": "1HZ75V", "volatility 75 index": "R_75", "Volatility 75": "R_75",
		"Crash500": "CRASH500", "CRASH500": "CRASH500", "Crash300": "CRASH300N", "CRASH300": "CRASH300N", "BOOM600": "BOOM600N", "Boom 600": "BOOM600N",
		"Step": "stpRNG", "STEP200": "stpRNG2", "STPRNG": "stpRNG", "JUMP10": "JD10", "JD10": "JD10",
		"V75_TEST": "", "V1000_1s": "", "Crash1000": "", "": "", " ": "", "R_75\n": "", "Index": "", "CRASH": "", "75": "", "V75é": "",
	} {
		got, err := deriv.FindSymbol(name, offered)
		if got.Symbol != want || (want == "") != errors.Is(err, deriv.ErrUnknownSymbol) {
			t.Errorf("%q: got %q, %v, want %q", name, got.Symbol, err, want)
		}
	}
}
