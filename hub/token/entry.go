// Package token makes the tokens of a hub, keeps their hashes in a file or takes
// them from the environment, and tells the hub which are valid. It never keeps a
// token: who has lost one makes another.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

// prefixes say to people, and to programs that look for leaked secrets, what a
// token is for. The hub does not go by them.
var prefixes = map[hub.Role]string{
	hub.RolePublisher:  "qsr_pub_",
	hub.RoleSubscriber: "qsr_sub_",
	hub.RoleViewer:     "qsr_view_",
	hub.RoleAdmin:      "qsr_adm_",
}

// Roles are the roles of tokens, in the order in which people think of them.
var Roles = []hub.Role{hub.RolePublisher, hub.RoleSubscriber, hub.RoleViewer, hub.RoleAdmin}

// Digest is the SHA-256 of a token. A token is 256 random bits, so its digest
// needs no salt and tells nothing.
type Digest [sha256.Size]byte

// MarshalText writes it in hexadecimal.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(d)) {
		return errDigest
	}
	if _, err := hex.Decode(d[:], text); err != nil {
		return errDigest
	}
	return nil
}

// Entry is all that is kept of a token.
type Entry struct {
	// ID names the token to people: letters, digits, dots, hyphens, underscores.
	ID string `json:"id"`
	// Role is what the token is for.
	Role hub.Role `json:"role"`
	// Spaces are those that a publisher's token may publish; no other has any.
	Spaces []string `json:"spaces,omitempty"`
	// SHA256 is the digest of the token.
	SHA256 Digest `json:"sha256"`
	// Expires is when the token is valid no more; zero is never.
	Expires time.Time `json:"expires,omitzero"`
	// Note is whatever people wrote to remember what the token is for, at most
	// 200 characters that can be printed.
	Note string `json:"note,omitempty"`
}

const maxNote = 200

// New draws a token. The entry is e with the digest of that token and, if it has
// none, an ID.
func New(e Entry) (Secret, Entry, error) {
	if e.ID == "" {
		e.ID = strings.ToLower(rand.Text()[:8]) // 40 bits: an accident among thousands is unlikely, and a file refuses it
	}
	secret := newSecret(prefixes[e.Role])
	e.SHA256 = sha256.Sum256([]byte(secret.Reveal()))
	if err := e.check(); err != nil {
		return Secret{}, Entry{}, err
	}
	return secret, e, nil
}

func (e *Entry) check() error {
	if quasar.CheckSpaceName(e.ID) != nil {
		return fmt.Errorf("id: got %s, want 1 to 64 letters, digits, dots, underscores or hyphens", quote(e.ID))
	}
	if !slices.Contains(Roles, e.Role) {
		return fmt.Errorf("role: got %s, want publisher, subscriber, viewer or admin", quote(string(e.Role)))
	}
	if e.Role == hub.RolePublisher && len(e.Spaces) == 0 {
		return errors.New("space: got none, want one or more that this publisher may publish")
	}
	if e.Role != hub.RolePublisher && len(e.Spaces) > 0 {
		return fmt.Errorf("space: got %d for a %s, want none: publishers alone publish", len(e.Spaces), e.Role)
	}
	for _, space := range e.Spaces {
		if err := quasar.CheckSpaceName(space); err != nil {
			return err
		}
	}
	if utf8.RuneCountInString(e.Note) > maxNote || strings.ContainsFunc(e.Note, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("note: got %d characters, want at most %d that can be printed", utf8.RuneCountInString(e.Note), maxNote)
	}
	return nil
}

// quote makes what stands in a file fit for an error; a token that somebody put
// there by mistake is not repeated.
func quote(s string) string {
	if strings.Contains(s, "qsr_") || len(s) > 64 {
		return fmt.Sprintf("%d characters", len(s))
	}
	return fmt.Sprintf("%+q", s)
}

// valid tells whether the token's time is not over.
func (e *Entry) valid(now time.Time) bool { return e.Expires.IsZero() || now.Before(e.Expires) }

// same tells whether two entries allow the same to the same token, whatever they
// are called.
func (e *Entry) same(other *Entry) bool {
	return e.ID == other.ID && e.SHA256 == other.SHA256 && e.Role == other.Role &&
		e.Expires.Equal(other.Expires) && slices.Equal(e.Spaces, other.Spaces)
}
