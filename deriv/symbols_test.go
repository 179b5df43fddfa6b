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

// What people and asset spaces write, to the venue's name; what means nothing is
// said to, so that it is never traded.
func TestANameMeansASymbolOrNothing(t *testing.T) {
	for name, want := range map[string]string{
		"V10": "R_10", "V25": "R_25", "V50": "R_50", "V75": "R_75", "V100": "R_100", "v75": "R_75", "R_75": "R_75", "r_75": "R_75",
		"V10_1s": "1HZ10V", "V15_1s": "1HZ15V", "V30_1S": "1HZ30V", "V90_1s": "1HZ90V", "V100_1s": "1HZ100V", "V150_1s": "1HZ150V",
		"V200_1s": "1HZ200V", "V250_1s": "1HZ250V", "V300_1s": "1HZ300V", "1HZ100V": "1HZ100V", "V100 (1s)": "1HZ100V",
		"Volatility 75 Index": "R_75", "Volatility 75 (1s) Index": "1HZ75V", "Volatility 100": "R_100",
		"Crash500": "CRASH500", "Crash 1000 Index": "CRASH1000", "BOOM500": "BOOM500", "Boom1000": "BOOM1000", "CRASH300": "CRASH300N",
		"Boom 300 Index": "BOOM300N", "CRASH300N": "CRASH300N", "Crash600": "CRASH600", "CRASH900N": "CRASH900", "Boom150": "BOOM150N", "crash50": "CRASH50",
		"Step": "stpRNG", "Step Index": "stpRNG", "STPRNG": "stpRNG", "Step 200": "stpRNG2", "Step Index 500": "stpRNG5", "stpRNG3": "stpRNG3",
		"Range Break 100": "RB100", "RB200": "RB200", "Jump 10 Index": "JD10", "JUMP100": "JD100", "jd75": "JD75",
		"V75_TEST": "", "V1000_1s": "", "V11": "", "V75_2s": "", "CRASH": "", "Crash5000": "", "Index": "", "": "", " ": "", "R_75\n": "", "V75é": "", "frxEURUSD": "",
	} {
		got, ok := deriv.SymbolOf(name)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", name, got, ok, want)
		}
	}
}
