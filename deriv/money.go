package deriv

import "github.com/go-json-experiment/json/jsontext"

// Money is an amount of an account's currency in hundred-millionths, exact. Its
// zero is no money; amounts are added, subtracted and compared as integers.
// In JSON it is a bare number; a field with the tag option string is a decimal
// string of at least two decimals. Both, and null, are taken from the venue.
type Money int64

// Unit is one dollar, euro, …
const Unit Money = fixedUnit

// Cents returns so many hundredths.
func Cents(n int64) Money { return Money(n) * (Unit / 100) }

// ParseMoney reads a decimal number, as the venue and people write it.
func ParseMoney(text string) (Money, error) {
	n, err := parseFixed(text)
	return Money(n), err
}

// RoundMoney takes a computed amount and rounds it half away from zero to the
// decimals of a currency, 0 to 8. It fails for what is no number or beyond 92
// billion.
func RoundMoney(x float64, decimals int) (Money, error) {
	n, err := fixedFromFloat(x, decimals)
	return Money(n), err
}

// Round rounds half away from zero to so many decimals.
func (m Money) Round(decimals int) Money { return Money(roundFixed(int64(m), decimals)) }

// Float returns the nearest float64, for statistics and not for ledgers.
func (m Money) Float() float64 { return float64(m) / fixedUnit }

// String has at least two decimals: "19.54", "10.00".
func (m Money) String() string { return string(formatFixed(int64(m), 2)) }

// MarshalText is String.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// MarshalJSONTo writes a bare number.
func (m Money) MarshalJSONTo(enc *jsontext.Encoder) error { return encodeFixed(enc, int64(m), 2) }

// MarshalJSON is for encoding/json.
func (m Money) MarshalJSON() ([]byte, error) { return formatFixed(int64(m), 0), nil }

// UnmarshalJSONFrom takes a number, a decimal string, or null for 0.
func (m *Money) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	n, err := decodeFixed(dec)
	*m = Money(n)
	return err
}

// currencyDecimals are those of the venue's currencies that do not have two.
var currencyDecimals = map[string]int{"BTC": 8, "ETH": 8, "LTC": 8, "BCH": 8, "XRP": 6, "JPY": 0}

// CurrencyDecimals returns how many decimals an amount of the currency may have:
// 2 for most, and for those that are not known here.
func CurrencyDecimals(currency string) int {
	if n, ok := currencyDecimals[currency]; ok {
		return n
	}
	return 2
}

// Price is a quote of an index in hundred-millionths, exact. Its zero is an
// unknown price. JSON is as for Money.
type Price int64

// ParsePrice reads a decimal number.
func ParsePrice(text string) (Price, error) {
	n, err := parseFixed(text)
	return Price(n), err
}

// RoundPrice takes a computed price and rounds it half away from zero to so many
// decimals, 0 to 8.
func RoundPrice(x float64, decimals int) (Price, error) {
	n, err := fixedFromFloat(x, decimals)
	return Price(n), err
}

// Float returns the nearest float64.
func (p Price) Float() float64 { return float64(p) / fixedUnit }

// Text writes the price with at least so many decimals, 0 to 8.
func (p Price) Text(decimals int) string {
	return string(formatFixed(int64(p), min(max(decimals, 0), fixedDecimals)))
}

// String has as many decimals as it needs.
func (p Price) String() string { return p.Text(0) }

// MarshalText is String.
func (p Price) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// MarshalJSONTo writes a bare number, and null for the unknown.
func (p Price) MarshalJSONTo(enc *jsontext.Encoder) error {
	if p == 0 {
		return enc.WriteToken(jsontext.Null)
	}
	return encodeFixed(enc, int64(p), 0)
}

// MarshalJSON is for encoding/json.
func (p Price) MarshalJSON() ([]byte, error) {
	if p == 0 {
		return []byte("null"), nil
	}
	return formatFixed(int64(p), 0), nil
}

// UnmarshalJSONFrom takes a number, a decimal string, or null for the unknown.
func (p *Price) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	n, err := decodeFixed(dec)
	*p = Price(n)
	return err
}
