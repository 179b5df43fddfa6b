package hub

import (
	"maps"
	"net/http"
	"net/netip"
	"sync"

	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/problem"
)

// The reasons why a WebSocket is not opened for want of room.
const (
	refusedPublishers  = "publishers"
	refusedSubscribers = "subscribers"
	refusedAddress     = "sockets_of_address"
	refusedSpaces      = "spaces"
)

// seats are taken before a WebSocket opens, so that one that opens has its seat.
type seats struct {
	most       map[access]int // of publishing and subscribing
	perAddress int

	mu        sync.Mutex // guards what follows
	taken     map[access]int
	byAddress map[netip.Addr]int
	refused   map[string]int64
}

func newSeats(opts *Options) *seats {
	return &seats{
		most:       map[access]int{publishing: opts.MaxPublishers, subscribing: opts.MaxSubscribers},
		perAddress: opts.MaxPerAddress, taken: make(map[access]int), byAddress: make(map[netip.Addr]int),
		refused: map[string]int64{refusedPublishers: 0, refusedSubscribers: 0, refusedAddress: 0, refusedSpaces: 0},
	}
}

// seat is one that is taken.
type seat struct {
	all  *seats
	use  access
	addr netip.Addr // the zero Addr where it does not count
}

// noSeat is an answer to who finds no seat.
type noSeat struct {
	status     int
	retryAfter string // seconds
	detail     string
}

var noSeats = map[string]noSeat{
	refusedPublishers:  {http.StatusServiceUnavailable, "10", "publishers: got all connections that there is room for; come back later"},
	refusedSubscribers: {http.StatusServiceUnavailable, "10", "subscribers: got all connections that there is room for; come back later"},
	refusedAddress:     {http.StatusTooManyRequests, "10", "connections: got too many from your address, want some of them closed first"},
}

// take takes a seat for r, or answers that there is none and returns nil.
func (all *seats) take(w http.ResponseWriter, r *http.Request, use access) *seat {
	addr := guard.Group(guard.Addr(r))
	if guard.Addr(r).IsLoopback() {
		addr = netip.Addr{}
	}
	if why := all.sit(use, addr); why != "" {
		answer := noSeats[why]
		w.Header().Set("Retry-After", answer.retryAfter)
		problem.Write(w, answer.status, answer.detail)
		return nil
	}
	return &seat{all, use, addr}
}

// sit counts one in, or says why not.
func (all *seats) sit(use access, addr netip.Addr) (why string) {
	all.mu.Lock()
	defer all.mu.Unlock()
	switch {
	case addr.IsValid() && all.byAddress[addr] >= all.perAddress:
		why = refusedAddress
	case all.taken[use] < all.most[use]:
		all.taken[use]++
		if addr.IsValid() {
			all.byAddress[addr]++
		}
		return ""
	case use == publishing:
		why = refusedPublishers
	default:
		why = refusedSubscribers
	}
	all.refused[why]++
	return why
}

// count counts one who is refused for another reason.
func (all *seats) count(why string) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.refused[why]++
}

// counts returns how many were refused, by reason.
func (all *seats) counts() map[string]int64 {
	all.mu.Lock()
	defer all.mu.Unlock()
	return maps.Clone(all.refused)
}

// turnedAway counts who was refused for want of room, here and before, by reason.
func (h *Hub) turnedAway() map[string]int64 {
	all := h.seats.counts()
	for why, n := range h.opts.Refused() {
		all[why] += n
	}
	return all
}

// leave gives the seat back. It is called once.
func (s *seat) leave() {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	s.all.taken[s.use]--
	if !s.addr.IsValid() {
		return
	}
	if s.all.byAddress[s.addr]--; s.all.byAddress[s.addr] == 0 {
		delete(s.all.byAddress, s.addr)
	}
}
