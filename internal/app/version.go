package app

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/internal/build"
)

func version() string { return build.Version() }

type versionAnswer struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersion() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", GroupID: "use",
		Short: "Print which version this is",
		Args:  noArgs,
	}
	asJSON := cmd.Flags().Bool("json", false, "print an object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		v := versionAnswer{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), v)
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "quasar %s (%s, %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
		return err
	}
	return cmd
}
