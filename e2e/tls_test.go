//go:build e2e

package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// issue makes a certificate for this machine and returns the files with it and its
// key.
func issue(t *testing.T) (chain, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, from, from, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
}

const publishInPython = `
import sys, time
from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics
p = AssetSpacePublisher("PY", sys.argv[1] + "/ws/publish/PY")
p.start()
p.publish_combined(TrainingMetrics(training_steps=900), VotingMetrics(dominant_signal="BUY", buy_count=7, sell_count=3))
time.sleep(3)
`

// On Linux every client goes by SSL_CERT_FILE, without a flag or a line of code.
func TestTLSBySSLCertFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE is Linux's, and other Unixes'")
	}
	python := pythonWith("ssl", "-c")(t)[0]
	chain, key := issue(t)
	address := freeAddress(t)
	hub := start(t, "quasar hub", exec.Command(quasarBinary, "hub", "--listen", address, "--tls-cert", chain, "--tls-key", key))
	trusting := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+chain, "PYTHONPATH=../python")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return err.Error() + "\n" + string(out)
		}
		return string(out)
	}
	await := func(what string, done func() string) {
		t.Helper()
		var got string
		for start := time.Now(); time.Since(start) < patience; time.Sleep(50 * time.Millisecond) {
			if got = done(); strings.Contains(got, what) {
				return
			}
		}
		t.Fatalf("got %s, want %s in it\n%s", got, what, hub.errors())
	}
	await("ok", func() string { return trusting(quasarBinary, "health", "https://"+address) })
	if out := trusting(quasarBinary, "publish", "V75", "--hub", "wss://"+address, "--training-steps", "7"); strings.Contains(out, "exit status") {
		t.Error(out)
	}
	if out := trusting(python, "-c", publishInPython, "wss://"+address); strings.Contains(out, "exit status") {
		t.Error(out)
	}
	await(`"space_name":"PY"`, func() string { return trusting(quasarBinary, "watch", "--once", "--json", "--hub", "https://"+address) })
	stranger, err := exec.Command(quasarBinary, "health", "https://"+address).CombinedOutput()
	if err == nil || !bytes.Contains(stranger, []byte("--ca-file")) {
		t.Errorf("without it: got %v, %s", err, stranger)
	}
}
