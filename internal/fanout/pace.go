package fanout

import "time"

// pace says when a shard rests.
//
// A shard that cannot keep up with single frames would spend all its time on
// writes of one or two. If it rests as it goes, frames gather and leave in one
// write. It rests in proportion to its work, in small pieces between the members
// and not behind all of them: so each member is written to as often, but a frame
// waits for its next turn only and not for a round on top, and those who publish
// get the processor in between.
//
// It rests only where that is worth it. While frames come one at a time nothing
// would gather: each leaves at once. And where fewer of them come in a second if it
// rests, for their publisher waits until the last ones have arrived, resting would
// only make everybody wait. So it tries the other way now and then, often while the
// answer changes and seldom while it stays, and keeps to the better one.
type pace struct {
	resting bool          // the round rests
	began   time.Time     // the round
	last    time.Time     // what was done until then is in owed
	owed    time.Duration // the rest that work has earned; below 0 it was too long
	taken   time.Duration // the rest that was taken in this round

	ended         time.Time // the round before
	with, without flow      // how frames came in rounds that rested, and in others
	idle          bool      // resting is not worth it
	trying        bool      // it does what is thought to be worse
	left          int       // how many rounds until it changes that
	stay          int       // how many rounds it stayed with what is better
}

const (
	// restFactor is how many times as long as it works a resting shard rests.
	restFactor = 1.25
	// maxRest is the most that it rests in one round.
	maxRest = 20 * time.Millisecond
	// minRest is what is too short to be worth a timer, which is late by as much.
	minRest = time.Millisecond
	// breath is how long a shard that does not rest pauses after a round that took
	// long: where there is one processor, those who publish have it then.
	breath = 100 * time.Microsecond
	// longRound is what took long.
	longRound = breath / 2
	// gathered is how many frames in a round are worth waiting for.
	gathered = 2
	// kept is the share of frames that must come all the same where it rests. All do
	// where they come whatever it does; where their publisher waits for them, as few
	// as the round is longer: two in five.
	kept = 0.7
	// tries is how many rounds the other way is tried, and how many it stays at first
	// with what was better; tryEvery is the most that it stays.
	tries, tryEvery = 2, 32
)

// begin begins a round.
func (p *pace) begin(now time.Time) {
	p.began, p.last, p.taken = now, now, 0
	if !p.resting {
		p.owed = 0
	}
}

// rest returns how long to rest at this place of a round: mostly not at all.
// Whoever rests calls rested.
func (p *pace) rest(now time.Time) time.Duration {
	p.owed += time.Duration(restFactor * float64(now.Sub(p.last)))
	p.last = now
	if rest := min(p.owed, maxRest-p.taken); p.resting && rest >= minRest {
		return rest
	}
	return 0
}

// rested enters that a rest ended now.
func (p *pace) rested(now time.Time) {
	took := now.Sub(p.last)
	p.last = now
	p.taken += took
	p.owed -= took
}

// breath returns how long to pause behind a round, before end.
func (p *pace) breath(now time.Time) time.Duration {
	if p.resting || now.Sub(p.began) < longRound {
		return 0
	}
	return breath
}

// end ends a round and decides about the next. So many frames came since the round
// began, and so many since the last one ended.
func (p *pace) end(now time.Time, since, all int64) {
	took := min(now.Sub(p.ended), 2*now.Sub(p.began)) // not how long it slept for want of frames
	p.ended = now
	if since < gathered {
		p.resting = false
		return
	}
	if p.resting {
		p.with.add(all, took)
	} else {
		p.without.add(all, took)
	}
	if p.left--; p.left <= 0 {
		p.turn()
	}
	p.resting = p.idle == p.trying
}

// turn begins to try the other way, or decides after that.
func (p *pace) turn() {
	p.left = tries
	if p.stay == 0 { // nothing is known: first it rests
		p.stay = tries
		return
	}
	if p.trying = !p.trying; p.trying {
		return
	}
	was := p.idle
	p.idle = p.with.perSecond() < kept*p.without.perSecond()
	p.stay = min(2*p.stay, tryEvery)
	if p.idle != was {
		p.stay = tries
	}
	p.left = p.stay
}

// flow is the mean of a rate, in which what is new counts most.
type flow struct{ frames, seconds float64 }

func (f *flow) add(frames int64, took time.Duration) {
	f.frames += (float64(frames) - f.frames) / 4
	f.seconds += (took.Seconds() - f.seconds) / 4
}

// perSecond is 0 while nothing is known.
func (f *flow) perSecond() float64 {
	if f.seconds <= 0 {
		return 0
	}
	return f.frames / f.seconds
}
