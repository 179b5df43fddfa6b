package arch

// table is who may import whom, one line for each package: what stands left of
// the arrow may be imported by what stands right of it. What the go files of a
// package import and its line does not have is a broken arrow.
const table = `
# The model, the frames, and the hops of the data.
nothing                                                 ← quasar
quasar                                                  ← internal/wire
quasar, internal/build                                  ← internal/dial
nothing                                                 ← internal/build | internal/dial/dialtest | internal/logtest | internal/problem | internal/loglimit | internal/nowait | internal/watch | internal/certificate | internal/disk
internal/nowait                                         ← internal/fanout
quasar, internal/problem                                ← internal/guard | internal/page | internal/rest
internal/guard, internal/problem                        ← internal/gate
internal/guard                                          ← internal/credential
quasar, internal/wire, internal/dial                    ← publisher | subscriber
quasar, internal/wire, internal/guard, internal/credential, internal/problem, internal/page, internal/rest, internal/fanout, internal/loglimit, internal/nowait, internal/watch ← hub
quasar, internal/wire, internal/guard, internal/problem, internal/page, internal/rest, internal/disk, hub ← hub/*

# The ranking side.
quasar                                                  ← rank
nothing                                                 ← internal/learn | internal/safetensors | internal/torchfile
internal/learn, internal/disk                           ← bandit
quasar, rank, bandit, internal/learn, internal/disk, internal/safetensors, internal/torchfile ← axrvi
bandit, axrvi, internal/learn                           ← internal/eval
nothing                                                 ← internal/failpoint
quasar, rank, bandit, internal/failpoint                ← trade
quasar, rank, bandit, trade, internal/disk, internal/failpoint ← trade/*
trade, trade/paper, price, price/house, internal/recording ← trade/replay
deriv, trade, trade/paper                               ← internal/venue
quasar, rank, axrvi, bandit, trade, trade/*, subscriber, internal/guard, internal/credential, internal/problem, internal/page, internal/rest ← ranker

# The venue and its simulator, and what trains.
nothing                                                 ← deriv/schema | price
nothing                                                 ← deriv
price                                                   ← price/house | price/tape | price/calibration
deriv, deriv/schema, price, price/house                 ← deriv/derivsim
quasar, publisher, price                                ← space

# What is embedded, and the house itself.
nothing                                                 ← web | python | spec
nothing                                                 ← internal/arch | internal/testsum | internal/release | internal/recording
quasar, internal/wire                                   ← internal/bench

# The programs. Examples show what a stranger can write: nothing internal.
quasar, price, space, ranker, trade, trade/paper, trade/replay ← internal/backtest
everything                                              ← internal/app
internal/app                                            ← cmd/quasar
quasar, publisher, subscriber, hub, hub/*, rank, axrvi, bandit, trade, trade/*, ranker, deriv, deriv/derivsim, price, space ← examples/*
quasar, publisher                                       ← e2e/trainer
quasar, internal/wire                                   ← e2e/soak
deriv                                                   ← e2e/simday
deriv, deriv/derivsim, trade, trade/journal, internal/venue, internal/failpoint ← e2e/chaos
quasar, internal/wire                                   ← e2e/cluster
`

// testTable is what files that end in _test.go may import on top of that.
const testTable = `
publisher, subscriber, hub/*, web, python, spec, internal/logtest ← hub/*
publisher, subscriber, hub/*, web, python, spec, price, internal/logtest ← hub
subscriber, hub, hub/*, internal/dial/dialtest, internal/logtest, spec ← publisher
internal/logtest                                        ← internal/certificate
internal/dial/dialtest, spec                            ← subscriber
internal/wire, internal/dial/dialtest, spec             ← ranker
trade/report                                            ← internal/backtest
spec                                                    ← internal/wire
internal/dial/dialtest                                  ← internal/dial
hub, hub/*, subscriber, internal/wire                   ← space
hub, hub/*, subscriber                                  ← python
deriv/schema, deriv/derivsim, price, internal/dial/dialtest ← deriv | deriv/derivsim
trade/*, internal/logtest                               ← trade
trade/*, internal/venue, deriv, deriv/derivsim, price, internal/logtest ← internal/venue | trade/*
price                                                   ← rank | axrvi | bandit
everything                                              ← internal/app | cmd/quasar | e2e
`

// nevers hold whatever the table says, over any number of packages and in tests.
var nevers = []never{
	{
		who:  []string{"rank", "axrvi", "bandit", "trade", "trade/*", "ranker", "subscriber"},
		what: []string{"publisher", "hub", "hub/*"},
		why:  "the ranking side has no way back to a space",
	},
	{
		who:  []string{"hub", "hub/*"},
		what: []string{"rank", "axrvi", "bandit", "trade", "trade/*", "ranker", "deriv", "deriv/*"},
		why:  "the hub ranks by the model's formula and trades nothing",
	},
	{
		who:  []string{"publisher"},
		what: []string{"rank", "axrvi", "bandit", "trade", "trade/*", "ranker", "deriv", "deriv/*"},
		why:  "who trains knows nothing of who trades",
	},
}

// wireFrames are the frames that only the hub sends: whoever writes their names
// makes or reads frames. The key "type" itself says nothing, for problem details
// and schemas have it too.
var wireFrames = frames{owner: "internal/wire", also: "internal/arch", names: []string{"initial_state", "metrics_update"}}

// House returns the law of this module.
func House() (*Law, error) { return parseLaw(table, testTable, nevers, wireFrames) }
