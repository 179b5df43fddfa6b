package trade

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Money is an amount of an account's currency in hundred-millionths, exact. As text,
// also in JSON, it is a decimal number of at least two decimals: "-12.50".
type Money int64

// Unit is one whole unit of the currency.
const Unit Money = 100_000_000

// Cents returns n hundredths.
func Cents(n int64) Money { return Money(n) * (Unit / 100) }

// Share returns what part is of m, rounded towards 0 to a hundredth. A part that is
// not finite is none.
func (m Money) Share(part float64) Money {
	x := float64(m) * part / float64(Unit/100)
	if math.IsNaN(x) || math.Abs(x) >= math.MaxInt64/float64(Unit/100) {
		return 0
	}
	return Cents(int64(x))
}

// plus adds two amounts, and stops where no more fits.
func plus(a, b Money) Money {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

// Float returns the nearest float64, in whole units: for statistics and gauges, never
// for a ledger.
func (m Money) Float() float64 { return float64(m) / float64(Unit) }

func (m Money) String() string {
	sign := ""
	n := uint64(m)
	if m < 0 {
		sign, n = "-", -n
	}
	fraction := strings.TrimRight(fmt.Sprintf("%08d", n%uint64(Unit)), "0")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return sign + strconv.FormatUint(n/uint64(Unit), 10) + "." + fraction
}

// MarshalText writes what String says.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what ParseMoney does.
func (m *Money) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMoney(string(text))
	return err
}

var errMoney = errors.New("want a decimal number of at most eight decimals, like 12.50")

// ParseMoney reads "12.5", "-0.35" or "10". Nothing is rounded: more than eight
// decimals, or more than fits, is an error.
func ParseMoney(text string) (Money, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || point && fraction == "" || len(whole) > 11 || len(fraction) > 8 || !areDigits(whole+fraction) {
		return 0, fmt.Errorf("got %.40q, %w", text, errMoney)
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", 8-len(fraction)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("got %.40q, %w", text, errMoney)
	}
	if negative {
		n = -n
	}
	return Money(n), nil
}

func areDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
