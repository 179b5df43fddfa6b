package token

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/karlquant/quasar/hub"
)

// Options says where the tokens of a Store are. Both places may be given; an id
// stands in one of them.
type Options struct {
	// File is the path of a file of entries; "" for none.
	File string
	// Inline holds entries as a file does; "" for none.
	Inline string
	// Logger is told of changes, and of a file that cannot be read any more; nil
	// discards.
	Logger *slog.Logger
}

// rereadEvery is how often the file is read anew. Its modification time would not
// tell all changes. A change counts once it was read twice, for editors empty a file
// before they write it; a token that is revoked is to be of no use within two
// seconds.
const rereadEvery = 400 * time.Millisecond

// Store knows the tokens of a file and of the environment. It is the hub's
// Authenticator.
type Store struct {
	opts   Options
	inline []Entry
	opened bool
	read   []byte // the newest file that was good
	fresh  []byte // the newest file, if it is another
	broken error  // why that is not good; nil if it is

	set atomic.Pointer[set]

	mu    sync.Mutex // guards known
	known map[hub.Role]bool
}

var _ hub.Authenticator = (*Store)(nil)

// set is all tokens at one time. Nobody writes to it.
type set struct{ tokens []*live }

// live is a token that was not revoked.
type live struct {
	Entry
	ctx context.Context // done when it is, or when its time is over
	end context.CancelFunc
}

// Open reads the tokens. It starts no goroutine.
func Open(opts *Options) (*Store, error) {
	s := &Store{opts: *opts, known: make(map[hub.Role]bool)}
	if s.opts.Logger == nil {
		s.opts.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.inline, err = Parse([]byte(opts.Inline)); err != nil {
		return nil, fmt.Errorf("tokens given inline: %w", err)
	}
	s.set.Store(new(set))
	if err := s.reread(time.Now()); err != nil {
		return nil, err
	}
	return s, nil
}

// Run reads the file anew when it has changed and ends what is valid no more,
// within a second each, until ctx ends. A file that cannot be read, or has an
// error, changes nothing: the log says so.
func (s *Store) Run(ctx context.Context) error {
	ticker := time.NewTicker(rereadEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			s.complain(s.reread(now))
			s.expire(now)
		}
	}
}

// complain tells of an error once, and when it is over.
func (s *Store) complain(err error) {
	switch {
	case err == nil && s.broken != nil:
		s.opts.Logger.Info("tokens can be read again", "file", s.opts.File)
	case err != nil && (s.broken == nil || err.Error() != s.broken.Error()):
		s.opts.Logger.Error("tokens cannot be read; those of before stay valid", "err", err)
	}
	s.broken = err
}

// reread takes the file in if it is another than before.
func (s *Store) reread(now time.Time) error {
	var data []byte
	if s.opts.File != "" {
		var err error
		if data, err = readAll(s.opts.File); err != nil {
			return err
		}
	}
	if s.opened && bytes.Equal(data, s.read) {
		return nil
	}
	if s.opened && !s.settled(data) {
		return s.broken
	}
	entries, err := s.join(data)
	if err != nil {
		return err
	}
	s.opened, s.read = true, data
	s.swap(entries, now)
	return nil
}

// settled tells whether a file reads as it did the last time.
func (s *Store) settled(data []byte) bool {
	same := s.fresh != nil && bytes.Equal(data, s.fresh)
	s.fresh = data
	return same
}

// join returns what is given inline and what stands in the file.
func (s *Store) join(data []byte) ([]Entry, error) {
	fromFile, err := Parse(data)
	if err == nil {
		fromFile = append(fromFile, s.inline...)
		err = checkAll(fromFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.opts.File, err)
	}
	return fromFile, nil
}

// swap puts new tokens in place of the old. Those that are in both live on, with
// all that was opened with them.
func (s *Store) swap(entries []Entry, now time.Time) {
	old := make(map[Digest]*live)
	for _, l := range s.set.Load().tokens {
		old[l.SHA256] = l
	}
	fresh := new(set)
	for _, e := range entries {
		l := old[e.SHA256]
		if l == nil || !l.same(&e) {
			ctx, end := context.WithCancel(context.Background())
			l = &live{e, ctx, end}
		} else {
			delete(old, e.SHA256)
		}
		fresh.tokens = append(fresh.tokens, l)
	}
	s.know(entries)
	s.set.Store(fresh)
	s.expire(now)
	for _, l := range old {
		l.end()
		s.opts.Logger.Info("token revoked or changed", "id", l.ID, "role", string(l.Role))
	}
	s.opts.Logger.Info("tokens read", "count", len(entries))
}

func (s *Store) know(entries []Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range entries {
		s.known[entries[i].Role] = true
	}
}

// expire ends the tokens whose time is over.
func (s *Store) expire(now time.Time) {
	for _, l := range s.set.Load().tokens {
		if !l.valid(now) && l.ctx.Err() == nil {
			l.end()
			s.opts.Logger.Info("token expired", "id", l.ID, "role", string(l.Role))
		}
	}
}

// Authenticate implements hub.Authenticator. It compares the digest of the token
// with each that there is, in constant time.
func (s *Store) Authenticate(token string) (hub.Grant, bool) {
	digest := sha256.Sum256([]byte(token))
	var found *live
	for _, l := range s.set.Load().tokens {
		if subtle.ConstantTimeCompare(digest[:], l.SHA256[:]) == 1 {
			found = l
		}
	}
	if found == nil || !found.valid(time.Now()) {
		return hub.Grant{}, false
	}
	return hub.Grant{ID: found.ID, Role: found.Role, Spaces: found.Spaces, Live: found.ctx}, true
}

// Knows implements hub.Authenticator.
func (s *Store) Knows(role hub.Role) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[role]
}

// Missing returns the roles, of publisher, subscriber and viewer, of which there
// is no valid token. An administrator's may do what the latter two may.
func (s *Store) Missing(now time.Time) []hub.Role {
	has := make(map[hub.Role]bool)
	for _, l := range s.set.Load().tokens {
		if l.valid(now) {
			has[l.Role] = true
		}
	}
	var missing []hub.Role
	for _, role := range []hub.Role{hub.RolePublisher, hub.RoleSubscriber, hub.RoleViewer} {
		if !has[role] && (role == hub.RolePublisher || !has[hub.RoleAdmin]) {
			missing = append(missing, role)
		}
	}
	return missing
}
