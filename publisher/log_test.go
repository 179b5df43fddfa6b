package publisher_test

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/karlquant/quasar/internal/logtest"
)

// logBook is a log that can be read while it is written.
type logBook struct{ logtest.Log }

func (l *logBook) count(text string) int { return strings.Count(l.String(), text) }

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// refuse answers a handshake with a problem.
func refuse(status int, problem string) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(problem))
		return true
	}
}
