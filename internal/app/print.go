package app

import (
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// printJSON writes one object on a line of its own.
func printJSON(w io.Writer, v any) error {
	body, err := json.Marshal(v, json.Deterministic(true), jsontext.Multiline(false))
	if err != nil {
		return err
	}
	_, err = w.Write(append(body, '\n'))
	return err
}
