package bandit_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"

	"github.com/karlquant/quasar/bandit"
)

// exact solves the whole regression, a column for each arm's intercept included, and
// returns mean and deviation of a row's mean reward in units of the noise.
func exact(t *testing.T, labels []bandit.Label, arms int, ridge, intercept float64, arm int, x []float64) (mean, sd float64) {
	t.Helper()
	n := len(x) + 1 + arms
	row := func(arm int, x []float64) *mat.VecDense {
		v := mat.NewVecDense(n, nil)
		v.SetVec(0, 1)
		for i, f := range x {
			v.SetVec(1+i, f)
		}
		v.SetVec(1+len(x)+arm, 1)
		return v
	}
	a, b := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for i := range n {
		precision := ridge
		if i > len(x) {
			precision = intercept
		}
		a.SetSym(i, i, precision)
	}
	for _, l := range labels {
		r := row(l.Arm, l.X)
		a.SymRankOne(a, l.Weight, r)
		b.AddScaledVec(b, l.Weight*l.Reward, r)
	}
	var c mat.Cholesky
	if !c.Factorize(a) {
		t.Fatal("not positive definite")
	}
	var theta, half mat.VecDense
	r := row(arm, x)
	if err := c.SolveVecTo(&theta, b); err != nil {
		t.Fatal(err)
	}
	if err := c.SolveVecTo(&half, r); err != nil {
		t.Fatal(err)
	}
	return mat.Dot(&theta, r), math.Sqrt(mat.Dot(&half, r))
}

func someLabels(n, features, arms int) []bandit.Label {
	random := rand.New(rand.NewPCG(7, 7))
	labels := make([]bandit.Label, n)
	for i := range labels {
		x := make([]float64, features)
		for j := range x {
			x[j] = random.NormFloat64()
		}
		labels[i] = bandit.Label{
			T: int64(i), Arm: random.IntN(arms), X: x, Weight: 1 + random.Float64(),
			Reward: x[0] - x[1] + random.NormFloat64(),
		}
		labels[i].Reward += float64(labels[i].Arm)
	}
	return labels
}

// The arms' intercepts are never in the matrix, and yet the belief is that of the
// regression which has a column for each.
func TestInterceptsAreEliminatedExactly(t *testing.T) {
	labels := someLabels(200, 3, 4)
	m, err := bandit.NewLinear(3, &bandit.LinearOptions{Ridge: 2, Intercept: 5})
	if err != nil {
		t.Fatal(err)
	}
	var sigma, about float64
	for i := range labels {
		m.Learn(labels[i : i+1])
		if i < 64 {
			about += labels[i].Reward / 64
		}
	}
	for i := range labels {
		labels[i].Reward -= about // which is where the prior is
	}
	for arm := range 5 { // the last was never seen
		x := []float64{.5, -1, 2}
		mean, sd := make([]float64, 1), make([]float64, 1)
		m.Predict(&bandit.Round{T: 200, Arms: []int{arm}, X: [][]float64{x}}, mean, sd)
		wantMean, wantSD := exact(t, labels, 5, 2, 5, arm, x)
		if arm == 0 {
			sigma = sd[0] / wantSD
		}
		if diff := cmp.Diff([]float64{about + wantMean, sigma * wantSD}, []float64{mean[0], sd[0]}, nearly); diff != "" {
			t.Errorf("arm %d: mean, sd (-want +got):\n%s", arm, diff)
		}
	}
	if math.Abs(sigma-1) > .1 {
		t.Errorf("noise = %v, want about 1", sigma)
	}
}

var nearly = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })

// linearModels are the linear models by what they are for.
func linearModels(t *testing.T, features int, halfLife float64) map[string]bandit.Model {
	t.Helper()
	one, err := bandit.NewLinear(features, &bandit.LinearOptions{HalfLife: halfLife})
	if err != nil {
		t.Fatal(err)
	}
	own, err := bandit.NewLinear(features, &bandit.LinearOptions{HalfLife: halfLife, Intercept: 5})
	if err != nil {
		t.Fatal(err)
	}
	each, err := bandit.NewLinear(features, &bandit.LinearOptions{Shared: true, HalfLife: halfLife})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]bandit.Model{"one": one, "one with intercepts": own, "one for each arm": each}
}

// Draws have the mean, the deviation and the correlation of the belief: rows alike
// are drawn alike where arms share their weights.
func TestDrawsAreOfTheBelief(t *testing.T) {
	const draws = 20_000
	for name, m := range linearModels(t, 2, 0) {
		labels := someLabels(30, 2, 3)
		for i := range labels {
			m.Learn(labels[i : i+1])
		}
		x := []float64{1, -1}
		r := &bandit.Round{T: 30, Arms: []int{0, 1, 9}, X: [][]float64{x, {0, 2}, x}}
		mean, sd, out := make([]float64, 3), make([]float64, 3), make([]float64, 3)
		m.Predict(r, mean, sd)
		random := rand.New(rand.NewPCG(1, 2))
		sum, squares := make([]float64, 3), make([]float64, 3)
		for range draws {
			m.Draw(r, random, out)
			for i, v := range out {
				sum[i] += (v - mean[i]) / sd[i] / draws
				squares[i] += (v - mean[i]) * (v - mean[i]) / sd[i] / sd[i] / draws
			}
		}
		for i := range out {
			if math.Abs(sum[i]) > .03 || math.Abs(squares[i]-1) > .05 {
				t.Errorf("%s, arm %d: draws have mean %.3f and variance %.3f in units of the belief, want 0 and 1", name, i, sum[i], squares[i])
			}
		}
		if same := math.Abs(out[0]-out[2]) < 1e-12; same != (name == "one") {
			t.Errorf("%s: two arms of one row were drawn at %v and %v", name, out[0], out[2])
		}
	}
}

// Without labels, what is known fades and the deviation comes back.
func TestBeliefsForget(t *testing.T) {
	for name, m := range linearModels(t, 2, 50) {
		labels := someLabels(400, 2, 3)
		var about float64
		for i := range labels {
			m.Learn(labels[i : i+1])
			if i < 64 {
				about += labels[i].Reward / 64
			}
		}
		at := func(round int64) (mean, sd float64) {
			means, sds := make([]float64, 1), make([]float64, 1)
			m.Predict(&bandit.Round{T: round, Arms: []int{1}, X: [][]float64{{1, 1}}}, means, sds)
			return means[0], sds[0]
		}
		meanNow, sdNow := at(400)
		meanLater, sdLater := at(2400)
		if math.Abs(meanLater-about) > .01*math.Abs(meanNow-about) || sdLater < 3*sdNow {
			t.Errorf("%s: 40 half-lives turned mean %.3f sd %.3f into %.6f and %.3f, want none of it left and the prior's %.6f", name, meanNow, sdNow, meanLater, sdLater, about)
		}
	}
}

// A row far off from all seen before is not worth more than anything ever was.
func TestPredictionsStayWithinTheRewards(t *testing.T) {
	for name, m := range linearModels(t, 1, 0) {
		for i, x := range []float64{0, .5, 1} {
			m.Learn([]bandit.Label{{T: int64(i), X: []float64{x}, Reward: x, Weight: 1}})
		}
		got, sd := make([]float64, 2), make([]float64, 2)
		m.Predict(&bandit.Round{T: 3, Arms: []int{0, 0}, X: [][]float64{{-1000}, {1000}}}, got, sd)
		if diff := cmp.Diff([]float64{0, 1}, got); diff != "" {
			t.Errorf("%s: means (-want +got):\n%s", name, diff)
		}
	}
}
