// Package report says what a record of trades proves, which is mostly nothing: how
// many were won, at what cost, and whether a coin would have done as well.
//
// It is pure: the same orders and options make the same report, and it reads no clock
// and no file. Two accounts are never one number: make a report of each. What
// is not known is nil, and what is not settled is counted apart, as neither won nor
// lost.
//
// An edge is claimed if the lower end of an interval that holds at every look at once,
// for all rows of the report together, is above 0; see Expectancy. The chance that a
// record without an edge ever claims one, in any of the rows that it has or that
// Options.Tried says, is below 5 %.
package report
