package app

import "github.com/spf13/cobra"

func newModel() *cobra.Command {
	cmd := &cobra.Command{
		Use: "model", GroupID: "use",
		Short: "Look at, import, export and reset the ranker's model",
		Long: `A ranker keeps what it learned in a checkpoint, NAME.quasar: its network, what
it knows of the assets, and the state of everything that goes on from there. The
checkpoint before it is NAME.quasar.1.

PyTorch's files (.pt) and safetensors files are read, and never written to. Nothing
in them is run: a file that holds code is refused.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newModelInspect(), newModelImport(), newModelExport(), newModelReset())
	return cmd
}

// oneFile are the arguments of a command that works on one file.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s: got %d files, want one", cmd.Name(), len(args))
	}
	return nil
}
