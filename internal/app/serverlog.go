package app

import (
	"bytes"
	"log"
	"log/slog"

	"github.com/karlquant/quasar/internal/loglimit"
)

// serverLog hands on what net/http has to say of connections and handlers: one
// kind of lines, of which strangers cause as many as they like.
func serverLog(to *slog.Logger) *log.Logger {
	return log.New(complaints{slog.New(loglimit.New(to.Handler()))}, "", 0)
}

type complaints struct{ log *slog.Logger }

func (c complaints) Write(text []byte) (int, error) {
	c.log.Warn("http server", "problem", string(bytes.TrimSpace(text)))
	return len(text), nil
}
