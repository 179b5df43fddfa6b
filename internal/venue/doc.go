// Package venue makes a trade.Broker of an account at Deriv, or at a simulator of it.
package venue
