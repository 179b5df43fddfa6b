package wire

import "bytes"

// finite puts null in place of NaN, Infinity and -Infinity, which are not JSON and which
// Python's json module writes all the same: a hub in Python hands a diverged loss on so.
// What it returns may still be no JSON; without such a word it is data itself.
func finite(data []byte) []byte {
	var out []byte
	kept, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch b := data[i]; {
		case inString && b == '\\':
			i++
		case b == '"':
			inString = !inString
		case !inString && (b == 'N' || b == 'I' || b == '-'):
			if n := nonFiniteLength(data[i:]); n > 0 {
				out = append(append(out, data[kept:i]...), "null"...)
				kept, i = i+n, i+n-1
			}
		}
	}
	if kept == 0 {
		return data
	}
	return append(out, data[kept:]...)
}

// nonFiniteLength is the length of the word that data begins with; 0 for none of them.
func nonFiniteLength(data []byte) int {
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(data, []byte(word)) {
			return len(word)
		}
	}
	return 0
}
