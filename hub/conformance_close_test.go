package hub_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bye is a close frame with a code and a reason.
func bye(code uint16, reason string) []byte {
	return masked(fin|opClose, append(binary.BigEndian.AppendUint16(nil, code), reason...))
}

const (
	badReason = "1007 close reason is not UTF-8"
	oneByte   = "1002 close code of one byte"
)

// Autobahn's section 7. A close is answered with its own code, and what comes behind
// it is thrown away: RFC 6455, section 5.5.1.
func closing() []rfcCase {
	normal := bye(1000, "")
	cases := []rfcCase{
		{"a close behind a message", concat(text(), normal), outcome{End: "1000 ", Accepted: 1}},
		{"a close behind an empty message", concat(masked(fin|opText, nil), normal), outcome{End: "1000 ", Rejected: 1}},
		{"a close behind a ping", concat(ping("x"), normal), outcome{End: "1000 ", Pongs: []string{"x"}}},
		{"two closes are answered once", concat(normal, bye(1001, "")), echoed(1000)},
		{"a ping behind a close is not answered", concat(normal, ping("x")), echoed(1000)},
		{"a message behind a close is not taken", concat(normal, text()), echoed(1000)},
		{"a fragment behind a close is not taken", concat(masked(opText, []byte(update[:20])), normal, masked(fin|opContinuation, []byte(update[20:]))), echoed(1000)},
		{"a broken frame behind a close does no harm", concat(normal, masked(fin|3, nil)), echoed(1000)},
		{"bytes that are no frames behind a close do no harm", concat(normal, []byte(strings.Repeat("\xff", 3000))), echoed(1000)},
		{"a close behind a broken frame is not looked at", concat(masked(fin|3, nil), normal), ended(badOpcode)},
		{"a message behind a broken frame is not taken", concat(masked(fin|3, nil), text()), ended(badOpcode)},
		{"a ping behind a broken frame is not answered", concat(masked(fin|3, nil), ping("x")), ended(badOpcode)},
		{"a close without a code", masked(fin|opClose, nil), echoed(1000)},
		{"a close of one byte", masked(fin|opClose, []byte{3}), ended(oneByte)},
		{"a close of one byte that is 0", masked(fin|opClose, []byte{0}), ended(oneByte)},
		{"a close with a code", normal, echoed(1000)},
		{"a close with a code and a reason", bye(1000, "enough for today"), echoed(1000)},
		{"a close with the longest reason", bye(1000, strings.Repeat("x", 123)), echoed(1000)},
		{"a close with a reason in Greek", bye(3000, "κόσμε"), echoed(3000)},
		{"a close with the longest reason in characters of three bytes", bye(1000, strings.Repeat("€", 41)), echoed(1000)},
		{"a close with a NUL for a reason", bye(1000, "\x00"), echoed(1000)},
		{"a close of 126 bytes", bye(1000, strings.Repeat("x", 124)), ended(longControl)},
		{"a close of 65536 bytes", bye(1000, strings.Repeat("x", 65534)), ended(longControl)},
		{"a close with a reason that is cut in a character", bye(1000, strings.Repeat("x", 121)+"\xe2\x82"), ended(badReason)},
		{"a close with a bad code and a bad reason", bye(1005, "\xff"), ended("1002 close code 1005 is not for the wire")},
	}
	for size, behind := range map[string][]byte{"4096": make([]byte, 4096), "65536": make([]byte, 65536), "4 million": make([]byte, 4<<20)} {
		cases = append(cases,
			rfcCase{"a message of " + size + " bytes behind a close", concat(normal, masked(fin|opText, behind)), echoed(1000)},
			rfcCase{"a message of " + size + " bytes behind a broken frame", concat(masked(fin|3, nil), masked(fin|opText, behind)), ended(badOpcode)},
		)
	}
	for _, s := range badUTF8 {
		cases = append(cases, rfcCase{"a close whose reason is " + s.name, bye(1000, s.text), ended(badReason)})
	}
	return cases
}

// Section 7.4 of the RFC and the registry of IANA that goes on where it ends.
func codesOfClosing() (cases []rfcCase) {
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		cases = append(cases,
			rfcCase{fmt.Sprintf("a close with the code %d", code), bye(code, ""), echoed(code)},
			rfcCase{fmt.Sprintf("a close with the code %d and a reason", code), bye(code, "because"), echoed(code)},
		)
	}
	for _, code := range []uint16{0, 1, 255, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32768, 65535} {
		end := ended(fmt.Sprintf("1002 close code %d is not for the wire", code))
		cases = append(cases,
			rfcCase{fmt.Sprintf("a close with the code %d, which nobody may send", code), bye(code, ""), end},
			rfcCase{fmt.Sprintf("a close with the code %d, which nobody may send, and a reason", code), bye(code, "because"), end},
		)
	}
	return cases
}

// Over TLS a connection ends in the same way: behind the close frame comes the end
// of the stream, whatever the peer goes on sending.
func TestConformanceOfClosesOverTLS(t *testing.T) {
	behindTLS(t, nil, func(t *testing.T, s *servedTLS) {
		for _, path := range endpoints {
			for _, c := range []rfcCase{
				{"a close", bye(1000, ""), echoed(1000)},
				{"a close and a message of 65536 bytes behind it", concat(bye(1000, ""), masked(fin|opText, make([]byte, 65536))), echoed(1000)},
				{"a broken frame", masked(fin|3, nil), outcome{End: badOpcode}},
				{"a broken frame and a message of 65536 bytes behind it", concat(masked(fin|3, nil), masked(fin|opText, make([]byte, 65536))), outcome{End: badOpcode}},
			} {
				p := s.dial(t, path, 0)
				if path == "/ws/subscribe" {
					p.nextUpdate()
				}
				p.raw(c.sent)
				if diff := cmp.Diff(c.want, p.outcome()); diff != "" {
					t.Errorf("%s: %s (-want +got):\n%s", path, c.name, diff)
				}
				_ = p.conn.Close()
			}
		}
	})
}
