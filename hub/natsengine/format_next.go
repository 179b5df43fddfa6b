//go:build nextformat

package natsengine

// newestFormat of the version to come: a hub built with this tag stands for it where
// e2e/cluster upgrades three hubs, one after the other, and goes back again.
const newestFormat = 2
