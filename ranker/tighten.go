package ranker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/trade"
)

// maxLimits bounds what says limits, in bytes.
const maxLimits = 4 << 10

// serveTighten makes limits tighter: POST with {"limits": {…}, "note": "…"}, where
// limits are as in /risk, and those that are not said stay.
func (r *Ranker) serveTighten(w http.ResponseWriter, req *http.Request) {
	if !method(w, req, http.MethodPost) || !r.mayCommand(w, req) || r.tradesNothing(w) {
		return
	}
	text, err := io.ReadAll(io.LimitReader(req.Body, maxLimits+1))
	if err != nil || len(text) > maxLimits {
		problem.Write(w, http.StatusBadRequest, `body: want {"limits": {…}, "note": "…"} of at most 4 KiB`)
		return
	}
	status := r.opts.Trader.Status()
	next, note, err := readLimits(text, &status.Limits)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	err = r.opts.Trader.Tighten(context.WithoutCancel(req.Context()), next, by(req), note)
	r.answerCommand(w, "tightened", err)
}

// tightenRequest says limits, and why.
type tightenRequest struct {
	Limits *limitsAnswer `json:"limits"`
	Note   string        `json:"note"`
}

// readLimits reads limits, with zeros for those that are not said.
func readLimits(text []byte, now *trade.Limits) (*trade.Limits, string, error) {
	said := tightenRequest{Limits: &limitsAnswer{AllowIncrease: now.AllowIncrease}}
	var names struct {
		Limits map[string]jsontext.Value `json:"limits"`
		Note   jsontext.Value            `json:"note"`
	}
	if err := errors.Join(json.Unmarshal(text, &names), json.Unmarshal(text, &said, json.RejectUnknownMembers(true))); err != nil {
		return nil, "", fmt.Errorf("body: %w", err)
	}
	if len(names.Limits) == 0 || said.Limits == nil || len(said.Note) > maxNote {
		return nil, "", errors.New(`body: want {"limits": {"max_stake": "0.50", …}, "note": "…"} with one limit or more of those in /risk, and a note of at most 1 KiB`)
	}
	out, err := said.Limits.limits()
	if err != nil {
		return nil, "", err
	}
	for _, name := range zeros(out) {
		if _, ok := names.Limits[name]; ok {
			return nil, "", fmt.Errorf("%s: got 0, want more; POST /trade/halt stops all buying", name)
		}
	}
	return out, said.Note, nil
}

// zeros names the limits that are 0.
func zeros(l *trade.Limits) (names []string) {
	text, err := json.Marshal(l, trade.JSONOptions)
	var all map[string]jsontext.Value
	if err != nil || json.Unmarshal(text, &all) != nil {
		return nil
	}
	for name, value := range all {
		if slices.Contains([]string{"0", `"0.00"`, `"0s"`}, string(value)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// limits are those that an answer shows.
func (a *limitsAnswer) limits() (*trade.Limits, error) {
	l := &trade.Limits{
		MaxStake: a.MaxStake, MaxStakeShare: a.MaxStakeShare, MaxOpen: a.MaxOpen, MaxOpenAsset: a.MaxOpenAsset, MaxOpenSide: a.MaxOpenSide,
		MaxOpenPayout: a.MaxOpenPayout, PerMinute: a.PerMinute, PerHour: a.PerHour, PerDay: a.PerDay, DailyLoss: a.DailyLoss, RollingLoss: a.RollingLoss,
		MaxDrawdown: a.MaxDrawdown, LossStreak: a.LossStreak, MaxCoolDowns: a.MaxCoolDowns, MinPayout: a.MinPayout, MaxCost: a.MaxCost,
		AllowIncrease: a.AllowIncrease, MaxPriceGap: a.MaxPriceGap, MaxErrors: a.MaxErrors, NeedEvidence: a.NeedEvidence,
	}
	for _, d := range []struct {
		name    string
		seconds float64
		to      *time.Duration
	}{
		{"cool_down", a.CoolDown, &l.CoolDown}, {"session", a.Session, &l.Session}, {"max_snapshot_age", a.MaxSnapshotAge, &l.MaxSnapshotAge},
		{"max_votes_age", a.MaxVotesAge, &l.MaxVotesAge}, {"max_tick_age", a.MaxTickAge, &l.MaxTickAge}, {"max_quote_age", a.MaxQuoteAge, &l.MaxQuoteAge},
		{"max_lag", a.MaxLag, &l.MaxLag}, {"max_offset", a.MaxOffset, &l.MaxOffset}, {"max_frozen", a.MaxFrozen, &l.MaxFrozen},
	} {
		if !(math.Abs(d.seconds) <= maxSeconds) {
			return nil, fmt.Errorf("%s: got %v seconds, want at most %v", d.name, d.seconds, maxSeconds)
		}
		*d.to = time.Duration(d.seconds * float64(time.Second))
	}
	return l, nil
}

// maxSeconds is a duration of a hundred years, in seconds.
const maxSeconds = 100 * 365 * 24 * 3600.
