package app

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/karlquant/quasar/trade"
)

func newTradeTighten() *cobra.Command {
	var at accountFlags
	var risk riskFlags
	cmd := &cobra.Command{
		Use:   "tighten --LIMIT VALUE...",
		Short: "Make limits tighter while the trader runs",
		Long: `Tighten tells a running trader limits that are tighter than those in force; those
that are not said stay as they are. Looser ones are refused: they want a restart.
What is in force then is in the journal, and holds until the process ends: the next
takes the limits of its own flags.`,
		Example: "  quasar trade tighten --max-stake 0.50 --daily-loss 5 --account demo --note \"bad day\"",
		Args:    exactly("flags alone", 0),
	}
	at.add(cmd)
	addRiskFlags(cmd, &risk)
	note := cmd.Flags().String("note", "", "why, for the journal")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		mode, err := at.mode()
		if err != nil {
			return err
		}
		limits, err := risk.read()
		if err != nil {
			return err
		}
		if len(*note) > maxNoteFile {
			return usage("--note: got %d bytes, want at most %d", len(*note), maxNoteFile)
		}
		order := &tightenOrder{Note: *note}
		if order.Limits, err = saidLimits(cmd.Flags(), limits); err != nil {
			return err
		}
		if len(order.Limits) == 0 {
			return usage("tighten: got no limit, want one or more, such as --max-stake 0.50")
		}
		text, err := order.text()
		if err != nil {
			return err
		}
		return at.command(cmd, mode, "tighten", text)
	}
	return cmd
}

// saidLimits are the limits whose flags were set, by their names in the journal: that of
// --max-stake is max_stake.
func saidLimits(flags *pflag.FlagSet, limits *trade.Limits) (map[string]jsontext.Value, error) {
	text, err := json.Marshal(limits, trade.JSONOptions)
	if err != nil {
		return nil, err
	}
	var all map[string]jsontext.Value
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	for name := range all {
		if !flags.Changed(strings.ReplaceAll(name, "_", "-")) {
			delete(all, name)
		}
	}
	return all, nil
}
