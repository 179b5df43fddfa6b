package app

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/recording"
)

// simulator returns the address of a venue that lives ten times as fast as we do.
func simulator(t *testing.T) string {
	t.Helper()
	return startSimulator(t, &derivsim.Options{Seed: 1, Speed: 10})
}

// startSimulator serves a simulator and returns its address.
func startSimulator(t *testing.T, opts *derivsim.Options) string {
	t.Helper()
	sim, err := derivsim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = sim.Run(ctx) })
	server := httptest.NewServer(sim)
	t.Cleanup(func() {
		cancel()
		running.Wait()
		server.Close()
	})
	return server.URL
}

// derivCommand runs quasar and returns its exit code and what it wrote.
func derivCommand(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code = run(ctx, args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestDerivLooksAtAMarket(t *testing.T) {
	url := simulator(t)
	tests := []struct {
		name string
		args []string
		code int
		want []string
	}{
		{name: "symbols", args: []string{"symbols"}, want: []string{"SYMBOL", "R_75", "Volatility 75 Index", "open"}},
		{name: "symbols as JSON", args: []string{"symbols", "--json"}, want: []string{`{"underlying_symbol":"R_75","underlying_symbol_name":"Volatility 75 Index"`}},
		{name: "contracts by an alias", args: []string{"contracts", "V75"}, want: []string{"TYPE", "CALL", "MULTUP"}},
		{name: "ticks", args: []string{"ticks", "V100_1s", "--count", "3", "--json"}, want: []string{`{"symbol":"1HZ100V","epoch":`, `"filled":false`}},
		{name: "a quote", args: []string{"quote", "V75", "call", "--duration", "5t"}, want: []string{"payout", "19.54 USD", "breaks even at      51.18 % won", "a coin flip brings  -2.30 % of the stake"}},
		{name: "a quote as JSON", args: []string{"quote", "V75", "CALL", "--duration", "5t", "--json"}, want: []string{`"ask_price":10,`, `"payout":19.54`}},
		{name: "a symbol that is none", args: []string{"contracts", "V75_TEST"}, code: exitFailure, want: []string{`no such symbol: got "V75_TEST"`}},
		{name: "a contract that is not offered", args: []string{"quote", "V75", "NONE", "--duration", "5t"}, code: exitFailure, want: []string{"not offered: got NONE on R_75, want one of"}},
		{name: "a duration that is none", args: []string{"quote", "V75", "CALL", "--duration", "soon"}, code: exitUsage, want: []string{`--duration: got "soon"`}},
		{name: "a stake that is none", args: []string{"quote", "V75", "CALL", "--stake", "-1"}, code: exitUsage, want: []string{`--stake: got "-1"`}},
		{name: "no symbol", args: []string{"ticks"}, code: exitUsage, want: []string{"deriv ticks: got 0 arguments, want one symbol", "Try 'quasar deriv ticks --help'"}},
		{name: "contracts as JSON", args: []string{"contracts", "CRASH500", "--json"}, want: []string{`{"contract_type":"MULTUP","contract_category":"multiplier"`, `"multiplier_range":[20,50,100]`}},
		{name: "contracts without an end", args: []string{"contracts", "CRASH500"}, want: []string{"MULTUP    multiplier      –   –  no_expiry  × [20 50 100]\n"}},
		{name: "ticks of a symbol that is none", args: []string{"ticks", "V76"}, code: exitFailure, want: []string{`no such symbol: got "V76"`, "quasar deriv symbols lists them"}},
		{name: "a count below 0", args: []string{"ticks", "V75", "--count", "-1"}, code: exitUsage, want: []string{"--count: got -1, want 0 or more"}},
		{name: "a market", args: []string{"symbols", "--market", "synthetic_index"}, want: []string{"R_75"}},
		{name: "a market that is none", args: []string{"symbols", "--market", "forex"}, code: exitFailure, want: []string{`got "forex", want one of those that are there: synthetic_index`}},
		{name: "a multiplier", args: []string{"quote", "V75", "MULTUP", "--multiplier", "40", "--stop-loss", "5"}, want: []string{"commission          0.11 USD"}},
		{name: "a quote of a symbol that is none", args: []string{"quote", "V76", "CALL"}, code: exitFailure, want: []string{`no such symbol: got "V76"`}},
		{name: "no duration", args: []string{"quote", "V75", "CALL"}, code: exitUsage, want: []string{"CALL on R_75 wants --duration, 1t to 10t or 15s to 1d or 1d to 365d"}},
		{name: "no multiplier", args: []string{"quote", "V75", "MULTUP"}, code: exitUsage, want: []string{"MULTUP on R_75 wants --multiplier, one of [40 100"}},
		{name: "no growth", args: []string{"quote", "V75", "ACCU"}, code: exitUsage, want: []string{"ACCU on R_75 wants --growth, one of [0.01"}},
		{name: "a duration that is too long", args: []string{"quote", "V75", "CALL", "--duration", "500t"}, code: exitFailure, want: []string{"got a duration of 500t, want 1t to 10t or 15s to 1d or 1d to 365d"}},
		{name: "a multiplier that is not offered", args: []string{"quote", "V75", "MULTUP", "--multiplier", "7"}, code: exitFailure, want: []string{"got a multiplier of 7, want one of [40"}},
		{name: "a stake that is too high", args: []string{"quote", "V75", "CALL", "--duration", "5t", "--stake", "90000"}, code: exitFailure, want: []string{"PayoutLimitExceeded: Maximum payout allowed is 50000.00"}},
		{name: "a command that is none", args: []string{"nonsense"}, code: exitUsage, want: []string{`unknown command "nonsense" for "quasar deriv"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := slices.Concat([]string{"deriv"}, test.args, []string{"--url", url})
			if test.args[0] == "nonsense" {
				args = args[:2]
			}
			code, stdout, stderr := derivCommand(t, args...)
			if code != test.code {
				t.Errorf("got the code %d, want %d: %s", code, test.code, stderr)
			}
			for _, want := range test.want {
				if !strings.Contains(stdout+stderr, want) {
					t.Errorf("got %s%s, want %s in it", stdout, stderr, want)
				}
			}
		})
	}
}

func TestDerivSaysAtOnceThatNobodyIsThere(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for _, command := range []string{"symbols", "contracts V75", "ticks V75", "quote V75 CALL --duration 5t"} {
		for _, test := range []struct {
			name, url string
			code      int
			want      string
		}{
			{"nobody", "http://127.0.0.1:1", exitNoConnection, "connection refused; --url leads elsewhere"},
			{"somebody else", other.URL, exitNoConnection, "/trading/v1/options/ws/public refused the handshake: Not Found"},
			{"no TLS beyond this machine", "http://example.com", exitConfiguration, "only loopback may be without TLS"},
			{"a path", "http://127.0.0.1:1/path", exitConfiguration, "want https://HOST or, on loopback, http://HOST:PORT"},
			{"no address", "", exitConfiguration, "url: got an empty one"},
		} {
			code, stdout, stderr := derivCommand(t, slices.Concat([]string{"deriv"}, strings.Fields(command), []string{"--url", test.url})...)
			if code != test.code || !strings.Contains(stderr, test.want) || stdout != "" {
				t.Errorf("%s, %s: got the code %d and %s%s, want %d and %s", command, test.name, code, stdout, stderr, test.code, test.want)
			}
		}
	}
}

func TestRecordKeepsTicks(t *testing.T) {
	url, dir := simulator(t), filepath.Join(t.TempDir(), "new")
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var code int
	var errs bytes.Buffer
	running.Go(func() {
		code = run(ctx, []string{"record", "V75", "V100_1s", "R_75", "v75", "--deriv-url", url, "--dir", dir, "--sync", "10ms"}, strings.NewReader(""), &bytes.Buffer{}, &errs)
	})
	for range 2000 { // what is on the disk is there before it ends
		if len(recorded(t, dir)) >= 20 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	running.Wait()
	if code != exitOK || !strings.Contains(errs.String(), "in 1 files") {
		t.Errorf("got the code %d: %s", code, errs.String())
	}
	newest := map[string]int64{}
	for _, r := range recorded(t, dir) {
		if r.Tick == nil || r.Tick.Epoch <= newest[r.Tick.Symbol] {
			t.Fatalf("got %+v after %d", r.Tick, newest[r.Tick.Symbol])
		}
		newest[r.Tick.Symbol] = r.Tick.Epoch
	}
	if len(newest) != 2 {
		t.Errorf("got %v, want two symbols", newest)
	}
}

func recorded(t *testing.T, dir string) []recording.Record {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"+recording.Extension))
	if err != nil {
		t.Fatal(err)
	}
	var records []recording.Record
	for r, err := range recording.Read(files...) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

func TestTicksForPeopleHaveATimeAndAllDecimals(t *testing.T) {
	code, stdout, stderr := derivCommand(t, "deriv", "ticks", "V100_1s", "--count", "2", "--url", simulator(t))
	if code != exitOK || !regexp.MustCompile(`^(\d\d:\d\d:\d\d  \d+\.\d\d\n){2}$`).MatchString(stdout) {
		t.Errorf("got the code %d and %q: %s", code, stdout, stderr)
	}
}

func TestRecordSaysWhatIsWrongWithItsFlags(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"--hub 127.0.0.1:1 --quotes CALL/5t", exitUsage, "--quotes: got no symbols"},
		{"V75 --quotes CALL", exitUsage, `--quotes: got "CALL"`},
		{"V75 --quotes /5t", exitUsage, `--quotes: got "/5t"`},
		{"V75 --quotes CALL/5y", exitUsage, "want TYPE/DURATION"},
		{"V75 --quotes CALL/5t --quotes-stake 0", exitUsage, `with a stake of "0"`},
		{"V75 --quotes CALL/5t --quotes-every 10ms", exitUsage, "--quotes-every: got 10ms, want 1s or more"},
		{"V75 --sync 0 --deriv-url http://example.com", exitConfiguration, "only loopback"},
		{"V75 --file-bytes -1", exitConfiguration, "want none below 0"},
		{"V75 --deriv-url http://example.com", exitConfiguration, "only loopback may be without TLS"},
	} {
		args := append([]string{"record", "--dir", t.TempDir()}, strings.Fields(test.args)...)
		if code, _, stderr := derivCommand(t, args...); code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: got the code %d and %s, want %d and %s", test.args, code, stderr, test.code, test.want)
		}
	}
	if code, _, stderr := derivCommand(t, "record", "V75", "--dir", "/dev/null/x", "--deriv-url", "http://127.0.0.1:1"); code != exitConfiguration || !strings.Contains(stderr, "/dev/null") {
		t.Errorf("a directory that cannot be: got the code %d and %s", code, stderr)
	}
}

func TestRecordWantsSomethingToRecord(t *testing.T) {
	if code, _, stderr := derivCommand(t, "record"); code != exitUsage || !strings.Contains(stderr, "neither symbols nor --hub") {
		t.Errorf("got %d and %s", code, stderr)
	}
	if code, _, stderr := derivCommand(t, "record", "V75_TEST", "--dir", t.TempDir(), "--deriv-url", simulator(t)); code != exitFailure || !strings.Contains(stderr, "no such symbol") {
		t.Errorf("got %d and %s", code, stderr)
	}
}

func TestNothingOfTheVenuesSteersATerminal(t *testing.T) {
	const evil = "R_75\x1b[2J\r"
	var out bytes.Buffer
	if err := showSymbols(&out, []deriv.ActiveSymbol{{Symbol: evil, Name: evil, Market: evil, Submarket: evil}}, false); err != nil {
		t.Fatal(err)
	}
	if err := showOffers(&out, []deriv.Offer{{ContractType: evil, Category: evil, MinDuration: evil, MaxDuration: evil, ExpiryType: evil}}, false); err != nil {
		t.Fatal(err)
	}
	tell(&out, errors.Join(&deriv.Error{Code: evil, Message: evil}, errors.New("and more")))
	if !strings.HasSuffix(out.String(), "\nand more\n") {
		t.Errorf("got %q, want both lines", out.String())
	}
	if strings.ContainsAny(out.String(), "\x1b\r") || !strings.Contains(out.String(), "R_75") {
		t.Errorf("got %q, want it without control characters", out.String())
	}
}
