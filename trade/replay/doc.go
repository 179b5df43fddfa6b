// Package replay is a market of the past: ticks that were recorded, or made by package
// price, play at whatever speed they are read, with a clock of their own. Its quotes
// follow from a table of payouts or from package price/house, for nobody recorded them.
//
// It starts nothing and reads no clock and no chance. The same records make the same
// market each time.
package replay
