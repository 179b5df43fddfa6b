package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/problem"
)

// Query is what a request asks of a ranking.
type Query struct {
	Order quasar.Order
	Limit int // -1 for all
}

// ReadQuery reads the keys of a query that are allowed, of "order" and "limit";
// order stands for none. Anything else is a mistake that somebody wants to know
// of: ReadQuery answers it with 400 and is false.
func ReadQuery(w http.ResponseWriter, r *http.Request, order quasar.Order, allowed ...string) (Query, bool) {
	q := Query{Order: order, Limit: -1}
	err := q.read(r.URL.RawQuery, allowed)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
	}
	return q, err == nil
}

func (q *Query) read(raw string, allowed []string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return errors.New("query: got one that is malformed, want KEY=VALUE, joined by &")
	}
	for key, values := range query {
		if !slices.Contains(allowed, key) {
			return fmt.Errorf("query: got %s, want %s", quote(key), keys(allowed))
		}
		if len(values) != 1 {
			return fmt.Errorf("%s: got it %d times, want it once", key, len(values))
		}
		if err := q.set(key, values[0]); err != nil {
			return err
		}
	}
	return nil
}

func keys(allowed []string) string {
	if len(allowed) == 0 {
		return "none"
	}
	return strings.Join(allowed, " or ")
}

func (q *Query) set(key, value string) (err error) {
	switch key {
	case "order":
		q.Order, err = quasar.ParseOrder(value)
	case "limit":
		if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 0 {
			err = fmt.Errorf("limit: got %s, want an integer from 0", quote(value))
		}
	}
	return err
}

// quote makes what a stranger wrote fit to stand in an answer.
func quote(s string) string {
	const most = 64
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// Cut returns the first rows of all, as many as the query wants.
func Cut[T any](q Query, all []T) []T {
	if q.Limit < 0 {
		return all
	}
	return all[:min(q.Limit, len(all))]
}
