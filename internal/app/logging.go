package app

import (
	"fmt"
	"io"
	"log/slog"

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

// logger returns a logger whose lines are safe to show and hold no token, whoever
// wrote what is in them.
func logger(w io.Writer, level slog.Level, format string) (*slog.Logger, error) {
	opts := &slog.HandlerOptions{Level: level}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(inertWriter{w}, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(inertWriter{w}, opts)), nil
	}
	return nil, misconfigured(fmt.Errorf("log-format: got %q, want text or json", format))
}
