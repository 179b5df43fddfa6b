package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/internal/disk"
	"github.com/karlquant/quasar/trade"
)

// What is in the files by which a trader is commanded.

func orderFile(dir string, mode trade.Mode, order string) string {
	return filepath.Join(dir, string(mode)+"."+order)
}

// writeOrder asks whoever trades in a directory for something. An answer that waits
// there is to somebody else.
func writeOrder(dir string, mode trade.Mode, order, text string) error {
	if err := os.Remove(orderFile(dir, mode, "answer")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return disk.Replace(orderFile(dir, mode, order), []byte(text), "")
}

// answerOrder says what came of an order: its name, and on the next line why not.
func answerOrder(dir string, mode trade.Mode, order string, failed error) error {
	text := order + "\n"
	if failed != nil {
		text += failed.Error()
	}
	return disk.Replace(orderFile(dir, mode, "answer"), []byte(text), "")
}

// takeAnswer reads what came of an order: why it was not done, "" if it was. answered is
// false while nobody says.
func takeAnswer(dir string, mode trade.Mode, order string) (why string, answered bool) {
	file := orderFile(dir, mode, "answer")
	text, _ := readOrder(file) // what cannot be read does not answer
	to, why, _ := strings.Cut(text, "\n")
	if to != order {
		return "", false
	}
	_ = os.Remove(file) // the next order does
	return harmless(why), true
}

// resolveOrder says what became of an order: a contract, or 0 for none.
type resolveOrder struct {
	Intent   string `json:"intent"`
	Contract int64  `json:"contract"`
}

func (o *resolveOrder) text() (string, error) {
	text, err := json.Marshal(o)
	return string(text), err
}

func readResolve(text string) (*resolveOrder, error) {
	o := &resolveOrder{Contract: -1}
	if err := json.Unmarshal([]byte(text), o, json.RejectUnknownMembers(true)); err != nil || o.Intent == "" || o.Contract < 0 {
		return nil, fmt.Errorf(`resolve: got %.80q, want {"intent": "NAME", "contract": NUMBER}, 0 for none`, text)
	}
	return o, nil
}

// tightenOrder has the limits that are said, by their names in the journal.
type tightenOrder struct {
	Note   string                    `json:"note,omitzero"`
	Limits map[string]jsontext.Value `json:"limits"`
}

func (o *tightenOrder) text() (string, error) {
	text, err := json.Marshal(o, json.Deterministic(true))
	return string(text), err
}

// readTighten reads limits with zeros for what is not said.
func readTighten(text string, allowIncrease bool) (*trade.Limits, string, error) {
	var said struct {
		Note   string         `json:"note"`
		Limits jsontext.Value `json:"limits"`
	}
	limits := &trade.Limits{AllowIncrease: allowIncrease}
	err := json.Unmarshal([]byte(text), &said, json.RejectUnknownMembers(true))
	if err == nil {
		err = json.Unmarshal(said.Limits, limits, trade.JSONOptions, json.RejectUnknownMembers(true))
	}
	if err != nil {
		return nil, "", fmt.Errorf("tighten: %w", err)
	}
	return limits, clipped(said.Note), nil
}
