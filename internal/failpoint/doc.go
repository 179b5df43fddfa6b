// Package failpoint names the places at which a process may die, so that a test can
// kill it there. Without the build tag failpoint Hit is empty and costs nothing.
package failpoint
