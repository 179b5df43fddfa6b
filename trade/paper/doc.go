// Package paper makes an account of a market: real quotes and real ticks in, fills of
// its own out. Nothing is sent to anybody, and no money is there to lose.
//
// Its fills are not better than a venue's would be. A buy takes a while to arrive,
// some are refused, and a contract begins with the first tick after its arrival. A
// price that leaps goes through a stop loss.
//
// What happened to the account is in the trader's journal and nowhere else: Restore
// takes it from there. The same calls and ticks make the same account each time.
package paper
