package arch

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/karlquant/quasar"

// source writes a Go file of package p that imports the given packages of ours,
// or any path that has a dot or is in quotes.
func source(imports ...string) *fstest.MapFile {
	var b strings.Builder
	b.WriteString("package p\n")
	for _, i := range imports {
		b.WriteString(`import _ "` + resolve(i) + "\"\n")
	}
	return &fstest.MapFile{Data: []byte(b.String())}
}

func resolve(name string) string {
	if name == Root {
		return module
	}
	if path, ok := strings.CutPrefix(name, "path:"); ok {
		return path
	}
	return module + "/" + name
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func TestCheck(t *testing.T) {
	tests := []struct {
		name string
		tree fstest.MapFS
		want []string
	}{
		{
			name: "arrows of the table are fine",
			tree: fstest.MapFS{
				"quasar.go":              source("path:fmt", "path:encoding/json"),
				"internal/wire/wire.go":  source(Root, "path:github.com/go-json-experiment/json"),
				"hub/hub.go":             source(Root, "internal/wire", "path:github.com/gobwas/ws"),
				"hub/natsengine/nats.go": source("hub"),
				"internal/app/app.go":    source("hub", "ranker", "web", "python"),
				"cmd/quasar/main.go":     source("internal/app"),
			},
		},
		{
			name: "a forbidden import is named with its line and what is allowed",
			tree: fstest.MapFS{"bandit/ucb.go": source("path:math", "rank")},
			want: []string{"bandit/ucb.go:3: bandit imports rank: it may import internal/learn, internal/disk"},
		},
		{
			name: "the ranking side may not import the hub, and hears it twice",
			tree: fstest.MapFS{"rank/rank.go": source(Root, "hub")},
			want: []string{
				"rank/rank.go:3: rank imports hub: it may import quasar",
				"rank/rank.go:3: rank reaches hub: rank → hub; the ranking side has no way back to a space",
			},
		},
		{
			name: "the ranking side may not reach the publisher through others",
			tree: fstest.MapFS{
				"ranker/ranker.go":         source("subscriber"),
				"subscriber/subscriber.go": source("internal/dial"),
				"internal/dial/dial.go":    source("publisher"),
			},
			want: []string{
				"internal/dial/dial.go:2: internal/dial imports publisher: it may import quasar, internal/build",
				"ranker/ranker.go:2: ranker reaches publisher: ranker → subscriber → internal/dial → publisher; the ranking side has no way back to a space",
				"subscriber/subscriber.go:2: subscriber reaches publisher: subscriber → internal/dial → publisher; the ranking side has no way back to a space",
			},
		},
		{
			name: "a cycle does not stop the search",
			tree: fstest.MapFS{
				"trade/trade.go":    source("rank"),
				"rank/rank.go":      source("trade", Root),
				"trade/paper/p.go":  source("trade"),
				"hub/hubtest/h.go":  source("hub"),
				"trade/p_test.go":   source("hub/hubtest"),
				"trade/ok_test.go":  source("trade/paper"),
				"trade/ext_test.go": source("trade"),
			},
			want: []string{
				"rank/rank.go:2: rank imports trade: it may import quasar",
				"trade/p_test.go:2: trade imports hub/hubtest: its tests may import quasar, rank, bandit, internal/failpoint, trade/*, internal/logtest",
				"trade/p_test.go:2: trade reaches hub/hubtest: trade → hub/hubtest; the ranking side has no way back to a space",
			},
		},
		{
			name: "tests may import what their own table adds",
			tree: fstest.MapFS{
				"hub/hub_test.go": source("hub", "publisher", "subscriber", "hub/hubtest"),
				"e2e/e2e_test.go": source("hub", "ranker"),
			},
		},
		{
			name: "what tests may import, the package may not",
			tree: fstest.MapFS{"hub/hub.go": source("subscriber")},
			want: []string{"hub/hub.go:2: hub imports subscriber: it may import quasar, internal/wire, internal/guard, internal/credential, internal/problem, internal/page, internal/rest, internal/fanout, internal/loglimit, internal/nowait, internal/watch"},
		},
		{
			name: "a test of the ranking side may not import the hub either",
			tree: fstest.MapFS{"subscriber/watch_test.go": source("subscriber", "hub")},
			want: []string{
				"subscriber/watch_test.go:3: subscriber imports hub: its tests may import quasar, internal/wire, internal/dial, internal/dial/dialtest, spec",
				"subscriber/watch_test.go:3: subscriber reaches hub: subscriber → hub; the ranking side has no way back to a space",
			},
		},
		{
			name: "the tests of an imported package do not count for its importer",
			tree: fstest.MapFS{
				"axrvi/axrvi.go":    source("rank"),
				"rank/rank_test.go": source("price"),
			},
		},
		{
			name: "the hub may not reach trading in a test",
			tree: fstest.MapFS{"hub/natsengine/nats_test.go": source("ranker")},
			want: []string{
				"hub/natsengine/nats_test.go:2: hub/natsengine imports ranker: its tests may import quasar, internal/wire, internal/guard, internal/problem, internal/page, internal/rest, internal/disk, hub, publisher, subscriber, hub/*, web, python, spec, internal/logtest",
				"hub/natsengine/nats_test.go:2: hub/natsengine reaches ranker: hub/natsengine → ranker; the hub ranks by the model's formula and trades nothing",
			},
		},
		{
			name: "a build tag or a platform hides nothing",
			tree: fstest.MapFS{
				"price/odd.go":        text("//go:build never && ignore\n\npackage price\n\nimport _ \"" + module + "/deriv\"\n"),
				"price/os_windows.go": source("hub"),
			},
			want: []string{
				"price/odd.go:5: price imports deriv: it may import nothing of ours",
				"price/os_windows.go:2: price imports hub: it may import nothing of ours",
			},
		},
		{
			name: "a new package has to be put in the table",
			tree: fstest.MapFS{"utils/strings.go": source(), "hub/utils/x.go": source(), "feedback/y_test.go": source("hub")},
			want: []string{
				"feedback/y_test.go:1: package feedback is not in the table: add it to internal/arch/table.go, with what it may import",
				"utils/strings.go:1: package utils is not in the table: add it to internal/arch/table.go, with what it may import",
			},
		},
		{
			name: "a package with a row for tests alone may hold nothing else",
			tree: fstest.MapFS{"e2e/e2e_test.go": source("hub"), "e2e/helper.go": source("hub")},
			want: []string{"e2e/helper.go:1: package e2e is not in the table: add it to internal/arch/table.go, with what it may import"},
		},
		{
			name: "the model imports the standard library only, its tests more",
			tree: fstest.MapFS{
				"quasar.go":      source("path:fmt", "path:golang.org/x/text/cases"),
				"quasar_test.go": source(Root, "path:github.com/google/go-cmp/cmp"),
			},
			want: []string{"quasar.go:3: quasar imports golang.org/x/text/cases: the model imports the standard library only"},
		},
		{
			name: "nobody imports C",
			tree: fstest.MapFS{"rank/fast.go": source("path:C")},
			want: []string{"rank/fast.go:2: rank imports C: `go install` has to work without a C compiler"},
		},
		{
			name: "only the wire writes the names of frames",
			tree: fstest.MapFS{
				"internal/wire/wire.go": text("package wire\n\nconst name = `{\"type\":\"initial_state\"`\n"),
				"hub/fan.go":            text("package hub\n\n// metrics_update goes out.\nconst a = \"metrics_update\"\n\nconst b = `{\"type\":\"initial_state\"}`\n"),
				"hub/fan_test.go":       text("package hub\n\nconst want = \"metrics_update\"\n"),
				"hub/api.go":            text("package hub\n\nconst help = \"initial_state comes first\"\n"),
			},
			want: []string{
				`hub/fan.go:4: hub writes the frame name "metrics_update": only internal/wire knows the frames`,
				`hub/fan.go:6: hub writes the frame name "initial_state": only internal/wire knows the frames`,
			},
		},
		{
			name: "what the go command leaves out is left out",
			tree: fstest.MapFS{
				"hub/testdata/bad.go":   source("trade"),
				"hub/_old/bad.go":       source("trade"),
				"hub/.cache/bad.go":     source("trade"),
				"hub/_bad.go":           source("trade"),
				"e2e/node_modules/x.go": source("trade"),
				"tools/go.mod":          text("module tools\n"),
				"tools/gen/bad.go":      source("trade"),
				"go.mod":                text("module " + module + "\n"),
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			law, err := House()
			if err != nil {
				t.Fatal(err)
			}
			problems, err := Check(test.tree, module, law)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Check(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckRefusesWhatDoesNotParse(t *testing.T) {
	law, err := House()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Check(fstest.MapFS{"rank/half.go": text("package rank\n\nfunc {")}, module, law)
	if err == nil || !strings.Contains(err.Error(), "rank/half.go:3") {
		t.Errorf("Check of half a file: got %v, want an error at rank/half.go:3", err)
	}
}

func TestParseLaw(t *testing.T) {
	tests := []struct {
		name         string
		table, tests string
		want         string
	}{
		{name: "a name on the left needs a row", table: "nothing ← a\naa ← b", want: "b may import aa, which has no row"},
		{name: "a name that tests may import needs a row", table: "nothing ← a", tests: "b ← a", want: "a may import b, which has no row"},
		{name: "a second row for a package", table: "nothing ← a | b\na ← b", want: "table: line 2: b has a row already"},
		{name: "a line without an arrow", table: "a, b", want: `table: line 1: got "a, b", want one arrow: what, what ← who | who`},
		{name: "a line with two arrows", tests: "a ← b ← c", want: `tests: line 1: got "a ← b ← c", want one arrow: what, what ← who | who`},
		{name: "comments and empty lines", table: "# none\n\nnothing ← a # yes\na ← b/*\na, b/* ← c\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if _, err := parseLaw(test.table, test.tests, nil, frames{}); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("parseLaw: got error %q, want %q", got, test.want)
			}
		})
	}
}
