package app

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"unicode"

	"github.com/spf13/cobra"
)

// newLogger returns the logger that the global flags ask for. People read
// standard error.
func newLogger(cmd *cobra.Command) (*slog.Logger, error) {
	name, _ := cmd.Flags().GetString("log-level")
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return nil, misconfigured(fmt.Errorf("log-level: got %q, want debug, info, warn or error", name))
	}
	format, _ := cmd.Flags().GetString("log-format")
	return logger(cmd.ErrOrStderr(), level, format)
}

func logger(w io.Writer, level slog.Level, format string) (*slog.Logger, error) {
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: inert}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return nil, misconfigured(fmt.Errorf("log-format: got %q, want text or json", format))
}

// inert makes what strangers wrote harmless for the terminal that shows a log:
// slog's JSON leaves U+009B and U+202E as they are.
func inert(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindAny {
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(err.Error())
		}
	}
	if a.Value.Kind() != slog.KindString {
		return a
	}
	for _, r := range a.Value.String() {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			return slog.String(a.Key, strconv.QuoteToASCII(a.Value.String()))
		}
	}
	return a
}
