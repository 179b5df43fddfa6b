// Package backtest plays the past, or a simulated market, through all that trades on
// paper: the ranker with its policy, the trader with its limits, and the paper account.
// It is the code of `quasar rank --trade paper`; only the clock is that of the records.
//
// Nothing here reads a clock or chance of its own: the same records, options and seed
// make the same journal, byte for byte. What happens at a moment follows from the records
// up to it, and from none behind it.
package backtest
