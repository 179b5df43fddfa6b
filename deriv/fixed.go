package deriv

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// fixedDecimals is enough for every currency of the venue (8 for BTC) and
	// every price step (5 at most).
	fixedDecimals = 8
	fixedUnit     = 100_000_000

	// maxDigits bounds what is read of a number: far more than any that fits.
	maxDigits = 60
)

var errFixedRange = errors.New("want less than 92233720368 either side of 0")

// parseFixed reads a decimal number, with or without an exponent, and rounds
// what lies beyond the eighth decimal half away from zero: it can only be the
// noise of somebody's float.
func parseFixed(text string) (int64, error) {
	digits, point, negative, err := splitDecimal(text)
	if err != nil {
		return 0, err
	}
	var n int64
	for i := range point + fixedDecimals {
		d := int64(0)
		if i < len(digits) {
			d = int64(digits[i] - '0')
		}
		if n > (math.MaxInt64-d)/10 {
			return 0, fmt.Errorf("got %.40s, %w", text, errFixedRange)
		}
		n = n*10 + d
	}
	if cut := point + fixedDecimals; cut >= 0 && cut < len(digits) && digits[cut] >= '5' && n < math.MaxInt64 {
		n++
	}
	if negative {
		n = -n
	}
	return n, nil
}

// splitDecimal returns the digits without a point, and how many of them stand
// before it, which may be less than none.
func splitDecimal(text string) (digits string, point int, negative bool, err error) {
	wrong := func() (string, int, bool, error) {
		return "", 0, false, fmt.Errorf("got %.40q, want a decimal number", text)
	}
	if len(text) > maxDigits {
		return wrong()
	}
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if exponent, err = strconv.Atoi(text[i+1:]); err != nil || exponent < -maxDigits || exponent > maxDigits {
			return wrong()
		}
		mantissa = text[:i]
	}
	unsigned, negative := strings.CutPrefix(mantissa, "-")
	if !negative {
		unsigned = strings.TrimPrefix(unsigned, "+")
	}
	whole, fraction, dotted := strings.Cut(unsigned, ".")
	if whole == "" || dotted && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return wrong()
	}
	return whole + fraction, len(whole) + exponent, negative, nil
}

func allDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// formatFixed writes n with as many decimals as it needs, and no fewer than
// least.
func formatFixed(n int64, least int) []byte {
	var b []byte
	whole, fraction := n/fixedUnit, n%fixedUnit
	if n < 0 {
		b = append(b, '-')
		whole, fraction = -whole, -fraction
	}
	b = strconv.AppendInt(b, whole, 10)
	decimals := strconv.FormatInt(fraction+fixedUnit, 10)[1:]
	kept := strings.TrimRight(decimals, "0")
	if len(kept) < least {
		kept = decimals[:least]
	}
	if kept != "" {
		b = append(append(b, '.'), kept...)
	}
	return b
}

// roundFixed rounds half away from zero to so many decimals.
func roundFixed(n int64, decimals int) int64 {
	unit := int64(1)
	for range fixedDecimals - min(max(decimals, 0), fixedDecimals) {
		unit *= 10
	}
	rest := n % unit
	n -= rest
	switch {
	case 2*rest >= unit && unit > 1:
		n += unit
	case 2*rest <= -unit && unit > 1:
		n -= unit
	}
	return n
}

// fixedFromFloat takes a computed number and rounds it half away from zero.
func fixedFromFloat(x float64, decimals int) (int64, error) {
	decimals = min(max(decimals, 0), fixedDecimals)
	if !(math.Abs(x) < math.MaxInt64/fixedUnit) {
		return 0, fmt.Errorf("got %v, %w", x, errFixedRange)
	}
	scaled := math.Round(x * math.Pow10(decimals))
	if math.Abs(scaled) < 1e15 && math.Abs(x) < 9e10 { // fifteen digits are exact, and the product is in range
		return int64(scaled) * int64(math.Pow10(fixedDecimals-decimals)), nil
	}
	return parseFixed(strconv.FormatFloat(scaled/math.Pow10(decimals), 'f', decimals, 64))
}

// encodeFixed writes a bare number, or a string of at least two decimals where
// the field's tag asks for one.
func encodeFixed(enc *jsontext.Encoder, n int64, least int) error {
	if quoted, _ := json.GetOption(enc.Options(), json.StringifyNumbers); quoted {
		return enc.WriteToken(jsontext.String(string(formatFixed(n, least))))
	}
	return enc.WriteValue(formatFixed(n, 0))
}

// decodeFixed takes a number, a decimal string or null, which is 0.
func decodeFixed(dec *jsontext.Decoder) (int64, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return 0, err
	}
	switch value.Kind() {
	case 'n':
		return 0, nil
	case '0':
		return parseFixed(string(value))
	case '"':
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return 0, err
		}
		return parseFixed(string(text))
	}
	return 0, fmt.Errorf("got %.40s, want a number or a decimal string", value)
}
