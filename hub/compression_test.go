package hub_test

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// offersDeflate are the headers of a client that offers compression.
const offersDeflate = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

var compressing = &hub.Options{Compression: true}

func TestCompressionIsAgreedToWhereItCanBeKept(t *testing.T) {
	const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, c := range []struct {
		name   string
		offers []string // a header each
		want   string
	}{
		{"nothing is offered", nil, ""},
		{"something else is offered", []string{"x-webkit-deflate-frame, permessage-bzip2"}, ""},
		{"as Chromium, Firefox, Python's websockets and Node's ws offer it", []string{"permessage-deflate; client_max_window_bits"}, agreed},
		{"as coder/websocket offers it", []string{"permessage-deflate; client_no_context_takeover; server_no_context_takeover"}, agreed},
		{"bare, in odd spacing", []string{" permessage-deflate ,foo"}, agreed},
		{"the client's own window is its own business", []string{"permessage-deflate; client_max_window_bits=9"}, agreed},
		{"our window, quoted", []string{`permessage-deflate; server_max_window_bits="15"`}, agreed + "; server_max_window_bits=15"},
		{"a smaller window of ours", []string{"permessage-deflate; server_max_window_bits=12"}, ""},
		{"a smaller window, or else any", []string{"permessage-deflate; server_max_window_bits=10, permessage-deflate"}, agreed},
		{"or else in another header", []string{"permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=15"}, agreed + "; server_max_window_bits=15"},
		{"the first that will do", []string{"foo, permessage-deflate, permessage-deflate; server_max_window_bits=15"}, agreed},
		{"an unknown parameter", []string{"permessage-deflate; level=9"}, ""},
		{"a parameter twice", []string{"permessage-deflate; client_max_window_bits; client_max_window_bits"}, ""},
		{"a value where there is none", []string{"permessage-deflate; server_no_context_takeover=1"}, ""},
		{"a window without a size", []string{"permessage-deflate; server_max_window_bits"}, ""},
		{"a window that does not exist", []string{"permessage-deflate; client_max_window_bits=16"}, ""},
		{"a window with a zero before it", []string{"permessage-deflate; client_max_window_bits=08"}, ""},
		{"another letter case", []string{"Permessage-Deflate"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				headers := ""
				for _, offer := range c.offers {
					headers += "Sec-WebSocket-Extensions: " + offer + "\r\n"
				}
				s := hubtest.New(t, compressing)
				if got := answerTo(t, s, "/ws/subscribe", headers); got != c.want {
					t.Errorf("got the answer %q, want %q", got, c.want)
				}
				synctest.Wait()
				if rows := stateOf(t, s.Hub).Subscribers; len(rows) != 1 || rows[0].Compressed != (c.want != "") {
					t.Errorf("got the rows %+v, want one, compressed: %t", rows, c.want != "")
				}
				for what, got := range map[string]string{
					"a publisher":                    answerTo(t, s, "/ws/publish/V75", headers),
					"a subscriber of a hub as it is": answerTo(t, hubtest.New(t, nil), "/ws/subscribe", headers),
				} {
					if got != "" {
						t.Errorf("%s: got the answer %q, want none", what, got)
					}
				}
			})
		})
	}
}

// answerTo is what a handshake's offers of extensions are answered with.
func answerTo(t *testing.T, s *hubtest.Server, path, headers string) string {
	t.Helper()
	conn, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, answer := shake(t, conn, path, headers)
	p.listen()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %s, want 101", answer.Status)
	}
	return answer.Header.Get("Sec-Websocket-Extensions")
}

func TestExtensionsThatAreNoListAreRefused(t *testing.T) {
	s := hubtest.New(t, compressing)
	for _, list := range []string{"permessage-deflate; =15", "permessage-deflate;;", `permessage-deflate; a="`, "(", "permessage-deflate\x80"} {
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, answer := shake(t, conn, "/ws/subscribe", "Sec-WebSocket-Extensions: "+list+"\r\n")
		checkProblem(t, list, answer, http.StatusBadRequest)
	}
}

// Whoever agreed gets the same messages as everybody, each compressed on its own.
func TestACompressedMessageIsThePlainOne(t *testing.T) {
	for _, query := range []string{"", "?assets=V75,NONE"} {
		synctest.Test(t, func(t *testing.T) {
			s := hubtest.New(t, compressing)
			pub := publisher(t, s, "V75")
			pub.text(fullFrame)
			synctest.Wait()
			plain, short := dial(t, s, "/ws/subscribe"+query), dialWith(t, s, "/ws/subscribe"+query, offersDeflate)
			for i := range 20 {
				want, got := plain.next(), nextAsItIs(t, short)
				if got.head != fin|rsv1|opText || len(got.payload) >= len(want.payload)*2/3 || bytes.HasSuffix(got.payload, []byte("\x00\x00\xff\xff")) {
					t.Errorf("got the frame %#x with %d of %d bytes, want a compressed text frame without the last four", got.head, len(got.payload), len(want.payload))
				}
				text, err := inflate(got.payload)
				if diff := cmp.Diff(string(want.payload), string(text)); diff != "" || err != nil {
					t.Errorf("inflated: %v (-want +got):\n%s", err, diff)
				}
				pub.text(steps(i))
			}
		})
	}
}

func nextAsItIs(t *testing.T, p *peer) frame {
	t.Helper()
	f, err := p.readAsItIs()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// inflate restores what a hub compressed (RFC 7692, section 7.2.2).
func inflate(payload []byte) ([]byte, error) {
	tail := "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff" // what is not sent, and the end of everything
	return io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader(tail))))
}

