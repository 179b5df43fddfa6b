package hub

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/fanout"
)

// The shapes of the answers, as spec/protocol.md has them. Every key is always
// there; what does not exist is null.

type rankingRow struct {
	Rank             *int            `json:"rank"`
	SpaceName        string          `json:"space_name"`
	Score            *float64        `json:"score"`
	SignalConfidence *float64        `json:"signal_confidence"`
	AVNAccuracy      *float64        `json:"avn_accuracy"`
	DominantSignal   *quasar.Signal  `json:"dominant_signal"`
	Reason           *string         `json:"reason"`
	Connected        bool            `json:"connected"`
	Stale            bool            `json:"stale"`
	Suspect          bool            `json:"suspect"`
	AgeSeconds       float64         `json:"age_seconds"`
	Snapshot         quasar.Snapshot `json:"snapshot"`
}

type publisherRow struct {
	Connected       bool             `json:"connected"`
	LiveConnections int              `json:"live_connections"`
	Connects        int64            `json:"connects"`
	ConnectedAt     unixSeconds      `json:"connected_at"`
	DisconnectedAt  unixSeconds      `json:"disconnected_at"`
	LastFrameAt     unixSeconds      `json:"last_frame_at"`
	Accepted        int64            `json:"accepted"`
	Rejected        int64            `json:"rejected"`
	FieldErrors     int64            `json:"field_errors"`
	NonFinite       int64            `json:"non_finite"`
	Superseded      int64            `json:"superseded"`
	Throttled       int64            `json:"throttled"`
	Stripped        int64            `json:"stripped"`
	StrippedFields  map[string]int64 `json:"stripped_fields"`
	Implausible     int64            `json:"implausible"`
	Suspect         *suspectRow      `json:"suspect"`
	LastRejection   *rejection       `json:"last_rejection"`
	Note            *string          `json:"note"`
}

type subscriberRow struct {
	ID          int64       `json:"id"`
	Client      string      `json:"client"`
	ConnectedAt unixSeconds `json:"connected_at"`
	Assets      *[]string   `json:"assets"`
	Compressed  bool        `json:"compressed"`
	Sent        int64       `json:"sent"`
	Conflated   int64       `json:"conflated"`
	Pending     int64       `json:"pending"`
}

type engineRow struct {
	Name    string   `json:"name"`
	Ready   bool     `json:"ready"`
	Members []string `json:"members"`
	Problem *string  `json:"problem"`
	Hubs    []hubRow `json:"hubs"`
}

type hubRow struct {
	HubID      string  `json:"hub_id"`
	Version    *string `json:"version"`
	Alive      bool    `json:"alive"`
	Direct     bool    `json:"direct"`
	Publishers int     `json:"publishers"`
}

func newEngineRow(s EngineStatus) engineRow {
	row := engineRow{Name: s.Name, Ready: s.Ready, Members: s.Members, Problem: notZero(s.Problem), Hubs: make([]hubRow, len(s.Hubs))}
	for i, other := range s.Hubs {
		row.Hubs[i] = hubRow{other.ID, notZero(other.Version), other.Alive, other.Direct, other.Publishers}
	}
	return row
}

type stats struct {
	UptimeSeconds    float64 `json:"uptime_seconds"`
	Publishers       int     `json:"publishers"`
	Subscribers      int     `json:"subscribers"`
	Assets           int     `json:"assets"`
	Accepted         int64   `json:"accepted"`
	Rejected         int64   `json:"rejected"`
	FieldErrors      int64   `json:"field_errors"`
	NonFinite        int64   `json:"non_finite"`
	Stripped         int64   `json:"stripped"`
	Superseded       int64   `json:"superseded"`
	Throttled        int64   `json:"throttled"`
	Implausible      int64   `json:"implausible"`
	Suspects         int     `json:"suspects"`
	Broadcasts       int64   `json:"broadcasts"`
	Conflated        int64   `json:"conflated"`
	UpdatesPerSecond float64 `json:"updates_per_second"`
}

// latencyRow says how long updates took from their acceptance until a subscriber's
// connection took them, since the start: how many were measured, and how many of
// them took no longer than a number of seconds.
type latencyRow struct {
	Count  uint64            `json:"count"`
	Within map[string]uint64 `json:"within"`
}

