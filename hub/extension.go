package hub

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gobwas/httphead"
)

const deflateName = "permessage-deflate"

// deflateAnswer is what a subscriber's offer of compression (RFC 7692) is answered
// with: no message needs another to be understood, so that one form of it does for
// everybody.
const deflateAnswer = deflateName + "; server_no_context_takeover; client_no_context_takeover"

// window is an offer's wish for what a message may refer back to. Ours is always
// the largest, 2^15 bytes, and whoever wishes for it is to be told so.
const window = "server_max_window_bits"

// agreeToDeflate returns what to answer to a handshake's offers of extensions: the
// first that can be kept is accepted. "" is for none. An offer that is not as RFC
// 7692 has it is passed over; an error is a header that is no list of extensions.
func agreeToDeflate(header http.Header) (answer string, err error) {
	for _, list := range header["Sec-Websocket-Extensions"] {
		offers, ok := httphead.ParseOptions([]byte(list), nil)
		if !ok {
			return "", fmt.Errorf("Sec-WebSocket-Extensions: got %s, want a list of extensions", printable(list))
		}
		for _, offer := range offers {
			if answer == "" && string(offer.Name) == deflateName {
				answer = answerTo(offer)
			}
		}
	}
	return answer, nil
}

// answerTo returns the answer to one offer of deflate, "" if it cannot be kept.
func answerTo(offer httphead.Option) string {
	seen := make(map[string]bool)
	good := true
	offer.Parameters.ForEach(func(key, value []byte) bool {
		name := string(key)
		good = !seen[name] && mayOffer(name, string(value))
		seen[name] = true
		return good
	})
	switch {
	case !good:
		return ""
	case seen[window]:
		return deflateAnswer + "; " + window + "=15"
	}
	return deflateAnswer
}

// windows are the sizes of windows that RFC 7692 knows.
var windows = []string{"8", "9", "10", "11", "12", "13", "14", "15"}

// mayOffer tells whether an offer may have a parameter. A client's own window is
// its own business: nothing that it compresses is ever inflated.
func mayOffer(name, value string) bool {
	switch name {
	case "server_no_context_takeover", "client_no_context_takeover":
		return value == ""
	case window:
		return value == "15"
	case "client_max_window_bits":
		return value == "" || slices.Contains(windows, value)
	}
	return false
}
