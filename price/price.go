// Package price knows the synthetic indices that asset spaces train on, and
// makes ticks that look like theirs from a seed.
//
// The indices come from a random number generator and not from a market, so
// their public description is enough to imitate them: how often they tick, how
// volatile they are, how often they crash. What is not public is assumed and
// says so at its field. No process here has an edge in it: each is a
// martingale, so that no forecast of its direction earns anything on average.
// A strategy that wins against these ticks has been lucky, or looks ahead.
//
// The package imports nothing of ours, starts nothing and reads no clock.
package price
