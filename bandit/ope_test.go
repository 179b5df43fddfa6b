package bandit_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

func estimates(t *testing.T, trials []bandit.Trial, o *bandit.OPEOptions) *bandit.Estimates {
	t.Helper()
	var e bandit.OPE
	for i := range trials {
		must(t, e.Add(&trials[i]))
	}
	got, err := e.Estimate(o)
	must(t, err)
	return got
}

// four trials of two arms: A was chosen with 0.8, B with 0.2, and the target is a coin.
// The weights are 0.625, 0.625, 2.5 and 0.625; the rewards 1, 0, 2 and 1.
func four() []bandit.Trial {
	one := func(chosen int, reward float64) bandit.Trial {
		p := []float64{.8, .2}
		return bandit.Trial{Arms: []int{0, 1}, Chosen: chosen, P: p[chosen], All: p, Reward: reward, Target: []float64{.5, .5}}
	}
	return []bandit.Trial{one(0, 1), one(0, 0), one(1, 2), one(0, 1)}
}

// By hand. The weighted rewards are .625, 0, 5 and .625, the weights add up to 4.375.
// In each of two folds the other one is the reward model: of the second (2 of B, 1 of
// A) the mean 1.5 and misses of .5/21 up and down; of the first (1 and 0 of A) the mean
// .5 and a miss of 0.
func TestEstimatorsByHand(t *testing.T) {
	got := estimates(t, four(), &bandit.OPEOptions{Folds: 2})
	const a, b = 1.5 - .5/21, 1.5 + .5/21 // of arm A and B, for the first two
	terms := []float64{(a+b)/2 + .625*(1-a), (a+b)/2 + .625*(0-a), .5 + 2.5*(2-.5), .5 + .625*(1-.5)}
	dr := (terms[0] + terms[1] + terms[2] + terms[3]) / 4
	miss := (.625*(1-a) + .625*(0-a) + 2.5*1.5 + .625*.5) / 4.375
	for name, tt := range map[string][2]float64{
		"logged":    {got.Logged.Mean, 1},
		"ips":       {got.IPS.Mean, 6.25 / 4},
		"snips":     {got.SNIPS.Mean, 6.25 / 4.375},
		"dr":        {got.DR.Mean, dr},
		"sndr":      {got.SNDR.Mean, (a+b)/4 + .25 + miss},
		"lift":      {got.Lift.Mean, dr - 1},
		"ess":       {got.ESS, 4.375 * 4.375 / (3*.625*.625 + 6.25)},
		"weight":    {got.Weight.Mean, 4.375 / 4},
		"largest":   {got.MaxWeight, 2.5},
		"se ips":    {got.IPS.SE, math.Sqrt((2*.9375*.9375 + 1.5625*1.5625 + 3.4375*3.4375) / 4 / 4)},
		"se logged": {got.Logged.SE, math.Sqrt(2. / 4 / 4)},
		// Student's t with 3 degrees of freedom has its 97.5 % at 3.182446.
		"high": {got.Logged.High, 1 + 3.182446305284263*math.Sqrt(2./4/4)},
		"low":  {got.Logged.Low, 1 - 3.182446305284263*math.Sqrt(2./4/4)},
	} {
		if math.Abs(tt[0]-tt[1]) > 1e-6 { // the prior of the model's mean is that weak
			t.Errorf("%s: got %.9f, want %.9f", name, tt[0], tt[1])
		}
	}
}

// The recorded policy itself, as target, brought what was recorded, to the last bit of
// rounding; every estimator says so.
func TestTheRecordedPolicyIsWorthWhatItBrought(t *testing.T) {
	trials := four()
	for i := range trials {
		trials[i].Target = trials[i].All
	}
	got := estimates(t, trials, nil)
	for name, e := range map[string]bandit.Estimate{"ips": got.IPS, "snips": got.SNIPS} {
		if diff := cmp.Diff(got.Logged, e, approximately); diff != "" {
			t.Errorf("%s (-logged +got):\n%s", name, diff)
		}
	}
	if got.ESS != 4 || got.MaxWeight != 1 {
		t.Errorf("got an ESS of %v and a weight of %v, want 4 and 1", got.ESS, got.MaxWeight)
	}
}

// recorded is a world with two features for each of K arms. The recorded policy takes what it
// believes in, but for a floor; the target believes in something else.
type recorded struct {
	k     int
	floor float64
}

