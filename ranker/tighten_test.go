package ranker_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/karlquant/quasar/trade"
)

func TestLimitsAreTightenedFromElsewhereAndNotLoosened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, trader := commanded(t)
		token := []string{"Authorization", "Bearer " + adminToken}
		before := trader.Status().Limits
		for _, c := range []struct {
			name, body string
			header     []string
			code       int
			want       string
		}{
			{"looser", `{"limits": {"max_stake": "6.00", "max_open": 2}}`, token, 400, "max_stake: got 6.00, want at most 5.00, or a restart"},
			{"switched off", `{"limits": {"session": -1}}`, token, 400, "or a restart"},
			{"a shorter pause", `{"limits": {"cool_down": 60}}`, token, 400, "cool_down: got 1m0s, want at least 30m0s, or a restart"},
			{"nothing at all", `{"limits": {"max_open": 0}}`, token, 400, "max_open: got 0, want more; POST /trade/halt"},
			{"no money at all", `{"limits": {"max_stake": "0"}}`, token, 400, "max_stake: got 0, want more"},
			{"no limit", `{"limits": {}}`, token, 400, "with one limit or more"},
			{"nothing said", ``, token, 400, "body: "},
			{"a limit that is none", `{"limits": {"max_fun": 1}}`, token, 400, "max_fun"},
			{"a number that is none", `{"limits": {"max_lag": 1e300}}`, token, 400, "max_lag: got 1e+300 seconds"},
			{"too much", `{"limits": {"max_open": 1}, "note": "` + strings.Repeat("x", 5000) + `"}`, token, 400, "at most 4 KiB"},
			{"a stranger", `{"limits": {"max_open": 1}}`, nil, 401, "want the admin token"},
			{"a page of a stranger", `{"limits": {"max_open": 1}}`, append([]string{"Origin", "http://evil.example"}, token...), 403, "origin: got a foreign one"},
		} {
			if w := tell(r, "/trade/limits", c.body, c.header...); w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%s: got %d %s, want %d and %q", c.name, w.Code, w.Body, c.code, c.want)
			}
		}
		if got := trader.Status().Limits; got != before {
			t.Errorf("refused: got %+v, want %+v", got, before)
		}
		w := tell(r, "/trade/limits", `{"limits": {"max_stake": "0.50", "cool_down": 3600, "need_evidence": true}, "note": "bad day"}`, token...)
		want := before
		want.MaxStake, want.CoolDown, want.NeedEvidence = trade.Cents(50), 3600e9, true
		if got := trader.Status().Limits; w.Code != 200 || read(t, w.Body.Bytes())["done"] != "tightened" || got != want {
			t.Errorf("tighter: got %d %s and %+v, want %+v", w.Code, w.Body, got, want)
		}
		limits := read(t, ask(r, "GET", "/risk").Body.Bytes())["limits"].(document)
		if limits["max_stake"] != "0.50" || limits["cool_down"] != 3600. {
			t.Errorf("/risk: got %v, want the tighter limits", limits)
		}
	})
}
