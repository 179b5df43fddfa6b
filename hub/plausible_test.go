package hub

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

// trainer is a publisher of one space as a good one is: it learns some steps a
// second, and its votes and losses vary.
type trainer struct {
	plausibility

	now    seconds
	random *rand.Rand
	steps  int64
	price  float64
}

// newTrainer returns one that has been heard for so many seconds.
func newTrainer(seconds int) *trainer {
	t := &trainer{now: 1, random: rand.New(rand.NewPCG(1, 2)), steps: 500_000, price: 451_234.12}
	for range seconds {
		t.says(nil)
	}
	return t
}

// next is what the trainer says a second later.
func (t *trainer) next() quasar.Update {
	r := t.random
	t.now++
	t.steps += 40 + r.Int64N(20)
	t.price = math.Round(100*t.price*math.Exp(1.4e-4*r.NormFloat64())) / 100
	buys := r.Int64N(11)
	return quasar.UpdateOf(
		&quasar.Training{TrainingSteps: new(t.steps), ActorLoss: new(-0.3 * r.Float64()), CriticLoss: new(40 * r.ExpFloat64()),
			AVNLoss: new(r.Float64()), AVNAccuracy: new(0.5 + 0.1*r.Float64())},
		&quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: &buys, SellCount: new(10 - buys), LastPrice: new(t.price)})
}

// says judges what the trainer says next, with a change, and returns what is found.
func (t *trainer) says(change func(*quasar.Update)) string {
	u := t.next()
	if change != nil {
		change(&u)
	}
	return t.judged(&u, false)
}

func (t *trainer) judged(u *quasar.Update, anew bool) string {
	var found findings
	var texts []string
	for f := range t.judge(u, anew, t.now, &found).All() {
		texts = append(texts, found[f].text(f))
	}
	return strings.Join(texts, ", ")
}