// trial returns one, and what the target is worth in it.
func (w recorded) trial(random *rand.Rand) (bandit.Trial, float64) {
	t := bandit.Trial{Target: make([]float64, w.k), All: make([]float64, w.k)}
	mean := make([]float64, w.k)
	logged, target, best, wanted := 0, 0, math.Inf(-1), math.Inf(-1)
	for i := range w.k {
		x := []float64{random.NormFloat64(), random.NormFloat64()}
		t.Arms, t.X, t.All[i] = append(t.Arms, i), append(t.X, x), w.floor/float64(w.k)
		mean[i] = .2*x[0] - .1*x[1] + .1*math.Sin(float64(i))
		if s := mean[i] + .3*random.NormFloat64(); s > best {
			best, logged = s, i
		}
		if s := x[0] + .5*random.NormFloat64(); s > wanted {
			wanted, target = s, i
		}
	}
	t.Target[target], t.All[logged] = 1, t.All[logged]+1-w.floor
	u := random.Float64()
	for u -= t.All[0]; u > 0 && t.Chosen < w.k-1; u -= t.All[t.Chosen] {
		t.Chosen++
	}
	t.P, t.Reward = t.All[t.Chosen], mean[t.Chosen]+random.NormFloat64()
	return t, mean[target]
}

// Over many logs the intervals hold the truth as often as they say, and the naive mean
// of the log does not.
func TestIntervalsHoldTheTruth(t *testing.T) {
	const seed, n = 11, 2000
	repeats := sooner(40, 1000)
	w := recorded{k: 10, floor: .2}
	random := rand.New(rand.NewPCG(seed, 1))
	truth := 0.0
	for range 40_000 {
		_, v := w.trial(random)
		truth += v / 40_000
	}
	covered, squares := map[string]int{}, map[string]float64{}
	for range repeats {
		var e bandit.OPE
		for range n {
			trial, _ := w.trial(random)
			must(t, e.Add(&trial))
		}
		got, err := e.Estimate(nil)
		must(t, err)
		for name, v := range map[string]bandit.Estimate{"logged": got.Logged, "ips": got.IPS, "snips": got.SNIPS, "dr": got.DR, "sndr": got.SNDR} {
			squares[name] += (v.Mean - truth) * (v.Mean - truth)
			if v.Low <= truth && truth <= v.High {
				covered[name]++
			}
		}
	}
	chance := 2 * math.Sqrt(.95*.05/float64(repeats))
	for _, name := range []string{"logged", "ips", "snips", "dr", "sndr"} {
		coverage, rmse := float64(covered[name])/float64(repeats), math.Sqrt(squares[name]/float64(repeats))
		t.Logf("seed %d, %d logs: %-6s coverage %.3f, RMSE %.4f", seed, repeats, name, coverage, rmse)
		switch {
		case name == "logged":
			if coverage > .5 {
				t.Errorf("the mean of the log covers the truth in %.3f of logs, want far fewer: this is no test", coverage)
			}
		case coverage < .93-chance || coverage > .97+chance || name == "dr" && rmse > .13:
			t.Errorf("%s: got coverage %.3f and RMSE %.4f, want .93 to .97 give or take %.3f, and of dr .13 at most", name, coverage, rmse, chance)
		}
	}
}

// A reward model that knows something makes DR the better of them.
func TestDROnAGoodModelIsSharper(t *testing.T) {
	random := rand.New(rand.NewPCG(12, 1))
	w := recorded{k: 10, floor: .2}
	var trials []bandit.Trial
	for range 3000 {
		trial, _ := w.trial(random)
		trial.Reward += 10 * trial.X[trial.Chosen][1] // what is known of an arm drowns its noise
		trials = append(trials, trial)
	}
	got := estimates(t, trials, nil)
	if got.DR.SE > got.IPS.SE/4 || got.SNDR.SE > got.SNIPS.SE/4 {
		t.Errorf("got standard errors %v of DR and %v of IPS, want less than a quarter", got.DR.SE, got.IPS.SE)
	}
}

// Outcomes that overlap share their luck: an interval that takes them for so many
// independent ones misses the truth more often than it says.
func TestOverlapsWidenTheInterval(t *testing.T) {
	const seed, n, overlap = 13, 1200, 12
	repeats := sooner(60, 400)
	random := rand.New(rand.NewPCG(seed, 1))
	covered := map[int]int{}
	for range repeats {
		moves := make([]float64, n+overlap)
		for i := range moves {
			moves[i] = random.NormFloat64()
		}
		var trials []bandit.Trial
		for i := range n {
			sum := 0.0
			for _, m := range moves[i : i+overlap] {
				sum += m
			}
			chosen := random.IntN(2)
			trials = append(trials, bandit.Trial{Arms: []int{0, 1}, Chosen: chosen, P: .5, Reward: sum, Target: []float64{.5, .5}})
		}
		for _, o := range []int{1, overlap} {
			if got := estimates(t, trials, &bandit.OPEOptions{Overlap: o}); got.IPS.Low <= 0 && 0 <= got.IPS.High {
				covered[o]++
			}
		}
	}
	t.Logf("seed %d: of %d intervals %d hold the truth, %d if overlaps are told", seed, repeats, covered[1], covered[overlap])
	if covered[1] > repeats*6/10 || covered[overlap] < repeats*90/100 {
		t.Errorf("got %v of %d, want few without and 90 %% with the overlap", covered, repeats)
	}
}

