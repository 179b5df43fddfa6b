package app

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/ranker"
)

// described is a metric as the source describes it.
type described struct {
	name, help string
	labels     []string
}

// TestGoldenMetricsReference writes the page of metrics from what the collectors
// describe, and holds it against what a hub and a ranker tell.
func TestGoldenMetricsReference(t *testing.T) {
	hubs, rankers := describedIn(t, "../../hub", "quasar_hub_"), describedIn(t, "../../ranker", "quasar_ranker_")
	kinds := make(map[string]string)
	checkScrape(t, aHub(t), hubs, kinds)
	checkScrape(t, aRanker(t), rankers, kinds)
	var b strings.Builder
	b.WriteString("# Metrics\n\n" + generated)
	b.WriteString("What `/metrics` tells, as Prometheus text. Beside these stand the usual ones of Go (`go_…`) and of the process (`process_…`).\n" +
		"What is not known has no series; it is not 0. What to watch, and the alerts, are in [monitoring](../monitoring.md).\n")
	metricsTable(&b, "The hub's", hubs, kinds)
	metricsTable(&b, "The ranker's", rankers, kinds)
	checkPage(t, filepath.Join(referenceDir, "metrics.md"), []byte(b.String()))
}

func metricsTable(b *strings.Builder, title string, all []described, kinds map[string]string) {
	fmt.Fprintf(b, "\n## %s\n\n| Name | Kind | Labels | |\n|---|---|---|---|\n", title)
	for _, d := range all {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", d.name, kindOf(d.name, kinds), codes(d.labels), cell(d.help))
	}
}

// kindOf is what a scrape said of a metric, or else what its name does.
func kindOf(name string, kinds map[string]string) string {
	if kind, ok := kinds[name]; ok {
		return kind
	}
	if strings.HasSuffix(name, "_total") {
		return "counter"
	}
	return "gauge"
}

// describedIn finds the calls of describe in the files of a package.
func describedIn(t *testing.T, dir, prefix string) (all []described) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "prometheus*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) >= 2 {
				if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "describe" {
					words := literals(t, call.Args)
					all = append(all, described{prefix + words[0], words[1], words[2:]})
				}
			}
			return true
		})
	}
	slices.SortFunc(all, func(a, b described) int { return strings.Compare(a.name, b.name) })
	return all
}

func literals(t *testing.T, args []ast.Expr) []string {
	t.Helper()
	words := make([]string, len(args))
	for i, arg := range args {
		lit, ok := arg.(*ast.BasicLit)
		if !ok {
			t.Fatalf("argument %d of describe: got %T, want a text", i, arg)
		}
		var err error
		if words[i], err = strconv.Unquote(lit.Value); err != nil {
			t.Fatal(err)
		}
	}
	return words
}

// checkScrape holds that whatever a server tells of itself is described, and takes
// down what kind it is of.
func checkScrape(t *testing.T, server http.Handler, all []described, kinds map[string]string) {
	t.Helper()
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/metrics", nil))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for name, family := range families {
		if !strings.HasPrefix(name, "quasar_") {
			continue
		}
		told++
		kinds[name] = strings.ToLower(family.GetType().String())
		if !slices.ContainsFunc(all, func(d described) bool { return d.name == name && d.help == family.GetHelp() }) {
			t.Errorf("%s: told and not described, or with other words", name)
		}
	}
	if told < 5 {
		t.Errorf("got %d metrics of ours, want more", told)
	}
}

func aHub(t *testing.T) http.Handler {
	h, err := hub.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

func aRanker(t *testing.T) http.Handler {
	r, err := ranker.New(&ranker.Options{HubURL: "ws://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
