// Package trade turns decisions into contracts, and accounts for each of them.
//
// An order is an intent that is durable before its buy leaves the process. The buy is
// sent once and never again: the venue knows no order id of ours, so that a second
// frame may be a second contract. A buy without an answer is Unknown, which is a
// state and no error; nothing more is bought on the account until the venue's own
// record has told what became of it. What happened is a list of entries in a Journal,
// and everything else is worked out from them: a Ledger is what they add up to.
//
// All times are those of the broker's clock, so that a fast simulator is a fast world
// and no skewed one. The package knows no venue; a Broker is one, or pretends to be.
package trade
