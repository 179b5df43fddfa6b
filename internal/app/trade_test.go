package app

import (
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

// trader starts a ranker that trades at a venue, and waits until journal and venue
// agree, or nobody knows of an order.
func trader(t *testing.T, url, dir string, args ...string) (b *background, page string) {
	t.Helper()
	t.Setenv("DERIV_API_KEY", "any")
	t.Setenv("DERIV_APP_ID", "77")
	b = start(t, append([]string{"rank", "--hub", realHub(t), "--listen", "127.0.0.1:0", "--deriv-url", url, "--data-dir", dir}, args...)...)
	page = b.pages(t, 1)[0]
	eventually(t, func() bool {
		account := ask(t, page, "/risk")["account"].(map[string]any)
		return account["reconciled"] == true || account["unresolved"] != nil
	}, b.stderr.String)
	return b, page
}

func TestATraderIsCommandedBesideItsDirectory(t *testing.T) {
	url, dir := simulator(t), t.TempDir()
	b, page := trader(t, url, dir, "--trade", "paper", "--max-stake", "2")
	command := func(code int, want string, args ...string) {
		t.Helper()
		got := quasarCommand(t, "", append(append([]string{"trade"}, args...), "--data-dir", dir)...)
		if got.code != code || !strings.Contains(got.stdout+got.stderr, want) {
			t.Errorf("%v: got %d %s%s, want %d and %q; %s", args, got.code, got.stdout, got.stderr, code, want, b.stderr)
		}
	}
	command(exitOK, "HALTED since", "halt", "--note", "lunch")
	command(exitOK, "not halted", "resume")
	command(exitOK, "HALTED since", "flatten")
	command(exitOK, "not halted", "resume")
	command(exitOK, "not halted", "tighten", "--max-stake", "0.50", "--cool-down", "1h", "--note", "bad day")
	limits := ask(t, page, "/risk")["limits"].(map[string]any)
	if limits["max_stake"] != "0.50" || limits["cool_down"] != 3600. || limits["max_open"] != 3. {
		t.Errorf("limits: got %v, want a stake of 0.50 at most, pauses of an hour, and what was in force", limits)
	}
	command(exitFailure, "max_stake: got 1.00, want at most 0.50, or a restart", "tighten", "--max-stake", "1")
	command(exitUsage, "got no limit", "tighten")
	command(exitConfiguration, "max-open: got 0", "tighten", "--max-open", "0")
	command(exitFailure, "no order of the paper account", "resolve", "x", "none", "--yes")
	if on := entriesOf(t, dir, trade.Paper, func(e *trade.Entry) bool { return e.Tightened != nil }); len(on) != 1 || on[0].Tightened.Note != "bad day" || on[0].Tightened.By != "file" || on[0].Tightened.Limits.MaxStake != trade.Cents(50) {
		t.Errorf("on record: got %+v, want that limits were tightened once", on)
	}
	b.interrupt()
	again, page := trader(t, url, dir, "--trade", "paper", "--max-stake", "2")
	if got := ask(t, page, "/risk")["limits"].(map[string]any)["max_stake"]; got != "2.00" || !strings.Contains(again.stderr.String(), "limits were tightened while the last process ran") {
		t.Errorf("after a restart: got %v, want what its flags say, and a warning in %s", got, again.stderr)
	}
}

// entriesOf are some entries of a journal.
func entriesOf(t *testing.T, dir string, mode trade.Mode, which func(*trade.Entry) bool) (all []*trade.Entry) {
	t.Helper()
	v, err := journal.OpenView(dir, mode)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	for e, err := range v.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if which(e) {
			all = append(all, e)
		}
	}
	return all
}

// unresolvedAt is the directory of a trader that ended after it had sent a buy.
func unresolvedAt(t *testing.T, url string) (dir, intentID string) {
	t.Helper()
	dir = t.TempDir()
	account := trade.Account{Mode: trade.Demo, ID: derivsim.DemoAccount, Currency: "USD", AppID: 77, Venue: venue.Host(url)}
	j, err := journal.Open(dir, account, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*trade.Entry{{Opened: &trade.Opened{Account: account, Balance: 10_000 * trade.Unit}}, intent(1, "V75"), sentOff(1)} {
		e.At = time.Now()
		if err := j.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, "i1"
}

func TestAPersonSaysWhatBecameOfAnOrder(t *testing.T) {
	url := startSimulator(t, &derivsim.Options{Seed: 1})
	dir, id := unresolvedAt(t, url)
	b, page := trader(t, url, dir, "--trade", "demo")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"half of it", []string{id}, exitUsage, "got 1 arguments, want the intent, and the number of its contract or none"},
		{"no contract", []string{id, "some"}, exitUsage, `contract: got "some", want its number, or none`},
		{"another intent", []string{"i2", "none", "--yes"}, exitFailure, `got the intent "i2", want the one that is unresolved: i1, SENT, PUT R_75 for at most 1.00, sent `},
		{"nobody to ask", []string{id, "none"}, exitUsage, "say --yes"},
		{"a contract that the venue has not", []string{id, "4711", "--yes"}, exitFailure, "not done: contract 4711: the venue has none of our app by that number"},
		{"it was not bought", []string{id, "none", "--yes"}, exitOK, "0 open, 10000.00 USD"},
		{"once more", []string{id, "none", "--yes"}, exitFailure, "no order of the demo account"},
	} {
		got := quasarCommand(t, "", append([]string{"trade", "resolve", "--account", "demo", "--data-dir", dir}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.stdout+got.stderr, c.want) {
			t.Errorf("%s: got %d %s%s, want %d and %q; %s", c.name, got.code, got.stdout, got.stderr, c.code, c.want, b.stderr)
		}
	}
	if account := ask(t, page, "/risk")["account"].(map[string]any); account["unresolved"] != nil {
		t.Errorf("got %v, want nothing unresolved", account)
	}
	on := entriesOf(t, dir, trade.Demo, func(e *trade.Entry) bool { return e.Abandoned != nil })
	if len(on) != 1 || on[0].Abandoned.Reason != "not bought, says file" {
		t.Errorf("on record: got %+v, want who said that it was not bought", on)
	}
}
