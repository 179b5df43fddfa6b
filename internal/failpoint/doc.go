// Package failpoint names the places at which a process may die, so that a test can
// kill it there. Without the build tag failpoint Hit is empty and costs nothing.
package failpoint

// Env names the place at which the process kills itself, and at which visit:
// "sent:2" is the second visit of "sent".
const Env = "QUASAR_FAILPOINT"
