package eval

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const irises = `sepal,petal,species
5.1,1.4,setosa
4.9,1.3,setosa
7.0,4.7,versicolor
6.3,6.0,virginica
`

// Of each column but the first no word is in another.
const mushrooms = `p,x,?,w
e,x,y,w
e,b,w,w
p,x,?,w
e,b,y,w
`

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// content is all of a table; the rows are in the order of the file, but the first
// line comes last if it is a row.
type content struct {
	Classes []string
	Class   []int
	X       [][]float64
}

func contentOf(table *Table) content {
	c := content{Classes: table.Classes}
	for row := range table.Rows() {
		c.Class, c.X = append(c.Class, table.Class(row)), append(c.X, table.Row(row))
	}
	return c
}

func TestATableIsRead(t *testing.T) {
	one := math.Sqrt(1.5)
	numbers := content{[]string{"a", "b"}, []int{0, 1, 1}, [][]float64{{-one}, {0}, {one}}}
	words := content{[]string{"a", "b"}, []int{0, 1, 0}, [][]float64{{1, 0}, {0, 1}, {1, 0}}}
	for _, c := range []struct {
		name, label, text string
		want              content
	}{
		{"names, by name", "y", "x,y\n1,a\n2,b\n3,b\n", numbers},
		{"names, by number", "1", "x,y\n1,a\n2,b\n3,b\n", numbers},
		{"names, by number from the end", "-1", "x,y\n1,a\n2,b\n3,b\n", numbers},
		{"the label first", "y", "y,x\na,1\nb,2\nb,3\n", numbers},
		{"no names", "1", "3,b\n1,a\n2,b\n", numbers},
		{"no end of the last line, and carriage returns", "y", "x,y\r\n1,a\r\n2,b\r\n3,b", numbers},
		{"empty lines", "y", "\nx,y\n\n1,a\n2,b\n\n3,b\n\n", numbers},
		{"a mark of the byte order", "x", "\ufeffx,y\na,1\nb,2\nb,3\n", numbers},
		{"semicolons", "y", "x;y\n1;a\n2;b\n3;b\n", numbers},
		{"tabs", "y", "x\ty\n1\ta\n2\tb\n3\tb\n", numbers},
		{"blanks, any number of them", "1", "3   b\n 1  a\n2 b\n", numbers},
		{"commas and blanks", "y", "x, y\n1, a\n2, b\n3, b\n", numbers},
		{"quotes", "y", "\"x\",\"y\"\n\"1\",\"a\"\n2,b\n\"3\",\"b\"\n", numbers},
		{"decimals, exponents, signs", "y", "x,y\n+1e0,a\n2.0,b\n30e-1,b\n", numbers},
		{"a constant column is left out", "y", "c,x,y\n7,1,a\n7,2,b\n7,3,b\n", numbers},
		{"rows without a class are left out", "y", "x,y\n1,a\n9,?\n2,b\n8,\n3,b\n7,NaN\n", numbers},
		{"numbers too large to be squared", "y", "x,y\n1e308,a\n0,b\n-1e308,b\n", content{[]string{"a", "b"}, []int{0, 1, 1}, [][]float64{{one}, {0}, {-one}}}},
		{"small steps on a large number", "y", "x,y\n1000000001,a\n1000000002,b\n1000000003,b\n", numbers},
		{"a number that is missing is 0 and told of", "y", "x,y\n1,a\n,b\n3,b\nNA,a\ninf,a\n", content{
			[]string{"a", "b"}, []int{0, 1, 1, 0, 0}, [][]float64{{-1, 0}, {0, 1}, {1, 0}, {0, 1}, {0, 1}},
		}},
		{"known or not is all a column says", "y", "x,y\n5,a\n?,b\n5,b\n", content{
			[]string{"a", "b"}, []int{0, 1, 1}, [][]float64{{0, 0}, {0, 1}, {0, 0}},
		}},
		{"words, with names", "1", "x,y\nu,a\nv,b\nu,a\n", words},
		{"words, without names: the first line's come again", "1", "u,a\nu,a\nv,b\n", content{
			[]string{"a", "b"}, []int{0, 1, 0}, [][]float64{{1, 0}, {0, 1}, {1, 0}},
		}},
		{"a word among numbers", "y", "x,y\n1,a\nbig,b\n1,a\n", words},
		{"a word that is missing is one", "y", "x,y\nu,a\n?,b\nu,a\n", words},
		{"classes that are numbers", "2", "1,2,0\n3,4,1\n", content{
			[]string{"0", "1"}, []int{1, 0}, [][]float64{{1, 1}, {-1, -1}},
		}},
		{"names that count", "-1", "0,1,2,3\n5,5,1,a\n5,5,2,b\n5,5,3,b\n", numbers},
		{"two names, one class called none", "y", "x,y\n1,none\n2,some\n", content{
			[]string{"none", "some"}, []int{0, 1}, [][]float64{{-1}, {1}},
		}},
		{"words of rows without a class have no column", "y", "x,y\nu,a\nw,?\nv,b\nu,a\n", words},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := ReadTable(strings.NewReader(c.text), c.label)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, contentOf(table), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// many is a column of different words beside one of classes.
func many(n int, cell string) string {
	var s strings.Builder
	s.WriteString("x,y\n")
	for i := range n {
		fmt.Fprintf(&s, cell+",%d\n", i, i%2)
	}
	return s.String()
}

func TestWhatIsNoTableIsRefused(t *testing.T) {
	wide := strings.Repeat("a,", maxColumns) + "y\n"
	for _, c := range []struct{ name, label, text, want string }{
		{"an empty file", "y", "", "got an empty file"},
		{"a file of empty lines", "y", "\n\n\n", "got an empty file"},
		{"names only", "y", "x,y\n", "got a single line"},
		{"one row", "1", "1,a\n", "got a single line"},
		{"one class", "y", "x,y\n1,a\n2,a\n", `the label, column 1 "y", has only the class "a", want two classes or more`},
		{"no class is known", "y", "x,y\n1,?\n2,?\n", "has only missing cells"},
		{"a name that is not there", "z", "x,y\n1,a\n2,b\n", `got no label column "z" in the first line, want one of "x", "y", or a number from 0 to 1`},
		{"a name that is there twice", "y", "x,y,y\n1,a,a\n2,b,b\n", `got more than one column "y"`},
		{"a number that is too large", "2", "x,y\n1,a\n", "got label column 2, want 0 to 1, or -1 for the last"},
		{"a number that is too small", "-3", "x,y\n1,a\n", "got label column -3"},
		{"a row that is too short", "y", "x,y\n1,a\n2\n", "line 3: got 1 fields, want 2 as in the first line"},
		{"a row that is too long", "y", "x,y\n1,a\n\n2,b,c\n", "line 4: got 3 fields, want 2"},
		{"a quote that does not end", "y", "x,y\n1,\"a\n2,b\n", "line 2"},
		{"one column", "0", "a\nb\n", `got a single column ("a")`},
		{"bytes that are no text", "0", "x,y\n\x00,1\n", "zero bytes"},
		{"too many columns", "y", wide + wide, "got 10001 columns, want at most 10000"},
		{"only constant columns", "y", "x,y\n1,a\n1,b\n", "got no column beside the label that differs"},
		{"an identifier", "y", many(maxWords+1, "id%d"), `column 0 "x" has more than 1000`},
		{"a word among too many numbers", "y", many(maxWords+1, "%d") + "high,1\n", `line 1003: column 0 "x" has more than 1000 different cells and "high" is no number`},
		{"a label of too many classes", "0", many(maxWords+1, "%d"), "the label, column 0, has more than 1000 classes"},
		{"a first line without end", "0", strings.Repeat("a", sniffed+1), "first line of more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := ReadTable(strings.NewReader(c.text), c.label)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v and the error %v, want one with %q", table, err, c.want)
			}
		})
	}
}