func newLatencyRow(l fanout.LatencyStats) latencyRow {
	row := latencyRow{l.Count, make(map[string]uint64, len(l.Within))}
	for seconds, n := range l.Within {
		row.Within[strconv.FormatFloat(seconds, 'f', -1, 64)] = n
	}
	return row
}

// sighting is what a ranking needs of a space.
type sighting struct {
	snapshot                  quasar.Snapshot
	connected, stale, suspect bool
}

// sightings returns what is known, in no order. Guarded by h.mu.
func (h *Hub) sightings(now time.Time) []sighting {
	all := make([]sighting, 0, len(h.spaces))
	for _, s := range h.spaces {
		if s.known() {
			all = append(all, h.sighting(s, now))
		}
	}
	return all
}

// sighting is what is known of one space. Guarded by h.mu.
func (h *Hub) sighting(s *space, now time.Time) sighting {
	return sighting{s.record.Snapshot, s.connected(), h.stale(s, now), s.suspicion.stands(now)}
}

// rank ranks what was seen. It may take a while, so it holds no lock.
func (h *Hub) rank(seen []sighting, order quasar.Order, now time.Time) []rankingRow {
	snapshots := make([]quasar.Snapshot, len(seen))
	of := make(map[string]*sighting, len(seen))
	for i := range seen {
		snapshots[i] = seen[i].snapshot
		of[seen[i].snapshot.SpaceName] = &seen[i]
	}
	rankings := quasar.Rank(snapshots, order)
	rows := make([]rankingRow, len(rankings))
	for i := range rankings {
		rows[i] = newRankingRow(&rankings[i], of[rankings[i].Snapshot.SpaceName], now)
	}
	return rows
}

// rankOf is the row of one space in the ranking of all; ok is false where it is not
// known.
func (h *Hub) rankOf(name string, order quasar.Order, now time.Time) (row rankingRow, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.spaces[name]
	if s == nil || !s.known() {
		return rankingRow{}, false
	}
	seen := h.sighting(s, now)
	r := quasar.RankOf(&seen.snapshot, h.snapshots(), order)
	return newRankingRow(&r, &seen, now), true
}

// snapshots yields what is known, in no order. Guarded by h.mu.
func (h *Hub) snapshots() iter.Seq[*quasar.Snapshot] {
	return func(yield func(*quasar.Snapshot) bool) {
		for _, s := range h.spaces {
			if s.known() && !yield(&s.record.Snapshot) {
				return
			}
		}
	}
}

func newRankingRow(r *quasar.Ranking, seen *sighting, now time.Time) rankingRow {
	return rankingRow{
		Rank: notZero(r.Rank), SpaceName: r.Snapshot.SpaceName, Score: r.Score.Value, SignalConfidence: r.Score.SignalConfidence,
		AVNAccuracy: r.Snapshot.Training.AVNAccuracy, DominantSignal: r.Snapshot.Voting.DominantSignal,
		Reason: notZero(r.Score.Reason), Connected: seen.connected, Stale: seen.stale, Suspect: seen.suspect,
		AgeSeconds: age(&r.Snapshot, now), Snapshot: r.Snapshot,
	}
}

// age is how many seconds ago a snapshot was updated; 0 where another hub's clock
// is ahead of ours.
func age(s *quasar.Snapshot, now time.Time) float64 {
	return max(0, now.Sub(s.UpdatedAt).Seconds())
}

// stale tells whether no update came for longer than a snapshot may be old, or
// none since the hub started. Guarded by h.mu.
func (h *Hub) stale(s *space, now time.Time) bool {
	return s.restored || now.Sub(s.record.Snapshot.UpdatedAt) > h.opts.StaleAfter
}

