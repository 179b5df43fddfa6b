package space

// Record counts the votes of an ensemble that have resolved since it began.
// Consecutive votes look at overlapping stretches of the price, so that of the
// usual error bars of a share the square is Horizon times as large.
type Record struct {
	// Resolved votes: those with a majority whose horizon has passed.
	Resolved int64
	// VotesRight of them had the price on their side.
	VotesRight int64
	// Buys is how many of them were votes to buy, BuysRight how many of those
	// were right. The others were votes to sell.
	Buys, BuysRight int64
	// JudgedRight of them had the verdict of the validation network come true.
	JudgedRight int64
}

// Accuracy is the share of all resolved votes that the validation network judged
// rightly: nil if there were none.
func (r Record) Accuracy() *float64 { return r.share(r.JudgedRight) }

// VoteAccuracy is the share of the votes that were right: nil if there were none.
func (r Record) VoteAccuracy() *float64 { return r.share(r.VotesRight) }

// BaseRate is the accuracy of somebody who knows no more than how often votes to
// buy and votes to sell come true, and always gives the commoner verdict on
// each: what Accuracy has to beat to mean anything. It is nil if there were no
// votes.
func (r Record) BaseRate() *float64 {
	sells, sellsRight := r.Resolved-r.Buys, r.VotesRight-r.BuysRight
	return r.share(max(r.BuysRight, r.Buys-r.BuysRight) + max(sellsRight, sells-sellsRight))
}

func (r Record) share(n int64) *float64 {
	if r.Resolved == 0 {
		return nil
	}
	return new(float64(n) / float64(r.Resolved))
}

func (r *Record) add(side action, right, trusted bool) {
	r.Resolved++
	r.VotesRight += one(right)
	r.JudgedRight += one(right == trusted)
	r.Buys += one(side == buy)
	r.BuysRight += one(side == buy && right)
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

const (
	// accuracyWindow is how many resolved votes the published accuracy covers.
	accuracyWindow = 1000
	// accuracyKnown is how many it takes to publish one at all.
	accuracyKnown = 20
)

// window remembers which of the latest verdicts came true.
type window struct {
	hits  [accuracyWindow]bool
	n     int // of all that ever came
	right int // of those that are remembered
}

func (w *window) add(hit bool) {
	at := &w.hits[w.n%accuracyWindow]
	if *at {
		w.right--
	}
	if *at = hit; hit {
		w.right++
	}
	w.n++
}

// share is nil until there are enough to speak of one.
func (w *window) share() *float64 {
	if w.n < accuracyKnown {
		return nil
	}
	return new(float64(w.right) / float64(min(w.n, accuracyWindow)))
}
