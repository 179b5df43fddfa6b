package rank

import (
	"fmt"
	"math"
	"time"
)

// Pending is a decision whose outcome is still to come: if the asset's signal had
// been followed at the time At. It holds all that is needed to go on after a
// restart.
type Pending struct {
	Asset int
	// Decision is the caller's own number.
	Decision int64
	At       time.Time
	// Clock is the same by the clock of the Features, in seconds: it goes on where
	// the other one is set back.
	Clock float64
	// Direction is 1 for BUY and -1 for SELL.
	Direction int
	// Price is the price that counted at the time; finite, above 0.
	Price float64
	// Volatility is that of the logarithm of the price over the horizon, as it was
	// known at the time; above 0.
	Volatility float64
}

// Outcome is what became of a pending decision.
type Outcome struct {
	Pending
	// X is the row that was given to Open. It is valid until the function that got
	// the outcome returns.
	X []float64
	// Dropped says why there is no label; everything below is 0 then.
	Dropped Reason
	// Move is ln(p_{t+h} / p_t).
	Move float64
	// Label is Direction Move / Volatility - Cost, the quotient within ±MaxLabel.
	Label float64
	// Hit is 1 if the price went the signal's way, -1 if it went the other, 0 if it
	// stood still.
	Hit int
	// Fresh is the share of the time from t to t+h that no earlier label of the
	// asset has covered: 0 to 1. Labels that overlap share their noise: as evidence
	// each is worth no more than this.
	Fresh float64
}

// MaxLabel bounds what one outcome can weigh. What gets there is a first: the first
// move after a feed stood still until its volatility was forgotten, or the first spike
// of an index that was calm for as long as it is known.
const MaxLabel = 50

// Reason says why a decision has no outcome.
type Reason string

// Why a decision is not followed, or has no label in the end.
const (
	NoDirection  Reason = "no direction"     // neutral or unknown signal
	NoPrice      Reason = "no price"         // none within the tolerance
	NoVolatility Reason = "no volatility"    // too few prices, or none that moved
	TooMany      Reason = "too many pending" // of this asset
	Break        Reason = "price break"      // a move by more than a factor of e at once
)

// Outcomes counts what became of decisions.
type Outcomes struct {
	// Opened decisions were taken on. Each is labelled, dropped or pending.
	Opened, Labelled, Pending int64
	// NotOpened and Dropped have the others by their reason.
	NotOpened, Dropped map[Reason]int64
}

// claim is a pending decision and what it was made on.
type claim struct {
	Pending
	row []float64 // kept for the next claim in the place
}

// ring holds the claims of one asset, the oldest first. It grows up to a limit.
type ring struct {
	claims []claim
	first  int
	n      int
}

func (q *ring) oldest() *claim { return &q.claims[q.first] }

func (q *ring) newest() *claim { return &q.claims[(q.first+q.n-1)%len(q.claims)] }

// push returns the place for a new claim, or nil beyond the limit.
func (q *ring) push(limit int) *claim {
	if q.n >= limit {
		return nil
	}
	if q.n == len(q.claims) {
		q.grow(min(max(4, 2*q.n), limit))
	}
	q.n++
	return q.newest()
}

func (q *ring) grow(size int) {
	claims := make([]claim, size)
	k := copy(claims, q.claims[q.first:])
	copy(claims[k:], q.claims[:q.first])
	q.claims, q.first = claims, 0
}

func (q *ring) pop() {
	q.first = (q.first + 1) % len(q.claims)
	q.n--
}

// Open takes on a decision: what becomes of following the asset's signal from now
// for a horizon will be told to Settled. It answers why if that cannot be known. x is
// what the decision was made on, and is kept; nil is nothing.
func (f *Features) Open(asset int, decision int64, now time.Time, x []float64) (Pending, Reason) {
	a := &f.assets[asset]
	t := f.clock.at(seconds(now))
	unit := a.price.unit()
	switch {
	case a.votes.direction() == 0:
		return Pending{}, f.refuse(NoDirection)
	case !known(a.price.last) || t-a.price.at > f.tolerance:
		return Pending{}, f.refuse(NoPrice)
	case !known(unit):
		return Pending{}, f.refuse(NoVolatility)
	}
	p := Pending{
		Asset: asset, Decision: decision, At: now, Clock: t, Direction: int(a.votes.direction()),
		Price: a.price.last, Volatility: unit * math.Sqrt(f.horizon),
	}
	if !f.follow(p, x) {
		return Pending{}, f.refuse(TooMany)
	}
	return p, ""
}

func (f *Features) refuse(why Reason) Reason {
	f.notOpened[why]++
	return why
}