// The first reserved bit is for the messages of those who agreed, and stands in
// their first frame. What is compressed is thrown away as it is.
func TestTheFirstReservedBitIsForThoseWhoAgreed(t *testing.T) {
	const refused = "1002 non-zero rsv bits with no extension negotiated"
	one := func(head byte, payload string) []byte { return masked(head, []byte(payload)) }
	for _, c := range []struct {
		name    string
		headers string
		path    string
		sent    []byte
		want    string // the end; "" for none
	}{
		{"a text", offersDeflate, "/ws/subscribe", one(fin|rsv1|opText, "\xaa\x00"), ""},
		{"a binary message that does not inflate", offersDeflate, "/ws/subscribe", one(fin|rsv1|opBinary, "rubbish"), ""},
		{"a plain text", offersDeflate, "/ws/subscribe", one(fin|opText, "x"), ""},
		{"in pieces, with a ping between", offersDeflate, "/ws/subscribe",
			append(append(one(rsv1|opText, "a"), one(fin|opPing, "")...), one(fin|opContinuation, "b")...), ""},
		{"on a second piece", offersDeflate, "/ws/subscribe", append(one(rsv1|opText, "a"), one(fin|rsv1|opContinuation, "b")...), refused},
		{"on a ping", offersDeflate, "/ws/subscribe", one(fin|rsv1|opPing, ""), refused},
		{"on a close", offersDeflate, "/ws/subscribe", one(fin|rsv1|opClose, ""), refused},
		{"with the second", offersDeflate, "/ws/subscribe", one(fin|rsv1|0x20|opText, ""), refused},
		{"with the third", offersDeflate, "/ws/subscribe", one(fin|rsv1|0x10|opText, ""), refused},
		{"a message that is too long", offersDeflate, "/ws/subscribe", one(fin|rsv1|opText, strings.Repeat("x", wire.MaxPublish+1)), "1009 message longer than 65536 bytes"},
		{"of one who did not offer", "", "/ws/subscribe", one(fin|rsv1|opText, "x"), refused},
		{"of a publisher", offersDeflate, "/ws/publish/V75", one(fin|rsv1|opText, "x"), refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := dialWith(t, hubtest.New(t, compressing), c.path, c.headers).listen()
				_ = p.write(c.sent) // may be refused before its end
				synctest.Wait()
				got := ""
				if frames := p.frames(); len(frames) > 0 && p.last().op() == opClose {
					got = p.last().closing()
				}
				if got != c.want {
					t.Errorf("got the end %q, want %q", got, c.want)
				}
			})
		})
	}
}

// What was published while nobody wanted it compressed is in the first message of
// whoever comes next, and what the books count never falls.
func TestCompressionComesAndGoesWithItsSubscribers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, compressing)
		pub := publisher(t, s, "V75")
		publish := func(n int) { pub.text(steps(n)); synctest.Wait() }
		for round := range 3 {
			publish(10 * round)
			subs := []*peer{dialWith(t, s, "/ws/subscribe", offersDeflate).listen(), dialWith(t, s, "/ws/subscribe?assets=V75", offersDeflate).listen()}
			synctest.Wait()
			publish(10*round + 1)
			for i, sub := range subs {
				if diff := cmp.Diff([]int64{int64(10 * round), int64(10*round + 1)}, stepsOf(t, sub.updates())); diff != "" {
					t.Errorf("round %d, subscriber %d (-want +got):\n%s", round, i, diff)
				}
				sub.close(1000)
				<-sub.done
			}
			synctest.Wait()
			publish(10*round + 2)
			_, metrics := get(t, s, "/metrics")
			for _, want := range []string{fmt.Sprintf("quasar_hub_sent_frames_total %d\n", 2*(round+1)), fmt.Sprintf("quasar_hub_broadcasts_total %d\n", 3*(round+1))} {
				if !strings.Contains(metrics, want) {
					t.Errorf("round %d: got %s, want %s in it", round, metrics, want)
				}
			}
		}
	})
}

// A client of others over a real socket gets every update.
func TestAClientOfOthersInflates(t *testing.T) {
	for name, mode := range map[string]websocket.CompressionMode{"with context": websocket.CompressionContextTakeover, "without": websocket.CompressionNoContextTakeover} {
		t.Run(name, func(t *testing.T) {
			h, addr := serveTCP(t, compressing)
			pub := dialTCP(t, addr, "/ws/publish/V75", 0).listen()
			ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
			defer cancel()
			conn, _, err := websocket.Dial(ctx, "ws://"+addr+"/ws/subscribe", &websocket.DialOptions{CompressionMode: mode})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseNow()
			nextMessage(t, conn)
			if err := conn.Write(ctx, websocket.MessageText, bytes.Repeat([]byte("x"), 1000)); err != nil { // long enough to be compressed
				t.Fatal(err)
			}
			for first := 0; first < 500; first += 10 { // ten gather
				var want, got []int64
				for i := first; i < first+10; i++ {
					pub.text(steps(i))
					want = append(want, int64(i))
				}
				for range want {
					f, err := wire.DecodeHub(nextMessage(t, conn))
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, stepsOf(t, []wire.HubFrame{f})...)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			}
			if rows := stateOf(t, h).Subscribers; len(rows) != 1 || !rows[0].Compressed {
				t.Errorf("got the rows %+v, want one that is compressed", rows)
			}
		})
	}
}
