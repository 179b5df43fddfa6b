// Package app is the quasar command: its subcommands, their configuration, and
// the wiring of the packages that do the work.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/internal/dial"
)

// Exit codes.
const (
	exitOK            = 0
	exitFailure       = 1
	exitUsage         = 2
	exitConfiguration = 3
	exitNoConnection  = 4
	exitInterrupted   = 130
)

// Main runs the command and returns its exit code. SIGINT and SIGTERM end it in
// good order; a second one that is not the same again ends it at once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		cancel(&signalError{<-signals})
		time.Sleep(sameSignal)
		signal.Stop(signals) // the next one is the system's
	}()
	return run(ctx, args, stdin, stdout, stderr)
}

// sameSignal is how long a signal may come again that was meant once: timeout(1) sends
// it to the command and then to its process group.
const sameSignal = 200 * time.Millisecond

// signalError is why a command was told to end.
type signalError struct{ signal os.Signal }

func (e *signalError) Error() string { return e.signal.String() }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	out := &output{to: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	addCompletion(root) // which keeps the output that there is now
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil && ctx.Err() == nil {
		err = out.failed()
	}
	code := exitCode(ctx, err)
	if err != nil && code == exitOK && !endless(cmd) {
		code = exitInterrupted // it was told to end and had not done what it is for
	}
	if err != nil && code != exitInterrupted && code != exitOK {
		tell(stderr, err)
		if code == exitUsage {
			fmt.Fprintf(stderr, "Try '%s --help'.\n", cmd.CommandPath())
		}
	}
	return code
}

// endless tells whether a command runs until it is told to end, which it then does well.
func endless(cmd *cobra.Command) bool {
	return cmd.GroupID == "serve" || slices.Contains([]string{"watch", "record", "publish", "deriv ticks"}, sectionOf(cmd))
}

// tell prints an error. It may repeat what a peer said, which must not steer a
// terminal and may be a token: of several lines each is made harmless.
func tell(w io.Writer, err error) {
	lines := strings.Split(strings.ReplaceAll(err.Error(), "\t", "  "), "\n") // cobra indents with tabs
	for i := range lines {
		lines[i] = string(redact([]byte(harmless(lines[i]))))
	}
	fmt.Fprintf(w, "quasar: %s\n", strings.Join(lines, "\n"))
}

func exitCode(ctx context.Context, err error) int {
	var interrupted *signalError
	if errors.As(context.Cause(ctx), &interrupted) {
		if interrupted.signal == os.Interrupt {
			return exitInterrupted
		}
		if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, interrupted) {
			return exitOK
		}
	}
	var coded *codedError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case ofCobra(err):
		return exitUsage
	}
	return exitFailure
}

// ofCobra tells whether an error is one of cobra's own about the command line, which
// has no type for them.
func ofCobra(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, `unknown command "`) || strings.HasPrefix(text, "if any flags in the group ")
}

// codedError is an error that says what the command's exit code has to be.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &codedError{exitUsage, fmt.Errorf(format, args...)}
}

func misconfigured(err error) error { return &codedError{exitConfiguration, err} }

func unreachable(err error) error {
	if errors.Is(err, dial.ErrUntrusted) {
		err = fmt.Errorf("%w; if it is the right one, name who vouches for it with --ca-file", err)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		err = fmt.Errorf("%w; nothing listens there: start it, or give another address", err)
	}
	return &codedError{exitNoConnection, err}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "quasar",
		Short: "Live metrics of reinforcement-learning trainers: carried, shown, ranked, and traded by",
		Long: `Quasar carries the live metrics of reinforcement-learning trainers ("asset
spaces", one per traded index) to a hub, keeps the newest of each, hands every
update on at once, ranks them, and trades by that if it is told to: on paper, on
a demo account or live. Data flows one way: spaces, hub, ranker, venue.

  quasar demo     everything at once, on this machine, to look at`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	root.SetVersionTemplate("quasar {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	addGlobalFlags(root)
	root.AddGroup(&cobra.Group{ID: "serve", Title: "Servers:"}, &cobra.Group{ID: "use", Title: "Tools:"})
	root.SetHelpCommand(newHelp())
	root.SetCompletionCommandGroupID("use")
	root.AddCommand(newDemo(), newHub(), newRank(), newSpace(), newSim(), newPublish(), newWatch(), newHealth(), newToken(), newEval(), newModel(), newJournal(), newReport(), newBacktest(), newTrade(), newDeriv(), newRecord(), newCalibrate(), newBench(), newCompare(), newVersion())
	return root
}
