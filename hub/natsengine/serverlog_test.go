package natsengine

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/internal/logtest"
)

func TestWhatKeepsHubsApartIsToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logtest.Log
		l := newServerLog(slog.New(slog.NewTextHandler(&log, nil)), "of a kind")
		everySecond := []string{
			`10.0.0.2:7862 - rid:3 - TLS route handshake error: tls: failed to verify certificate: x509: certificate signed by unknown authority`,
			`10.0.0.3:41000 - rid:4 - TLS route handshake error: EOF`,
			`10.0.0.2:7862 - rid:5 - Router connection closed: Cluster Name Conflict`,
			`10.0.0.2:41001 - rid:6 - Router connection closed: Authentication Failure`,
			`10.0.0.2:41001 - rid:6 - Router connection closed: Duplicate Route`,
			`Cluster name is of a kind`, ``, ` - rid:`, `x - rid:1 - `,
		}
		for range 150 {
			for _, line := range everySecond {
				l.Errorf("%s", line)
			}
			time.Sleep(time.Second)
		}
		l.Warnf("Plaintext passwords detected, use nkeys or bcrypt")
		l.Warnf("the disk of a kind")
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 3*2+1 || strings.Count(log.String(), "the certificate") != 3 || strings.Count(log.String(), "secret is another one") != 3 {
			t.Errorf("got %d lines, want those of each reason in each minute begun, and one more:\n%s", len(lines), &log)
		}
		if want := `level=WARN msg="nats server" says="the disk [redacted]"`; !strings.HasSuffix(lines[len(lines)-1], want) {
			t.Errorf("got %s, want %s", lines[len(lines)-1], want)
		}
		if want := `msg="a hub is kept outside" peer=10.0.0.2:7862 why="the certificate`; !strings.Contains(lines[0], want) {
			t.Errorf("got %s, want %s", lines[0], want)
		}
	})
}
