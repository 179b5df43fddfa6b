// Package space is the reference asset space: a small ensemble that really
// learns from the ticks of one index, and publishes what it really measures.
//
// # What it does with a tick
//
// A handful of actor-critic agents, each with a seed and a horizon of its own,
// look at the recent returns and bet BUY or SELL or abstain. When an agent's
// horizon has passed its bet has paid or cost something, and both of its
// networks take one step of gradient descent. Their bets are the votes; the
// side with more of them is the signal, and a tie is NEUTRAL. A further network,
// the validation network or AVN, sees the same tick and the votes and says
// whether the majority will turn out right. When the vote has resolved it
// learns from that.
//
// # What the published numbers mean
//
//   - training_steps: gradient steps taken, by all networks of the space together,
//     an agent's actor and critic counting as one.
//   - actor_loss, critic_loss, avn_loss: means of the losses those steps descended,
//     over about the last hundred of each.
//   - avn_accuracy: of the last 1,000 votes that have resolved (all, if there were
//     fewer), the share that the AVN judged rightly. A vote is resolved when the
//     ensemble's horizon has passed; it was right if the price is then strictly on
//     the side voted for; a price that did not move makes it wrong, as it makes a
//     contract lose. The AVN judged rightly if at the time of the vote it gave
//     "right" a probability of one half or more and the vote was right, or less
//     and it was wrong. A tie among the agents is no vote. Until 20 votes have
//     resolved it is unknown.
//   - buy_count, sell_count, dominant_signal: the votes cast at last_price, which
//     is the newest tick. Unknown until there are enough ticks to look at.
//   - signal_source: "ensemble".
//
// What is unknown is published as such, so that a space that starts again does
// not inherit the numbers of its former self.
//
// # What to expect
//
// The ticks come from a random number generator. The next one's direction cannot
// be known, and so an honest avn_accuracy of the volatility, jump and step
// indices is about 0.5 for ever, with a standard error of up to 0.035: 1,000
// votes with overlapping horizons of 5 ticks are worth 200. (A price that ends
// where it was makes every vote wrong, which lifts the figure by a trifle.) On the
// crash and boom indices it is far higher and means as little: most ticks of Crash
// 500 go up, so that nearly every vote to buy is right, and the few falls take
// back what the many rises gave. Judge an accuracy by its base rate, which Record
// gives: that of somebody who only knows how often each side is right.
//
// That the ensemble can learn where there is something to learn is what the
// tests show, on a series that is predictable by design.
//
// The data goes one way: a space gives to its Sink and gets nothing back.
package space
