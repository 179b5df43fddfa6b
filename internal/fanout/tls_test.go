package fanout

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/internal/nowait"
)

// keyChanger is the sending side of a TLS 1.3 client, made by hand: crypto/tls has
// no way to ask for new keys.
type keyChanger struct {
	t      *testing.T
	conn   net.Conn // below TLS
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// newKeyChanger takes over from a client that has shaken hands and sent nothing
// since; log is what its KeyLogWriter was told.
func newKeyChanger(t *testing.T, conn net.Conn, log string) *keyChanger {
	t.Helper()
	var random, secret string
	_, line, _ := strings.Cut(log, "CLIENT_TRAFFIC_SECRET_0 ")
	if _, err := fmt.Sscan(line, &random, &secret); err != nil {
		t.Fatalf("%v in %q", err, log)
	}
	key, err := hex.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	k := &keyChanger{t: t, conn: conn}
	k.use(key)
	return k
}

// expand is HKDF-Expand-Label of RFC 8446, section 7.1, without a context.
func (k *keyChanger) expand(secret []byte, label string, n int) []byte {
	k.t.Helper()
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(append(info, byte(len("tls13 "+label))), "tls13 "+label...)
	out, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

func (k *keyChanger) use(secret []byte) {
	k.t.Helper()
	block, err := aes.NewCipher(k.expand(secret, "key", 16))
	if err != nil {
		k.t.Fatal(err)
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		k.t.Fatal(err)
	}
	k.secret, k.iv, k.seq = secret, k.expand(secret, "iv", 12), 0
}

func (k *keyChanger) send(kind byte, payload []byte) error {
	nonce := bytes.Clone(k.iv)
	for i, b := range binary.BigEndian.AppendUint64(nil, k.seq) {
		nonce[4+i] ^= b
	}
	k.seq++
	inner := append(bytes.Clone(payload), kind)
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(inner)+k.aead.Overhead()))
	_, err := k.conn.Write(k.aead.Seal(head, nonce, inner, head))
	return err
}

// change asks for new keys, goes on with new ones of its own, and sends a byte: too
// many questions in a row are an error.
func (k *keyChanger) change() error {
	const handshake, applicationData = 22, 23
	keyUpdate := []byte{24, 0, 0, 1, 1} // which asks for one in return
	err := k.send(handshake, keyUpdate)
	k.use(k.expand(k.secret, "traffic upd", sha256.Size))
	return errors.Join(err, k.send(applicationData, []byte("!")))
}

// joinChanging makes a member of a TLS 1.3 connection over the two ends of another,
// whose peer can ask for new keys. What the peer sends is read, as the hub does.
func joinChanging(t *testing.T, f *Fanout, near, far net.Conn, stalled bool) (*peer, *keyChanger) {
	t.Helper()
	var log bytes.Buffer
	ours, theirs := secure(t, near, far, true, func(server, client *tls.Config) {
		server.SessionTicketsDisabled = true
		client.KeyLogWriter = &log
	})
	if s := theirs.ConnectionState(); s.Version != tls.VersionTLS13 || s.CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		t.Fatalf("got %s with %s, which this test does not know", tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite))
	}
	p := joined(f, ours, theirs, nil, stalled)
	go func() {
		if _, err := io.Copy(io.Discard, ours); err != nil {
			p.member.Abort(err)
		}
	}()
	return p, newKeyChanger(t, far, log.String())
}

// TLS answers by itself, from the goroutine that reads, while the shard writes and
// while the member is stalled. What it sends keeps its place between the records.
func TestWhatTLSSendsByItselfKeepsItsPlace(t *testing.T) {
	f := New(Options{First: first, Chunks: 4, Lag: 128 << 10})
	near, far := pairTCP(t)
	p, keys := joinChanging(t, f, near, far, false)
	newest := map[string]int{}
	publish := func(n int) {
		for range n {
			newest["A"]++
			newest["B"]++
			f.Publish("A", frame("A", newest["A"], 5000))
			f.Publish("B", frame("B", newest["B"], 300))
		}
	}
	for range 10 {
		p.stall(true)
		for p.member.state.Load() == idle || !p.member.line.holds() {
			publish(20)
		}
		for _, stalled := range []bool{true, false} {
			p.stall(stalled)
			var asking sync.WaitGroup
			asking.Go(func() { // a client of crypto/tls takes 16 answers in a row for an attack
				for range 5 {
					if err := keys.change(); err != nil {
						t.Error(err)
					}
				}
			})
			publish(20)
			asking.Wait()
		}
		if err := settled(p, newest, nil, false); err != nil {
			t.Fatal(err)
		}
	}
	if s := f.Stats(); s.Conflations == 0 {
		t.Errorf("%+v: it was never stalled for long enough, so nothing was tested", s)
	}
	p.member.Leave(nil, ErrLeft)
	if err := <-p.left; !errors.Is(err, ErrLeft) {
		t.Errorf("left with %v", err)
	}
}

