package space

import (
	"math"
	"math/rand/v2"
	"testing"
)

// autoregressive makes prices whose return remembers a share phi of the last
// one: there is something to learn here, and theory says how much.
type autoregressive struct {
	phi           float64
	rng           *rand.Rand
	log, previous float64
}

func newAutoregressive(phi float64, seed uint64) *autoregressive {
	return &autoregressive{phi: phi, rng: rand.New(rand.NewPCG(seed, 1)), log: math.Log(1000)}
}

func (a *autoregressive) Next() float64 {
	a.previous = a.phi*a.previous + 1e-4*a.rng.NormFloat64()
	a.log += a.previous
	return math.Exp(a.log)
}

// best is how often the sign of the next h returns together can be told from
// the latest return, which is all that matters: 1/2 + asin(rho)/π, where rho is
// the correlation of the two. Given a return r, the sum has the mean
// r·phi(1-phi^h)/(1-phi) and the variance Σ((1-phi^k)/(1-phi))² of the noise.
func best(phi float64, h int) float64 {
	mean := phi * (1 - math.Pow(phi, float64(h))) / (1 - phi)
	var noise float64
	for k := 1; k <= h; k++ {
		part := (1 - math.Pow(phi, float64(k))) / (1 - phi)
		noise += part * part
	}
	signal := mean * mean / (1 - phi*phi)
	return 0.5 + math.Asin(math.Sqrt(signal/(signal+noise)))/math.Pi
}

// measured is the record of the last n ticks only.
func measured(t *testing.T, e *Ensemble, ticks Process, n int) Record {
	t.Helper()
	before := e.Record()
	feed(t, e, ticks, n)
	after := e.Record()
	return Record{
		Resolved:    after.Resolved - before.Resolved,
		VotesRight:  after.VotesRight - before.VotesRight,
		JudgedRight: after.JudgedRight - before.JudgedRight,
		Buys:        after.Buys - before.Buys,
		BuysRight:   after.BuysRight - before.BuysRight,
	}
}

// margin is the largest standard error that a share can have over n votes whose
// horizons of h ticks overlap: they fall into h series without overlap, each of
// which has 1/2·√(h/n), and so has the mean of them at the most.
func margin(r Record, h int) float64 { return 0.5 * math.Sqrt(float64(h)/float64(r.Resolved)) }

// This is the test that it really learns: on a series that can be predicted the
// votes come near to the best that anybody could do, and the validation network
// is right far more often than by chance. A learner that does nothing stays
// at one half, ten margins away.
func TestItLearnsWhatThereIsToLearn(t *testing.T) {
	for _, test := range []struct {
		name    string
		phi     float64
		horizon int
		seeds   uint64
	}{
		{"a trend", 0.8, 5, 2},
		{"a faint trend", 0.5, 5, 1},
		{"a market that turns back", -0.6, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range test.seeds {
				e := newEnsemble(t, EnsembleOptions{Seed: seed, Horizon: test.horizon})
				ticks := newAutoregressive(test.phi, seed)
				feed(t, e, ticks, 6_000)
				r := measured(t, e, ticks, 8_000)
				possible, allowed := best(test.phi, test.horizon), 3*margin(r, test.horizon)
				if got := *r.VoteAccuracy(); got < possible-0.01-allowed || got > possible+allowed {
					t.Errorf("seed %d: the votes were right in %.3f of %d, want the possible %.3f within %.3f",
						seed, got, r.Resolved, possible, allowed)
				}
				if got := *r.Accuracy(); got < 0.5+allowed || got < possible-0.03-allowed {
					t.Errorf("seed %d: the validation network was right in %.3f, want clearly above chance and near %.3f", seed, got, possible)
				}
				if got := *e.Training().AVNAccuracy; got < 0.52 {
					t.Errorf("seed %d: the published accuracy is %.3f, want above chance", seed, got)
				}
			}
		})
	}
}

// Of votes by the flip of a coin half are right, so no constant verdict helps:
// whatever the validation network gets beyond that it knows from the ticks. Of a
// coin it can know as much as the best voter.
func TestTheValidationNetworkTellsGoodVotesFromBadOnes(t *testing.T) {
	for _, test := range []struct {
		name string
		phi  float64
		want float64
	}{
		{"where the price can be predicted", 0.8, best(0.8, 1)},
		{"where it cannot", 0, 0.5},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(2) {
				r := coinVotes(test.phi, seed)
				allowed := 4 * margin(r, 1)
				if got := *r.VoteAccuracy(); math.Abs(got-0.5) > allowed {
					t.Errorf("seed %d: a coin was right in %.3f, want 0.5 within %.3f", seed, got, allowed)
				}
				if got := *r.Accuracy(); math.Abs(got-test.want) > allowed+0.01 {
					t.Errorf("seed %d: got %.3f, want %.3f within %.3f", seed, got, test.want, allowed+0.01)
				}
			}
		})
	}
}

