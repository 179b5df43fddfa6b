package rank

// The places of the features in a row.
const (
	xConfidence = iota
	xMargin
	xVoteEntropy
	xVotes
	xAgreement
	xBuy
	xSell
	xSinceFlip
	xFlipRate

	xAccuracy
	xAccuracySlope
	xGap
	xGapSize
	xActorLoss
	xCriticLoss
	xAVNLoss
	xActorSlope
	xCriticSlope
	xAVNSlope
	xSteps
	xStepRate
	xStalled

	xTrainingAge
	xVotingAge
	xPriceAge
	xUpdateRate

	xMomentumFast
	xMomentum
	xMomentumSlow
	xVolatility
	xVolatilityRatio
	xAutocorrelation
	xRangePosition

	xHitRate
	xHitRateError
	xNetMean
	xHitMinusAccuracy
	xHitExcess

	xConfidenceRank
	xAccuracyRank
	xGapRank
	xVolatilityRank

	xSource1
	xSource2
	xSource3
	xSource4
	xSourceOther
	xHourSin
	xHourCos

	xNoVotes
	xNoSignal
	xNoAccuracy
	xNoActorLoss
	xNoCriticLoss
	xNoAVNLoss
	xNoSteps
	xNoVolatility

	// Width is how many features a row has.
	Width     = iota
	firstMask = xNoVotes
)

const (
	votesGroup     = "Votes"
	trainingGroup  = "Training"
	freshnessGroup = "Freshness"
	priceGroup     = "Price"
	skillGroup     = "Verified skill"
	crossGroup     = "Among the others"
	contextGroup   = "Context"
	maskGroup      = "Not known"
)

// The masks that features name.
var (
	noVotes      = []string{"no_votes"}
	noAccuracy   = []string{"no_accuracy"}
	noGap        = []string{"no_votes", "no_accuracy"}
	noActorLoss  = []string{"no_actor_loss"}
	noCriticLoss = []string{"no_critic_loss"}
	noAVNLoss    = []string{"no_avn_loss"}
	noSteps      = []string{"no_steps"}
	noVolatility = []string{"no_volatility"}
)

const (
	lossOf  = "sgn(L) ln(1 + |L|), L = "
	slopeOf = "E_h(x) - E_10h(x), x = "
	ageOf   = "ln(1 + seconds since "
)

