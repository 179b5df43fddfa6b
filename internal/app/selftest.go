package app

import (
	"context"
	"fmt"
	"io"
	"time"
)

// check is one component check: it says what is wrong, or nil.
type check struct {
	name string
	run  func(context.Context) error
}

// selfTest runs checks and prints a table of them. It is an error if one failed.
func selfTest(ctx context.Context, out io.Writer, checks []check) error {
	failed := 0
	rows := make([][]string, len(checks))
	for i, c := range checks {
		start := time.Now()
		result := "ok"
		if err := c.try(ctx); err != nil {
			failed++
			result = "FAILED: " + err.Error()
		}
		rows[i] = []string{c.name, time.Since(start).Round(time.Microsecond).String(), result}
	}
	fmt.Fprint(out, renderTable([]column{{"CHECK", false}, {"TIME", true}, {"RESULT", false}}, rows))
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(checks))
	}
	return nil
}

// try runs a check. A component that panics keeps the others from nothing.
func (c *check) try(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return c.run(ctx)
}
