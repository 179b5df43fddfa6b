package app

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/ranker"
)

// rankPrinter prints a ranking when it differs from the one before in what matters
// to the reader. Its methods may be called from several goroutines.
type rankPrinter struct {
	out   io.Writer
	write func(w io.Writer, k *ranker.Ranking, banner string) error
	// digest is the same for two rankings that need not both be printed.
	digest func(*ranker.Ranking) string
	// again is after what time the same is printed anew, its ages being older; 0
	// for never.
	again time.Duration
	// banner says whose money is at stake if it is real; "" if it is not.
	banner string
	woken  chan struct{}

	mu      sync.Mutex // guards what follows
	printed time.Time
	shown   string
	err     error // why nothing can be printed any more
}

const (
	// lookEvery is how often a rankPrinter looks by itself: no update tells that
	// time has made an asset stale.
	lookEvery = 250 * time.Millisecond
	// redrawEvery keeps the ages on a screen true.
	redrawEvery = time.Second
)

func newRankPrinter(out io.Writer, asJSON bool) *rankPrinter {
	p := &rankPrinter{out: out, woken: make(chan struct{}, 1)}
	switch {
	case asJSON:
		p.write, p.digest = rankJSON, updates
	case isTerminal(out):
		p.write, p.digest, p.again = rankScreen, updates, redrawEvery
	default:
		p.write, p.digest = rankLine, verdicts
	}
	return p
}

// follow looks at the ranking now and then, and when it is woken, until ctx ends
// or nothing can be printed any more.
func (p *rankPrinter) follow(ctx context.Context, ranking func() ranker.Ranking) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-p.woken:
		}
		p.print(ranking())
		if err := p.problem(); err != nil {
			return err
		}
	}
}

// wake makes follow look at once.
func (p *rankPrinter) wake(ranker.Ranking) {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

func (p *rankPrinter) problem() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// print prints a ranking if it is worth it.
func (p *rankPrinter) print(k ranker.Ranking) {
	digest, now := p.digest(&k), time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil || digest == p.shown && (p.again == 0 || now.Sub(p.printed) < p.again) {
		return
	}
	p.shown, p.printed = digest, now
	p.err = p.write(p.out, &k, p.banner)
}

// verdicts differ when the connection, the order of the assets or what speaks
// against one of them does.
func verdicts(k *ranker.Ranking) string {
	var all strings.Builder
	fmt.Fprint(&all, k.Connected, k.Since.UnixNano())
	for i := range k.Assets {
		a := &k.Assets[i]
		fmt.Fprintf(&all, "\n%d %s %q", a.Rank, a.Snapshot.SpaceName, a.HeldBack)
	}
	return all.String()
}

// updates differ with every update too.
func updates(k *ranker.Ranking) string { return strconv.FormatInt(k.Updates, 10) + " " + verdicts(k) }

func rankJSON(w io.Writer, k *ranker.Ranking, banner string) error {
	if banner == "" {
		return printJSON(w, k)
	}
	first, err := json.Marshal(struct {
		Banner string `json:"banner"`
	}{banner})
	if err != nil {
		return err
	}
	rest, err := json.Marshal(k)
	if err != nil {
		return err
	}
	first[len(first)-1] = ',' // one object of the two
	_, err = w.Write(append(append(first, rest[1:]...), '\n'))
	return err
}

// rankLine is a ranking on one line:
//
//	2026-01-02T15:04:05Z live asc: 1 V75 -0.160, 2 CRASH1000 +0.537 (neutral signal), – STEP (no votes)
func rankLine(w io.Writer, k *ranker.Ranking, banner string) error {
	assets := make([]string, len(k.Assets))
	for i := range k.Assets {
		a := &k.Assets[i]
		assets[i] = showRank(a.Rank) + " " + a.Snapshot.SpaceName
		if a.Score.Value != nil {
			assets[i] += " " + showFloat(a.Score.Value, "%+.3f")
		}
		if !a.Tradable() {
			assets[i] += " (" + strings.Join(a.HeldBack, "; ") + ")"
		}
	}
	if len(assets) == 0 {
		assets = []string{"no asset yet"}
	}
	if banner != "" {
		banner = " [" + liveBanner + "]"
	}
	_, err := fmt.Fprintf(w, "%s%s %s %s: %s\n", k.HubTime.UTC().Format(time.RFC3339), banner, linkWord(k), orderWord(k), strings.Join(assets, ", "))
	return err
}

// orderWord says what orders the assets: the policy, or an order of the formula.
func orderWord(k *ranker.Ranking) string {
	if k.ByFormula {
		return string(k.Order)
	}
	return k.Policy
}

func linkWord(k *ranker.Ranking) string {
	if k.Connected {
		return "live"
	}
	return "OFFLINE"
}

var rankColumns = []column{
	{"#", true}, {"ASSET", false}, {"SIGNAL", false}, {"CONFIDENCE", true}, {"ACCURACY", true}, {"SCORE", true},
	{"EXPECTED", true}, {"CHANCE", true}, {"AGE", true}, {"HELD BACK", false},
}

// rankScreen is a ranking as a table that takes the place of the one before.
func rankScreen(w io.Writer, k *ranker.Ranking, banner string) error {
	const home = "\x1b[H\x1b[J" // and clear what is below
	if banner != "" {
		banner += "\n"
	}
	_, err := io.WriteString(w, home+banner+rankTable(k))
	return err
}

func rankTable(k *ranker.Ranking) string {
	text := fmt.Sprintf("%s UTC  order %s  %s", k.HubTime.UTC().Format(time.TimeOnly), orderWord(k), linkWord(k))
	if !k.Connected {
		text += " since " + k.Since.UTC().Format(time.TimeOnly) + " UTC"
		if k.Lost != nil {
			text += ": " + k.Lost.Error()
		}
	}
	text += "\n\n"
	if len(k.Assets) == 0 {
		text += "No asset has published yet.\n"
	} else {
		text += renderTable(rankColumns, rankRows(k))
	}
	if len(k.Waiting) > 0 {
		text += "\nwaiting for " + strings.Join(k.Waiting, ", ") + "\n"
	}
	return text
}

func rankRows(k *ranker.Ranking) [][]string {
	rows := make([][]string, len(k.Assets))
	for i := range k.Assets {
		a := &k.Assets[i]
		age := unknown
		if a.Age != nil {
			age = showAge(*a.Age)
		}
		rows[i] = []string{
			showRank(a.Rank), a.Snapshot.SpaceName, showSignal(a.Snapshot.Voting.DominantSignal),
			showFloat(a.Score.SignalConfidence, "%.3f"), showFloat(a.Snapshot.Training.AVNAccuracy, "%.3f"),
			showFloat(a.Score.Value, "%+.3f"), showBelief(a.Belief), showFloat(a.Propensity, "%.2f"), age, strings.Join(a.HeldBack, "; "),
		}
	}
	return rows
}

// showBelief is what the policy expects, and half of the interval around it.
func showBelief(b *ranker.Belief) string {
	if b == nil {
		return unknown
	}
	return fmt.Sprintf("%+.3f ±%.3f", b.Mean, b.High()-b.Mean)
}

func showRank(rank int) string {
	if rank == 0 {
		return unknown
	}
	return strconv.Itoa(rank)
}