// follow is false where the asset has no room for another decision.
func (f *Features) follow(p Pending, x []float64) bool {
	q := &f.assets[p.Asset].pending
	c := q.push(f.opts.Pending)
	if c == nil {
		return false
	}
	*c = claim{p, append(c.row[:0], x...)}
	f.opened++
	f.open++
	return true
}

// Reopen takes on again what Open answered before a restart, the oldest of an asset
// first. Whatever came meanwhile has passed unseen: the outcome is dropped if the
// price that counts was among it.
func (f *Features) Reopen(p Pending, now time.Time, x []float64) error {
	switch {
	case p.Asset < 0 || p.Asset >= len(f.assets):
		return fmt.Errorf("reopen: asset: got %d, want 0 to %d", p.Asset, len(f.assets)-1)
	case !(math.Abs(p.Clock) <= large):
		return fmt.Errorf("reopen: clock: got %g, want a finite number of seconds", p.Clock)
	case p.Direction != 1 && p.Direction != -1:
		return fmt.Errorf("reopen: direction: got %d, want 1 or -1", p.Direction)
	case !positive(p.Price) || !positive(p.Volatility):
		return fmt.Errorf("reopen: price and volatility: got %g and %g, want both finite and above 0", p.Price, p.Volatility)
	}
	p.Clock = min(p.Clock, f.clock.at(seconds(now)))
	if q := &f.assets[p.Asset].pending; q.n > 0 && p.Clock < q.newest().Clock {
		return fmt.Errorf("reopen: decision %d: got one that is older than the newest pending, want them in their order", p.Decision)
	}
	if !f.follow(p, x) {
		return fmt.Errorf("reopen: decision %d: %s", p.Decision, f.refuse(TooMany))
	}
	return nil
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// Expire drops what waits for prices that do not come any more. It looks at every
// asset; once for each decision is often enough.
func (f *Features) Expire(now time.Time) {
	t := f.clock.advance(seconds(now))
	for i := range f.assets {
		a := &f.assets[i]
		for a.pending.n > 0 && a.pending.oldest().Clock+f.horizon+2*f.tolerance < t {
			f.settle(a, f.exit(a, nan, nan))
		}
	}
}

// due settles, before the price p at t is taken, what was waiting for it.
func (f *Features) due(a *asset, p, t float64) {
	for a.pending.n > 0 && a.pending.oldest().Clock+f.horizon <= t {
		f.settle(a, f.exit(a, p, t))
	}
}

// exit returns the price that counts at the end of the oldest pending decision, not
// known if none is near enough: of the newest before it and the first behind it, p at
// t, the one that is nearer. The tolerance is less than the horizon, so neither can be
// from before the decision.
func (f *Features) exit(a *asset, p, t float64) float64 {
	end := a.pending.oldest().Clock + f.horizon
	before, after := math.Abs(end-a.price.at), math.Inf(1)
	if known(p) {
		after = t - end
	}
	switch {
	case min(before, after) > f.tolerance:
		return nan
	case after <= before:
		return p
	}
	return a.price.last
}

// settle ends the oldest pending decision of an asset at a price.
func (f *Features) settle(a *asset, exit float64) {
	c := a.pending.oldest()
	if !known(exit) {
		f.drop(a, NoPrice)
		return
	}
	o := &f.outcome
	*o = Outcome{Pending: c.Pending, X: c.row, Move: logRatio(exit, c.Price)}
	if math.Abs(o.Move) > maxMove {
		f.drop(a, Break)
		return
	}
	o.Label = float64(o.Direction)*min(max(o.Move/o.Volatility, -MaxLabel), MaxLabel) - f.opts.Cost
	o.Hit = o.Direction * int(sign(o.Move))
	o.Fresh = a.skill.fresh(c.Clock, f.horizon)
	a.skill.at = c.Clock
	f.labelled++
	f.close(a)
	a.skill.take(o, f.left)
	a.skill.fill(&a.row, a.training.accuracy)
	f.tell()
}

func (f *Features) drop(a *asset, why Reason) {
	c := a.pending.oldest()
	f.outcome = Outcome{Pending: c.Pending, X: c.row, Dropped: why}
	f.dropped[why]++
	f.close(a)
	f.tell()
}

func (f *Features) close(a *asset) {
	a.pending.pop()
	f.open--
}

func (f *Features) tell() {
	if f.opts.Settled != nil {
		f.opts.Settled(&f.outcome)
	}
}

// Outcomes returns what became of all decisions so far. The maps are the caller's
// own.
func (f *Features) Outcomes() Outcomes {
	return Outcomes{
		Opened: f.opened, Labelled: f.labelled, Pending: f.open,
		NotOpened: clone(f.notOpened), Dropped: clone(f.dropped),
	}
}
