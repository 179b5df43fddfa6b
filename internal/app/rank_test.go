package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/logtest"
	"github.com/karlquant/quasar/ranker"
)

// ask reads an answer of a server.
func ask(t *testing.T, server, path string) (answer map[string]any) {
	t.Helper()
	if err := getJSON(t.Context(), server, path, access{}, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// The command line of the original, word for word.
func TestRankTakesTheOriginalsCommandLine(t *testing.T) {
	t.Chdir(t.TempDir()) // it writes x.quasar
	url := realHub(t)
	b := start(t, "rank", "--hub", url, "--assets", "V75", "V100_1s", "CRASH1000", "--bandit", "ucb", "--reward", "simple", "--model", "x.pt", "--sync",
		"--listen", "127.0.0.1:0")
	page := b.pages(t, 1)[0]
	eventually(t, func() bool { return ask(t, page, "/rankings")["connected"] == true }, b.stderr.String)
	health := ask(t, page, "/health")
	policy := health["policy"].(map[string]any)
	for key, want := range map[string]any{"active": "ucb", "reward": "simple", "model": "x.pt", "feedback": "both", "ordered_by": "formula", "cost": 0.03} {
		if policy[key] != want {
			t.Errorf("policy: %s: got %v, want %v", key, policy[key], want)
		}
	}
	if diff := cmp.Diff([]any{"CRASH1000", "V100_1s", "V75"}, health["waiting"]); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	if code := b.interrupt(); code != exitInterrupted {
		t.Errorf("after an interrupt: got %d, want %d; %s", code, exitInterrupted, b.stderr)
	}
}

func TestRankSaysWhatIsWrong(t *testing.T) {
	publishers := filepath.Join(t.TempDir(), "tokens.jsonl")
	if got := quasarCommand(t, "", "token", "new", "--role", "publisher", "--space", "V75", "--file", publishers); got.code != 0 {
		t.Fatal(got.stderr)
	}
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"assets without --assets", []string{"V75"}, exitUsage, `rank: got the argument "V75", want assets behind --assets`},
		{"an order that is none", []string{"--order", "best"}, exitUsage, `want "desc", "asc" or "balanced"`},
		{"a policy that nobody knows", []string{"--bandit", "best"}, exitConfiguration, `bandit: got "best", want one of `},
		{"a reward that nobody knows", []string{"--reward", "all"}, exitConfiguration, `reward: got "all", want one of simple, logret`},
		{"an asset that cannot be one", []string{"--assets", "V75", "../x"}, exitConfiguration, `assets: space name: got "../x"`},
		{"a hub that cannot be one", []string{"--hub", "ftp://x"}, exitConfiguration, `got the scheme "ftp"`},
		{"an age below nothing", []string{"--stale-after", "-1s"}, exitConfiguration, "StaleAfter: got -1s"},
		{"an address of the network", []string{"--listen", "0.0.0.0:0"}, exitConfiguration, "quasar token new --role viewer --file quasar-tokens.jsonl"},
		{"the same with a publisher's token alone", []string{"--listen", "0.0.0.0:0", "--tokens-file", publishers}, exitConfiguration, "there is no valid token for a viewer"},
		{"tokens that are none", []string{"--tokens", "x"}, exitConfiguration, "tokens"},
		{"an address without a port", []string{"--listen", "127.0.0.1"}, exitConfiguration, "want HOST:PORT"},
		{"a flag of the wrong type", []string{"--sync=perhaps"}, exitUsage, `--sync: got "perhaps", want true or false`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := quasarCommand(t, "", append([]string{"rank"}, c.args...)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.stderr) || got.stdout != "" {
				t.Errorf("got %d and %q, want %d and %q", got.code, got.stderr, c.code, c.stderr)
			}
		})
	}
}

// publishTo publishes votes and an accuracy.
func publishTo(t *testing.T, hub, space, buys, accuracy string) {
	t.Helper()
	if r := quasarCommand(t, "", "publish", space, "--hub", hub, "--dominant-signal", "BUY", "--last-price", "100", "--buy-count", buys, "--sell-count", "3", "--avn-accuracy", accuracy); r.code != exitOK {
		t.Fatalf("publish: %+v", r)
	}
}

