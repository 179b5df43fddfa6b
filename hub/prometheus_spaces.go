package hub

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// maxSpaceLabels is how many spaces have series of their own: each has up to five,
// and a Prometheus keeps every series that it ever saw.
const maxSpaceLabels = 1000

var (
	descAssets    = describe("assets", "Spaces of which a snapshot is kept.")
	descStale     = describe("stale_assets", "Spaces whose newest update is older than the staleness limit.")
	descOldest    = describe("oldest_snapshot_age_seconds", "The largest of all spaces' snapshot ages, with or without a label.")
	descUntold    = describe("unlabelled_assets", "Spaces beyond the first 1000, which have no series of their own.")
	descAge       = describe("snapshot_age_seconds", "Time since the newest accepted update of a space.", "space")
	descGroupAge  = describe("group_age_seconds", "Time since training fields or votes of a space last came: training that flows does not hide votes that do not.", "space", "group")
	descSteps     = describe("training_steps", "The training steps that a space reports.", "space")
	descConnected = describe("space_connected", "1 if a publisher of the space is connected, here or at another hub.", "space")
)

// spaceLabels are the spaces that have series of their own. One that has them
// keeps them: newcomers do not push it out.
type spaceLabels struct {
	mu    sync.Mutex // guards what follows
	names map[string]bool
}

// choose returns those of the sightings that are told one by one, and how many
// are not. It sorts them by name.
func (l *spaceLabels) choose(seen []sighting) (told []sighting, untold int) {
	slices.SortFunc(seen, func(a, b sighting) int { return strings.Compare(a.snapshot.SpaceName, b.snapshot.SpaceName) })
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := make(map[string]bool, min(len(seen), maxSpaceLabels))
	for i := range seen {
		if name := seen[i].snapshot.SpaceName; l.names[name] {
			kept[name] = true
		}
	}
	for i := range seen {
		if len(kept) < maxSpaceLabels {
			kept[seen[i].snapshot.SpaceName] = true
		}
	}
	l.names = kept
	told = slices.DeleteFunc(slices.Clone(seen), func(s sighting) bool { return !kept[s.snapshot.SpaceName] })
	return told, len(seen) - len(told)
}

func (c *collector) collectSpaces(m metrics, seen []sighting, now time.Time) {
	stale, oldest := 0, 0.0
	for i := range seen {
		oldest = max(oldest, age(&seen[i].snapshot, now))
		if seen[i].stale {
			stale++
		}
	}
	told, untold := c.spaces.choose(seen)
	m.gauge(descAssets, float64(len(seen)))
	m.gauge(descStale, float64(stale))
	m.gauge(descOldest, oldest)
	m.gauge(descUntold, float64(untold))
	for i := range told {
		m.space(&told[i], now)
	}
}

// space tells of one space. What is not known is not told: it is not 0.
func (m metrics) space(seen *sighting, now time.Time) {
	s := &seen.snapshot
	m.gauge(descAge, age(s, now), s.SpaceName)
	m.gauge(descConnected, truth(seen.connected), s.SpaceName)
	m.since(descGroupAge, s.TrainingAt, now, s.SpaceName, "training")
	m.since(descGroupAge, s.VotingAt, now, s.SpaceName, "voting")
	if steps := s.Training.TrainingSteps; steps != nil {
		m.gauge(descSteps, float64(*steps), s.SpaceName)
	}
}

func (m metrics) since(d *prometheus.Desc, at, now time.Time, labels ...string) {
	if !at.IsZero() {
		m.gauge(d, max(0, now.Sub(at).Seconds()), labels...)
	}
}