func TestNotesSayWhatWasMadeOfATable(t *testing.T) {
	table, err := ReadTable(strings.NewReader("x,c,w,y\n1,0,u,a\n2,0,v,b\n3,0,u,?\n"), "y")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`the label is column 3 "y", of 2 classes: "a", "b"; the first line has names`,
		"1 rows without a class were left out",
		`column 1 "c" says nothing: it is the same in all rows`,
		"2 rows of 3 features, from 1 columns of numbers and 1 of words",
	}
	if diff := cmp.Diff(want, table.Notes); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestRowsComeOnceBeforeAnyComesAgain(t *testing.T) {
	w := world(t, "csv", &Options{Data: file(t, irises), Label: "species", Rounds: 10})
	c := w.Start(1)
	var orders [][]float64
	for range 3 {
		var order []float64
		for range 4 {
			order = append(order, c.Next(-1).X[0][0])
		}
		orders = append(orders, order)
	}
	sorted := cmpopts.SortSlices(func(a, b float64) bool { return a < b })
	for _, o := range orders[1:] {
		if !cmp.Equal(orders[0], o, sorted) {
			t.Errorf("got the rows %v in one pass and %v in another", orders[0], o)
		}
	}
	if cmp.Equal(orders[0], orders[1]) && cmp.Equal(orders[1], orders[2]) {
		t.Errorf("got the order %v in each pass", orders[0])
	}
	if w.Rounds != 10 {
		t.Errorf("got %d rounds, want the 10 asked for", w.Rounds)
	}
}

