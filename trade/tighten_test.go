package trade_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

func TestLimitsAreTightenedAndNotLoosened(t *testing.T) {
	l := trade.DefaultLimits()
	got, err := l.Tighten(&trade.Limits{MaxStake: trade.Unit, MaxOpen: 1, CoolDown: time.Hour, MinPayout: 1.9, NeedEvidence: true})
	want := *l
	want.MaxStake, want.MaxOpen, want.CoolDown, want.MinPayout, want.NeedEvidence = trade.Unit, 1, time.Hour, 1.9, true
	if diff := cmp.Diff(&want, got); err != nil || diff != "" {
		t.Errorf("got the error %v (-want +got):\n%s", err, diff)
	}
	if again, err := got.Tighten(&trade.Limits{}); err != nil || !again.NeedEvidence {
		t.Errorf("nothing said: got %t and %v, want evidence as before", again.NeedEvidence, err)
	}
	for _, c := range []struct {
		name, want string
		next       trade.Limits
	}{
		{"a higher stake", "max_stake: got 6.00, want at most 5.00, or a restart", trade.Limits{MaxStake: 6 * trade.Unit}},
		{"more open", "max_open: got 4, want at most 3", trade.Limits{MaxOpen: 4}},
		{"any number open", "max_open: got -1, want at most 3", trade.Limits{MaxOpen: -1}},
		{"a shorter pause", "cool_down: got 1m0s, want at least 30m0s", trade.Limits{CoolDown: time.Minute}},
		{"no pause", "cool_down: got -1ns, want at least 30m0s", trade.Limits{CoolDown: -1}},
		{"a lower payout", "min_payout: got 1.5, want at least 1.7", trade.Limits{MinPayout: 1.5}},
		{"a higher loss", "daily_loss: got 21.00, want at most 20.00", trade.Limits{DailyLoss: 21 * trade.Unit}},
		{"increases", "allow_increase: got true, want false", trade.Limits{AllowIncrease: true}},
		{"for ever", "session: got -1ns, want at most 24h0m0s", trade.Limits{Session: -1}},
		{"no limit at all", "max_stake: got -1.00, want more than 0", trade.Limits{MaxStake: -trade.Unit}},
	} {
		if _, err := l.Tighten(&c.next); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	off := &trade.Limits{MaxOpen: -1, CoolDown: -1}
	if _, err := off.Tighten(&trade.Limits{MaxOpen: 9, CoolDown: time.Second}); err != nil {
		t.Errorf("a limit where there was none: got %v, want no error", err)
	}
}

func TestLimitsThatAreNoLimitsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		limits     trade.Limits
	}{
		{"a share above 1", "max_stake_share: got 1.1, want at most 1", trade.Limits{MaxStakeShare: 1.1}},
		{"a share that is no number", "max_drawdown: got NaN, want a number", trade.Limits{MaxDrawdown: math.NaN()}},
		{"an endless payout", "min_payout: got +Inf, want a number", trade.Limits{MinPayout: math.Inf(1)}},
		{"an endless stake", "max_stake: got -0.00000001, want more than 0", trade.Limits{MaxStake: -1}},
		{"an endless loss", "daily_loss: got -0.00000001, want more than 0; this limit cannot be switched off", trade.Limits{DailyLoss: -1}},
		{"an endless drawdown", "max_drawdown: got -1, want more than 0", trade.Limits{MaxDrawdown: -1}},
		{"more money than there is", "rolling_loss: got 92233720368.54775807, want at most 90000000.00", trade.Limits{RollingLoss: math.MaxInt64}},
		{"more time than there is", "session: got 2562047h47m16.854775807s, want at most 876000h0m0s", trade.Limits{Session: math.MaxInt64}},
		{"two at once", "max_cost: got 2, want at most 1", trade.Limits{MaxStakeShare: 2, MaxCost: 2}},
	} {
		if _, err := c.limits.Filled(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	got, err := (&trade.Limits{}).Filled()
	if diff := cmp.Diff(trade.DefaultLimits(), got); err != nil || diff != "" {
		t.Errorf("no limits: got the error %v; want the default (-want +got):\n%s", err, diff)
	}
}

func TestLimitsAreTheSameFromJSON(t *testing.T) {
	text, err := json.Marshal(trade.DefaultLimits(), trade.JSONOptions)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"max_stake":"5.00"`, `"cool_down":"30m0s"`, `"max_drawdown":0.1`, `"need_evidence":false`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s, want %s in it", text, want)
		}
	}
	got := new(trade.Limits)
	err = json.Unmarshal(text, got, trade.JSONOptions, json.RejectUnknownMembers(true))
	if diff := cmp.Diff(trade.DefaultLimits(), got); err != nil || diff != "" {
		t.Errorf("got the error %v (-want +got):\n%s", err, diff)
	}
}

// Limits that nobody filled let nothing through, and so do those that are no numbers.
func TestLimitsThatNobodyFilledLetNothingThrough(t *testing.T) {
	nan := trade.DefaultLimits()
	nan.MaxCost = math.NaN()
	for _, l := range []*trade.Limits{{}, nan} {
		if v := l.Check(good(newBook(t))); v.OK() {
			t.Errorf("%+v: got no reason, want one", l)
		}
	}
}
