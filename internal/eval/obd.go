package eval

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/karlquant/quasar/bandit"
)

// OBD is a log of the Open Bandit Dataset (Saito et al. 2021): which item was shown at
// which of some positions of a page, with which probability, and whether it was
// clicked.
type OBD struct {
	// Campaign is the name of the file, Items how many items there are.
	Campaign string
	Items    int
	shown    []display
}

// display is an item that was shown.
type display struct {
	item       int32
	click      float64
	propensity float64
	position   int32
}

// What a log is: more is a slip, or a trick.
const (
	maxItems     = 100_000
	maxPositions = 100
)

// itemContext is a file that some logs have beside them.
const itemContext = "item_context.csv"

// ReadOBD reads the one log in a directory, <campaign>.csv.
func ReadOBD(dir string) (*OBD, error) {
	path, err := campaign(dir)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	o := &OBD{Campaign: strings.TrimSuffix(filepath.Base(path), ".csv")}
	if err := o.read(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

// campaign finds the log in a directory.
func campaign(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && strings.HasSuffix(name, ".csv") && name != itemContext {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s: got %d files <campaign>.csv (%s), want one", dir, len(found), strings.Join(found, ", "))
	}
	return filepath.Join(dir, found[0]), nil
}

// obdColumns are where the columns are.
type obdColumns struct {
	item, click, propensity int
	position                int // -1 for none
	affinities              int // one for each item, in most logs
}

// read reads a log. It takes two columns at least, item_id and click, and
// propensity_score.
func (o *OBD) read(r io.Reader) error {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	names, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("got an empty file, want a table with a line of names")
	}
	if err != nil {
		return err
	}
	columns, err := findColumns(names)
	if err != nil {
		return err
	}
	o.Items = columns.affinities
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		s, err := columns.parse(row)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
		if columns.affinities > 0 && int(s.item) >= columns.affinities {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("line %d: item_id: got %d, want 0 to %d: there are %d columns user-item_affinity_*", line, s.item, columns.affinities-1, columns.affinities)
		}
		o.Items = max(o.Items, int(s.item)+1)
		o.shown = append(o.shown, s)
	}
	if len(o.shown) == 0 {
		return errors.New("got no rows, want at least one")
	}
	return nil
}

func findColumns(names []string) (obdColumns, error) {
	c := obdColumns{item: slices.Index(names, "item_id"), click: slices.Index(names, "click"), propensity: slices.Index(names, "propensity_score"), position: slices.Index(names, "position")}
	var missing []string
	for name, at := range map[string]int{"item_id": c.item, "click": c.click, "propensity_score": c.propensity} {
		if at < 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return c, fmt.Errorf("got no column %s, want item_id, click and propensity_score; the columns are %s", strings.Join(missing, ", "), someOf(names))
	}
	for _, name := range names {
		if strings.HasPrefix(name, "user-item_affinity_") {
			c.affinities++
		}
	}
	return c, nil
}

func (c *obdColumns) parse(row []string) (s display, err error) {
	item, err := strconv.ParseInt(row[c.item], 10, 32)
	if err != nil || item < 0 || item >= maxItems {
		return s, fmt.Errorf("item_id: got %q, want a number from 0 to %d", shorten(row[c.item]), maxItems-1)
	}
	click, err := strconv.ParseFloat(row[c.click], 64)
	if err != nil || !(math.Abs(click) <= 1e9) {
		return s, fmt.Errorf("click: got %q, want a number, 0 or 1", shorten(row[c.click]))
	}
	propensity, err := strconv.ParseFloat(row[c.propensity], 64)
	if err != nil || !(propensity > 0 && propensity <= 1) {
		return s, fmt.Errorf("propensity_score: got %q, want a number above 0 and at most 1", shorten(row[c.propensity]))
	}
	position := int64(0)
	if c.position >= 0 {
		if position, err = strconv.ParseInt(row[c.position], 10, 32); err != nil || position < 0 || position >= maxPositions {
			return s, fmt.Errorf("position: got %q, want a number from 0 to %d", shorten(row[c.position]), maxPositions-1)
		}
	}
	return display{int32(item), click, propensity, int32(position)}, nil
}

// Uniform is the policy that shows any item alike, judged by the log. The features of
// its reward model are the positions.
func (o *OBD) Uniform() (*bandit.OPE, error) {
	trial := bandit.Trial{Arms: make([]int, o.Items), Target: make([]float64, o.Items), X: make([][]float64, o.Items)}
	for i := range trial.Arms {
		trial.Arms[i], trial.Target[i] = i, 1/float64(o.Items)
	}
	positions := make([][]float64, 1)
	for i := range o.shown {
		for int(o.shown[i].position) >= len(positions) {
			positions = append(positions, nil)
		}
	}
	for p := range positions {
		positions[p] = make([]float64, len(positions))
		positions[p][p] = 1
	}
	var e bandit.OPE
	for i := range o.shown {
		s := &o.shown[i]
		for k := range trial.X {
			trial.X[k] = positions[s.position]
		}
		trial.Chosen, trial.P, trial.Reward = int(s.item), s.propensity, s.click
		if err := e.Add(&trial); err != nil {
			return nil, err
		}
	}
	return &e, nil
}