func TestTheRightArmOfATablePaysOne(t *testing.T) {
	w := world(t, "csv", &Options{Data: file(t, irises), Label: "species"})
	rewards := map[string]int{}
	for c, tick := w.Start(1), 0; tick < w.Rounds; tick++ {
		turn := c.Next(-1)
		if diff := cmp.Diff(turn.Mean, turn.Reward); diff != "" {
			t.Errorf("-mean +reward\n%s", diff)
		}
		rewards[fmt.Sprint(turn.Reward)]++
	}
	want := map[string]int{"[1 0 0]": 2, "[0 1 0]": 1, "[0 0 1]": 1}
	if diff := cmp.Diff(want, rewards); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestAPoisonousMealIsGoodHalfOfTheTime(t *testing.T) {
	w := world(t, "mushroom-risky", &Options{Data: file(t, mushrooms)})
	c, got := w.Start(1), map[string]int{}
	for range 500 {
		turn := c.Next(-1)
		got[fmt.Sprint(turn.Mean, turn.Reward)]++
	}
	lucky, deadly := got["[0 -15] [0 5]"], got["[0 -15] [0 -35]"]
	if got["[0 5] [0 5]"] != 300 || lucky+deadly != 200 || lucky < 70 || deadly < 70 {
		t.Errorf("got %v, want 300 good meals and about 100 of each fate", got)
	}
}

// Whatever a file holds, reading it ends in a table that can be played, or in an
// error.
func FuzzTable(f *testing.F) {
	for _, seed := range []string{
		irises, mushrooms, "x;y\n1,5;a\n2,5;b\n", "1 2 3\n4 5 6\n", "a\tb\n\t\n", "\"a\nb\",c\n1,2\n", "x,y\n1e999,a\n-1e308,b\n",
		"\ufeff\n", ",\n,\n", "0,1,2,3\n4,5,6,7\n", "\"", "x,y\nnan,a\ninf,b\n", "a,b\r\n1,2\r\n3,4\r\n",
	} {
		f.Add(seed, "0")
		f.Add(seed, "y")
		f.Add(seed, "-1")
	}
	f.Fuzz(func(t *testing.T, text, label string) {
		table, err := ReadTable(strings.NewReader(text), label)
		if err != nil {
			return
		}
		if table.Rows() < 2 || len(table.Classes) < 2 || table.Width() < 1 || table.Width() > maxWidth {
			t.Fatalf("got %d rows of %d features and the classes %q", table.Rows(), table.Width(), table.Classes)
		}
		for row := range table.Rows() {
			if class := table.Class(row); class < 0 || class >= len(table.Classes) {
				t.Fatalf("row %d: got class %d of %d", row, class, len(table.Classes))
			}
			for _, x := range table.Row(row) {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Fatalf("row %d: got %v", row, table.Row(row))
				}
			}
		}
	})
}
