package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/axrvi"
	"github.com/karlquant/quasar/internal/disk"
)

func newModelImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE -o NAME.quasar",
		Short: "Make a checkpoint from the network of a PyTorch or safetensors file",
		Long: `Import takes the network of a file over into a new checkpoint and says what became
of each tensor. The network has to be the ranker's: fully connected layers of its
sizes, with ReLU between them, whose inputs are the features of docs/features.md
in their order. The file is not changed.

'quasar rank --model FILE.pt' does the same by itself.`,
		Example: "  quasar model import axrvi.pt -o axrvi.quasar",
		Args:    oneFile,
	}
	out := outFlag(cmd, "the checkpoint to make, NAME.quasar")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if axrvi.HomePath(*out) != *out || filepath.Base(*out) == ".quasar" {
			return usage("import: output: got %+q, want NAME.quasar", *out)
		}
		imported, err := axrvi.ImportFile(args[0], axrvi.DefaultSizes())
		if err != nil {
			return err
		}
		data, err := imported.Checkpoint(time.Now()).Encode()
		if err != nil {
			return err
		}
		if err := writeNew(*out, data); err != nil {
			return err
		}
		for _, note := range imported.Notes {
			fmt.Fprintln(cmd.ErrOrStderr(), note)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Made %s: quasar rank --model %s\n", *out, *out)
		return nil
	}
	return cmd
}

func newModelExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export FILE.quasar -o NAME.safetensors",
		Short: "Write the network of a checkpoint for PyTorch",
		Long: `Export writes the network of a checkpoint as a safetensors file, in float32, by the
names that it has in a torch.nn.Sequential of Linear and ReLU in turn:

  net.load_state_dict(safetensors.torch.load_file("NAME.safetensors"))`,
		Example: "  quasar model export axrvi.quasar -o axrvi.safetensors",
		Args:    oneFile,
	}
	out := outFlag(cmd, "the file to write, NAME.safetensors")
	prefix := cmd.Flags().String("prefix", "", `what stands before each name, such as "net." for a module that has the Sequential as net`)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if filepath.Ext(*out) != ".safetensors" {
			return usage("export: output: got %+q, want NAME.safetensors", *out)
		}
		c, err := axrvi.ReadCheckpoint(args[0])
		if err != nil {
			return err
		}
		data, err := c.ExportNet(*prefix)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		if err := writeNew(*out, data); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Wrote %s\n", *out)
		return nil
	}
	return cmd
}

func outFlag(cmd *cobra.Command, what string) *string {
	return cmd.Flags().StringP("output", "o", "", what)
}

// writeNew writes a file that is not there yet.
func writeNew(path string, data []byte) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: it is there already: choose another name, or move it away", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.Replace(path, data, "")
}
