package hub_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// The cases of RFC 6455 that a hub meets, as the Autobahn suite's sections 1 to 7
// have them. Both endpoints read frames alike.

// Broken frames end a connection with 1002 and the reason.
func TestABrokenFrameEndsTheConnection(t *testing.T) {
	unmasked := func(head byte, payload string) []byte {
		return append(lengthOf([]byte{head}, len(payload), 0), payload...)
	}
	closing := func(code uint16, reason string) []byte {
		return masked(fin|opClose, append(binary.BigEndian.AppendUint16(nil, code), reason...))
	}
	cases := []struct {
		name string
		sent []byte
		want string
	}{
		{"a frame without a mask", unmasked(fin|opText, "x"), "1002 frames from client to server must be masked"},
		{"a ping without a mask", unmasked(fin|opPing, ""), "1002 frames from client to server must be masked"},
		{"a continuation of nothing", masked(fin|opContinuation, nil), "1002 unexpected continuation data frame"},
		{"a message inside a message", append(masked(opText, []byte("a")), masked(fin|opText, []byte("b"))...), "1002 unexpected non-continuation data frame"},
		{"a ping of 126 bytes", masked(fin|opPing, make([]byte, 126)), "1002 control frame payload limit exceeded"},
		{"a close of 126 bytes", closing(1000, strings.Repeat("x", 124)), "1002 control frame payload limit exceeded"},
		{"a ping in fragments", masked(opPing, nil), "1002 control frame is not final"},
		{"a length with the highest bit", append([]byte{fin | opText, 0xff, 0x80}, make([]byte, 11)...), "1002 bad length of a frame"},
		{"a close of one byte", masked(fin|opClose, []byte{3}), "1002 close code of one byte"},
		{"a close reason that is not UTF-8", closing(1000, "\xff"), "1002 close reason is not UTF-8"},
	}
	for _, bit := range []byte{0x40, 0x20, 0x10} {
		cases = append(cases, struct {
			name string
			sent []byte
			want string
		}{fmt.Sprintf("reserved bit %#x", bit), masked(fin|bit|opText, nil), "1002 non-zero rsv bits with no extension negotiated"})
	}
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		cases = append(cases, struct {
			name string
			sent []byte
			want string
		}{fmt.Sprintf("reserved opcode %d", op), masked(fin|op, nil), "1002 use of reserved op code"})
	}
	for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535} {
		cases = append(cases, struct {
			name string
			sent []byte
			want string
		}{fmt.Sprintf("close code %d", code), closing(code, ""), fmt.Sprintf("1002 close code %d is not for the wire", code)})
	}
	for _, c := range cases {
		for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
			t.Run(path+" "+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := dial(t, hubtest.New(t, nil), path).listen()
					_ = p.write(c.sent) // a frame may be refused before its end
					<-p.done
					if got := p.last().closing(); got != c.want {
						t.Errorf("got the end %q, want %q", got, c.want)
					}
				})
			})
		}
	}
}

func TestACloseIsEchoedWithItsCode(t *testing.T) {
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		synctest.Test(t, func(t *testing.T) {
			p := publisher(t, hubtest.New(t, nil), "V75")
			p.send(fin|opClose, string(binary.BigEndian.AppendUint16(nil, code))+"a reason")
			<-p.done
			if got, want := p.last().closing(), fmt.Sprintf("%d ", code); got != want {
				t.Errorf("got the end %q, want %q", got, want)
			}
		})
	}
}

func TestAPingIsEchoed(t *testing.T) {
	for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
		synctest.Test(t, func(t *testing.T) {
			p := dial(t, hubtest.New(t, nil), path).listen()
			synctest.Wait()
			var want []frame
			for _, payload := range []string{"", "hello", "\x00\xff", strings.Repeat("x", 125)} {
				p.send(fin|opPing, payload)
				want = append(want, frame{fin | opPong, []byte(payload)})
			}
			p.send(fin|opPong, "nobody asked")
			synctest.Wait()
			got := p.frames()
			if path == "/ws/subscribe" {
				got = got[1:] // behind the state
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(frame{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

// A message may come in any pieces, with control frames between them, and in one
// write with others.
func TestAMessageMayComeInPieces(t *testing.T) {
	message := steps(42)
	join := func(frames ...[]byte) (out []byte) {
		for _, f := range frames {
			out = append(out, f...)
		}
		return out
	}
	ping := masked(fin|opPing, []byte("x"))
	for _, c := range []struct {
		name string
		sent []byte
	}{
		{"in one", masked(fin|opText, []byte(message))},
		{"in two", join(masked(opText, []byte(message[:9])), masked(fin|opContinuation, []byte(message[9:])))},
		{"in two with pings between", join(masked(opText, []byte(message[:9])), ping, ping, masked(fin|opContinuation, []byte(message[9:])))},
		{"with empty pieces", join(masked(opText, nil), masked(opContinuation, []byte(message)), masked(opContinuation, nil), masked(fin|opContinuation, nil))},
		{"byte by byte", func() []byte {
			out := masked(opText, nil)
			for _, b := range []byte(message) {
				out = append(out, masked(opContinuation, []byte{b})...)
			}
			return append(out, masked(fin|opContinuation, nil)...)
		}()},
		{"at the largest size", masked(fin|opText, []byte(message+strings.Repeat(" ", wire.MaxPublish-len(message))))},
		{"with a length in more bytes than it needs", append(append([]byte{fin | opText, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, byte(len(message))}, 0, 0, 0, 0), message...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := hubtest.New(t, nil)
				p := publisher(t, s, "V75")
				p.raw(c.sent)
				synctest.Wait()
				for _, b := range c.sent { // and again, as slowly as a network can
					p.raw([]byte{b})
				}
				synctest.Wait()
				if r := row(t, s, "V75"); r.Accepted != 2 || r.Rejected != 0 {
					t.Errorf("got %+v, want 2 frames accepted", r)
				}
			})
		})
	}
}

// What comes in the same packet as the handshake is not lost.
func TestFramesMayFollowTheHandshakeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = conn.Write(append(fmt.Appendf(nil, handshake, "/ws/publish/V75", ""), append(masked(fin|opText, []byte(steps(1))), masked(fin|opText, []byte(steps(2)))...)...))
		}()
		buf := make([]byte, 4096)
		if _, err := conn.Read(buf); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if r := row(t, s, "V75"); r.Accepted != 2 {
			t.Errorf("got %+v, want 2 frames accepted", r)
		}
		conn.Close()
	})
}

