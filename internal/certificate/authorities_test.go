package certificate

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/internal/logtest"
)

// vouches tells whether a pool has who made that certificate, here itself.
func vouches(t *testing.T, pool *x509.CertPool, chain []byte) bool {
	t.Helper()
	block, _ := pem.Decode(chain)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	_, err = cert.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: cert.NotAfter.Add(-time.Second), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

// following runs authorities in a bubble, with the file as it was given at first; put
// replaces it.
func following(t *testing.T, first []byte, test func(a *Authorities, log *logtest.Log, put func(text []byte))) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.crt")
	put := func(text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(first)
	synctest.Test(t, func(t *testing.T) {
		var log logtest.Log
		a, err := OpenAuthorities(&AuthoritiesOptions{File: file, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		synctest.Wait()
		test(a, &log, put)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestNewAuthoritiesAreTakenIn(t *testing.T) {
	end := time.Now().Add(time.Hour)
	old, _ := issue(t, "old", end)
	made, _ := issue(t, "new", end)
	following(t, old, func(a *Authorities, log *logtest.Log, put func([]byte)) {
		first := a.Pool()
		pass(time.Minute)
		if a.Pool() != first || strings.Count(log.String(), "authorities trusted") != 1 {
			t.Errorf("the same file: got another pool\n%s", log)
		}
		for _, step := range []struct {
			name     string
			text     []byte
			old, new bool
		}{
			{"both", append(append([]byte("who is to be trusted\n"), old...), made...), true, true},
			{"the new one alone", made, false, true},
		} {
			put(step.text)
			pass(5 * time.Second)
			if got := a.Pool(); vouches(t, got, old) != step.old || vouches(t, got, made) != step.new {
				t.Errorf("%s: got old %v, new %v", step.name, vouches(t, got, old), vouches(t, got, made))
			}
		}
	})
}

func TestABrokenFileLeavesTheAuthoritiesAloneAndIsToldOnce(t *testing.T) {
	end := time.Now().Add(time.Hour)
	old, key := issue(t, "old", end)
	made, _ := issue(t, "new", end)
	for name, text := range map[string][]byte{
		"half a file":       made[:len(made)/2],
		"one and a half":    append(append([]byte{}, made...), old[:len(old)/2]...),
		"an empty file":     nil,
		"something else":    []byte("hello"),
		"a key":             append(append([]byte{}, made...), key...),
		"no certificate":    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("hello")}),
		"more than a bound": append(append([]byte{}, made...), make([]byte, maxFile)...),
	} {
		following(t, old, func(a *Authorities, log *logtest.Log, put func([]byte)) {
			before := a.Pool()
			put(text)
			pass(time.Minute)
			if a.Pool() != before {
				t.Errorf("%s: got other authorities, want those of before", name)
			}
			if n := strings.Count(log.String(), "are no good"); n != 1 {
				t.Errorf("%s: it was told %d times, want once\n%s", name, n, log)
			}
			if strings.Contains(log.String(), string(key[30:60])) {
				t.Errorf("%s: the key is in the log", name)
			}
			put(made)
			pass(5 * time.Second)
			if !vouches(t, a.Pool(), made) {
				t.Errorf("%s, and then whole: the new ones are not trusted", name)
			}
		})
	}
}

func TestOpenAuthoritiesSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.crt")
	if _, err := OpenAuthorities(&AuthoritiesOptions{File: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("no file: got %v", err)
	}
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAuthorities(&AuthoritiesOptions{File: file}); err == nil || !strings.Contains(err.Error(), file+": got 0 whole certificates in 5 bytes") {
		t.Errorf("something else: got %v", err)
	}
}
