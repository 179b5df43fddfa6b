package tape_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/price/tape"
)

var update = flag.Bool("update", false, "write docs/tapes anew")

func draw(t *testing.T, name string, seed uint64, ticks int) []byte {
	t.Helper()
	index, err := price.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tape.Draw(&b, index, seed, ticks); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shown is one index of each kind, for as long as it takes to see what it does.
var shown = []struct {
	name  string
	ticks int
}{{"V75_1s", 3600}, {"JUMP75", 7200}, {"CRASH500", 3600}, {"BOOM500", 3600}, {"STEP", 1200}, {"RB100", 3600}}

// The plots in the docs are what this code draws.
func TestGoldenTapes(t *testing.T) {
	kinds := map[price.Kind]bool{}
	for _, x := range price.Indices() {
		kinds[x.Kind] = true
	}
	for _, s := range shown {
		index, err := price.Lookup(s.name)
		if err != nil {
			t.Fatal(err)
		}
		delete(kinds, index.Kind)
		got, path := draw(t, s.name, 7, s.ticks), filepath.Join("..", "..", "docs", "tapes", strings.ToLower(s.name)+".svg")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what is drawn, %v; go generate ./price/tape draws it anew", path, err)
		}
		if len(got) > 40_000 {
			t.Errorf("%s: got %d bytes, want less than 40,000", s.name, len(got))
		}
	}
	if len(kinds) != 0 {
		t.Errorf("got no tape of the kinds %v", kinds)
	}
}

// The sheet has every index there is.
func TestGoldenSheet(t *testing.T) {
	var b bytes.Buffer
	if err := tape.Sheet(&b, price.Indices(), 7, 3600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "tapes", "all.svg")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s is not what is drawn, %v; go generate ./price/tape draws it anew", path, err)
	}
	for _, x := range price.Indices() {
		if !strings.Contains(b.String(), ">"+x.Symbol+"<") {
			t.Errorf("got no %s", x.Symbol)
		}
	}
	if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil {
		t.Error(err)
	}
	for _, ticks := range []int{1, 1_000_000} {
		if tape.Sheet(io.Discard, price.Indices(), 7, ticks) == nil {
			t.Errorf("%d ticks: got no error", ticks)
		}
	}
	if tape.Sheet(io.Discard, nil, 7, 100) == nil || tape.Sheet(io.Discard, []price.Index{{}}, 7, 100) == nil {
		t.Error("no index: got no error")
	}
}

func TestATapeIsWellFormed(t *testing.T) {
	for _, ticks := range []int{2, 100, 619, 620, 621, 10_000} {
		d := xml.NewDecoder(bytes.NewReader(draw(t, "CRASH50", 1, ticks)))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%d ticks: %v", ticks, err)
			}
		}
	}
}

// A crash is one tick among thousands: it is drawn all the same.
func TestWhatIsRareIsDrawn(t *testing.T) {
	index, err := price.Lookup("CRASH1000")
	if err != nil {
		t.Fatal(err)
	}
	p, err := price.New(index, 3)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for range 20_000 {
		before := p.Price()
		worst = min(worst, index.Round(p.Next()-before))
	}
	if got := string(draw(t, "CRASH1000", 3, 20_000)); !strings.Contains(got, fmt.Sprintf("±%.*f<", index.Decimals, -worst)) {
		t.Errorf("got no ±%v, want the largest move", worst)
	}
}

func TestWhatCannotBeDrawn(t *testing.T) {
	index := price.Indices()[0]
	for _, ticks := range []int{-1, 0, 1, 1_000_000} {
		if err := tape.Draw(io.Discard, index, 1, ticks); err == nil {
			t.Errorf("%d ticks: got no error", ticks)
		}
	}
	if err := tape.Draw(io.Discard, price.Index{}, 1, 100); err == nil {
		t.Error("no index: got no error")
	}
}
