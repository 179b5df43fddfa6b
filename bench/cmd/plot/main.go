// Command plot draws what hubbench wrote with --json as an SVG.
package main

import (
	"fmt"
	"os"

	"github.com/karlquant/quasar/bench/report"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: plot REPORT.json PLOT.svg")
		os.Exit(2)
	}
	if err := draw(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "plot: %v\n", err)
		os.Exit(1)
	}
}

func draw(from, to string) error {
	r, err := report.Read(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, r.SVG(), 0o644) //nolint:gosec // for everybody to read
}
