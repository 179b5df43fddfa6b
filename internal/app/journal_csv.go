package app

import (
	"strings"
	"unicode/utf8"
)

// cellText makes a text a cell that no spreadsheet takes for a formula: names of
// assets and the venue's words come from elsewhere. What a formula could begin with,
// blanks before it aside, gets an apostrophe before it, and control characters become
// blanks. See OWASP, CSV Injection.
func cellText[T ~string](text *T) string {
	if text == nil {
		return ""
	}
	safe := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(*text), "\uFFFD"))
	begin := strings.TrimLeft(safe, " \u00a0\ufeff\u200b")
	if first, _ := utf8.DecodeRuneInString(begin); begin != "" && strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + safe
	}
	return safe
}