func TestWhatIsImplausible(t *testing.T) {
	type change = func(*quasar.Update)
	steps := func(n int64) change { return func(u *quasar.Update) { u.Training.TrainingSteps = &n } }
	accuracy := func(x float64) change { return func(u *quasar.Update) { u.Training.AVNAccuracy = &x } }
	loss := func(x float64) change { return func(u *quasar.Update) { u.Training.CriticLoss = &x } }
	buys := func(n int64) change { return func(u *quasar.Update) { u.Voting.BuyCount = &n } }
	priceOf := func(x float64) change { return func(u *quasar.Update) { u.Voting.LastPrice = &x } }
	for _, c := range []struct {
		name  string
		heard int // seconds before
		says  []change
		want  string // of the last one; what came before is plausible
	}{
		{"nothing out of the ordinary", 300, []change{nil}, ""},
		{"steps that go back", 300, []change{steps(4000)}, "training_steps went back from 514816 to 4000 on one connection"},
		{"steps that stand", 300, []change{steps(514_816)}, ""},
		{"the most steps there can be", 300, []change{steps(quasar.MaxCount)}, "training_steps leapt from 514816 to 9007199254740991"},
		{"thousands of times the usual steps", 300, []change{steps(714_816)}, "training_steps leapt from 514816 to 714816"},
		{"the steps of an epoch", 300, []change{steps(609_816)}, ""},
		{"many steps while none are usual yet", 2, []change{steps(1e9)}, "training_steps leapt from 500103 to 1000000000"},
		{"a checkpoint that is loaded", 0, []change{steps(0), steps(7_000_000)}, ""},
		{"a loss out of the blue", 300, []change{loss(-1e30)}, "critic_loss leapt to -1e+30, usual is about 39.2"},
		{"the largest loss there is", 300, []change{loss(math.MaxFloat64)}, "critic_loss leapt to 1.7976931348623157e+308, usual is about 39.2"},
		{"a loss that grows a thousandfold", 300, []change{loss(4e4)}, ""},
		{"a large loss while none is usual yet", 5, []change{loss(1e30)}, ""},
		{"a perfect accuracy", 300, []change{accuracy(1)}, ""},
		{"an accuracy that goes to and fro", 300, []change{accuracy(1), accuracy(0), accuracy(1), accuracy(0), accuracy(0.95), accuracy(0)},
			"avn_accuracy goes from one extreme to the other again and again, now from 0.95 to 0"},
		{"more votes than there are agents", 300, []change{buys(2_000)}, "buy_count leapt to 2000, usual is about 7.73"},
		{"the most votes there can be", 300, []change{buys(quasar.MaxCount)}, "buy_count leapt to 9007199254740991, usual is about 7.73"},
		{"some more agents", 300, []change{buys(50)}, ""},
		{"the most votes while none are usual yet", 3, []change{buys(quasar.MaxCount)}, "buy_count leapt to 9007199254740991, usual is about 8"},
		{"a price that doubles", 300, []change{priceOf(903_730.72)}, "last_price leapt from 451865.36 to 903730.72"},
		{"a price of a tenth", 300, []change{priceOf(45_186.54)}, "last_price leapt from 451865.36 to 45186.54"},
		{"a price without end", 300, []change{priceOf(math.MaxFloat64)}, "last_price leapt from 451865.36 to 1.7976931348623157e+308"},
		{"hardly a price", 300, []change{priceOf(math.SmallestNonzeroFloat64)}, "last_price leapt from 451865.36 to 5e-324"},
		{"a price that doubles while few moves were seen", 2, []change{priceOf(903_730.72)}, "last_price leapt from 451231.44 to 903730.72"},
		{"a fall of 5 %", 300, []change{priceOf(429_272.09)}, ""},
		{"a rise of 10 %", 300, []change{priceOf(497_051.90)}, "last_price leapt from 451865.36 to 497051.9"},
		{"two falls of 5 % in a moment", 300, []change{priceOf(429_272.09), priceOf(407_808.49)}, "last_price leapt from 429272.09 to 407808.49"},
		{"two falls of 5 % where few moves were seen", 20, []change{priceOf(429_000), priceOf(407_550)}, "last_price leapt from 429000 to 407550"},
		{"no price", 300, []change{func(u *quasar.Update) { u.Voting.LastPrice = nil }}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTrainer(c.heard)
			want := make([]string, len(c.says))
			want[len(want)-1] = c.want
			got := make([]string, len(c.says))
			for i, change := range c.says {
				got[i] = p.says(change)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What was implausible is forgotten with the next plausible value, and what stays
// for ten minutes is the new usual.
func TestWhatStaysIsTheNewUsual(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*quasar.Update)
		want   string
	}{
		{"a price of twice the level", func(u *quasar.Update) { u.Voting.LastPrice = new(2 * *u.Voting.LastPrice) }, "last_price"},
		{"steps from another start", func(u *quasar.Update) { u.Training.TrainingSteps = new(*u.Training.TrainingSteps - 400_000) }, "training_steps"},
		{"steps far ahead", func(u *quasar.Update) { u.Training.TrainingSteps = new(*u.Training.TrainingSteps + 1e12) }, "training_steps"},
		{"losses of another scale", func(u *quasar.Update) { u.Training.AVNLoss = new(1e12 * (1 + *u.Training.AVNLoss)) }, "avn_loss"},
		{"thousands of agents", func(u *quasar.Update) { u.Voting.SellCount = new(5000 + *u.Voting.SellCount) }, "sell_count"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTrainer(300)
			for range 3 {
				for range 300 {
					if got := p.says(c.change); !strings.HasPrefix(got, c.want) {
						t.Fatalf("got %q, want %s", got, c.want)
					}
				}
				if got := p.says(nil); got != "" {
					t.Fatalf("back to what is usual: got %q", got)
				}
			}
			odd := 0
			for range 2000 {
				if p.says(c.change) != "" {
					odd++
				}
			}
			if odd != 600 {
				t.Errorf("got %d implausible values, want those of ten minutes", odd)
			}
		})
	}
}

// A clamp makes 1 of percents, and a reader that hangs sends one price for ever.
func TestWhatStandsTooLong(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*quasar.Update)
		after  int // seconds that it is plausible for
		want   string
	}{
		{"an accuracy of exactly 1", func(u *quasar.Update) { u.Training.AVNAccuracy = new(1.0) }, 600, "avn_accuracy is exactly 1 and has been for 10m0s or more"},
		{"a price", func(u *quasar.Update) { u.Voting.LastPrice = new(451_865.36) }, 900, "last_price has stood at 451865.36 for 15m0s or more while training went on"},
		{"a price while training stands, too", func(u *quasar.Update) {
			u.Voting.LastPrice, u.Training.TrainingSteps = new(451_865.36), new(int64(514_900))
		}, 2000, ""},
		{"an accuracy of almost 1", func(u *quasar.Update) { u.Training.AVNAccuracy = new(0.999) }, 2000, ""},
		{"losses and votes", func(u *quasar.Update) {
			u.Training.ActorLoss, u.Voting.BuyCount, u.Voting.SellCount = new(0.0), new(int64(0)), new(int64(0))
		}, 2000, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTrainer(300)
			for i := range c.after {
				if got := p.says(c.change); got != "" {
					t.Fatalf("after %d s: got %q", i, got)
				}
			}
			if got := p.says(c.change); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := p.says(nil); got != "" {
				t.Errorf("then: got %q", got)
			}
		})
	}
}

