package deriv

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// aliases are names that people and asset spaces use, to the venue's symbols.
// They are for input only: what is offered, active_symbols says.
var aliases = aliasTable()

func aliasTable() map[string]string {
	table := map[string]string{
		"STEP": "stpRNG", "STEP100": "stpRNG", "STEP200": "stpRNG2", "STEP300": "stpRNG3", "STEP400": "stpRNG4", "STEP500": "stpRNG5",
		"RANGEBREAK100": "RB100", "RANGEBREAK200": "RB200",
	}
	for _, n := range []string{"10", "25", "50", "75", "100"} {
		table["V"+n], table["JUMP"+n] = "R_"+n, "JD"+n
	}
	for _, n := range []string{"10", "15", "25", "30", "50", "75", "90", "100", "150", "200", "250", "300"} {
		table["V"+n+"1S"] = "1HZ" + n + "V"
	}
	for _, n := range []string{"50", "150", "300", "500", "600", "900", "1000"} {
		suffix := ""
		if n == "150" || n == "300" {
			suffix = "N"
		}
		for _, name := range []string{"CRASH" + n, "BOOM" + n} {
			table[name], table[name+"N"] = name+suffix, name+suffix
		}
	}
	for _, symbol := range slices.Collect(maps.Values(table)) {
		table[squeeze(symbol)] = symbol // the venue's own name
	}
	return table
}

// SymbolOf returns what the venue calls an index that people write V75, v75,
// V100_1s, Crash500, "Volatility 75 (1s) Index" or R_75; false for a name that
// means nothing here. It asks nobody, so what it says may not be offered:
// FindSymbol and Client.Symbol decide that. An asset that they do not find can be
// ranked and is never traded.
func SymbolOf(name string) (symbol string, ok bool) {
	short := strings.ReplaceAll(strings.ReplaceAll(squeeze(name), "VOLATILITY", "V"), "INDEX", "")
	symbol, ok = aliases[short]
	return symbol, ok
}

// ErrUnknownSymbol says that the venue has nothing of that name. Such an asset can be
// ranked and never traded.
var ErrUnknownSymbol = errors.New("no such symbol")

// FindSymbol returns the symbol that a name means: the venue's own name, its
// name for people ("Volatility 75 Index"), or an alias (V75, V100_1s, Crash500),
// whatever the case. Only what is in symbols is ever found.
func FindSymbol(name string, symbols []ActiveSymbol) (ActiveSymbol, error) {
	alias, known := SymbolOf(name)
	for _, same := range []func(*ActiveSymbol) bool{
		func(s *ActiveSymbol) bool { return s.Symbol == name },
		func(s *ActiveSymbol) bool { return strings.EqualFold(s.Symbol, name) },
		func(s *ActiveSymbol) bool { return bare(s.Name) == bare(name) },
		func(s *ActiveSymbol) bool { return known && strings.EqualFold(s.Symbol, alias) },
		func(s *ActiveSymbol) bool { return sameButN(s.Symbol, name) },
	} {
		for i := range symbols {
			if same(&symbols[i]) {
				return symbols[i], nil
			}
		}
	}
	return ActiveSymbol{}, fmt.Errorf("deriv: %w: got %.40q, want one of the %d that active_symbols lists, or its alias", ErrUnknownSymbol, name, len(symbols))
}

// squeeze leaves letters and digits, in capitals.
func squeeze(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		case c == '_', c == ' ', c == '-', c == '(', c == ')':
			return -1
		}
		return '?' // matches nothing
	}, name)
}

// bare is a name for people without the word Index, which some lists leave out.
func bare(name string) string { return strings.TrimSuffix(squeeze(name), "INDEX") }

// sameButN takes CRASH600 and CRASH600N, or their aliases, for the same.
func sameButN(symbol, name string) bool {
	if alias, ok := SymbolOf(name); ok {
		name = alias
	}
	name = squeeze(name)
	crash := strings.HasPrefix(name, "CRASH") || strings.HasPrefix(name, "BOOM")
	return crash && strings.TrimSuffix(squeeze(symbol), "N") == strings.TrimSuffix(name, "N")
}

// knownInterval is how many seconds lie between two ticks of the indices for
// which that is public; 0 for others.
func knownInterval(symbol string) Epoch {
	switch {
	case strings.HasPrefix(symbol, "R_"):
		return 2
	case strings.HasPrefix(symbol, "1HZ"), strings.HasPrefix(symbol, "JD"), strings.HasPrefix(symbol, "stpRNG"),
		strings.HasPrefix(symbol, "CRASH"), strings.HasPrefix(symbol, "BOOM"):
		return 1
	}
	return 0
}