func TestRankPrintsALineWhenTheOrderChanges(t *testing.T) {
	url := realHub(t)
	b := start(t, "rank", "--hub", url, "--listen", "127.0.0.1:0")
	b.pages(t, 1)
	for _, step := range []struct{ space, buys, accuracy, want string }{
		{"V75", "7", "0.86", " live asc: 1 V75 -0.160\n"},
		{"V76", "7", "0.5", " live asc: 1 V75 -0.160, 2 V76 +0.200\n"},
		{"V76", "7", "1", " live asc: 1 V76 -0.300, 2 V75 -0.160\n"},
	} {
		publishTo(t, url, step.space, step.buys, step.accuracy)
		eventually(t, func() bool { return strings.HasSuffix(b.stdout.String(), step.want) }, b.stdout.String)
	}
	if strings.Contains(b.stdout.String(), "\x1b") {
		t.Errorf("escapes though it is no terminal:\n%q", b.stdout)
	}
}

func TestRankPrintsObjects(t *testing.T) {
	url := realHub(t)
	b := start(t, "rank", "--json", "--sync", "--hub", url, "--listen", "127.0.0.1:0")
	page := b.pages(t, 1)[0]
	eventually(t, func() bool { return ask(t, page, "/rankings")["connected"] == true }, b.stderr.String)
	for _, accuracy := range []string{"0.5", "0.6", "0.7"} {
		publishTo(t, url, "V75", "7", accuracy)
	}
	eventually(t, func() bool { return strings.Count(b.stdout.String(), `"rank":1`) >= 3 }, b.stdout.String)
	var scores []any
	for line := range strings.Lines(b.stdout.String()) {
		var ranking struct {
			Rankings []map[string]any `json:"rankings"`
		}
		if err := json.Unmarshal([]byte(line), &ranking); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if len(ranking.Rankings) == 1 {
			scores = append(scores, ranking.Rankings[0]["avn_accuracy"])
		}
	}
	if diff := cmp.Diff([]any{0.5, 0.6, 0.7}, scores); diff != "" {
		t.Errorf("accuracies, one for each update (-want +got):\n%s", diff)
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestRankEndsWhenNobodyCanReadIt(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stderr logtest.Log
	code := run(ctx, []string{"rank", "--hub", realHub(t), "--listen", "127.0.0.1:0"}, strings.NewReader(""), fullDisk{}, &stderr)
	if code != exitFailure || !strings.Contains(stderr.String(), "no space left") {
		t.Errorf("got %d and %s, want %d", code, &stderr, exitFailure)
	}
}

var rankedAt = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// someRanking has an asset of each kind.
func someRanking() ranker.Ranking {
	k := ranker.Ranking{HubTime: rankedAt, Connected: true, Since: rankedAt.Add(-time.Hour), Policy: "ucb", Updates: 7, Waiting: []string{"JUMP10", "STEP2"}}
	for i, a := range []struct {
		snapshot quasar.Snapshot
		age      *time.Duration
		why      []string
	}{
		{example("V75", 7, 3, 0.86), new(400 * time.Millisecond), nil},
		{example("CRASH1000", 11, 1, 0.38), new(42 * time.Second), []string{"neutral signal", "stale: no update for 30s"}},
		{quasar.Snapshot{SpaceName: "STEP"}, nil, []string{"no votes"}},
	} {
		asset := ranker.Asset{Ranking: quasar.Ranking{Rank: i + 1, Snapshot: a.snapshot, Score: a.snapshot.Score()}, Age: a.age, HeldBack: a.why}
		if asset.Score.Value == nil {
			asset.Rank = 0
		}
		if i == 0 {
			asset.Belief, asset.Propensity = &ranker.Belief{Score: 0.2, Mean: 0.1, SD: 0.1}, new(0.95)
		}
		k.Assets = append(k.Assets, asset)
	}
	return k
}

func TestHowARankingLooks(t *testing.T) {
	offline := ranker.Ranking{HubTime: rankedAt, Since: rankedAt.Add(-time.Minute), Policy: "ucb", Order: quasar.Desc, ByFormula: true}
	lost := offline
	lost.Lost = errors.New("connection refused")
	for _, c := range []struct {
		name string
		k    ranker.Ranking
		line string
		text string
	}{
		{
			"all kinds of assets", someRanking(),
			"2026-01-02T15:04:05Z live ucb: 1 V75 -0.160, 2 CRASH1000 +0.537 (neutral signal; stale: no update for 30s), – STEP (no votes)\n",
			`15:04:05 UTC  order ucb  live

#  ASSET      SIGNAL  CONFIDENCE  ACCURACY   SCORE       EXPECTED  CHANCE    AGE  HELD BACK
1  V75        BUY          0.700     0.860  -0.160  +0.100 ±0.196    0.95  0.4 s
2  CRASH1000  BUY          0.917     0.380  +0.537              –       –   42 s  neutral signal; stale: no update for 30s
–  STEP       –                –         –       –              –       –      –  no votes

waiting for JUMP10, STEP2
`,
		},
		{
			"not connected yet", offline, "2026-01-02T15:04:05Z OFFLINE desc: no asset yet\n",
			"15:04:05 UTC  order desc  OFFLINE since 15:03:05 UTC\n\nNo asset has published yet.\n",
		},
		{
			"lost", lost, "2026-01-02T15:04:05Z OFFLINE desc: no asset yet\n",
			"15:04:05 UTC  order desc  OFFLINE since 15:03:05 UTC: connection refused\n\nNo asset has published yet.\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var line, screen strings.Builder
			if err := errors.Join(rankLine(&line, &c.k, ""), rankScreen(&screen, &c.k, "")); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.line, line.String()); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff("\x1b[H\x1b[J"+c.text, screen.String()); diff != "" {
				t.Errorf("screen (-want +got):\n%s", diff)
			}
		})
	}
}