// A new connection may be a new process: it counts its steps from wherever it likes.
func TestStepsOfAnotherConnection(t *testing.T) {
	p := newTrainer(300)
	for _, steps := range []int64{0, 9_000_000_000, 17} {
		u := p.next()
		p.steps = steps
		u.Training.TrainingSteps = &steps
		if got := p.judged(&u, true); got != "" {
			t.Errorf("%d steps: got %q", steps, got)
		}
		if got := p.says(nil); got != "" {
			t.Errorf("after %d steps: got %q", steps, got)
		}
	}
}

// A trainer that stops, starts anew, diverges and says half of it is never suspect.
func TestAGoodTrainerIsNotSuspect(t *testing.T) {
	for seed := range uint64(5) {
		p := newTrainer(0)
		p.random = rand.New(rand.NewPCG(seed, 7))
		scale := 1.0
		for i := range 100_000 {
			u, anew := p.next(), i%7001 == 0
			switch {
			case anew: // another process, later
				p.now += seconds(3600 * p.random.Float64())
				p.steps, scale = 0, 1
				u.Training = quasar.Training{TrainingSteps: new(int64(0))}
			case i%7001 > 5000: // it diverges
				scale *= 1.5
				u.Training.CriticLoss = new(min(math.MaxFloat64, scale**u.Training.CriticLoss))
			case i%11 == 0:
				u.Training = quasar.Training{}
			case i%13 == 0:
				u.Voting = quasar.Voting{SellCount: u.Voting.SellCount}
			}
			if got := p.judged(&u, anew); got != "" {
				t.Fatalf("seed %d, value %d: got %q", seed, i, got)
			}
		}
	}
}

func TestAPlausibleUpdateCostsNoAllocation(t *testing.T) {
	p := newTrainer(300)
	u := p.next()
	var found findings
	if got := testing.AllocsPerRun(1000, func() {
		p.now++
		*u.Training.TrainingSteps += 40
		*u.Voting.LastPrice += 0.01
		p.judge(&u, false, p.now, &found)
	}); got != 0 || found != (findings{}) {
		t.Errorf("got %v allocations, %+v", got, found)
	}
}

// What it costs to look at an update with all ten fields, all of them new.
func BenchmarkPlausible(b *testing.B) {
	p := newTrainer(300)
	updates := make([]quasar.Update, 1024)
	for i := range updates {
		updates[i] = p.next()
	}
	start := p.now
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var found findings
		u := updates[i%len(updates)]
		p.judge(&u, i%len(updates) == 0, start+seconds(i), &found)
	}
}
