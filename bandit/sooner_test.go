package bandit_test

import "os"

// sooner is how often chance is tried: seldom, or often if QUASAR_LONG says so. What
// is held is the same, but for what few repeats cannot tell.
func sooner(few, many int) int {
	if os.Getenv("QUASAR_LONG") != "" {
		return many
	}
	return few
}
