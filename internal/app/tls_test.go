package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// issued is a certificate for this machine and its key, in files.
type issued struct {
	cert, key string
	serial    int64
}

// issue makes another certificate, in the place of the one before.
func (i *issued) issue(t *testing.T) {
	t.Helper()
	i.serial++
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := &x509.Certificate{
		SerialNumber: big.NewInt(i.serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, from, from, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{i.cert: {Type: "CERTIFICATE", Bytes: der}, i.key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func newIssued(t *testing.T) *issued {
	t.Helper()
	dir := t.TempDir()
	i := &issued{cert: filepath.Join(dir, "tls.crt"), key: filepath.Join(dir, "tls.key")}
	i.issue(t)
	return i
}

// serial is the number of the certificate that a server shows.
func serial(t *testing.T, addr string) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

var secureURL = regexp.MustCompile(`Page +https://(127\.0\.0\.1:\d+)/`)

// secureAddr waits until a server has said where it is.
func (b *background) secureAddr(t *testing.T) string {
	t.Helper()
	var found []string
	eventually(t, func() bool {
		found = secureURL.FindStringSubmatch(b.stderr.String())
		return found != nil
	}, b.stderr.String)
	return found[1]
}

// Everything that goes to a hub goes there over TLS.
func TestAHubOverTLS(t *testing.T) {
	i := newIssued(t)
	b := start(t, "hub", "--listen", "127.0.0.1:0", "--tls-cert", i.cert, "--tls-key", i.key)
	addr := b.secureAddr(t)
	wss, https := "wss://"+addr, "https://"+addr

	if got := quasarCommand(t, "", "publish", "V75", "--hub", wss, "--ca-file", i.cert, "--training-steps", "7"); got.code != exitOK {
		t.Fatalf("publish: got %+v", got)
	}
	if got := quasarCommand(t, "", "watch", "--once", "--json", "--hub", https, "--ca-file", i.cert); got.code != exitOK || !strings.Contains(got.stdout, `"training_steps":7`) {
		t.Errorf("watch --once: got %+v", got)
	}
	if got := quasarCommand(t, "", "health", https, "--ca-file", i.cert); got.code != exitOK || !strings.HasPrefix(got.stdout, "ok") {
		t.Errorf("health: got %+v", got)
	}
	watching := start(t, "watch", "--json", "--hub", wss, "--ca-file", i.cert)
	eventually(t, func() bool { return strings.Contains(watching.stdout.String(), `"training_steps":7`) }, watching.stderr.String)

	rank := start(t, "rank", "--hub", wss, "--ca-file", i.cert, "--listen", "127.0.0.1:0", "--tls-cert", i.cert, "--tls-key", i.key)
	if got := quasarCommand(t, "", "health", "https://"+rank.secureAddr(t), "--ca-file", i.cert); got.code != exitOK {
		t.Errorf("health of a ranker: got %+v", got)
	}
	metrics := body(t, i, https+"/metrics")
	expiry := regexp.MustCompile(`(?m)^quasar_hub_certificate_expiry_timestamp_seconds ([\d.e+]+)$`).FindStringSubmatch(metrics)
	if expiry == nil {
		t.Fatalf("the end of the certificate is not in\n%s", metrics)
	}
	var unix float64
	if _, err := fmt.Sscan(expiry[1], &unix); err != nil || time.Until(time.Unix(int64(unix), 0)).Round(time.Hour) != 24*time.Hour {
		t.Errorf("got the expiry %s, want in a day (%v)", expiry[1], err)
	}
}

// body asks a server that shows the certificate.
func body(t *testing.T, i *issued, address string) string {
	t.Helper()
	client, err := trustedBy(i.cert)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %s, %v", address, answer.Status, err)
	}
	return string(text)
}

// A new certificate is shown to whoever comes, without a restart; who is there
// stays. Half of one changes nothing.
func TestACertificateIsChangedWithoutARestart(t *testing.T) {
	i := newIssued(t)
	b := start(t, "hub", "--listen", "127.0.0.1:0", "--tls-cert", i.cert, "--tls-key", i.key)
	addr := b.secureAddr(t)
	watching := start(t, "watch", "--json", "--hub", "wss://"+addr, "--ca-file", i.cert)
	eventually(t, func() bool {
		var state struct {
			Subscribers []any `json:"subscribers"`
		}
		return json.Unmarshal([]byte(body(t, i, "https://"+addr+"/api/state")), &state) == nil && len(state.Subscribers) == 1
	}, watching.stderr.String)
	if got := serial(t, addr); got != 1 {
		t.Fatalf("got the certificate %d, want 1", got)
	}
	good, err := os.ReadFile(i.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(i.key, good[:50], 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(b.stderr.String(), "certificate is no good") }, b.stderr.String)
	if got := serial(t, addr); got != 1 {
		t.Errorf("got the certificate %d, want 1 as long as there is no other", got)
	}
	i.issue(t)
	eventually(t, func() bool { return serial(t, addr) == 2 }, b.stderr.String)
	if got := quasarCommand(t, "", "publish", "V75", "--hub", "wss://"+addr, "--ca-file", i.cert, "--training-steps", "9"); got.code != exitOK {
		t.Fatalf("publish: got %+v", got)
	}
	eventually(t, func() bool { return strings.Contains(watching.stdout.String(), `"training_steps":9`) }, watching.stderr.String)
	if text := watching.stderr.String(); text != "" {
		t.Errorf("who was there noticed: %s", text)
	}
	if strings.Contains(b.stderr.String(), strings.Split(string(good), "\n")[1]) {
		t.Error("the key is in the log")
	}
}

func TestTLSFlagsThatCannotBeAreAMisconfiguration(t *testing.T) {
	i := newIssued(t)
	other := newIssued(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a certificate alone":           {[]string{"hub", "--tls-cert", i.cert}, "got one of --tls-cert and --tls-key, want both or neither"},
		"a key alone":                   {[]string{"rank", "--tls-key", i.key}, "got one of --tls-cert and --tls-key, want both or neither"},
		"another's key":                 {[]string{"hub", "--tls-cert", i.cert, "--tls-key", other.key}, "tls-cert, tls-key: " + i.cert + " with " + other.key + ": tls: private key does not match public key"},
		"no file":                       {[]string{"rank", "--tls-cert", i.cert, "--tls-key", i.key + "x"}, "tls-cert, tls-key: open " + i.key + "x: no such file"},
		"authorities without any":       {[]string{"health", "--ca-file", i.key}, "ca-file: got no certificate in " + i.key},
		"authorities that are not":      {[]string{"watch", "--once", "--ca-file", i.key + "x"}, "ca-file: open " + i.key + "x: no such file"},
		"authorities of what publishes": {[]string{"publish", "V75", "--training-steps", "1", "--ca-file", i.key}, "ca-file: got no certificate in"},
	} {
		if c.args[0] == "hub" || c.args[0] == "rank" {
			c.args = append(c.args, "--listen", "127.0.0.1:0")
		}
		got := quasarCommand(t, "", c.args...)
		if got.code != exitConfiguration || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%s: got %+v, want %d and %s", name, got, exitConfiguration, c.want)
		}
	}
}

// Who comes with the wrong scheme, or does not believe the certificate, is told so.
func TestWhoComesWronglyIsTold(t *testing.T) {
	i, other := newIssued(t), newIssued(t)
	b := start(t, "hub", "--listen", "127.0.0.1:0", "--tls-cert", i.cert, "--tls-key", i.key)
	addr := b.secureAddr(t)
	plain := start(t, "hub", "--listen", "127.0.0.1:0").pages(t, 1)[0]
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"ws in place of wss":             {[]string{"publish", "V75", "--training-steps", "1", "--hub", "ws://" + addr}, "wss://"},
		"http in place of https":         {[]string{"health", "http://" + addr}, "https://"},
		"wss in place of ws":             {[]string{"publish", "V75", "--training-steps", "1", "--hub", strings.Replace(plain, "http", "wss", 1)}, "ws://"},
		"https in place of http":         {[]string{"health", strings.Replace(plain, "http", "https", 1)}, "http://"},
		"a certificate of nobody":        {[]string{"health", "https://" + addr}, "--ca-file"},
		"a certificate of somebody else": {[]string{"publish", "V75", "--training-steps", "1", "--hub", "wss://" + addr, "--ca-file", other.cert}, "--ca-file"},
	} {
		if c.args[0] == "publish" {
			c.args = append(c.args, "--timeout", "1s")
		}
		got := quasarCommand(t, "", c.args...)
		if got.code == exitOK || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%s: got %+v, want %s in it", name, got, c.want)
		}
	}
}
