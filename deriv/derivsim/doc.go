// Package derivsim is a local Deriv: the paths, envelopes, field types, error
// codes, limits and faults of the venue that package deriv is a client of, with
// prices of package price and a clock that may run faster than ours.
//
// It is a simulator made from public statements, and it is not Deriv. What is
// not public is assumed, and docs/simulator.md says so. It holds no money and
// asks nobody: it accepts any token, and reaches no network.
//
// A Sim is an http.Handler. It works in memory and in a bubble of testing/synctest
// as well as on a socket: the only clock that it reads is time.Now.
package derivsim
