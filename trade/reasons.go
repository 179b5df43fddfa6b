package trade

// Reason is why an order was refused, or a halt. The list is closed.
type Reason string

// The reasons. Those that halt need a person to go on.
const (
	// What is known of the signal.
	ReasonDecided     Reason = "decided"      // an order of this decision was made before
	ReasonSame        Reason = "same-signal"  // the contract of the same votes lives
	ReasonSnapshotAge Reason = "snapshot-age" // the space's data is old
	ReasonVotesAge    Reason = "votes-age"
	ReasonFrozen      Reason = "frozen"    // its training does not go on
	ReasonNoPrice     Reason = "no-price"  // the space told no price
	ReasonPriceGap    Reason = "price-gap" // its price is not the venue's
	ReasonEvidence    Reason = "evidence"  // no edge is proven
	ReasonNumber      Reason = "number"    // something that has to be a number is none

	// What is known of the venue.
	ReasonNotTraded  Reason = "not-traded" // it knows no such index
	ReasonVenue      Reason = "venue"      // it did not answer
	ReasonMarket     Reason = "market"     // it is closed
	ReasonNoTick     Reason = "no-tick"
	ReasonTickAge    Reason = "tick-age"
	ReasonLag        Reason = "lag"
	ReasonClock      Reason = "clock" // its clock and ours do not agree
	ReasonConnection Reason = "connection"

	// What would be bought.
	ReasonTerms    Reason = "terms" // nothing that is offered fits
	ReasonQuote    Reason = "quote" // no price could be had
	ReasonQuoteAge Reason = "quote-age"
	ReasonStake    Reason = "stake"
	ReasonShare    Reason = "stake-share"
	ReasonMinStake Reason = "min-stake"
	ReasonPayout   Reason = "payout"   // the quote pays too little
	ReasonCost     Reason = "cost"     // the house takes too much
	ReasonStops    Reason = "stops"    // it multiplies, and nothing bounds its loss
	ReasonIncrease Reason = "increase" // a higher stake after a loss

	// What is risked already.
	ReasonOpen         Reason = "open"
	ReasonOpenAsset    Reason = "open-asset"
	ReasonOpenSide     Reason = "open-side"
	ReasonOpenPayout   Reason = "open-payout"
	ReasonMinuteRate   Reason = "rate-minute"
	ReasonHourRate     Reason = "rate-hour"
	ReasonDayRate      Reason = "rate-day"
	ReasonDailyLoss    Reason = "daily-loss"   // halts once it is reached
	ReasonRollingLoss  Reason = "rolling-loss" // halts once it is reached
	ReasonDrawdown     Reason = "drawdown"     // halts once it is reached
	ReasonCoolDown     Reason = "cool-down"
	ReasonCoolDowns    Reason = "cool-downs" // too many in a day: halts
	ReasonSession      Reason = "session"
	ReasonErrors       Reason = "errors" // too many rejected or unknown: halts
	ReasonUnresolved   Reason = "unresolved"
	ReasonUnreconciled Reason = "unreconciled"
	ReasonJournal      Reason = "journal" // it cannot be written

	// Halts.
	ReasonHalted    Reason = "halted"    // there is one
	ReasonPerson    Reason = "person"    // somebody asked for it
	ReasonAmbiguous Reason = "ambiguous" // an unknown order may be any of several contracts
	ReasonOrphan    Reason = "orphan"    // a contract of our app is in no journal
	ReasonLedger    Reason = "ledger"    // the balance is not what the journal adds up to
	ReasonPolicy    Reason = "policy"    // who decides broke down
)

// Reasons are all reasons.
var Reasons = []Reason{
	ReasonDecided, ReasonSame, ReasonSnapshotAge, ReasonVotesAge, ReasonFrozen, ReasonNoPrice, ReasonPriceGap, ReasonEvidence, ReasonNumber,
	ReasonNotTraded, ReasonVenue, ReasonMarket, ReasonNoTick, ReasonTickAge, ReasonLag, ReasonClock, ReasonConnection,
	ReasonTerms, ReasonQuote, ReasonQuoteAge, ReasonStake, ReasonShare, ReasonMinStake, ReasonPayout, ReasonCost, ReasonStops, ReasonIncrease,
	ReasonOpen, ReasonOpenAsset, ReasonOpenSide, ReasonOpenPayout, ReasonMinuteRate, ReasonHourRate, ReasonDayRate, ReasonDailyLoss, ReasonRollingLoss,
	ReasonDrawdown, ReasonCoolDown, ReasonCoolDowns, ReasonSession, ReasonErrors, ReasonUnresolved, ReasonUnreconciled, ReasonJournal,
	ReasonHalted, ReasonPerson, ReasonAmbiguous, ReasonOrphan, ReasonLedger, ReasonPolicy,
}
