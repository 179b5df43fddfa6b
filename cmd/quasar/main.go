// Command quasar carries the live metrics of reinforcement-learning trainers to a
// hub, shows them, ranks them and trades what is worth following. `quasar help` says
// what it can do.
package main

import (
	"os"

	"github.com/karlquant/quasar/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
