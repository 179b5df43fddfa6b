package hub_test

import (
	"fmt"
	"strings"
)

// The samples of Autobahn's section 6, which are mostly those of Markus Kuhn's
// stress test of decoders.
var goodUTF8 = []struct{ name, text string }{
	{"no character", ""},
	{"the word kosme", "κόσμε"},
	{"German, Greek and Japanese", "Hellö-µ@ßöäüàá-UTF-8!! ελληνικά 日本語"},
	{"the first character of two bytes", "\u0080"},
	{"the first character of three bytes", "\u0800"},
	{"the first character of four bytes", "\U00010000"},
	{"the last character of one byte", "\u007f"},
	{"the last character of two bytes", "\u07ff"},
	{"the last character of three bytes", "\uffff"},
	{"the last character of all", "\U0010ffff"},
	{"the last before the surrogates", "\ud7ff"},
	{"the first behind the surrogates", "\ue000"},
	{"the replacement character", "\ufffd"},
	{"U+FFFE, which is no character and good UTF-8", "\ufffe"},
	{"U+1FFFE, which is no character and good UTF-8", "\U0001fffe"},
	{"U+10FFFE, which is no character and good UTF-8", "\U0010fffe"},
	{"U+FDD0, which is no character and good UTF-8", "\ufdd0"},
	{"a family of joined faces", "\U0001f468\u200d\U0001f469\u200d\U0001f467"},
	{"a byte order mark in the middle", "a\ufeffb"},
}

var badUTF8 = []struct{ name, text string }{
	{"a word with a surrogate in the middle", "κόσμε\xed\xa0\x80edited"},
	{"the first continuation byte alone", "\x80"},
	{"the last continuation byte alone", "\xbf"},
	{"two continuation bytes", "\x80\xbf"},
	{"three continuation bytes", "\x80\xbf\x80"},
	{"six continuation bytes", "\x80\xbf\x80\xbf\x80\xbf"},
	{"all continuation bytes", "\x80\x81\x82\x83\x84\x90\xa0\xb0\xbf"},
	{"starts of two bytes, each alone", "\xc2 \xc8 \xd0 \xdf "},
	{"starts of three bytes, each alone", "\xe0 \xe8 \xec \xef "},
	{"starts of four bytes, each alone", "\xf0 \xf2 \xf4 "},
	{"starts of five and six bytes", "\xf8 \xfb \xfc \xfd "},
	{"two bytes without the last", "\xc3"},
	{"three bytes without the last", "\xe2\x82"},
	{"three bytes without the last two", "\xe2"},
	{"four bytes without the last", "\xf0\x9f\x98"},
	{"four bytes without the last three", "\xf0"},
	{"a character of five bytes", "\xf8\x88\x80\x80\x80"},
	{"a character of six bytes", "\xfc\x84\x80\x80\x80\x80"},
	{"all that are cut, in a row", "\xc0\xe0\x80\xf0\x80\x80\xdf\xef\xbf\xf7\xbf\xbf"},
	{"the byte FE", "\xfe"},
	{"the byte FF", "\xff"},
	{"the bytes FE FE FF FF", "\xfe\xfe\xff\xff"},
	{"a slash in two bytes", "\xc0\xaf"},
	{"a slash in three bytes", "\xe0\x80\xaf"},
	{"a slash in four bytes", "\xf0\x80\x80\xaf"},
	{"a slash in five bytes", "\xf8\x80\x80\x80\xaf"},
	{"a slash in six bytes", "\xfc\x80\x80\x80\x80\xaf"},
	{"the largest that two bytes make too long", "\xc1\xbf"},
	{"the largest that three bytes make too long", "\xe0\x9f\xbf"},
	{"the largest that four bytes make too long", "\xf0\x8f\xbf\xbf"},
	{"NUL in two bytes", "\xc0\x80"},
	{"NUL in three bytes", "\xe0\x80\x80"},
	{"the first surrogate", "\xed\xa0\x80"},
	{"the last high surrogate", "\xed\xaf\xbf"},
	{"the first low surrogate", "\xed\xb0\x80"},
	{"the last surrogate", "\xed\xbf\xbf"},
	{"a pair of surrogates", "\xed\xa0\x80\xed\xb0\x80"},
	{"another pair of surrogates", "\xed\xaf\xbf\xed\xbf\xbf"},
	{"the first above the last character", "\xf4\x90\x80\x80"},
	{"the last of four bytes", "\xf7\xbf\xbf\xbf"},
	{"text in Latin-1", "caf\xe9 au lait"},
	{"a byte order mark of UTF-16", "\xff\xfe"},
}

// noted is update with a string that the schema strips. That it is stripped does
// not matter before the frame is known to be text.
func noted(s string) []byte {
	return []byte(strings.TrimSuffix(update, "}") + `,"note":"` + s + `"}`)
}

// byBytes is a text whose every byte from the end of update on comes in a fragment
// of its own, so that characters are cut everywhere.
func byBytes(message []byte) []byte {
	start := len(update) - 1
	out := masked(opText, message[:start])
	for _, b := range message[start:] {
		out = append(out, masked(opContinuation, []byte{b})...)
	}
	return append(out, masked(fin|opContinuation, nil)...)
}

// Autobahn's section 6. What is wrong is rejected and counted by the endpoint of
// publishers, which section 3 of the contract sets above the 1007 of RFC 6455,
// and is nothing to that of subscribers, which interprets no text.
func textInUTF8() (cases []rfcCase) {
	for _, s := range goodUTF8 {
		cases = append(cases,
			rfcCase{"UTF-8: " + s.name, masked(fin|opText, noted(s.text)), taken},
			rfcCase{"UTF-8 in fragments of a byte: " + s.name, byBytes(noted(s.text)), taken},
		)
	}
	for _, s := range badUTF8 {
		cases = append(cases,
			rfcCase{"no UTF-8: " + s.name, masked(fin|opText, noted(s.text)), refused},
			rfcCase{"no UTF-8 in fragments of a byte: " + s.name, byBytes(noted(s.text)), refused},
		)
	}
	euro := noted("€")
	cut := len(euro) - 3 - len(`"}`)
	for n := 1; n < 3; n++ {
		cases = append(cases,
			rfcCase{fmt.Sprintf("a character cut behind its byte %d by fragments", n), concat(masked(opText, euro[:cut+n]), masked(fin|opContinuation, euro[cut+n:])), taken},
			rfcCase{fmt.Sprintf("a character cut behind its byte %d by fragments with a ping between", n),
				concat(masked(opText, euro[:cut+n]), ping("x"), masked(fin|opContinuation, euro[cut+n:])), outcome{Accepted: 1, Pongs: []string{"x"}}},
			rfcCase{fmt.Sprintf("a message that ends behind byte %d of a character", n), masked(fin|opText, euro[:cut+n]), refused},
			rfcCase{fmt.Sprintf("a character cut behind its byte %d by the end of the message", n), concat(masked(fin|opText, euro[:cut+n]), masked(fin|opText, euro[cut+n:])), outcome{Rejected: 2}},
		)
	}
	return append(cases,
		rfcCase{"no UTF-8, and a good message behind it", concat(masked(fin|opText, noted("\xff")), text()), outcome{Accepted: 1, Rejected: 1}},
		rfcCase{"no UTF-8 in a text that is not finished", concat(masked(opText, noted("\xff")), ping("x")), outcome{Pongs: []string{"x"}}},
		rfcCase{"no UTF-8 in a binary message", masked(fin|opBinary, noted("\xff")), refused},
	)
}
