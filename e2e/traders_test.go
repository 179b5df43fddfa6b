//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// trader is quasar rank --trade demo, with a data directory of its own.
type trader struct {
	*process
	page, dir string
}

func startTrader(t *testing.T, name, venue, hub string) *trader {
	t.Helper()
	p := &trader{page: freeAddress(t), dir: t.TempDir()}
	cmd := exec.Command(quasarBinary, "rank", "--trade", "demo", "--hub", "ws://"+hub, "--listen", p.page, "--deriv-url", "http://"+venue, "--data-dir", p.dir)
	cmd.Env = append(os.Environ(), "DERIV_API_KEY=any", "DERIV_APP_ID=77")
	p.process = start(t, name, cmd)
	return p
}

// positions is what the trader says of its account, nil while it says nothing.
func (p *trader) positions() map[string]any {
	status, body, err := get("http://" + p.page + "/positions")
	if err != nil || status != http.StatusOK {
		return nil
	}
	return decode(p.t, string(body))
}

func (p *trader) awaitAgreement() {
	p.t.Helper()
	eventually(p.t, p.name+": journal and venue agree", func() bool { return at(p.positions(), "account", "reconciled") == true })
}

// startVenue is a simulator, and returns its address.
func startVenue(t *testing.T) string {
	t.Helper()
	address := freeAddress(t)
	start(t, "quasar sim", exec.Command(quasarBinary, "sim", "--listen", address, "--seed", "1", "--speed", "20", "--history", "100"))
	eventually(t, "the simulator answers", func() bool {
		status, _, err := get("http://" + address + "/admin/faults")
		return err == nil && status == http.StatusOK
	})
	return address
}

// Two programs on one account would spend it twice. The second refuses, whatever its
// directory, until the first is gone, however that ended.
func TestASecondTraderOnAnAccountRefuses(t *testing.T) {
	venue, hub := startVenue(t), startHub(t, freeAddress(t))
	first := startTrader(t, "the first trader", venue, hub.address)
	first.awaitAgreement()
	second := startTrader(t, "the second trader", venue, hub.address)
	if code := exitCode(second.wait()); code == 0 || code == -1 || !strings.Contains(second.errors(), "another process has it") || !strings.Contains(second.errors(), "one trader at a time trades on an account") {
		t.Errorf("got exit code %d and %s, want it to refuse and say why", code, second.errors())
	}
	first.kill()
	third := startTrader(t, "the third trader", venue, hub.address)
	third.awaitAgreement()
}

// What another app holds on the account is shown, and not sold with the rest.
func TestAContractOfAnotherAppIsShownAndNeverTouched(t *testing.T) {
	venue, hub := startVenue(t), startHub(t, freeAddress(t))
	p := startTrader(t, "the trader", venue, hub.address)
	p.awaitAgreement()
	answer, err := http.Post("http://"+venue+"/admin/faults", "application/json", strings.NewReader(`{"kind":"foreign-contract","symbol":"CRASH500","count":1}`))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	var foreign []any
	eventually(t, "the contract is shown", func() bool {
		foreign, _ = p.positions()["foreign"].([]any)
		return len(foreign) == 1
	})
	out, err := exec.Command(quasarBinary, "trade", "flatten", "--account", "demo", "--data-dir", p.dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "HALTED since") || !strings.Contains(string(out), "0 open") {
		t.Errorf("flatten: got %v and %s, want a halt", err, out)
	}
	seen := p.positions()
	if recent := seen["recent"].([]any); len(recent) != 0 || at(seen, "account", "halted", "reason") != "person" {
		t.Errorf("got %v, want %v to be nobody's order, and the person's halt alone", seen, foreign)
	}
	entries, err := exec.Command(quasarBinary, "journal", "export", "--entries", "--account", "demo", "--data-dir", p.dir).Output()
	if err != nil || !strings.Contains(string(entries), `"foreign":[`) || strings.Contains(string(entries), `"adopted"`) || strings.Contains(string(entries), `"settled"`) {
		t.Errorf("the journal: got %v and %s, want the contract seen and nothing done", err, entries)
	}
}