// notZero returns nil for the zero value: what does not exist is null.
func notZero[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// publishers returns a row for each space that a publisher ever connected to.
// Guarded by h.mu.
func (h *Hub) publishers(now time.Time) map[string]publisherRow {
	rows := make(map[string]publisherRow, len(h.spaces))
	for name, s := range h.spaces {
		if s.ledger.connects > 0 {
			rows[name] = s.publisherRow(now)
		}
	}
	return rows
}

func (s *space) publisherRow(now time.Time) publisherRow {
	l := &s.ledger
	row := publisherRow{
		Connected: s.connected(), LiveConnections: len(s.sessions), Connects: l.connects,
		ConnectedAt: unixSeconds(l.connectedAt), DisconnectedAt: unixSeconds(l.disconnectedAt), LastFrameAt: unixSeconds(l.lastFrameAt),
		Accepted: l.accepted, Rejected: l.rejected, FieldErrors: l.fieldErrors, NonFinite: l.nonFinite,
		Superseded: l.superseded, Throttled: l.throttled, Stripped: l.stripped, StrippedFields: maps.Clone(l.strippedNames),
		Implausible: l.implausible, Suspect: s.suspicion.row(now), LastRejection: l.lastRejection, Note: notZero(s.note()),
	}
	return row
}

// note says what a person should know of the connections of a space.
func (s *space) note() string {
	owner := s.owner()
	switch {
	case len(s.sessions) > 0 && owner == nil:
		return "superseded by a newer connection at another hub"
	case len(s.sessions) > 1:
		return "an older connection is superseded by a newer connection"
	case owner != nil && owner.took:
		return "an older connection goes on: a newer one closed"
	}
	return ""
}

// ownerRow says where the publisher of a space is.
type ownerRow struct {
	HubID string `json:"hub_id"`
	// SupersededAt are the hubs with live connections that are not the newest.
	SupersededAt []string `json:"superseded_at"`
}

// owners tells of each space that has a live publisher at which hub the newest
// connection is, and where there are others. Guarded by h.mu.
func (h *Hub) owners() map[string]ownerRow {
	rows := make(map[string]ownerRow)
	for name, s := range h.spaces {
		var live []Stamp
		if newest := s.newest(); newest != nil {
			live = append(live, newest.epoch)
		}
		for _, c := range s.claims {
			if c.Live {
				live = append(live, Stamp{c.Epoch, c.Hub})
			}
		}
		if len(live) == 0 {
			continue
		}
		slices.SortFunc(live, func(a, b Stamp) int { return b.Compare(a) })
		row := ownerRow{HubID: live[0].Hub, SupersededAt: make([]string, 0, len(live)-1)}
		for _, other := range live[1:] {
			row.SupersededAt = append(row.SupersededAt, other.Hub)
		}
		rows[name] = row
	}
	return rows
}

// subscribers returns a row for each, oldest first. Guarded by h.mu.
func (h *Hub) subscribers() []subscriberRow {
	rows := make([]subscriberRow, 0, len(h.members))
	for sub := range h.members {
		row := subscriberRow{ID: sub.id, Client: sub.client, ConnectedAt: unixSeconds(sub.connectedAt), Compressed: sub.compressed,
			Sent: sub.member.Sent(), Conflated: sub.member.Skipped(), Pending: sub.member.Behind()}
		if sub.assets != nil {
			row.Assets = &sub.assets
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b subscriberRow) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}

// worstLag is how many updates the subscriber that is most behind lacks. Guarded by
// h.mu.
func (h *Hub) worstLag() int64 {
	worst := int64(0)
	for sub := range h.members {
		worst = max(worst, sub.member.Behind())
	}
	return worst
}

// stats counts. Guarded by h.mu.
func (h *Hub) stats(now time.Time) stats {
	fan := h.fanoutStats()
	return stats{
		UptimeSeconds: now.Sub(h.started).Seconds(),
		Publishers:    h.livePublishers(), Subscribers: len(h.members), Assets: h.assets(),
		Accepted: h.totals.accepted, Rejected: h.totals.rejected, FieldErrors: h.totals.fieldErrors,
		NonFinite: h.totals.nonFinite, Stripped: h.totals.stripped, Superseded: h.totals.superseded, Throttled: h.totals.throttled,
		Implausible: h.totals.implausibles(), Suspects: h.suspects(now),
		Broadcasts: fan.Published, Conflated: fan.Skipped, UpdatesPerSecond: h.rate.perSecond(now),
	}
}

// livePublishers counts the spaces that have a publisher here.
func (h *Hub) livePublishers() int {
	n := 0
	for _, s := range h.spaces {
		if len(s.sessions) > 0 {
			n++
		}
	}
	return n
}

func (h *Hub) assets() int {
	n := 0
	for _, s := range h.spaces {
		if s.known() {
			n++
		}
	}
	return n
}
