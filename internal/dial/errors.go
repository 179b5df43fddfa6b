package dial

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/coder/websocket"
)

// RefusedError says that a hub answered the handshake with something other than
// a WebSocket.
type RefusedError struct {
	// Status is the HTTP status of the answer.
	Status int
	// Reason is what the answer says for itself: printable, at most 200
	// characters, empty if it says nothing.
	Reason string
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("refused by the hub: %d %s", e.Status, http.StatusText(e.Status))
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text + hint(e.Status)
}

// hint is the operator's next step.
func hint(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "; set a token that the hub knows"
	case status == http.StatusForbidden:
		return "; use a token of the right role and space"
	case status == http.StatusNotFound:
		return "; check the path of the hub's URL"
	case 300 <= status && status < 400:
		return "; redirects are not followed, because they would carry the token away: use the final URL"
	}
	return ""
}

// Final tells whether the same handshake will be refused again until a human
// does something.
func (e *RefusedError) Final() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return 300 <= e.Status && e.Status < 500
}

// ClosedError says that the hub closed the connection, and why.
type ClosedError struct {
	// Code is the status code of the close frame.
	Code int
	// Reason is printable and may be empty.
	Reason string
}

func (e *ClosedError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("closed by the hub: %d", e.Code)
	}
	return fmt.Sprintf("closed by the hub: %d %s", e.Code, e.Reason)
}

// Errors of a connection that ended without a word.
var (
	ErrSilent = errors.New("no sign of life from the hub")
	ErrLost   = errors.New("connection lost without a close frame")
)

// Errors of TLS that a human has to mend.
var (
	// ErrNoTLS: there is something at the hub's address, but it is not TLS.
	ErrNoTLS = errors.New("it does not speak TLS: its URL begins with ws:// or http://")
	// ErrUntrusted: the hub may be anybody.
	ErrUntrusted = errors.New("certificate signed by unknown authority: nobody whom this machine trusts vouches for it")
)

// TLSError returns that of the two which err is, or nil.
func TLSError(err error) error {
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return ErrNoTLS
	case errors.As(err, &unknown):
		return ErrUntrusted
	}
	return nil
}

// maxReason is how much of a hub's words is kept, in characters.
const maxReason = 200

// refusal reads what a refused handshake says: the detail or title of its
// problem+json, or where it would redirect to.
func refusal(resp *http.Response, hidden secrets) *RefusedError {
	refused := &RefusedError{Status: resp.StatusCode}
	var problem struct{ Title, Detail string }
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err == nil && isJSON(resp.Header) {
		_ = json.Unmarshal(body, &problem) // what does not parse says nothing
	}
	switch {
	case WantsTLS(resp.StatusCode, body):
		refused.Reason = "it speaks TLS: its URL begins with wss:// or https://"
	case problem.Detail != "":
		refused.Reason = printable(hidden.hide(problem.Detail))
	case problem.Title != "":
		refused.Reason = printable(hidden.hide(problem.Title))
	case resp.StatusCode/100 == 3:
		refused.Reason = "redirect to " + printable(hidden.hide(resp.Header.Get("Location")))
	}
	return refused
}

// WantsTLS tells whether an answer is that of a server that speaks TLS to a request
// without, as Go's and others word it.
func WantsTLS(status int, body []byte) bool {
	return status == http.StatusBadRequest && bytes.Contains(body, []byte("HTTP request")) && bytes.Contains(body, []byte("HTTPS"))
}

func isJSON(h http.Header) bool {
	return strings.Contains(h.Get("Content-Type"), "json")
}

// printable replaces everything in s that could steer a terminal or forge a log
// line, and cuts it short.
func printable(s string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > maxReason {
			return -1
		}
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// cause strips what other packages wrapped around the reason of an error: the
// URL that the caller knows and the chain of what failed because of what.
func cause(err error) error {
	for {
		if urlErr, ok := err.(*url.Error); ok {
			err = urlErr.Err
			continue
		}
		if _, ok := err.(*net.OpError); ok {
			return err
		}
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// explain says in our own words how a connection ended.
func explain(err error, hidden secrets) error {
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return &ClosedError{Code: int(closed.Code), Reason: printable(hidden.hide(closed.Reason))}
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return ErrLost
	case TLSError(err) != nil:
		return TLSError(err)
	}
	return unsaid(cause(err), hidden)
}

// unsaid is err without what a server put into it, which may be our own token.
func unsaid(err error, hidden secrets) error {
	if text := printable(hidden.hide(err.Error())); text != err.Error() {
		return errors.New(text)
	}
	return err
}
