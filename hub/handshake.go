package hub

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
)

// checkFields holds the header fields of a handshake against the grammar of
// RFC 6455, whether or not the hub has a use for what they offer: what does not
// conform must be refused (sections 4.2.1 and 9.1). status is 0 if it does.
func checkFields(r *http.Request) (status int, detail string) {
	keys := r.Header["Sec-Websocket-Key"]
	for _, field := range []struct {
		ok     bool
		detail string
	}{
		{len(keys) == 1 && isKey(keys[0]), "Sec-WebSocket-Key: got " + printableOrNone(strings.Join(keys, ", ")) + ", want 16 bytes in base64, once"},
		{conforms(protocolList, r.Header["Sec-Websocket-Protocol"]), "Sec-WebSocket-Protocol: got something else, want a list of tokens"},
		{conforms(extensionList, r.Header["Sec-Websocket-Extensions"]), "Sec-WebSocket-Extensions: got something else, want a list of tokens with parameters"},
		// Its bytes would be taken for frames.
		{r.ContentLength == 0, "body: got one, want none in a handshake"},
	} {
		if !field.ok {
			return http.StatusBadRequest, field.detail
		}
	}
	return 0, ""
}

func printableOrNone(value string) string {
	if value == "" {
		return "none"
	}
	return printable(value)
}

func isKey(s string) bool {
	nonce, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(nonce) == 16
}

var protocolList, extensionList = lists()

// lists are those of section 11.3, with the empty elements that HTTP allows between
// commas. What stands in quotes has to be a token, too.
func lists() (protocols, extensions *regexp.Regexp) {
	const (
		letter    = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]"
		token     = letter + "+"
		blank     = `[ \t]*`
		value     = `(?:` + token + `|"(?:\\?` + letter + `)+")`
		parameter = blank + `;` + blank + token + `(?:` + blank + `=` + blank + value + `)?`
		extension = token + `(?:` + parameter + `)*`
	)
	list := func(element string) *regexp.Regexp {
		return regexp.MustCompile(`^[ \t,]*` + element + `(?:` + blank + `,[ \t,]*` + element + `)*[ \t,]*$`)
	}
	return list(token), list(extension)
}

// conforms tells whether a list, in however many lines, is one. It may be absent.
func conforms(list *regexp.Regexp, lines []string) bool {
	return lines == nil || list.MatchString(strings.Join(lines, ","))
}

// offers tells whether a handshake offers a subprotocol, whose case counts.
func offers(r *http.Request, protocol string) bool {
	for _, list := range r.Header["Sec-Websocket-Protocol"] {
		for item := range strings.SplitSeq(list, ",") {
			if strings.TrimSpace(item) == protocol {
				return true
			}
		}
	}
	return false
}
