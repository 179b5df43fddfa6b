package ranker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/internal/problem"
)

// maxResolve bounds what says what became of an order, in bytes.
const maxResolve = 1 << 10

// resolveRequest says what became of an order. Who leaves the contract out has said
// nothing, and null is what a script makes of a number that is none: it wants the word.
type resolveRequest struct {
	Intent   string         `json:"intent"`
	Contract jsontext.Value `json:"contract_id"`
}

// serveResolve enters what a person found out of an unresolved order, by the rules of
// Trader.Resolve.
func (r *Ranker) serveResolve(w http.ResponseWriter, req *http.Request) {
	if !method(w, req, http.MethodPost) || !r.mayCommand(w, req) || r.tradesNothing(w) {
		return
	}
	intent, contract, err := readResolve(req.Body)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	err = r.opts.Trader.Resolve(context.WithoutCancel(req.Context()), intent, contract, by(req))
	r.answerCommand(w, "resolved", err)
}

var errResolve = errors.New(`body: want {"intent": "NAME", "contract_id": NUMBER} of at most 1 KiB, or "none" for one that was never bought`)

// readResolve reads an order's name and the number of its contract, 0 for none.
func readResolve(body io.Reader) (intent string, contract int64, err error) {
	var said resolveRequest
	text, err := io.ReadAll(io.LimitReader(body, maxResolve+1))
	if err != nil || len(text) > maxResolve {
		return "", 0, errResolve
	}
	if err := json.Unmarshal(text, &said, json.RejectUnknownMembers(true)); err != nil || said.Intent == "" || said.Contract == nil {
		return "", 0, errResolve
	}
	if string(said.Contract) == `"none"` {
		return said.Intent, 0, nil
	}
	contract, err = strconv.ParseInt(string(said.Contract), 10, 64)
	if err != nil || contract <= 0 {
		return "", 0, fmt.Errorf(`contract_id: got %.40s, want the number of a contract, or "none"`, said.Contract)
	}
	return said.Intent, contract, nil
}