// A peer that asks for keys for ever and reads none costs a bounded amount, and is
// closed for it.
func TestAFloodOfQuestionsToTLSIsBounded(t *testing.T) {
	f := New(Options{First: first, WriteTimeout: time.Minute})
	near, far := net.Pipe() // where what is not read costs the other direction nothing
	p, keys := joinChanging(t, f, near, far, true)
	under := p.member.line.under
	newest := 0
	for over := false; !over; {
		for range 100 {
			if keys.change() != nil {
				break // it was closed
			}
		}
		if held := under.Held(); held > nowait.MaxHeld {
			t.Fatalf("%d bytes are held, want at most %d", held, nowait.MaxHeld)
		}
		newest++
		f.Publish("A", frame("A", newest, 1000))
		select {
		case err := <-p.left:
			over = true
			if err == nil || errors.Is(err, ErrStalled) { // crypto/tls has several words for it
				t.Errorf("left with %v", err)
			}
		default:
		}
	}
}

// However a member ends in the middle of a record, gone is called once and nothing
// is left behind.
func TestATLSMemberThatEndsInTheMiddle(t *testing.T) {
	for name, end := range map[string]func(p *peer){
		"aborted":                func(p *peer) { p.member.Abort(ErrSilent) },
		"closed from elsewhere":  func(p *peer) { p.near.Close() },
		"closed below TLS":       func(p *peer) { p.near.(*tls.Conn).NetConn().Close() },
		"gone":                   func(p *peer) { p.conn.(*tls.Conn).NetConn().Close() },
		"gone with a reset":      func(p *peer) { p.conn.(*tls.Conn).NetConn().(*net.TCPConn).SetLinger(0); p.conn.Close() },
		"told to leave and gone": func(p *peer) { p.member.Leave([]byte("bye 1\n"), ErrLeft); p.conn.(*tls.Conn).NetConn().Close() },
	} {
		for _, kind := range kinds[1:4] {
			t.Run(name+", "+kind, func(t *testing.T) { endsInTheMiddle(t, kind, end) })
		}
	}
}

func endsInTheMiddle(t *testing.T, kind string, end func(p *peer)) {
	before := runtime.NumGoroutine()
	f := New(Options{First: first})
	p := join(t, f, kind, nil)
	p.stall(true)
	seq, sent := 0, int64(-1)
	for f.Stats().Bytes > sent || sent < 64<<10 { // until nothing goes any more
		sent = f.Stats().Bytes
		for range 100 {
			seq++
			f.Publish("A", frame("A", seq, 5000))
		}
		time.Sleep(5 * time.Millisecond)
	}
	if under := p.member.line.under; under != nil && under.Held() > record+maxControl {
		t.Errorf("%d bytes are held, want no more than a record", under.Held())
	}
	var publishing sync.WaitGroup
	stop := make(chan struct{})
	publishing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				seq++
				f.Publish("A", frame("A", seq, 5000))
				runtime.Gosched()
			}
		}
	})
	end(p)
	select {
	case <-p.left: // a second call would find the channel full and block for ever
	case <-time.After(20 * time.Second):
		t.Error("nobody was told that it ended")
	}
	close(stop)
	publishing.Wait()
	p.stall(false)
	p.conn.Close()
	for start := time.Now(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("%d goroutines are left, want %d", runtime.NumGoroutine(), before)
		}
	}
}

// A member that keeps up has no goroutine of its own, under TLS either.
func TestATLSMemberHasNoGoroutineWhileItKeepsUp(t *testing.T) {
	f := New(Options{First: first, Shards: 1})
	p := join(t, f, "tls", nil)
	f.Publish("A", frame("A", 1, 100))
	if err := settled(p, map[string]int{"A": 1}, nil, true); err != nil {
		t.Fatal(err)
	}
	quick := p.member.line.quick()
	if got := p.member.state.Load() == idle; got != quick {
		t.Errorf("it is the shard's: got %v, want %v", got, quick)
	}
}
