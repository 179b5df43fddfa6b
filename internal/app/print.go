package app

import (
	"io"

	"github.com/go-json-experiment/json"
)

// printJSON writes one object on a line of its own. The same value gives the same bytes.
func printJSON(w io.Writer, v any, opts ...json.Options) error {
	line, err := json.Marshal(v, append(opts, json.Deterministic(true))...)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