func TestNoVerdictWithoutSupport(t *testing.T) {
	random := rand.New(rand.NewPCG(14, 1))
	trials := func(n int, floor float64, change func(*bandit.Trial)) []bandit.Trial {
		var all []bandit.Trial
		for range n {
			trial, _ := recorded{k: 4, floor: floor}.trial(random)
			if change != nil {
				change(&trial)
			}
			all = append(all, trial)
		}
		return all
	}
	for name, tt := range map[string]struct {
		trials  []bandit.Trial
		overlap int
		want    string
	}{
		"enough":                            {trials(3000, .5, nil), 1, ""},
		"too few":                           {trials(80, .9, nil), 1, "are worth no more than"},
		"enough, but they overlap":          {trials(1500, 1, inBlocks(50, random)), 50, "are worth no more than"},
		"a target of arms without a chance": {trials(3000, 0, nil), 1, "takes what had no chance of being recorded"},
		"propensities that are lies": {trials(3000, .5, func(t *bandit.Trial) {
			t.P, t.All = .25, nil
		}), 1, "want 1: the recorded probabilities are not those"},
	} {
		got := estimates(t, tt.trials, &bandit.OPEOptions{Overlap: tt.overlap})
		if (tt.want == "") != (got.Doubt == "") || !strings.Contains(got.Doubt, tt.want) {
			t.Errorf("%s: got %q (%+v), want %q", name, got.Doubt, got, tt.want)
		}
	}
}

// inBlocks lets so many trials in a row have the same luck.
func inBlocks(length int, random *rand.Rand) func(t *bandit.Trial) {
	n, luck := 0, 0.
	return func(t *bandit.Trial) {
		if n%length == 0 {
			luck = 10 * random.NormFloat64()
		}
		n++
		t.Reward += luck
	}
}

func TestTrialsThatMakeNoSenseAreRefused(t *testing.T) {
	for want, change := range map[string]func(t *bandit.Trial){
		"got a propensity of 0, want above 0":              func(t *bandit.Trial) { t.P = 0 },
		"got a propensity of 1.5, want above 0":            func(t *bandit.Trial) { t.P = 1.5 },
		"got a propensity of NaN":                          func(t *bandit.Trial) { t.P = math.NaN() },
		"got a propensity of 0.5 and 0.8 for the same arm": func(t *bandit.Trial) { t.P = .5 },
		"got a reward of +Inf":                             func(t *bandit.Trial) { t.Reward = math.Inf(1) },
		"got arm 2 of 2":                                   func(t *bandit.Trial) { t.Chosen = 2 },
		"got 2 arms, 1 probabilities of the target":        func(t *bandit.Trial) { t.Target = []float64{1} },
		"target: got probabilities that add up to 0.9":     func(t *bandit.Trial) { t.Target = []float64{.5, .4} },
		"recorded: got the probability -0.2":               func(t *bandit.Trial) { t.All = []float64{.8, -.2} },
		"got rows of 1 and 2 features":                     func(t *bandit.Trial) { t.X = [][]float64{{1}, {1, 2}} },
		"got 3 features, want 0 as the first has":          func(t *bandit.Trial) { t.X = [][]float64{{1, 2, 3}, {1, 2, 3}} },
	} {
		var e bandit.OPE
		good := four()
		must(t, e.Add(&good[0]))
		change(&good[1])
		if err := e.Add(&good[1]); err == nil || !strings.Contains(err.Error(), "trial 1: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
		if e.N() != 1 {
			t.Errorf("%s: it was taken all the same", want)
		}
	}
	var none bandit.OPE
	if _, err := none.Estimate(nil); err == nil || err.Error() != "bandit: got 0 decisions with an outcome, want two at least" {
		t.Errorf("of nothing: got %v", err)
	}
}

// A target that never takes what was chosen has no weights at all: nothing divides by
// them unsaid.
func TestATargetThatNeverAgreed(t *testing.T) {
	trials := four()
	for i := range trials {
		trials[i].Target = []float64{0, 0}
		trials[i].Target[1-trials[i].Chosen] = 1
	}
	got := estimates(t, trials, nil)
	if got.IPS.Mean != 0 || !math.IsNaN(got.SNIPS.Mean) || got.ESS != 0 || !strings.Contains(got.Doubt, "worth no more than 0") {
		t.Errorf("got %+v, want no SNIPS, an ESS of 0 and a doubt", got)
	}
}
