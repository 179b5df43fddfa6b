package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

func newTrade() *cobra.Command {
	cmd := &cobra.Command{
		Use: "trade", GroupID: "use",
		Short: "Halt, resume or flatten a trader, tighten its limits, resolve an order, and see how it stands",
		Long: `These commands speak to a trader (quasar rank --trade) on this machine by way of its
data directory: who may write there may command it. A halt is on record before it
counts as done, outlives the process, and ends only when a person resumes; one that
is asked for while no trader runs is obeyed by the next.

From elsewhere: POST /trade/halt, /trade/resume, /trade/flatten, /trade/resolve and
/trade/limits of the ranker, with its admin token. SIGUSR1 halts too.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newTradeOrder("halt", "Stop all buying until a person resumes; contracts that are open run on"),
		newTradeOrder("resume", "End a halt, after a look at what it was for"),
		newTradeOrder("flatten", "Halt, and sell what can be sold"),
		newTradeResolve(),
		newTradeTighten(),
		newTradeStatus(),
	)
	return cmd
}

// accountFlags say which trader.
type accountFlags struct{ dataDir, account string }

func (a *accountFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.dataDir, "data-dir", defaultDataDir, "the directory that the trader keeps its journals in")
	alsoEnv(cmd, "data-dir")
	cmd.Flags().StringVar(&a.account, "account", string(trade.Paper), "which account: paper, demo or live")
}

func (a *accountFlags) mode() (trade.Mode, error) {
	if mode := trade.Mode(a.account); slices.Contains(trade.Modes, mode) {
		return mode, nil
	}
	return "", usage("--account: got %q, want paper, demo or live", a.account)
}

// obeyWithin is how long an order waits for a trader, answeredWithin how long that may
// take, which may have to ask the venue.
const (
	obeyWithin     = 10 * time.Second
	answeredWithin = 90 * time.Second
)

func newTradeOrder(order, short string) *cobra.Command {
	var at accountFlags
	cmd := &cobra.Command{Use: order, Short: short, Args: exactly("none", 0), Example: "  quasar trade " + order + " --account demo"}
	at.add(cmd)
	note := cmd.Flags().String("note", "", "why, for the journal")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		mode, err := at.mode()
		if err != nil {
			return err
		}
		if len(*note) > maxNoteFile {
			return usage("--note: got %d bytes, want at most %d", len(*note), maxNoteFile)
		}
		return at.command(cmd, mode, order, *note)
	}
	return cmd
}

// command writes an order, and waits for what comes of it.
func (a *accountFlags) command(cmd *cobra.Command, mode trade.Mode, order, text string) error {
	if err := os.MkdirAll(a.dataDir, 0o700); err != nil {
		return misconfigured(err)
	}
	if err := writeOrder(a.dataDir, mode, order, text); err != nil {
		return misconfigured(err)
	}
	return a.obeyed(cmd, mode, order)
}

// obeyed waits until a trader has taken an order away, and says how it stands then.
func (a *accountFlags) obeyed(cmd *cobra.Command, mode trade.Mode, order string) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), obeyWithin)
	defer cancel()
	file := orderFile(a.dataDir, mode, order)
	for ctx.Err() == nil {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return a.answered(cmd, mode, order)
		}
		pauseFor(ctx, obeyEvery/2)
	}
	if order == "halt" {
		if err := cmd.Context().Err(); err != nil {
			return err // it stays for the next one
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "no %s trader took it within %v: the next one that starts in %s is halted before it buys\n", mode, obeyWithin, a.dataDir)
		return nil
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("%s: a trader took it at the last moment: see its log, and quasar trade status --account %s", order, mode)
	}
	if cmd.Context().Err() != nil {
		return fmt.Errorf("%s: interrupted before a %s trader took it: nothing was done", order, mode)
	}
	return fmt.Errorf("no %s trader is running in %s: nothing was done", mode, a.dataDir)
}

// answered waits until a trader that has taken an order says what came of it.
func (a *accountFlags) answered(cmd *cobra.Command, mode trade.Mode, order string) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), answeredWithin)
	defer cancel()
	for ctx.Err() == nil {
		switch why, answered := takeAnswer(a.dataDir, mode, order); {
		case answered && why != "":
			return fmt.Errorf("%s: not done: %s", order, why)
		case answered:
			return a.status(cmd, mode)
		}
		pauseFor(ctx, obeyEvery/2)
	}
	return fmt.Errorf("%s: the trader took it and did not say within %v what came of it: see its log, and quasar trade status --account %s", order, answeredWithin, mode)
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func newTradeStatus() *cobra.Command {
	var at accountFlags
	cmd := &cobra.Command{Use: "status", Short: "Say whether it is halted, what is open, and what the balance should be", Args: exactly("none", 0)}
	at.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		mode, err := at.mode()
		if err != nil {
			return err
		}
		return at.status(cmd, mode)
	}
	return cmd
}

// status says what the journal says.
func (a *accountFlags) status(cmd *cobra.Command, mode trade.Mode) error {
	ledger, err := a.ledger(cmd, mode)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if mode == trade.Live {
		fmt.Fprintln(out, liveBanner)
	}
	state := "not halted"
	if h := ledger.Halt; h != nil {
		state = harmless(fmt.Sprintf("HALTED since %s by %s: %s %s", ledger.HaltedAt.UTC().Format(time.DateTime), h.By, h.Reason, h.Detail))
	}
	fmt.Fprintf(out, "%s\n%s\n%d open, %s %s\n", ledger.Account, state, len(ledger.Live()), ledger.Balance(), ledger.Account.Currency)
	if o := ledger.Unresolved(); o != nil {
		fmt.Fprintln(out, "unresolved: "+describeOrder(o))
	}
	return nil
}

// ledger is what the journal of an account adds up to.
func (a *accountFlags) ledger(cmd *cobra.Command, mode trade.Mode) (*trade.Ledger, error) {
	view, err := journal.OpenView(a.dataDir, mode)
	if err != nil {
		return nil, err
	}
	defer func() { _ = view.Close() }() // it was only read
	ledger := trade.NewLedger()
	for e, err := range view.Entries(cmd.Context()) {
		if err == nil {
			err = ledger.Apply(e)
		}
		if err != nil {
			return nil, err
		}
	}
	return ledger, nil
}

// describeOrder says of an order what a person needs to find its contract.
func describeOrder(o *trade.Order) string {
	text := fmt.Sprintf("%s, %s, %s %s for at most %s", o.ID(), o.State, o.Kind(), o.Symbol(), o.Price())
	if !o.Sent.IsZero() {
		text += ", sent " + o.Sent.UTC().Format(time.DateTime) + " UTC"
	}
	return harmless(text)
}
