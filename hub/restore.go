package hub

import "time"

// restore takes in what the engine kept of an earlier life. Nobody is served yet.
func (h *Hub) restore(kept []Record, now time.Time) {
	h.mu.Lock()
	noRoom := 0
	for i := range kept {
		s := h.spaceNamed(kept[i].Snapshot.SpaceName)
		if s == nil {
			noRoom++
			continue
		}
		s.record, s.restored = kept[i], true
		h.broadcast(s, now) // whoever subscribes starts from the newest frames of the log
	}
	h.unlock()
	if noRoom > 0 {
		h.opts.Logger.Warn("spaces of an earlier life are not shown: the hub has no room for them", "left_out", noRoom, "max_spaces", h.opts.MaxSpaces)
	}
}
