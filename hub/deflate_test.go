package hub

import (
	"bytes"
	"compress/flate"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/fanout"
)

// payloadOf restores the payload of a frame of appendFrame's.
func payloadOf(t *testing.T, frame []byte) []byte {
	t.Helper()
	body := frame[headerSize(frame):]
	if frame[0] == textFrame {
		return body
	}
	end := "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"
	payload, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(body), strings.NewReader(end))))
	if err != nil {
		t.Error(err)
	}
	return payload
}

func TestAMessageIsCompressedWhereThatIsShorter(t *testing.T) {
	d := newDeflater()
	for _, c := range []struct {
		name    string
		payload string
		first   byte
	}{
		{"nothing", "", textFrame},
		{"a few bytes", "abc", textFrame},
		{"an update", string(benchmarkFrame(1)), compressedFrame},
		{"more than 16 bits of length, of which few are left", strings.Repeat("abc", 100_000), compressedFrame},
		{"more than the window", strings.Repeat(string(benchmarkFrame(2)), 1000), compressedFrame},
	} {
		frame := d.appendFrame([]byte("before"), []byte(c.payload))
		if !bytes.HasPrefix(frame, []byte("before")) {
			t.Errorf("%s: got %q, want it behind what was there", c.name, frame)
		}
		frame = frame[len("before"):]
		if frame[0] != c.first {
			t.Errorf("%s: got the first byte %#x, want %#x", c.name, frame[0], c.first)
		}
		if diff := cmp.Diff(c.payload, string(payloadOf(t, frame))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Any message is the same behind the compression, whatever was compressed before.
func FuzzDeflate(f *testing.F) {
	f.Add([]byte("abc"), benchmarkFrame(1))
	f.Add(benchmarkFrame(1), bytes.Repeat(benchmarkFrame(2), 100))
	f.Fuzz(func(t *testing.T, before, payload []byte) {
		d := newDeflater()
		for _, p := range [][]byte{before, payload} {
			frame := d.appendFrame(nil, p)
			if got := payloadOf(t, frame); !bytes.Equal(got, p) || len(frame) > len(p)+10 {
				t.Errorf("got %d bytes that become %q, want %q", len(frame), got, p)
			}
		}
	})
}

// Whatever a stranger offers, the answer is none or one of two.
func FuzzAgreeToDeflate(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits")
	f.Add("permessage-deflate; server_max_window_bits=10, permessage-deflate")
	f.Add(`x; a="b\"c", permessage-deflate; server_max_window_bits="15"`)
	f.Add("permessage-deflate; a; b; c; d; e; f; g; h; i; j")
	f.Fuzz(func(t *testing.T, list string) {
		answer, err := agreeToDeflate(http.Header{"Sec-Websocket-Extensions": {list}})
		switch answer {
		case "":
		case deflateAnswer, deflateAnswer + "; server_max_window_bits=15":
			if err != nil || !strings.Contains(list, deflateName) {
				t.Errorf("%q: got %q, %v", list, answer, err)
			}
		default:
			t.Errorf("%q: got %q, %v", list, answer, err)
		}
	})
}

// Nothing is held for compression while nobody has agreed to it: not before the
// first, and neither behind one that left nor behind one that never came in.
func TestCompressionThatNobodyUsesHoldsNothing(t *testing.T) {
	h, err := New(&Options{Compression: true})
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(when string) {
		t.Helper()
		h.mu.Lock()
		defer h.mu.Unlock()
		if c := &h.compressed; c.users != 0 || c.fanout != nil || c.deflater != nil {
			t.Errorf("%s: got %d users, %p and %p, want nothing of it", when, c.users, c.fanout, c.deflater)
		}
	}
	nothing("at first")

	sub := &subscription{compressed: true}
	fan := h.fanoutFor(sub)
	if again := h.fanoutFor(sub); again != fan || fan == h.fanout {
		t.Errorf("got %p and %p beside %p, want one for both", fan, again, h.fanout)
	}
	published := func() {
		h.mu.Lock()
		h.compressed.take("V75", benchmarkFrame(1))
		h.unlock()
	}
	leaves := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.doneWith(sub)
	}
	leaves()
	published()
	if got := fan.Stats(); got.Published != 1 {
		t.Errorf("got %+v, want one published to the one who is left", got)
	}
	leaves()
	published()
	if diff := cmp.Diff(fanout.Stats{Published: 1}, fan.Stats()); diff != "" {
		t.Errorf("behind the last (-want +got):\n%s", diff)
	}
	nothing("behind the last")

	r := httptest.NewRequest(http.MethodGet, "/ws/subscribe", nil)
	r.Host = "localhost"
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13",
		"Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-Websocket-Extensions": deflateName} {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder() // which cannot become a WebSocket
	if h.ServeHTTP(w, r); w.Code != http.StatusInternalServerError {
		t.Errorf("got %d %s, want 500", w.Code, w.Body)
	}
	nothing("behind one that never came in")
}
