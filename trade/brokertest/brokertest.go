// Package brokertest holds what every trade.Broker promises. A test of a broker calls
// Run.
package brokertest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/trade"
)

// Bench is a broker that no Run was called on, and the hands that move its world.
// What a world does not have is nil, and what needs it is not tested.
type Bench struct {
	Broker trade.Broker
	// Asset is a space whose index has Rise and Fall, Multiplies one that has
	// multipliers. Both tick at least every two seconds.
	Asset, Multiplies string
	// Pass lets so much of the world's time pass.
	Pass func(d time.Duration)
	// Refuse has the venue refuse the next buy.
	Refuse func()
	// Foreign has another app buy a contract.
	Foreign func()
	// Cut ends all connections; new ones can be made within a minute.
	Cut func()
	// Mute has the venue execute the next buy and not answer.
	Mute func()
	// Again makes another broker of the same account, as the next process would. The
	// first is not used any more.
	Again func() trade.Broker
}

// Open makes a bench. It runs in a bubble of testing/synctest, and what it starts has
// to end with the test.
type Open func(t *testing.T) *Bench

// Run tests the promises of the brokers that open makes.
func Run(t *testing.T, open Open) {
	for _, test := range promises {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test.run(t, open(t)) })
		})
	}
}

// promises are sentences, each with its test.
var promises = []struct {
	name string
	run  func(t *testing.T, b *Bench)
}{
	{"an account says whose money it is", accountIsNamed},
	{"a name that means nothing is not traded", unknownNamesAreNotTraded},
	{"ticks come of what was asked for, by the broker's clock", ticksCome},
	{"a quote is of the terms, and of now", quotesAreOfTheTerms},
	{"a Rise is bought, told, settled and recorded to the cent", riseLives},
	{"a Fall that lasts seconds ends at its time", fallExpires},
	{"a contract that multiplies is sold", multiplierIsSold},
	{"a stop loss ends a contract that multiplies", multiplierStops},
	{"a refused buy leaves nothing", refusedLeavesNothing},
	{"a quote is good once", quotesAreGoodOnce},
	{"a quote of nobody buys nothing", strangeQuotesBuyNothing},
	{"a buy that was given up before it left buys nothing", givenUpBuysNothing},
	{"many contracts add up", manyAddUp},
	{"a record is of the time since", recordsAreSince},
	{"nobody has an unknown contract", unknownContractsAreNot},
	{"a foreign contract is on record, and not ours", foreignIsShown},
	{"a connection that ends is told, and so is the next", connectionsAreTold},
	{"a quote ends with its connection", quotesEndWithTheirConnection},
	{"a buy without an answer is on record and can be told apart", silentBuysAreOnRecord},
	{"what one process bought the next is told of", nextProcessIsTold},
	{"many may ask at once", manyAsk},
}
