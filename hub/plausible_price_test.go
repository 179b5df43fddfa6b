package hub

import (
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar/price"
)

// A price that jumps because it is its nature is never implausible, whenever and
// however often it is looked at. Over a million ticks of each index with two seeds
// no jumps took more than 4.2 % of the 8 % that they may.
func TestNoIndexIsImplausible(t *testing.T) {
	const ticks, seed = 60_000, 1
	for name, look := range map[string]func(*looker){
		"at each tick":               func(l *looker) { l.wait(1); l.look() },
		"more than once a tick":      func(l *looker) { l.wait(1); l.look(); l.look() },
		"seldom":                     func(l *looker) { l.wait(60); l.look() },
		"now and then":               func(l *looker) { l.wait(1 + l.random.IntN(40)); l.look() },
		"late, and then all at once": func(l *looker) { l.now += 20 * l.interval; l.burst(20) },
		"a hundred times as fast":    func(l *looker) { l.interval = tickOf(l.process) / 100; l.wait(5); l.look() },
		"again after hours":          func(l *looker) { l.wait(1 + 9999*one(l.random.IntN(500) == 0)); l.look() },
	} {
		for _, index := range price.Indices() {
			process, err := price.New(index, seed)
			if err != nil {
				t.Fatal(err)
			}
			l := &looker{
				process: process, interval: tickOf(process), now: 1,
				random: rand.New(rand.NewPCG(seed, 2)),
			}
			for l.ticks < ticks && l.found.rule == plausible {
				look(l)
			}
			if l.found.rule != plausible {
				t.Errorf("%s, seen %s, after %d ticks: got %+v", index.Name, name, l.ticks, l.found)
			}
		}
	}
}

// looker looks at a process now and then.
type looker struct {
	watch    priceWatch
	process  *price.Process
	interval seconds // from tick to tick
	now      seconds
	random   *rand.Rand
	ticks    int
	found    finding // that is not plausible, if any
}

// tickOf is how long it is from one tick to the next.
func tickOf(p *price.Process) seconds { return seconds(p.Index().Interval.Seconds()) }

// wait lets so many ticks pass.
func (l *looker) wait(ticks int) {
	for range ticks {
		l.now += l.interval
		l.process.Next()
	}
	l.ticks += ticks
}

func (l *looker) look() {
	if f := l.watch.judge(l.process.Price(), int64(l.ticks), l.now); f.rule != plausible {
		l.found = f
	}
}

// burst looks at so many ticks in one moment.
func (l *looker) burst(ticks int) {
	for range ticks {
		l.process.Next()
		l.ticks++
		l.look()
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Who drags a price away in small moves makes them usual too late.
func TestAPriceThatIsDraggedAway(t *testing.T) {
	for _, index := range price.Indices() {
		for _, each := range []float64{0.01, 0.02, 0.05, -0.01, -0.05} {
			process, err := price.New(index, 1)
			if err != nil {
				t.Fatal(err)
			}
			var w priceWatch
			now, tick, rises := seconds(1), tickOf(process), int64(0)
			for range 2000 {
				now, rises = now+tick, rises+1
				w.judge(process.Next(), rises, now)
			}
			start := process.Price()
			factor := 1.0
			for w.judge(start*factor, rises, now).rule == plausible && factor > 0.5 && factor < 2 {
				now += tick
				factor *= 1 + each
			}
			if factor < 0.75 || factor > 1.33 {
				t.Errorf("%s by %g a tick: got to %.2f of the price unseen", index.Name, each, factor)
			}
		}
	}
}
