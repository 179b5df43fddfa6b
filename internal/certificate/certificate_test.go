package certificate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/internal/logtest"
)

// issue makes a certificate for a name, that ends at a time, with its key.
func issue(t *testing.T, name string, until time.Time) (chain, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: until.Add(-90 * 24 * time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, from, from, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// files are the two in a folder of their own.
type files struct {
	t          *testing.T
	chain, key string
}

func newFiles(t *testing.T) *files {
	dir := t.TempDir()
	return &files{t, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
}

func (f *files) write(chain, key []byte) {
	f.t.Helper()
	if err := os.WriteFile(f.chain, chain, 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.key, key, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func name(t *testing.T, f *File) string {
	t.Helper()
	c, err := f.Get(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf.Subject.CommonName
}

// running runs a certificate in a bubble; log is what it said.
func running(t *testing.T, disk *files, every time.Duration, test func(f *File, log *logtest.Log)) {
	t.Helper()
	var log logtest.Log
	f, err := Open(&Options{Chain: disk.chain, Key: disk.key, Every: every, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	synctest.Wait()
	test(f, &log)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// pass lets time pass, and what is due happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestANewCertificateIsTakenIn(t *testing.T) {
	disk := newFiles(t)
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(60 * 24 * time.Hour)
		disk.write(issue(t, "old.example", end))
		running(t, disk, 0, func(f *File, log *logtest.Log) {
			if got := name(t, f); got != "old.example" || !f.Expires().Equal(end.Truncate(time.Second)) {
				t.Errorf("got %s until %v", got, f.Expires())
			}
			disk.write(issue(t, "new.example", end.Add(time.Hour)))
			pass(5 * time.Second)
			if got := name(t, f); got != "new.example" || !f.Expires().Equal(end.Add(time.Hour).Truncate(time.Second)) {
				t.Errorf("five seconds later: got %s until %v", got, f.Expires())
			}
			if n := strings.Count(log.String(), "certificate in use"); n != 2 {
				t.Errorf("got %d lines, want one for each\n%s", n, log)
			}
		})
	})
}

func TestABrokenPairLeavesTheOldAloneAndIsToldOnce(t *testing.T) {
	disk := newFiles(t)
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(60 * 24 * time.Hour)
		chain, key := issue(t, "old.example", end)
		newChain, newKey := issue(t, "new.example", end)
		for what, breakIt := range map[string]func(){
			"the new key is missing yet": func() { disk.write(newChain, key) },
			"half a file":                func() { disk.write(newChain[:len(newChain)/2], newKey) },
			"an empty file":              func() { disk.write(nil, newKey) },
			"something else":             func() { disk.write([]byte("hello"), newKey) },
			"too much":                   func() { disk.write(append(newChain, make([]byte, maxFile)...), newKey) },
			"no file":                    func() { disk.write(chain, key); os.Remove(disk.key) },
		} {
			disk.write(chain, key)
			running(t, disk, 0, func(f *File, log *logtest.Log) {
				breakIt()
				pass(time.Minute)
				if got := name(t, f); got != "old.example" {
					t.Errorf("%s: got %s", what, got)
				}
				if n := strings.Count(log.String(), "is no good"); n != 1 {
					t.Errorf("%s: it was told %d times, want once\n%s", what, n, log)
				}
				if strings.Contains(log.String(), string(newKey[30:60])) || strings.Contains(log.String(), string(key[30:60])) {
					t.Errorf("%s: the key is in the log", what)
				}
				disk.write(newChain, newKey)
				pass(5 * time.Second)
				if got := name(t, f); got != "new.example" {
					t.Errorf("%s, and then whole: got %s", what, got)
				}
				breakIt()
				disk.write(newChain, newKey)
				pass(5 * time.Second)
				if n := strings.Count(log.String(), "in use"); n != 3 { // "stays in use" is one
					t.Errorf("%s: what did not change was told again\n%s", what, log)
				}
			})
		}
	})
}

func TestItsEndIsForetoldOnceADay(t *testing.T) {
	disk := newFiles(t)
	synctest.Test(t, func(t *testing.T) {
		disk.write(issue(t, "old.example", time.Now().Add(16*24*time.Hour)))
		running(t, disk, time.Hour, func(_ *File, log *logtest.Log) {
			for day, want := range []string{0: "", 1: "", 2: "in=336h0m0s", 3: "in=312h0m0s"} {
				if got := strings.Count(log.String(), "expires soon"); got != max(0, day-1) || !strings.Contains(log.String(), want) {
					t.Errorf("day %d: told %d times, want %d, with %q\n%s", day, got, max(0, day-1), want, log)
				}
				pass(24 * time.Hour)
			}
			pass(14 * 24 * time.Hour)
			if !strings.Contains(log.String(), "level=ERROR msg=\"the certificate has expired") {
				t.Errorf("got\n%s", log)
			}
		})
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	disk := newFiles(t)
	chain, key := issue(t, "a.example", time.Now().Add(time.Hour))
	_, other := issue(t, "b.example", time.Now().Add(time.Hour))
	for _, c := range []struct {
		name       string
		chain, key []byte
		want       string
	}{
		{"an empty certificate", nil, key, "failed to find any PEM data in certificate input"},
		{"the two mixed up", key, chain, "failed to find certificate PEM data"},
		{"another's key", chain, other, "private key does not match public key"},
		{"a key in the place of both", key, key, "did find a private key"},
	} {
		disk.write(c.chain, c.key)
		if _, err := Open(&Options{Chain: disk.chain, Key: disk.key}); err == nil || !strings.Contains(err.Error(), disk.chain+" with "+disk.key) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	os.Remove(disk.key)
	if _, err := Open(&Options{Chain: disk.chain, Key: disk.key}); err == nil || !strings.Contains(err.Error(), disk.key) {
		t.Errorf("no key: got %v", err)
	}
}
