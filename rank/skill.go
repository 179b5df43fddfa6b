package rank

import "math"

const (
	// flatHits is how many labels of each kind a hit rate begins with: the hit rate
	// of a space that nobody has seen is anything between 0 and 1.
	flatHits = 1
	// flatMean is how many labels of 0 a mean begins with: the noise of a label is of
	// the order of 1, and no edge is larger than a fraction of it.
	flatMean = 20
)

// skill adds up what became of following an asset's signal. All sums fade, and
// count a label by the share of it that is new.
type skill struct {
	at     float64 // when the newest decision that got a label was made; not known before
	labels float64 // all
	net    float64 // of y
	moved  float64 // labels whose price moved: the others are neither hit nor miss
	spread float64 // moved, fading twice as fast: the square of the weights
	hits   float64
	buys   float64 // of moved: followed a BUY
	ups    float64 // of moved: the price rose
}

// take adds a label. left is the share of a whole label's past that is left after it.
func (k *skill) take(o *Outcome, left float64) {
	w := o.Fresh
	past := math.Pow(left, w)
	for _, sum := range [...]*float64{&k.labels, &k.net, &k.moved, &k.hits, &k.buys, &k.ups} {
		*sum *= past
	}
	k.spread *= past * past
	k.labels += w
	k.net += w * o.Label
	if o.Hit == 0 {
		return
	}
	k.moved += w
	k.spread += w
	k.hits += w * bit(o.Hit > 0)
	k.buys += w * bit(o.Direction > 0)
	k.ups += w * bit(o.Hit*o.Direction > 0)
}

func (k *skill) hitRate() float64 { return (k.hits + flatHits) / (k.moved + 2*flatHits) }

// effective is how many labels of equal weight say as much.
func (k *skill) effective() float64 {
	if k.spread == 0 {
		return 0
	}
	return k.moved * k.moved / k.spread
}

// hitRateError is the standard deviation of what the hit rate may be.
func (k *skill) hitRateError() float64 {
	h := k.hitRate()
	return math.Sqrt(h * (1 - h) / (k.effective() + 2*flatHits + 1))
}

func (k *skill) netMean() float64 { return k.net / (k.labels + flatMean) }

// excess is the hit rate beyond that of somebody who says BUY as often, but knows
// not when: 0 for a space that always says BUY, whatever the market does.
func (k *skill) excess() float64 {
	if k.moved == 0 {
		return 0
	}
	chance := (k.buys*k.ups + (k.moved-k.buys)*(k.moved-k.ups)) / k.moved
	return (k.hits - chance) / (k.moved + 2*flatHits)
}

func (k *skill) fill(r *row, accuracy float64) {
	r.put(xHitRate, k.hitRate())
	r.put(xHitRateError, k.hitRateError())
	r.put(xNetMean, k.netMean())
	r.put(xHitMinusAccuracy, k.hitRate()-accuracy)
	r.put(xHitExcess, k.excess())
}

// Skill is what was verified of an asset's signal: what became of following it, as
// far as prices show. Everything fades with the half-life of the labels, and labels
// that overlap count by what is new in each.
type Skill struct {
	// Labels is how many there are, faded.
	Labels float64
	// HitRate is the share of them in which the price went the signal's way, of
	// those in which it moved: (hits + 1) / (labels + 2). HitRateError is its
	// standard deviation.
	HitRate, HitRateError float64
	// UpRate is the share in which the price rose, made alike: what the hit rate of
	// nothing but BUY would be.
	UpRate float64
	// HitExcess is the hit rate beyond that of somebody who says BUY as often by
	// chance: 0 without skill, whatever the market does.
	HitExcess float64
	// NetMean is the mean label, drawn to 0 as if 20 labels of 0 had come before.
	NetMean float64
}

func (k *skill) summary() Skill {
	return Skill{
		Labels: k.labels, HitRate: k.hitRate(), HitRateError: k.hitRateError(), HitExcess: k.excess(), NetMean: k.netMean(),
		UpRate: (k.ups + flatHits) / (k.moved + 2*flatHits),
	}
}

// fresh is the share of a label from t on that none before has covered.
func (k *skill) fresh(t, horizon float64) float64 {
	if !known(k.at) {
		return 1
	}
	return min(1, max(0, (t-k.at)/horizon))
}
