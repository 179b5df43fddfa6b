package natsengine

import "github.com/karlquant/quasar/hub"

// replica is the state as the hub has it, held once more so that others can ask for
// any part of it: hub and replica merge the same records, in whatever order. It is
// guarded by Engine.mu.
type replica struct {
	max     int // spaces
	records map[string]*entry
	claims  map[string]*life // by hub
	sums    digests          // but for what is dirty
	dirty   map[string]struct{}
	scratch []byte
	// unkept is what Counts.Unkept is.
	unkept int64
}

type entry struct {
	record hub.Record
	digest uint64 // as it is in the sums; 0 if it is not
}

// life is what one life of a hub claims.
type life struct {
	instance int64
	claims   map[string]hub.Claim // by space
}

func newReplica(spaces int) *replica {
	return &replica{max: spaces, records: make(map[string]*entry), claims: make(map[string]*life), dirty: make(map[string]struct{})}
}

// merge lays a record over what there is and tells whether it brought anything.
func (r *replica) merge(record *hub.Record) bool {
	name := record.Snapshot.SpaceName
	e := r.records[name]
	if e == nil {
		if len(r.records) >= r.max {
			r.unkept++
			return false
		}
		e = new(entry)
		r.records[name] = e
	}
	if !e.record.Merge(record) {
		return false
	}
	r.dirty[name] = struct{}{}
	return true
}

// note takes a claim in and tells whether it is news. Claims of an earlier life of
// a hub than the known one are not.
func (r *replica) note(c *claim) bool {
	l := r.claims[c.Hub]
	if l == nil {
		l = &life{instance: c.instance, claims: make(map[string]hub.Claim)}
		r.claims[c.Hub] = l
	}
	old, known := l.claims[c.Space]
	if l.instance != c.instance || c.Seq <= old.Seq {
		return false
	}
	if !known && len(l.claims) >= r.max && !r.makeRoom(l, c) {
		r.unkept++
		return false
	}
	b := bucket(c.Space)
	if known {
		r.sums[b] -= r.sumOf(&claim{old, l.instance})
	}
	r.sums[b] += r.sumOf(c)
	l.claims[c.Space] = c.Claim
	return true
}

// makeRoom drops the oldest claim of a hub that is of no live connection, for a newer
// one, and tells whether there was one. So all hubs keep the same ones in the end.
func (r *replica) makeRoom(l *life, c *claim) bool {
	var oldest hub.Claim
	for _, old := range l.claims {
		if !old.Live && (oldest.Seq == 0 || old.Seq < oldest.Seq) {
			oldest = old
		}
	}
	if oldest.Seq == 0 || !c.Live && c.Seq < oldest.Seq {
		return false
	}
	r.sums[bucket(oldest.Space)] -= r.sumOf(&claim{oldest, l.instance})
	delete(l.claims, oldest.Space)
	return true
}

// forget drops all claims of a hub.
func (r *replica) forget(id string) {
	l := r.claims[id]
	if l == nil {
		return
	}
	for space, c := range l.claims {
		r.sums[bucket(space)] -= r.sumOf(&claim{c, l.instance})
	}
	delete(r.claims, id)
}

// sumOf is a claim's part of the sums.
func (r *replica) sumOf(c *claim) uint64 {
	r.scratch = appendClaim(r.scratch[:0], c)
	return digest(r.scratch)
}

// digests brings the sums up to date.
func (r *replica) digests() *digests {
	for name := range r.dirty {
		e := r.records[name]
		r.scratch = appendRecord(r.scratch[:0], &e.record)
		sum := digest(r.scratch)
		r.sums[bucket(name)] += sum - e.digest
		e.digest = sum
	}
	clear(r.dirty)
	return &r.sums
}

// difference names what a hub with other sums may lack.
type difference struct {
	records []string // spaces
	claims  []struct{ hub, space string }
}

// differing compares, save for the other's own claims and those of hubs that are
// not counted as alive.
func (r *replica) differing(theirs *digests, to string, alive func(hub string) bool) (out difference) {
	mine := r.digests()
	for name := range r.records {
		if b := bucket(name); mine[b] != theirs[b] {
			out.records = append(out.records, name)
		}
	}
	for id, l := range r.claims {
		if id == to || !alive(id) {
			continue
		}
		for space := range l.claims {
			if b := bucket(space); mine[b] != theirs[b] {
				out.claims = append(out.claims, struct{ hub, space string }{id, space})
			}
		}
	}
	return out
}

// appendSome appends items of the difference, which it takes off it, until dst is
// longer than most or some are done.
func (r *replica) appendSome(dst []byte, d *difference, some, most int) []byte {
	for ; some > 0 && len(dst) < most && len(d.claims)+len(d.records) > 0; some-- {
		if n := len(d.claims); n > 0 {
			dst = r.appendClaim(dst, d.claims[n-1].hub, d.claims[n-1].space)
			d.claims = d.claims[:n-1]
			continue
		}
		n := len(d.records)
		dst = r.appendRecord(dst, d.records[n-1])
		d.records = d.records[:n-1]
	}
	return dst
}

// appendRecord appends the newest record of a space as an item.
func (r *replica) appendRecord(dst []byte, space string) []byte {
	e := r.records[space]
	if e == nil {
		return dst
	}
	r.scratch = appendRecord(r.scratch[:0], &e.record)
	return appendItem(dst, tagRecord, r.scratch)
}

// appendClaim appends the newest claim of a hub as an item, if there is one still.
func (r *replica) appendClaim(dst []byte, id, space string) []byte {
	l := r.claims[id]
	if l == nil {
		return dst
	}
	c, ok := l.claims[space]
	if !ok {
		return dst
	}
	r.scratch = appendClaim(r.scratch[:0], &claim{c, l.instance})
	return appendItem(dst, tagClaim, r.scratch)
}

// publishers counts the spaces with a live publisher at a hub.
func (r *replica) publishers(id string) (n uint64) {
	if l := r.claims[id]; l != nil {
		for _, c := range l.claims {
			if c.Live {
				n++
			}
		}
	}
	return n
}

// total is one number for all of the state.
func (r *replica) total() (sum uint64) {
	for i, part := range r.digests() {
		sum = mix(sum ^ part + uint64(i))
	}
	return sum
}

// bucket is the part of the state that a space belongs to.
func bucket(space string) int { return int(hash(space) % buckets) }

// digest is never 0, which stands for none.
func digest(b []byte) uint64 { return max(1, mix(hash(b))) }

// hash is FNV-1a of 64 bits.
func hash[T string | []byte](s T) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

// mix spreads the bits, so that sums of digests do not cancel out: the finalizer of
// Steele, Lea and Flood's SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
