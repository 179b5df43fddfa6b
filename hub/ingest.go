package hub

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/wire"
)

// servePublisher takes the frames of one publisher. Nothing but control frames
// ever goes back to it.
func (h *Hub) servePublisher(w http.ResponseWriter, r *http.Request, name string) {
	if err := quasar.CheckSpaceName(name); err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	grant, ok := h.maySocket(w, r, publishing, name)
	if !ok {
		return
	}
	seat := h.seats.take(w, r, publishing)
	if seat == nil {
		return
	}
	defer seat.leave()
	if !h.hasRoom(name) {
		h.seats.count(refusedSpaces)
		w.Header().Set("Retry-After", "60")
		problem.Write(w, http.StatusServiceUnavailable, h.noRoom(name))
		return
	}
	socket, err := upgrade(w, r, h.opts, "")
	if err != nil {
		return
	}
	if !h.admit(socket) {
		socket.close(ws.StatusGoingAway, "the hub is shutting down", "")
		return
	}
	defer h.release(socket)
	defer socket.closeAfter(&grant)()
	h.ingest(socket, name, &grant)
}

func (h *Hub) noRoom(name string) string {
	return fmt.Sprintf("space %s: the hub keeps %d spaces and has no room for another", name, h.opts.MaxSpaces)
}

// ingest takes what a publisher sends until its connection ends.
func (h *Hub) ingest(socket *socket, name string, grant *Grant) {
	session, tooMany := h.open(socket, name, time.Now())
	if session == nil { // the room was taken in the meantime
		h.seats.count(refusedSpaces)
		socket.finish(&closeError{statusTryAgainLater, h.noRoom(name)})
		return
	}
	if tooMany != nil {
		reason := fmt.Sprintf("superseded by %d newer connections", maxSessions)
		tooMany.socket.close(ws.StatusPolicyViolation, reason, reason)
	}
	log, since := h.logOf(socket, RolePublisher, grant.ID, "space", name, "takes_over", session.takesOver), time.Now()
	session.log = log
	h.came(RolePublisher, log)

	pinging := make(chan struct{})
	go func() { defer close(pinging); socket.keepAlive() }()
	err := socket.read(h.opts.MaxMessage, publisherAllowance(h.opts.PublisherRate), func(op ws.OpCode, message []byte) error {
		if grant.Live.Err() != nil { // what comes after that counts no more
			return &closeError{ws.StatusPolicyViolation, revoked}
		}
		h.take(session, op, message)
		return nil
	})
	socket.finish(err)
	<-pinging

	h.close(session, err, socket.why, time.Now())
	h.went(socket, RolePublisher, since, log)
}

var (
	errBinary   = errors.New("frame: got a binary one, want text")
	errIdentify = errors.New("identify")
)

// take decodes one frame and stores what it says. Decoding needs no lock, and
// the names of thousands of fields are made safe to show without one.
func (h *Hub) take(from *session, op ws.OpCode, message []byte) {
	var frame wire.Frame
	err := errBinary
	if op == ws.OpText {
		frame, err = from.decoder.Decode(message)
	}
	if err == nil && frame.Type == wire.Identify && frame.Space != "" && frame.Space != from.space.name {
		err = fmt.Errorf("%w: got the space %s, want %s as in the path", errIdentify, printable(frame.Space), from.space.name)
	}
	for i, name := range frame.Stripped {
		frame.Stripped[i] = printable(name)
	}
	refused, suspect := h.enter(from, &frame, err, time.Now())
	if refused != "" {
		h.opts.Logger.Warn("frame refused", slog.String("space", from.space.name), slog.String("reason", refused))
	}
	if suspect != "" {
		from.log.Warn("space is suspect", slog.String("reason", suspect))
	}
}

// enter enters a decoded frame into the books and stores what it says. It
// returns what a person should read in the log, if anything: of a refusal and of
// a suspicion. Logging may block, so it is not for here.
func (h *Hub) enter(from *session, f *wire.Frame, err error, now time.Time) (refused, suspect string) {
	h.mu.Lock()
	defer h.unlock()
	refused = h.count(from, f, err, now)
	if err == nil && f.Type.Updates() {
		suspect = h.accept(from, &f.Update, now)
	}
	return refused, suspect
}

// accept lays an update, which decoding found to be valid, over its space and hands it to everybody, if the session
// owns the space. It returns what of it a person should read in the log, if anything. Guarded by h.mu.
func (h *Hub) accept(from *session, u *quasar.Update, now time.Time) (suspect string) {
	s := from.space
	if s.owner() != from {
		s.ledger.superseded++
		h.totals.superseded++
		h.version++
		return ""
	}
	s.record.accept(u, h.id, now)
	s.restored = false
	s.ledger.accepted++
	h.totals.accepted++
	h.rate.add(now)
	suspect = h.judge(from, u, now)
	h.handOn(s, now)
	return suspect
}

// count enters a frame into the books and returns what is to be logged. Guarded
// by h.mu.
func (h *Hub) count(from *session, f *wire.Frame, err error, now time.Time) (refused string) {
	s := from.space
	fresh := s.ledger.frame(f, err, now)
	h.version++
	h.totals.stripped += int64(len(f.Stripped))
	h.totals.nonFinite += int64(f.NonFinite)
	h.totals.fieldErrors += int64(len(f.Dropped))
	switch {
	case err != nil:
		h.totals.reject(err)
	case !f.Type.Updates():
		h.totals.signsOfLife++
	}
	if len(fresh) > 0 && s.stripped.mayShow(now) {
		h.event(now, eventStripped, s.name, "stripped, for they are not in the schema: "+names(fresh))
	}
	switch {
	case err != nil:
		return h.refusal(s, "rejected: ", now)
	case len(f.Dropped) > 0:
		return h.refusal(s, "dropped: ", now)
	}
	return ""
}

// names lists the first few of many names.
func names(all []string) string {
	const most = 8
	if len(all) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
	}
	return strings.Join(all, ", ")
}

// refusal tells people that something of a publisher was not taken, now and
// then, and returns what it told. Guarded by h.mu.
func (h *Hub) refusal(s *space, what string, now time.Time) string {
	if !s.refused.mayShow(now) {
		return ""
	}
	text := what + s.ledger.lastRejection.Reason
	h.event(now, eventRejected, s.name, text)
	return text
}
