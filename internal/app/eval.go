package app

import "github.com/spf13/cobra"

func newEval() *cobra.Command {
	cmd := &cobra.Command{
		Use: "eval", GroupID: "use",
		Short: "Judge what learns: in worlds whose truth is known, and from what was recorded",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEvalBandit(), newEvalCheck(), newEvalOPE(), newEvalReplay())
	return cmd
}
