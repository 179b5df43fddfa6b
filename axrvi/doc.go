// Package axrvi is the neural ranker: what it knows, how it is kept, and how a network
// that was trained elsewhere is taken over. It trades nothing and publishes nothing.
package axrvi
