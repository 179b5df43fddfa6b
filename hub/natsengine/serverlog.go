package natsengine

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// serverLog hands what the NATS server says to slog, save for the secret. Most of it
// is for debugging; what keeps hubs apart is for a person to know, once a minute.
type serverLog struct {
	log    *slog.Logger
	hidden *strings.Replacer
	told   seldom
}

func newServerLog(log *slog.Logger, secret string) *serverLog {
	hide := make([]string, 0, 4)
	if secret != "" {
		hide = append(hide, url.UserPassword("", secret).String()[1:], "[redacted]", secret, "[redacted]")
	}
	return &serverLog{log: log, hidden: strings.NewReplacer(hide...)}
}

func (l *serverLog) say(level slog.Level, format string, v []any) {
	text := l.hidden.Replace(fmt.Sprintf(format, v...))
	if peer, why, detail := refusal(text); why != "" && l.told.due(why, time.Now()) {
		l.log.Warn("a hub is kept outside", "peer", peer, "why", why, "says", detail)
		return
	}
	if ctx := context.Background(); l.log.Enabled(ctx, level) {
		l.log.Log(ctx, level, "nats server", "says", text)
	}
}

// refusal tells why a route was not made, where one side did not want it: "" for
// everything else. A line is "HOST:PORT - rid:1 - what happened".
func refusal(text string) (peer, why, detail string) {
	peer, rest, _ := strings.Cut(text, " - rid:")
	_, detail, ok := strings.Cut(rest, " - ")
	if !ok {
		return "", "", ""
	}
	switch {
	case strings.HasPrefix(detail, "TLS route handshake error: ") && !strings.HasSuffix(detail, ": EOF"): // that is who only looks whether we are here
		return peer, "the certificate, the authority, or one of the two does without TLS", detail
	case strings.HasSuffix(detail, ": Authentication Failure"), strings.HasSuffix(detail, ": Cluster Name Conflict"):
		return peer, "the cluster's secret is another one", detail
	}
	return "", "", ""
}

// noPlainPasswords is what the server says of the password that only it and the hub
// around it know.
const noPlainPasswords = "Plaintext passwords detected"

func (l *serverLog) Warnf(format string, v ...any) {
	level := slog.LevelWarn
	if strings.HasPrefix(format, noPlainPasswords) {
		level = slog.LevelDebug
	}
	l.say(level, format, v)
}

func (l *serverLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.say(slog.LevelDebug, format, v) }
func (l *serverLog) Fatalf(format string, v ...any)  { l.say(slog.LevelError, format, v) }
func (l *serverLog) Debugf(string, ...any)           {}
func (l *serverLog) Tracef(string, ...any)           {}