// printing notes when something is printed, in seconds.
type printing struct {
	start time.Time
	at    []float64
}

func (p *printing) Write(b []byte) (int, error) {
	p.at = append(p.at, time.Since(p.start).Seconds())
	return len(b), nil
}

// Six seconds in which an update comes every 100 ms, the order changes at 2 s, an
// asset goes stale at 4 s, and then nothing more comes.
func TestWhatIsPrintedWhen(t *testing.T) {
	at := func(d time.Duration) ranker.Ranking {
		k := someRanking()
		k.Updates = min(int64(d/(100*time.Millisecond)), 40)
		if d >= 2*time.Second {
			k.Assets[0], k.Assets[1] = k.Assets[1], k.Assets[0]
		}
		if d >= 4*time.Second {
			k.Assets[1].HeldBack = []string{"stale"}
		}
		return k
	}
	for _, c := range []struct {
		name   string
		change func(*rankPrinter)
		want   []float64
	}{
		{"a line for what matters", func(*rankPrinter) {}, []float64{0.25, 2, 4}},
		{"a screen while something comes, and then for the ages",
			func(p *rankPrinter) { p.write, p.digest, p.again = rankScreen, updates, redrawEvery },
			[]float64{0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 3.75, 4, 5, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out := &printing{start: time.Now()}
				p := newRankPrinter(out, false)
				c.change(p)
				ctx, cancel := context.WithTimeout(t.Context(), 6100*time.Millisecond)
				defer cancel()
				if err := p.follow(ctx, func() ranker.Ranking { return at(time.Since(out.start)) }); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(c.want, out.at); diff != "" {
					t.Errorf("printed at (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A program gets each update at once, and what time alone changes.
func TestObjectsComeWithEachUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &printing{start: time.Now()}
		p := newRankPrinter(out, true)
		var mu sync.Mutex // guards n and stale
		n, stale := 0, false
		ranking := func() ranker.Ranking {
			mu.Lock()
			defer mu.Unlock()
			k := someRanking()
			if k.Updates = int64(n); stale {
				k.Assets[0].HeldBack = []string{"stale"}
			}
			return k
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		ended := make(chan error)
		go func() { ended <- p.follow(ctx, ranking) }()
		for _, step := range []struct {
			updates int
			stale   bool
			woken   bool
		}{
			{updates: 1, woken: true},
			{updates: 2, woken: true},
			{updates: 2, woken: true}, // nothing new
			{updates: 2, stale: true},
		} {
			time.Sleep(260 * time.Millisecond)
			mu.Lock()
			n, stale = step.updates, step.stale
			mu.Unlock()
			if step.woken {
				p.wake(ranker.Ranking{})
			}
			synctest.Wait()
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]float64{0.25, 0.26, 0.52, 1.25}, out.at); diff != "" {
			t.Errorf("printed at (-want +got):\n%s", diff)
		}
	})
}

func TestOnlyATerminalGetsAScreen(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, asJSON := range []bool{false, true} {
		if p := newRankPrinter(file, asJSON); p.again != 0 {
			t.Errorf("json %t: a file is printed to every %v, want never again", asJSON, p.again)
		}
	}
	if got := fmt.Sprint(isTerminal(file), isTerminal(&logtest.Log{})); got != "false false" {
		t.Errorf("got %s", got)
	}
}