// A text that is not UTF-8 is rejected as a frame, and nothing more: no rejection
// closes a publisher's connection (section 3 of the contract).
func TestTextThatIsNotUTF8IsRejectedAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		p := publisher(t, s, "V75")
		p.text("{\"type\":\"heartbeat\xff\"}")
		p.send(opText, "{\"type\":\"\xe2\x82")
		p.send(fin|opContinuation, "\xac\"}") // a character across fragments: UTF-8, if no type
		p.text(steps(1))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Accepted != 1 || r.Rejected != 2 || !r.Connected {
			t.Errorf("got %+v, want 1 accepted, 2 rejected, connected", r)
		}
	})
}

// The handshake: what is missing or wrong is named, and only a WebSocket opens.
func TestTheHandshake(t *testing.T) {
	const key, version, connection, upgrade = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Connection: Upgrade", "Upgrade: websocket"
	for _, c := range []struct {
		name    string
		method  string
		headers []string
		want    int
	}{
		{"all there", "GET", []string{key, version, connection, upgrade}, 101},
		{"in other cases and lists", "GET", []string{key, version, "connection: keep-alive, upgrade", "UPGRADE: WebSocket"}, 101},
		{"in two headers", "GET", []string{key, version, "Connection: keep-alive", connection, upgrade}, 101},
		{"our subprotocol", "GET", []string{key, version, connection, upgrade, "Sec-WebSocket-Protocol: other, quasar.v1"}, 101},
		{"another's subprotocol", "GET", []string{key, version, connection, upgrade, "Sec-WebSocket-Protocol: mqtt"}, 101},
		{"an extension", "GET", []string{key, version, connection, upgrade, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"}, 101},
		{"no upgrade", "GET", []string{key, version, connection}, 426},
		{"another upgrade", "GET", []string{key, version, connection, "Upgrade: h2c"}, 426},
		{"no connection", "GET", []string{key, version, upgrade}, 426},
		{"another version", "GET", []string{key, "Sec-WebSocket-Version: 8", connection, upgrade}, 426},
		{"no version", "GET", []string{key, connection, upgrade}, 426},
		{"no key", "GET", []string{version, connection, upgrade}, 400},
		{"a short key", "GET", []string{"Sec-WebSocket-Key: abc", version, connection, upgrade}, 400},
		{"by POST", "POST", []string{key, version, connection, upgrade}, 405},
		{"by HEAD", "HEAD", []string{key, version, connection, upgrade}, 405},
	} {
		for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
			t.Run(path+" "+c.name, func(t *testing.T) {
				s := hubtest.New(t, nil)
				conn, err := s.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				p, answer := shakeRaw(t, conn, c.method+" "+path+" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"+strings.Join(c.headers, "\r\n")+"\r\n\r\n", c.method)
				if c.want != http.StatusSwitchingProtocols {
					if c.method != "HEAD" {
						checkProblem(t, c.name, answer, c.want)
					} else if answer.StatusCode != c.want {
						t.Errorf("got %s, want %d", answer.Status, c.want)
					}
					return
				}
				if answer.StatusCode != c.want || answer.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
					t.Fatalf("got %s %v, want 101 and RFC 6455's own answer", answer.Status, answer.Header)
				}
				want := ""
				if strings.Contains(c.name, "our subprotocol") {
					want = "quasar.v1"
				}
				if got := answer.Header.Get("Sec-Websocket-Protocol"); got != want {
					t.Errorf("got the subprotocol %q, want %q", got, want)
				}
				if got := answer.Header.Get("Sec-Websocket-Extensions"); got != "" {
					t.Errorf("got the extension %q, want none", got)
				}
				p.close(1000)
			})
		}
	}
}

func TestHTTP10OpensNoWebSocket(t *testing.T) {
	s := hubtest.New(t, nil)
	conn, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, answer := shakeRaw(t, conn, strings.Replace(fmt.Sprintf(handshake, "/ws/subscribe", ""), "HTTP/1.1", "HTTP/1.0", 1), "GET")
	checkProblem(t, "HTTP/1.0", answer, http.StatusHTTPVersionNotSupported)
}
