package trade

// AtLeastWon is for tests.
var AtLeastWon = atLeastWon
