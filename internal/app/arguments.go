package app

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArgs refuses words behind a command that takes none, or no other than the names
// of its subcommands.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if len(names) == 0 {
		return usage("%s: got the argument %q, want flags only", cmd.Name(), args[0])
	}
	return usage("unknown command %q for %q, want one of %s", args[0], cmd.CommandPath(), strings.Join(names, ", "))
}

// exactly refuses any other number of arguments; what names them to a person.
func exactly(what string, n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s: got %d arguments, want %s", sectionOf(cmd), len(args), what)
		}
		return nil
	}
}

// flagError says of a flag that cannot be read what is wanted, in words of a person
// and not of a parser.
func flagError(_ *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && wanted[invalid.GetFlag().Value.Type()] != "" {
		return usage("--%s: %w", invalid.GetFlag().Name, flagReason(err))
	}
	return usage("%w", err)
}

// flagReason says why a value is none of its flag's, whoever gave it.
func flagReason(err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		if want := wanted[invalid.GetFlag().Value.Type()]; want != "" {
			return fmt.Errorf("got %q, want %s", invalid.GetValue(), want)
		}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// wanted is what a flag of each type takes.
var wanted = map[string]string{
	"bool":     "true or false",
	"duration": "a time with its unit, such as 30s, 5m or 1h30m",
	"float64":  "a number",
	"int":      "a whole number",
	"int64":    "a whole number",
	"uint":     "a whole number, 0 or more",
	"uint64":   "a whole number, 0 or more",
}

// hubAddress is a flag with the address of a hub. HOST:PORT is short for
// ws://HOST:PORT; what is none of these is refused by whoever connects.
type hubAddress string

func (a *hubAddress) String() string { return string(*a) }
func (a *hubAddress) Type() string   { return "string" }

func (a *hubAddress) Set(value string) error {
	if _, _, err := net.SplitHostPort(value); err == nil && !strings.Contains(value, "/") {
		value = "ws://" + value
	}
	*a = hubAddress(value)
	return nil
}

// hubAddressFlag adds a flag for the address of a hub.
func hubAddressFlag(flags *pflag.FlagSet, to *string, name, value, what string) {
	*to = value
	flags.Var((*hubAddress)(to), name, fmt.Sprintf("%s: ws://, wss://, http:// or https://, or HOST:PORT", what))
}
