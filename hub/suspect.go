package hub

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/karlquant/quasar"
)

// rule is what a value broke.
type rule uint8

const (
	plausible rule = iota
	wentBack
	leapt
	unusual
	swings
	perfect
	stands
)

// text says it to a person. Numbers are all that it has of a stranger.
func (f finding) text(field quasar.Field) string {
	switch f.rule {
	case wentBack:
		return fmt.Sprintf("%s went back from %s to %s on one connection", field, number(f.from), number(f.got))
	case leapt:
		return fmt.Sprintf("%s leapt from %s to %s", field, number(f.from), number(f.got))
	case unusual:
		return fmt.Sprintf("%s leapt to %s, usual is about %.3g", field, number(f.got), f.from)
	case swings:
		return fmt.Sprintf("%s goes from one extreme to the other again and again, now from %.3g to %.3g", field, f.from, f.got)
	case perfect:
		return fmt.Sprintf("%s is exactly 1 and has been for %v or more", field, perfectFor)
	case stands:
		return fmt.Sprintf("%s has stood at %s for %v or more while training went on", field, number(f.got), standsFor)
	}
	return ""
}

// number writes a number as people do, unless it is one that they do not.
func number(x float64) string {
	if size := math.Abs(x); size >= 1e-4 && size < 1e16 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// watchedFields are those that plausibility judges. The signal and its source are
// words: one is as plausible as another.
const watchedFields = quasar.AllFields &^ (1<<quasar.DominantSignal | 1<<quasar.SignalSource)

// suspicion is what was found in a space and when. It is guarded by Hub.mu.
type suspicion struct {
	since, last time.Time // of the newest row of findings
	found       [quasar.NumFields]struct {
		finding finding
		at      time.Time
	}
}

// add enters a finding.
func (s *suspicion) add(field quasar.Field, f finding, now time.Time) {
	if !s.stands(now) {
		s.since = now
	}
	s.last = now
	s.found[field].finding, s.found[field].at = f, now
}

// stands tells whether the space is suspect: for quarantine after the newest
// finding. A nil suspicion is none.
func (s *suspicion) stands(now time.Time) bool {
	return s != nil && !s.last.IsZero() && now.Sub(s.last) < quarantine
}

// suspectRow is a suspicion in answers.
type suspectRow struct {
	Since unixSeconds `json:"since"`
	Until unixSeconds `json:"until"`
	// Reasons has the newest reason of each field that was found implausible.
	Reasons map[string]string `json:"reasons"`
}

// row is nil where there is no suspicion.
func (s *suspicion) row(now time.Time) *suspectRow {
	if !s.stands(now) {
		return nil
	}
	row := suspectRow{unixSeconds(s.since), unixSeconds(s.last.Add(quarantine)), make(map[string]string)}
	for f := range watchedFields.All() {
		if found := &s.found[f]; !found.at.Before(s.since) {
			row.Reasons[f.String()] = found.finding.text(f)
		}
	}
	return &row
}

// judge looks for implausible values in an update that was accepted, marks its
// space if there are any, and returns what should be read of them in the log, if
// anything. It holds nothing back. Guarded by h.mu.
func (h *Hub) judge(from *session, u *quasar.Update, now time.Time) (suspect string) {
	s := from.space
	anew := s.judged != from.epoch
	s.judged = from.epoch
	var found findings
	odd := s.plausibility.judge(u, anew, seconds(1+now.Sub(h.started).Seconds()), &found)
	if odd == 0 {
		return ""
	}
	if s.suspicion == nil {
		s.suspicion = new(suspicion)
	}
	var newest quasar.Field
	for newest = range odd.All() {
		s.suspicion.add(newest, found[newest], now)
		s.ledger.implausible++
		h.totals.implausible[newest]++
	}
	if !s.suspected.mayShow(now) {
		return ""
	}
	suspect = found[newest].text(newest)
	h.event(now, eventSuspect, s.name, "suspect: "+suspect)
	return suspect
}

// suspects counts the spaces that are suspect. Guarded by h.mu.
func (h *Hub) suspects(now time.Time) int {
	n := 0
	for _, s := range h.spaces {
		if s.suspicion.stands(now) {
			n++
		}
	}
	return n
}

// implausibles is how many values of all fields were found implausible.
func (t *totals) implausibles() int64 {
	var sum int64
	for _, n := range t.implausible {
		sum += n
	}
	return sum
}

// flags names the spaces that are stale and those that are suspect: when that
// changes so does what /api/state shows, though nothing came. Guarded by h.mu.
func (h *Hub) flags(now time.Time) string {
	var flags []string
	for name, s := range h.spaces {
		if s.known() && h.stale(s, now) {
			flags = append(flags, name)
		}
		if s.suspicion.stands(now) {
			flags = append(flags, name+"!") // no name has that
		}
	}
	slices.Sort(flags)
	return strings.Join(flags, ",")
}