var table = [Width]Feature{
	xConfidence:  {"confidence", votesGroup, "max(B, S) / (B + S)", "1", 0.5, 1, true, noVotes},
	xMargin:      {"margin", votesGroup, "(B - S) / (B + S)", "1", -1, 1, true, noVotes},
	xVoteEntropy: {"vote_entropy", votesGroup, "-p log2 p - (1 - p) log2(1 - p), p = B / (B + S)", "bit", 0, 1, true, noVotes},
	xVotes:       {"votes", votesGroup, "ln(1 + B + S)", "ln count", 0, 40, true, noVotes},
	xAgreement:   {"agreement", votesGroup, "s sgn(B - S)", "sign", -1, 1, false, nil},
	xBuy:         {"buy", votesGroup, "1 if dominant_signal is BUY", "bit", 0, 1, false, nil},
	xSell:        {"sell", votesGroup, "1 if dominant_signal is SELL", "bit", 0, 1, false, nil},
	xSinceFlip:   {"since_flip", votesGroup, ageOf + "dominant_signal last changed)", "ln s", 0, 25, true, nil},
	xFlipRate:    {"flip_rate", votesGroup, "ln(1 + h R_10h(changes of dominant_signal))", "ln count", 0, 40, true, nil},

	xAccuracy:      {"accuracy", trainingGroup, "A", "1", 0, 1, true, noAccuracy},
	xAccuracySlope: {"accuracy_slope", trainingGroup, slopeOf + "A", "1", -1, 1, true, noAccuracy},
	xGap:           {"gap", trainingGroup, "confidence - A", "1", -1, 1, true, noGap},
	xGapSize:       {"gap_size", trainingGroup, "|confidence - A|", "1", 0, 1, true, noGap},
	xActorLoss:     {"actor_loss", trainingGroup, lossOf + "actor_loss", "ln", -710, 710, true, noActorLoss},
	xCriticLoss:    {"critic_loss", trainingGroup, lossOf + "critic_loss", "ln", -710, 710, true, noCriticLoss},
	xAVNLoss:       {"avn_loss", trainingGroup, lossOf + "avn_loss", "ln", -710, 710, true, noAVNLoss},
	xActorSlope:    {"actor_loss_slope", trainingGroup, slopeOf + "the feature actor_loss", "ln", -1420, 1420, true, noActorLoss},
	xCriticSlope:   {"critic_loss_slope", trainingGroup, slopeOf + "the feature critic_loss", "ln", -1420, 1420, true, noCriticLoss},
	xAVNSlope:      {"avn_loss_slope", trainingGroup, slopeOf + "the feature avn_loss", "ln", -1420, 1420, true, noAVNLoss},
	xSteps:         {"steps", trainingGroup, "ln(1 + training_steps)", "ln count", 0, 40, true, noSteps},
	xStepRate:      {"step_rate", trainingGroup, "ln(1 + F_h(steps made) / F_h(seconds passed))", "ln 1/s", 0, 60, true, noSteps},
	xStalled:       {"stalled", trainingGroup, "1 if training_steps has not changed for longer than the stall limit", "bit", 0, 1, false, nil},

	xTrainingAge: {"training_age", freshnessGroup, ageOf + "training last came, or the asset first did)", "ln s", 0, 25, true, nil},
	xVotingAge:   {"voting_age", freshnessGroup, ageOf + "votes last came, or the asset first did)", "ln s", 0, 25, true, nil},
	xPriceAge:    {"price_age", freshnessGroup, ageOf + "last_price last changed, or the asset first came)", "ln s", 0, 25, true, nil},
	xUpdateRate:  {"update_rate", freshnessGroup, "ln(1 + second R_h(updates))", "ln 1/s", 0, 40, true, nil},

	xMomentumFast:    {"momentum_fast", priceGroup, "s F_h/4(r) / (sigma sqrt(h / 8))", "sd", -20, 20, true, noVolatility},
	xMomentum:        {"momentum", priceGroup, "s F_h(r) / (sigma sqrt(h / 2))", "sd", -20, 20, true, noVolatility},
	xMomentumSlow:    {"momentum_slow", priceGroup, "s F_4h(r) / (sigma sqrt(2 h))", "sd", -20, 20, true, noVolatility},
	xVolatility:      {"volatility", priceGroup, "ln(sigma sqrt(second)), sigma = sqrt(F_10h(r^2) / F_10h(seconds passed))", "ln 1/sqrt(s)", -50, 15, true, noVolatility},
	xVolatilityRatio: {"volatility_ratio", priceGroup, "ln(sigma_h / sigma), sigma_h = sqrt(F_h(r^2) / F_h(seconds passed))", "ln", -5, 5, true, noVolatility},
	xAutocorrelation: {"autocorrelation", priceGroup, "G_10h(r r') / G_10h((r^2 + r'^2) / 2)", "1", -1, 1, true, noVolatility},
	xRangePosition:   {"range_position", priceGroup, "s (D - U) / (D + U)", "1", -1, 1, true, noVolatility},

	xHitRate:          {"hit_rate", skillGroup, "H = (hits + 1) / (n + 2)", "1", 0, 1, true, nil},
	xHitRateError:     {"hit_rate_error", skillGroup, "sqrt(H (1 - H) / (n_eff + 3))", "1", 0, 0.5, true, nil},
	xNetMean:          {"net_mean", skillGroup, "sum of y / (N + 20)", "sd", -20, 20, true, nil},
	xHitMinusAccuracy: {"hit_minus_accuracy", skillGroup, "H - A", "1", -1, 1, true, noAccuracy},
	xHitExcess:        {"hit_excess", skillGroup, "(hits - n (b u + (1 - b)(1 - u))) / (n + 2)", "1", -0.5, 0.5, true, nil},

	xConfidenceRank: {"confidence_rank", crossGroup, "rank of confidence", "rank", -1, 1, false, nil},
	xAccuracyRank:   {"accuracy_rank", crossGroup, "rank of A", "rank", -1, 1, false, nil},
	xGapRank:        {"gap_rank", crossGroup, "rank of gap", "rank", -1, 1, false, nil},
	xVolatilityRank: {"volatility_rank", crossGroup, "rank of volatility", "rank", -1, 1, false, nil},

	xSource1:     {"source_1", contextGroup, "1 if signal_source is the first that was ever seen", "bit", 0, 1, false, nil},
	xSource2:     {"source_2", contextGroup, "1 if signal_source is the second", "bit", 0, 1, false, nil},
	xSource3:     {"source_3", contextGroup, "1 if signal_source is the third", "bit", 0, 1, false, nil},
	xSource4:     {"source_4", contextGroup, "1 if signal_source is the fourth", "bit", 0, 1, false, nil},
	xSourceOther: {"source_other", contextGroup, "1 if signal_source is another", "bit", 0, 1, false, nil},
	xHourSin:     {"hour_sin", contextGroup, "sin(2 pi t / day), t since midnight UTC", "1", -1, 1, false, nil},
	xHourCos:     {"hour_cos", contextGroup, "cos(2 pi t / day)", "1", -1, 1, false, nil},

	xNoVotes:      {"no_votes", maskGroup, "1 if a count is unknown, or both are 0", "bit", 0, 1, false, nil},
	xNoSignal:     {"no_signal", maskGroup, "1 if dominant_signal is unknown", "bit", 0, 1, false, nil},
	xNoAccuracy:   {"no_accuracy", maskGroup, "1 if avn_accuracy is unknown", "bit", 0, 1, false, nil},
	xNoActorLoss:  {"no_actor_loss", maskGroup, "1 if actor_loss is unknown", "bit", 0, 1, false, nil},
	xNoCriticLoss: {"no_critic_loss", maskGroup, "1 if critic_loss is unknown", "bit", 0, 1, false, nil},
	xNoAVNLoss:    {"no_avn_loss", maskGroup, "1 if avn_loss is unknown", "bit", 0, 1, false, nil},
	xNoSteps:      {"no_steps", maskGroup, "1 if training_steps is unknown", "bit", 0, 1, false, nil},
	xNoVolatility: {"no_volatility", maskGroup, "1 before the price has moved and 8 returns are known", "bit", 0, 1, false, nil},
}
