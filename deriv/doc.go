// Package deriv is a client of the Deriv API: the public socket, the demo and
// real trading sockets, and the few REST calls that lead to them. It speaks the
// new API (api.derivws.com/trading/v1/options) and not the retired v3.
//
// It is not a trader. It never sends a buy or a sell twice, keeps no journal and
// decides nothing: what became of a buy that got no answer is for the caller to
// find out, from the venue's own record.
//
// Money and prices are fixed-point numbers. They leave as bare JSON numbers and
// are taken as numbers, decimal strings or null, because the venue sends all
// three. Unknown fields pass, fields of a wrong type fail.
package deriv
