package deriv_test

import (
	encoding "encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/deriv"
)

func TestMoneyIsReadAndWrittenExactly(t *testing.T) {
	tests := []struct{ text, number, quoted string }{
		{text: "0", number: "0", quoted: "0.00"},
		{text: "19.54", number: "19.54", quoted: "19.54"},
		{text: "10", number: "10", quoted: "10.00"},
		{text: "-0.35", number: "-0.35", quoted: "-0.35"},
		{text: "0.00000001", number: "0.00000001", quoted: "0.00000001"},
		{text: "1e3", number: "1000", quoted: "1000.00"},
		{text: "1.5E-3", number: "0.0015", quoted: "0.0015"},
		{text: "19.540000000000003", number: "19.54", quoted: "19.54"},
		{text: "0.000000005", number: "0.00000001", quoted: "0.00000001"},
		{text: "-0.000000005", number: "-0.00000001", quoted: "-0.00000001"},
		{text: "92233720367.99999999", number: "92233720367.99999999", quoted: "92233720367.99999999"},
		{text: "-92233720367.5", number: "-92233720367.5", quoted: "-92233720367.50"},
	}
	for _, test := range tests {
		for _, in := range []string{test.text, `"` + test.text + `"`} {
			var m deriv.Money
			if err := json.Unmarshal([]byte(in), &m); err != nil {
				t.Errorf("%s: %v", in, err)
			}
			if got := string(must(json.Marshal(m))); got != test.number {
				t.Errorf("%s: got %s, want %s", in, got, test.number)
			}
			if got := string(must(encoding.Marshal(m))); got != test.number {
				t.Errorf("%s by encoding/json: got %s, want %s", in, got, test.number)
			}
			if m.String() != test.quoted {
				t.Errorf("%s: got %s, want %s", in, m, test.quoted)
			}
		}
	}
}

func TestWhatIsNoAmountIsRefused(t *testing.T) {
	for _, in := range []string{
		`""`, `"."`, `"1."`, `".5"`, `"1,5"`, `"0x10"`, `" 1"`, `"1e"`, `"1e999"`, `1e999`, `"NaN"`, `"--1"`, `"1e+"`, `true`, `{}`, `[1]`,
		`92233720369`, `-92233720369`, `1e30`, `"` + strings.Repeat("9", 100) + `"`,
	} {
		var m deriv.Money
		if err := json.Unmarshal([]byte(in), &m); err == nil {
			t.Errorf("%s was read as %s", in, m)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e11, -1e300} {
		if m, err := deriv.RoundMoney(x, 2); err == nil {
			t.Errorf("%v was taken as %s", x, m)
		}
	}
}

func TestRoundingIsHalfAwayFromZero(t *testing.T) {
	tests := []struct {
		in       string
		decimals int
		want     string
	}{
		{"1.005", 2, "1.01"}, {"-1.005", 2, "-1.01"}, {"1.0049", 2, "1.00"}, {"2.5", 0, "3.00"}, {"-2.5", 0, "-3.00"}, {"1.23456789", 8, "1.23456789"}, {"0.1", 99, "0.10"},
	}
	for _, test := range tests {
		if got := must(deriv.ParseMoney(test.in)).Round(test.decimals).String(); got != test.want {
			t.Errorf("%s to %d: got %s, want %s", test.in, test.decimals, got, test.want)
		}
	}
	if got := must(deriv.RoundPrice(6540.12345, 4)).Text(2); got != "6540.1235" {
		t.Errorf("got %s, want 6540.1235", got)
	}
}

// Each decimal either is refused, or comes back the same.
// What is taken for exact is what its decimals say.
func TestRoundingIsThatOfTheDecimals(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		x := (random.Float64() - 0.5) * math.Pow10(random.IntN(13))
		decimals := random.IntN(9)
		got, err := deriv.RoundPrice(x, decimals)
		want, err2 := deriv.ParsePrice(strconv.FormatFloat(math.Round(x*math.Pow10(decimals))/math.Pow10(decimals), 'f', decimals, 64))
		if got != want || (err == nil) != (err2 == nil) {
			t.Fatalf("%v to %d decimals: got %v, %v, want %v, %v", x, decimals, got, err, want, err2)
		}
	}
	for _, x := range []float64{92233720368.4, 92233720368.6, -92233720369, 1e11, math.NaN(), math.Inf(1)} {
		if got, err := deriv.RoundPrice(x, 0); err == nil && math.Abs(x) > 92233720368.5 || got.Float()*x < 0 {
			t.Errorf("%v: got %v, %v, want none that does not fit", x, got, err)
		}
	}
}

func FuzzMoney(f *testing.F) {
	for _, seed := range []string{"0", "19.54", "-0.35", "1e3", "1.5E-3", "92233720367.99999999", "9e99", "1e-60", "-0.0000000049"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := deriv.ParseMoney(text)
		if err != nil {
			return
		}
		again, err := deriv.ParseMoney(m.String())
		if err != nil || again != m {
			t.Errorf("%q: %s came back as %s, %v", text, m, again, err)
		}
	})
}

// No frame makes the client panic, and what it takes for an answer it can decode
// or refuse.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"msg_type":"tick","echo_req":{},"req_id":1,"subscription":{"id":"x"},"tick":{"quote":1.5,"epoch":7,"pip_size":4,"symbol":"R_75"}}`,
		`{"msg_type":"buy","echo_req":{},"error":{"code":"PriceMoved","message":"m","details":{}}}`,
		`{"msg_type":"proposal_open_contract","echo_req":{},"proposal_open_contract":{"status":null,"profit":"-1.00"}}`,
		`{"msg_type":"history","history":{"prices":[1],"times":[2]},"pip_size":4}`, `{"msg_type":"x"}`, `[]`, `{"a":1,"a":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		a, err := deriv.DecodeAnswer(frame)
		if err != nil {
			return
		}
		for _, zero := range answers {
			_ = decode(zero, frame)
		}
		if _, err := deriv.EncodeAnswer(*a, nil); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
	})
}
