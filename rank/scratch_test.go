package rank_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

// message is a snapshot and when it came, in seconds behind noon.
type message struct {
	at              float64
	voted, trained  bool
	buys, sells     int64
	signal          quasar.Signal
	price, accuracy float64
	steps           int64
	loss            float64
}

func after(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// apply makes of messages the snapshots that a hub would send.
func (m *message) apply(s *quasar.Snapshot) {
	if m.voted {
		s.Voting = quasar.Voting{DominantSignal: &m.signal, BuyCount: &m.buys, SellCount: &m.sells, LastPrice: &m.price}
		s.VotingAt = after(m.at)
	}
	if m.trained {
		s.Training = quasar.Training{TrainingSteps: &m.steps, AVNAccuracy: &m.accuracy, ActorLoss: &m.loss}
		s.TrainingAt = after(m.at)
	}
	s.UpdatedAt = after(m.at)
}

func drawMessages(t *rapid.T) []message {
	var all []message
	at, price, steps := 0.0, 100.0, int64(0)
	for range rapid.IntRange(1, 60).Draw(t, "messages") {
		at += rapid.SampledFrom([]float64{0.125, 0.5, 1, 1, 2, 7, 60, 4000}).Draw(t, "wait")
		price *= math.Exp(1e-3 * float64(rapid.IntRange(-3, 3).Draw(t, "move")))
		steps = max(0, steps+rapid.Int64Range(-3, 20).Draw(t, "steps"))
		m := message{
			at: at, price: price, steps: steps,
			voted: rapid.Bool().Draw(t, "voted"), trained: rapid.Bool().Draw(t, "trained"),
			buys: rapid.Int64Range(0, 3).Draw(t, "buys"), sells: rapid.Int64Range(0, 3).Draw(t, "sells"),
			signal:   rapid.SampledFrom([]quasar.Signal{quasar.Buy, quasar.Sell, quasar.Neutral}).Draw(t, "signal"),
			accuracy: rapid.Float64Range(0, 1).Draw(t, "accuracy"), loss: rapid.Float64Range(-9, 9).Draw(t, "loss"),
		}
		all = append(all, m)
	}
	return all
}

// scratch works the formulas of docs/features.md on everything that ever came, with
// a horizon of a minute.
type scratch struct {
	all []message
	now float64
}

const minute = 60.0

// voted and trained are the messages with one group.
func (s *scratch) voted() (some []message) { return s.with(func(m *message) bool { return m.voted }) }
func (s *scratch) trained() (some []message) {
	return s.with(func(m *message) bool { return m.trained })
}

func (s *scratch) with(has func(*message) bool) (some []message) {
	for i := range s.all {
		if has(&s.all[i]) {
			some = append(some, s.all[i])
		}
	}
	return some
}

// change is a number that came evenly in the course of dt, up to at.
type change struct{ x, dt, at float64 }

// fading is F of the document: at the time of the last change, what is left of all.
func fading(all []change, tau float64) (sum float64) {
	for _, c := range all {
		even := tau / c.dt * (1 - math.Exp(-c.dt/tau))
		sum += c.x * even * math.Exp(-(all[len(all)-1].at-c.at)/tau)
	}
	return sum
}

// left is G: the same of what came all at once.
func left(all []change, now, tau float64) (sum float64) {
	for _, c := range all {
		sum += c.x * math.Exp(-(now-c.at)/tau)
	}
	return sum
}

func (s *scratch) returns() (r []change) {
	v := s.voted()
	for i := 1; i < len(v); i++ {
		r = append(r, change{math.Log(v[i].price / v[i-1].price), v[i].at - v[i-1].at, v[i].at})
	}
	return r
}

func squares(r []change) (squares, times []change) {
	for _, c := range r {
		squares = append(squares, change{c.x * c.x, c.dt, c.at})
		times = append(times, change{c.dt, c.dt, c.at})
	}
	return squares, times
}

func volatility(r []change, tau float64) float64 {
	sq, times := squares(r)
	return math.Sqrt(fading(sq, tau) / fading(times, tau))
}

func (s *scratch) price(want map[string]float64) {
	r := s.returns()
	sigma := 0.0
	if len(r) >= 8 {
		sigma = volatility(r, 10*minute)
	}
	if !(sigma > 0) {
		want["no_volatility"] = 1
		return
	}
	v := s.voted()
	direction := map[quasar.Signal]float64{quasar.Buy: 1, quasar.Sell: -1}[v[len(v)-1].signal]
	in := func(tau float64) float64 {
		return within(direction*fading(r, tau)/(sigma*math.Sqrt(tau/2)), 20)
	}
	want["momentum_fast"], want["momentum"], want["momentum_slow"] = in(minute/4), in(minute), in(4*minute)
	want["volatility"] = math.Log(sigma)
	want["volatility_ratio"] = within(math.Log(volatility(r, minute)/sigma), 5)
	var products, norms []change
	for i := 1; i < len(r); i++ {
		products = append(products, change{r[i].x * r[i-1].x, 0, r[i].at})
		norms = append(norms, change{(r[i].x*r[i].x + r[i-1].x*r[i-1].x) / 2, 0, r[i].at})
	}
	end := r[len(r)-1].at
	if norm := left(norms, end, 10*minute); norm > 0 {
		want["autocorrelation"] = left(products, end, 10*minute) / norm
	}
	if up, down := reach(r, -1), reach(r, 1); up+down > 0 {
		want["range_position"] = direction * (down - up) / (up + down)
	}
}

// reach is how far it is to the end of the fading range on the side of a fall (1) or
// of a rise (-1): the furthest that any moment before was away, less what it faded.
func reach(r []change, side float64) float64 {
	far := 0.0
	for from := range r {
		distance := 0.0
		for i := from; i < len(r); i++ {
			distance = distance*math.Exp(-r[i].dt/(10*minute)) + side*r[i].x
		}
		far = max(far, distance)
	}
	return far
}

func within(x, bound float64) float64 { return min(max(x, -bound), bound) }

func (s *scratch) votes(want map[string]float64) {
	v := s.voted()
	first := s.all[0].at
	want["since_flip"], want["voting_age"], want["price_age"] = s.age(first), s.age(first), s.age(first)
	if len(v) == 0 {
		want["no_votes"], want["no_signal"] = 1, 1
		return
	}
	var flips []change
	flipped, moved := first, v[0].at
	for i := 1; i < len(v); i++ {
		if v[i].signal != v[i-1].signal {
			flips, flipped = append(flips, change{1, 0, v[i].at}), v[i].at
		}
		if v[i].price != v[i-1].price {
			moved = v[i].at
		}
	}
	last := v[len(v)-1]
	want["since_flip"], want["voting_age"], want["price_age"] = s.age(flipped), s.age(last.at), s.age(moved)
	want["flip_rate"] = math.Log1p(left(flips, s.now, 10*minute) / 10)
	s.ballot(&last, want)
}

func (s *scratch) ballot(m *message, want map[string]float64) {
	want["buy"], want["sell"] = one(m.signal == quasar.Buy), one(m.signal == quasar.Sell)
	n := float64(m.buys + m.sells)
	want["votes"] = math.Log1p(n)
	if n == 0 {
		want["no_votes"] = 1
		return
	}
	p := float64(m.buys) / n
	want["confidence"], want["margin"] = max(p, 1-p), 2*p-1
	if 0 < p && p < 1 {
		want["vote_entropy"] = -p*math.Log2(p) - (1-p)*math.Log2(1-p)
	}
	want["agreement"] = (want["buy"] - want["sell"]) * (one(p > 0.5) - one(p < 0.5))
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func (s *scratch) age(at float64) float64 { return math.Log1p(s.now - at) }

func (s *scratch) training(want map[string]float64) {
	g := s.trained()
	want["training_age"] = s.age(s.all[0].at)
	want["no_critic_loss"], want["no_avn_loss"] = 1, 1
	if len(g) == 0 {
		want["no_accuracy"], want["no_actor_loss"], want["no_steps"] = 1, 1, 1
		return
	}
	last := g[len(g)-1]
	slog := func(x float64) float64 { return math.Copysign(math.Log1p(math.Abs(x)), x) }
	want["training_age"] = s.age(last.at)
	want["accuracy"], want["actor_loss"] = last.accuracy, slog(last.loss)
	want["accuracy_slope"] = slope(g, func(m *message) float64 { return m.accuracy })
	want["actor_loss_slope"] = slope(g, func(m *message) float64 { return slog(m.loss) })
	want["steps"] = math.Log1p(float64(last.steps))
	moved := g[0].at
	var made, took []change
	for i := 1; i < len(g); i++ {
		n, dt := float64(g[i].steps-g[i-1].steps), g[i].at-g[i-1].at
		if n != 0 {
			moved = g[i].at
		}
		if n >= 0 { // a learner that began anew has not gone backwards
			made, took = append(made, change{n, dt, g[i].at}), append(took, change{dt, dt, g[i].at})
		}
	}
	want["stalled"] = one(s.now-moved > 120)
	if len(took) > 0 {
		want["step_rate"] = math.Log1p(fading(made, minute) / fading(took, minute))
	}
}

// slope is the difference of two means, each the sum of all values by their weights.
func slope(g []message, of func(*message) float64) float64 {
	mean := func(tau float64) (sum float64) {
		weight := 1.0
		for i := len(g) - 1; i > 0; i-- {
			keep := math.Exp(-(g[i].at - g[i-1].at) / tau)
			sum += weight * (1 - keep) * of(&g[i])
			weight *= keep
		}
		return sum + weight*of(&g[0])
	}
	return mean(minute) - mean(10*minute)
}

func (s *scratch) row() map[string]float64 {
	want := map[string]float64{"hit_rate": 0.5, "hit_rate_error": math.Sqrt(1.0 / 12)} // nothing was followed
	s.votes(want)
	s.training(want)
	s.price(want)
	var updates []change
	for _, m := range s.all {
		if m.voted || m.trained {
			updates = append(updates, change{1, 0, m.at})
		}
	}
	want["update_rate"] = math.Log1p(left(updates, s.now, minute) / minute)
	if want["no_votes"]+want["no_accuracy"] == 0 {
		want["gap"] = want["confidence"] - want["accuracy"]
		want["gap_size"] = math.Abs(want["gap"])
	}
	if want["no_accuracy"] == 0 {
		want["hit_minus_accuracy"] = 0.5 - want["accuracy"]
	}
	day := 2 * math.Pi * (12*3600 + s.now) / 86400
	want["hour_sin"], want["hour_cos"] = math.Sin(day), math.Cos(day)
	return want
}

// Whatever came, the row is what the formulas give on all of it.
func TestFeaturesEqualTheFormulasOnAllThatCame(t *testing.T) {
	table := rank.Table()
	rapid.Check(t, func(t *rapid.T) {
		f, err := rank.NewFeatures(nil)
		if err != nil {
			t.Fatal(err)
		}
		all, s, got := drawMessages(t), quasar.Snapshot{SpaceName: "A"}, make([]float64, rank.Width)
		for i := range all {
			all[i].apply(&s)
			f.Update(&s, after(all[i].at))
		}
		now := all[len(all)-1].at + rapid.SampledFrom([]float64{0, 1, 100}).Draw(t, "later")
		f.Row(0, after(now), got)
		want := (&scratch{all, now}).row()
		for i, x := range got {
			if y := want[table[i].Name]; !near(x, y) {
				t.Errorf("%s: got %v, want %v", table[i].Name, x, y)
			}
		}
	})
}

// near allows for rounding: the sums are in another order.
func near(x, y float64) bool { return math.Abs(x-y) <= 1e-9*(1+math.Abs(y)) }
