package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/axrvi"
)

func newModelReset() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset FILE.quasar",
		Short: "Set a checkpoint aside, so that the ranker starts anew",
		Long: `Reset gives a checkpoint and the one before it other names, with the time at
their ends: the next ranker starts anew. Nothing is deleted; to go back, give the
file its name again. It is refused while a ranker is running with it.`,
		Example: "  quasar model reset axrvi.quasar --yes",
		Args:    oneFile,
	}
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		path := args[0]
		if axrvi.HomePath(path) != path {
			return usage("reset: got %+q, want a checkpoint, NAME.quasar", path)
		}
		if !*yes {
			sure, err := confirm(cmd, fmt.Sprintf("Start anew without %s? It is kept under another name.", path))
			if err != nil || !sure {
				return err
			}
		}
		set, err := axrvi.Reset(path, time.Now())
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: there is no such checkpoint, and nothing to reset", path)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Set aside as %s; the next ranker starts anew.\n", strings.Join(set, " and "))
		return nil
	}
	return cmd
}

// confirm puts a question to the person at the terminal; without one it is a usage
// error.
func confirm(cmd *cobra.Command, question string) (bool, error) {
	in := cmd.InOrStdin()
	if w, ok := in.(io.Writer); !ok || !isTerminal(w) { // a terminal is a file, and those can be written to
		return false, usage("%s: nobody is here to ask: say --yes", cmd.Name())
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	line, err := bufio.NewReader(io.LimitReader(in, 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}
