package price_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/price"
)

func TestLookupFindsAnIndexByEachOfItsNames(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"V75", "R_75"},
		{"v75", "R_75"},
		{"R_75", "R_75"},
		{"Volatility 75 Index", "R_75"},
		{"volatility 75", "R_75"},
		{"V75_1s", "1HZ75V"},
		{"V75_1S", "1HZ75V"},
		{"V75 (1s)", "1HZ75V"},
		{"V75(1s)", "1HZ75V"},
		{"v75-1s", "1HZ75V"},
		{"1hz75v", "1HZ75V"},
		{"Volatility 75 (1s) Index", "1HZ75V"},
		{"V10_1s", "1HZ10V"},
		{"V100_1s", "1HZ100V"},
		{"V250_1s", "1HZ250V"},
		{"CRASH300", "CRASH300N"},
		{"Crash 300", "CRASH300N"},
		{"crash300n", "CRASH300N"},
		{"CRASH600N", "CRASH600"},
		{"BOOM1000", "BOOM1000"},
		{"Boom 1000 Index", "BOOM1000"},
		{"STEP", "stpRNG"},
		{"Step Index", "stpRNG"},
		{"STEP100", "stpRNG"},
		{"STPRNG", "stpRNG"},
		{"Step 200 Index", "stpRNG2"},
		{"STEP500", "stpRNG5"},
		{"JUMP10", "JD10"},
		{"jd100", "JD100"},
		{" V75 ", "R_75"},
	} {
		t.Run(test.name, func(t *testing.T) {
			index, err := price.Lookup(test.name)
			if err != nil || index.Symbol != test.want {
				t.Errorf("got %q, %v, want %q", index.Symbol, err, test.want)
			}
		})
	}
}

func TestLookupTakesNothingForAnIndexThatIsNone(t *testing.T) {
	for _, name := range []string{
		"", " ", "V75_TEST", "V7_5", "V_75", "V75_", "V76", "V75_1s_2", "V75N", "R75", "V75 1s Index Index",
		"CRASH", "CRASH5000", "STEP1000", "STEPN", "JUMP", "RB300", "ſTEP", "CRASＨ500", "V75\x00",
	} {
		t.Run(name, func(t *testing.T) {
			index, err := price.Lookup(name)
			var unknown *price.UnknownIndexError
			if !errors.As(err, &unknown) || unknown.Name != name {
				t.Errorf("got %q, %v, want an UnknownIndexError", index.Symbol, err)
			}
		})
	}
}

func TestAnUnknownIndexErrorSaysWhatIsKnown(t *testing.T) {
	_, err := price.Lookup("V75_TEST")
	for _, want := range []string{`"V75_TEST"`, "V10", "V75_1s", "CRASH500", "BOOM1000", "STEP", "JUMP100", "R_10"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
	_, err = price.Lookup("\x1b[31m\n" + strings.Repeat("é", 500))
	if text := err.Error(); strings.ContainsAny(text, "\x1b\n") || strings.Count(text, `\u00e9`) > 32 {
		t.Errorf("got %q, want no control character and at most 64 bytes of the name", text)
	}
}

func TestNoTwoIndicesShareAName(t *testing.T) {
	for _, index := range price.Indices() {
		for _, name := range []string{index.Name, index.Symbol, index.Display} {
			got, err := price.Lookup(name)
			if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(index, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func FuzzLookup(f *testing.F) {
	for _, index := range price.Indices() {
		f.Add(index.Name)
		f.Add(index.Display)
		f.Add(index.Symbol)
	}
	f.Add("V75_TEST")
	f.Add("V75 ((1s")
	f.Fuzz(func(t *testing.T, name string) {
		index, err := price.Lookup(name)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' && r != '…' }) {
				t.Errorf("got an error that needs escaping: %q", err)
			}
			return
		}
		again, err := price.Lookup(index.Name)
		if err != nil || again != index {
			t.Errorf("%q is %s, whose own name is %s, %v", name, index.Name, again.Name, err)
		}
		if shouted, err := price.Lookup(upper(name)); err != nil || shouted != index {
			t.Errorf("%q is %s, but %q is %s, %v", name, index.Name, upper(name), shouted.Name, err)
		}
		for _, c := range []byte(strings.TrimSpace(name)) {
			if c >= 0x80 {
				t.Errorf("%q is %s, although it is not ASCII", name, index.Name)
			}
		}
	})
}

// upper makes ASCII letters upper case: Unicode's own rules would change others
// as well.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}
