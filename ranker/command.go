package ranker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/rest"
	"github.com/karlquant/quasar/trade"
)

// command is what a person can tell the trader.
type command func(ctx context.Context, t *trade.Trader, by, note string) (string, error)

var commands = map[string]command{
	"/trade/halt": func(ctx context.Context, t *trade.Trader, by, note string) (string, error) {
		return "halted", t.Halt(ctx, trade.ReasonPerson, note, by)
	},
	"/trade/resume": func(ctx context.Context, t *trade.Trader, by, note string) (string, error) {
		return "resumed", t.Resume(ctx, by, note)
	},
	"/trade/flatten": func(ctx context.Context, t *trade.Trader, by, _ string) (string, error) {
		f, err := t.Flatten(ctx, by)
		return fmt.Sprintf("halted; %d contracts sold, %d run to their end", f.Sold, f.Left), err
	},
}

// maxNote bounds what a person can say with a command, in bytes.
const maxNote = 1 << 10

// serveCommand does what a person with the admin token asks for.
func (r *Ranker) serveCommand(w http.ResponseWriter, req *http.Request, do command) {
	if !method(w, req, http.MethodPost) {
		return
	}
	if !r.mayCommand(w, req) || r.tradesNothing(w) {
		return
	}
	note, err := readNote(req.Body)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	// A person who lost patience must not stop half of it.
	done, err := do(context.WithoutCancel(req.Context()), r.opts.Trader, by(req), note)
	r.answerCommand(w, done, err)
}

// by names who asks, for the journal.
func by(req *http.Request) string { return "api " + guard.Addr(req).String() }

// answerCommand says what came of a command.
func (r *Ranker) answerCommand(w http.ResponseWriter, done string, err error) {
	switch {
	case errors.Is(err, trade.ErrLooser):
		problem.Write(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, trade.ErrUnresolved), errors.Is(err, trade.ErrNotResolved):
		problem.Write(w, http.StatusConflict, err.Error())
	case err != nil:
		problem.Write(w, http.StatusServiceUnavailable, err.Error())
	default:
		status := r.opts.Trader.Status()
		rest.Write(w, commandAnswer{Done: done, Account: newAccount(&status)})
	}
}

type commandAnswer struct {
	Done    string        `json:"done"`
	Account accountAnswer `json:"account"`
}

// mayCommand tells whether a request may command: no page of a stranger, and with the
// token.
func (r *Ranker) mayCommand(w http.ResponseWriter, req *http.Request) bool {
	if !r.commandable(w, req) {
		return false
	}
	if !r.isAdmin(req) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="quasar"`)
		problem.Write(w, http.StatusUnauthorized, "want the admin token: Authorization: Bearer …")
		return false
	}
	r.showMoney(w)
	return true
}

var errNote = errors.New(`body: want nothing, or {"note": "…"} of at most 1 KiB`)

func readNote(body io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxNote+1))
	if err != nil || len(text) > maxNote {
		return "", errNote
	}
	if len(text) == 0 {
		return "", nil
	}
	var said struct {
		Note string `json:"note"`
	}
	if err := json.Unmarshal(text, &said, json.RejectUnknownMembers(true)); err != nil {
		return "", errNote
	}
	return said.Note, nil
}

// clip shortens what a stranger sent.
func clip(s string) string { return s[:min(len(s), 20)] }