// coinVotes lets a coin vote on the next tick and a validation network judge it.
func coinVotes(phi float64, seed uint64) (r Record) {
	rng := rand.New(rand.NewPCG(seed, 2))
	v, ticks := newValidator(rng), newAutoregressive(phi, seed)
	var m market
	var x [features]float64
	var e [evidence]float64
	sides := [...]action{sell, buy}
	now := ticks.Next()
	for i := range 25_000 {
		ready := m.observe(now)
		m.look(&x)
		side := rng.IntN(2)
		collect(&e, &x, side, 1-side, 1)
		trusted := v.judge(e[:])
		next := ticks.Next()
		right := next > now == (side == 1)
		now = next
		if !ready {
			continue
		}
		v.learn(e[:], right)
		if i >= 5000 {
			r.add(sides[side], right, trusted)
		}
	}
	return r
}

// On a martingale nothing can be learned, so what is published must not look as
// if something had been: whatever the votes and the verdicts, each comes true
// with probability 1/2. (These indices hardly ever stand after five ticks where
// they stood before, which would make both sides wrong.) A validation network
// that were asked again after it has seen the outcome would fail here.
func TestItClaimsNothingWhereThereIsNothing(t *testing.T) {
	for _, name := range []string{"V75", "JUMP100", "STEP"} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(2) {
				e := newEnsemble(t, EnsembleOptions{Seed: seed, Agents: 5})
				r := measured(t, e, process(t, name, seed), 10_000)
				allowed := 3 * margin(r, 5)
				if got := *r.Accuracy(); math.Abs(got-0.5) > allowed {
					t.Errorf("seed %d: accuracy %.3f of %d, want 0.5 within %.3f", seed, got, r.Resolved, allowed)
				}
				if got := *r.VoteAccuracy(); math.Abs(got-0.5) > allowed {
					t.Errorf("seed %d: votes right in %.3f of %d, want 0.5 within %.3f", seed, got, r.Resolved, allowed)
				}
			}
		})
	}
}

// profit follows the votes from each tick to the next, without any cost, and
// returns the sum of the relative gains in standard errors. On a martingale the
// gains are uncorrelated, so that their squares give the error.
func profit(t *testing.T, e *Ensemble, ticks Process, n int) float64 {
	t.Helper()
	var sum, square, last float64
	for range n {
		side := majority(e.buys, e.sells).side()
		next := ticks.Next()
		if last > 0 {
			gain := side * (next/last - 1)
			sum += gain
			square += gain * gain
		}
		if err := e.Step(next); err != nil {
			t.Fatal(err)
		}
		last = next
	}
	return sum / math.Sqrt(square)
}

func TestFollowingTheVotesEarnsNothingOnAnyIndex(t *testing.T) {
	for _, name := range []string{"V75", "JUMP100", "STEP", "CRASH300", "BOOM500"} {
		for seed := range uint64(2) {
			e := newEnsemble(t, EnsembleOptions{Seed: seed, Agents: 3})
			if z := profit(t, e, process(t, name, seed), 8_000); math.Abs(z) > 3.5 {
				t.Errorf("%s, seed %d: got %.1f standard errors, want less than 3.5", name, seed, z)
			}
		}
	}
	e := newEnsemble(t, EnsembleOptions{})
	if z := profit(t, e, newAutoregressive(0.5, 1), 5_000); z < 10 {
		t.Errorf("where there is something to earn: got %.1f standard errors, want more than 10", z)
	}
}

// A high accuracy there is no skill: nearly all ticks go one way, and the base
// rate says so.
func TestOnACrashIndexTheAccuracyIsTheBaseRate(t *testing.T) {
	for seed := range uint64(2) {
		e := newEnsemble(t, EnsembleOptions{Seed: seed, Agents: 3})
		ticks := process(t, "CRASH1000", seed)
		feed(t, e, ticks, 1_000)
		r := measured(t, e, ticks, 5_000)
		if got, base := *r.Accuracy(), *r.BaseRate(); got < 0.98 || got > base {
			t.Errorf("seed %d: accuracy %.3f, base rate %.3f, want both high and no accuracy beyond it", seed, got, base)
		}
	}
}
