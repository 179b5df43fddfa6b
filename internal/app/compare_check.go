package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/karlquant/quasar"
)

// quiet is how long an update is waited for that must not come.
const quiet = 300 * time.Millisecond

// play lets both hubs hear a scene, and compares what subscribers are told.
func (c *comparison) play(ctx context.Context, i int) (err error) {
	s, space, wait := &compareScenes[i], c.space(i), c.wait
	if s.harmful() {
		defer func() { err = errors.Join(err, c.mend(context.WithoutCancel(ctx), space)) }()
	}
	if s.silent {
		wait = min(wait, quiet)
	}
	theirs, ours, err := c.publish(ctx, space, s.frames, wait)
	if err != nil {
		return err
	}
	where := "/ws/subscribe, " + s.name
	if theirs == nil || ours == nil {
		verdict, why := same, ""
		if (theirs == nil) != (ours == nil) {
			if s.harmful() && theirs == nil { // it may have choked on the frame
				why = s.why
			}
			verdict = verdictOf(why)
		}
		c.add(finding{Where: where, What: "an update", Verdict: verdict, Why: why, Theirs: theirs != nil, Ours: ours != nil})
		return nil
	}
	c.keys(where, "", theirs, ours, s)
	c.value(where, "type", theirs["type"], ours["type"], "")
	c.values(where, asObject(theirs["snapshot"]), asObject(ours["snapshot"]), s)
	return nil
}

// mend leaves a space on both hubs so that they can answer, also for others.
func (c *comparison) mend(ctx context.Context, space string) error {
	_, _, err := c.publish(ctx, space, []string{mending}, c.wait)
	return err
}

// publish lets both hubs hear frames at the same time, and returns what each makes of them.
func (c *comparison) publish(ctx context.Context, space string, frames []string, wait time.Duration) (theirs, ours map[string]any, err error) {
	var theirErr, ourErr error
	var both sync.WaitGroup
	both.Go(func() { theirs, theirErr = c.theirs.publish(ctx, space, frames, wait) })
	both.Go(func() { ours, ourErr = c.ours.publish(ctx, space, frames, wait) })
	both.Wait()
	return theirs, ours, errors.Join(theirErr, ourErr)
}

// verdictOf is what a difference is with a reason, or without one.
func verdictOf(why string) string {
	if why != "" {
		return expected
	}
	return different
}

func asObject(v any) map[string]any { m, _ := v.(map[string]any); return m }

// keys holds that ours has every key that theirs has, at any depth.
func (c *comparison) keys(where, path string, theirs, ours map[string]any, s *scene) {
	for _, key := range slices.Sorted(maps.Keys(theirs)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		value, ok := ours[key]
		if !ok {
			why := ""
			if s != nil && s.why == whySchema {
				why = whySchema
			}
			c.add(finding{Where: where, What: "the key " + at, Verdict: verdictOf(why), Why: why, Theirs: theirs[key]})
			continue
		}
		inner, isObject := theirs[key].(map[string]any)
		mine, both := value.(map[string]any)
		switch {
		case isObject && both:
			c.keys(where, at, inner, mine, s)
		case isObject, (s == nil || s.why == "") && !sameKind(theirs[key], value):
			c.add(finding{Where: where, What: "the kind of " + at, Verdict: different, Theirs: theirs[key], Ours: value})
		default:
			c.add(finding{Where: where, What: "the key " + at, Verdict: same})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ours)) {
		if _, ok := theirs[key]; !ok {
			c.add(finding{Where: where, What: "the key " + strings.TrimPrefix(path+"."+key, "."), Verdict: expected, Why: whyMore, Ours: ours[key]})
		}
	}
}

// sameKind tells whether two values of JSON are of one kind. What is not known has none.
func sameKind(a, b any) bool { return a == nil || b == nil || reflect.TypeOf(a) == reflect.TypeOf(b) }

// values compares the ten fields of two snapshots.
func (c *comparison) values(where string, theirs, ours map[string]any, s *scene) {
	for f := range quasar.AllFields.All() {
		group := "voting"
		if quasar.TrainingFields.Has(f) {
			group = "training"
		}
		c.value(where, f.String(), asObject(theirs[group])[f.String()], asObject(ours[group])[f.String()], s.reason(f.String()))
	}
}

// value compares one value. That ours does not know what theirs makes up is expected
// everywhere.
func (c *comparison) value(where, what string, theirs, ours any, why string) {
	f := finding{Where: where, What: what, Verdict: same, Theirs: theirs, Ours: ours}
	if theirs != ours {
		switch {
		case ours == nil && madeUp(theirs):
			why = whyNull
		case ours != nil && why == whyNull:
			why = ""
		}
		f.Verdict, f.Why = verdictOf(why), why
	}
	c.add(f)
}

// madeUp tells whether a value may stand for nothing.
func madeUp(v any) bool {
	return v == nil || v == 0.0 || v == "0" || v == "" || v == "NEUTRAL" || v == "none" || v == "unknown" || v == false
}

// ask compares the answers over HTTP.
func (c *comparison) ask(ctx context.Context) error {
	paths := []string{"/rankings", "/health", "/api/state", "/metrics/" + c.space(0), "/metrics/" + c.prefix + "NEVER_SEEN", "/"}
	for _, path := range paths {
		status, theirs, err := c.theirs.get(ctx, path)
		if err != nil {
			return err
		}
		mine, ours, err := c.ours.get(ctx, path)
		if err != nil {
			return err
		}
		f := finding{Where: path, What: "the status", Verdict: same, Theirs: status, Ours: mine}
		if status != mine {
			f.Verdict = different
		}
		c.add(f)
		if status == http.StatusOK && theirs != nil && path != "/" {
			c.keys(path, "", c.only(theirs), c.only(ours), nil)
		}
		if path == "/rankings" {
			if err := c.rankings(ctx, theirs, ours); err != nil {
				return err
			}
		}
	}
	return nil
}

// only leaves out of an answer what is about other spaces than the comparison's.
func (c *comparison) only(answer map[string]any) map[string]any {
	out := maps.Clone(answer)
	for _, key := range []string{"snapshots", "publishers", "owners"} {
		spaces, ok := out[key].(map[string]any)
		if !ok {
			continue
		}
		spaces = maps.Clone(spaces)
		maps.DeleteFunc(spaces, func(name string, _ any) bool { return name != c.space(0) })
		out[key] = spaces
		if row := asObject(spaces[c.space(0)]); row["stripped_fields"] != nil {
			row["stripped_fields"] = nil // it is by names that differ
		}
	}
	return out
}

// rankings compares the rows of the spaces whose values have to be the same, and finds
// the order of ours that theirs is in.
func (c *comparison) rankings(ctx context.Context, theirs, ours map[string]any) error {
	theirRows, ourRows := rowsOf(theirs), rowsOf(ours)
	scored := make(map[string]bool)
	for i := range compareScenes {
		space, why := c.space(i), compareScenes[i].why
		their, our := theirRows[space], ourRows[space]
		if their == nil && our == nil {
			continue
		}
		whyRanked := "" // harm was mended by now
		if why == whyNull {
			whyRanked = why
		}
		scored[space] = why == "" && !compareScenes[i].silent // a sign of life may make a row of nothing
		for _, key := range []string{"score", "signal_confidence", "avn_accuracy", "dominant_signal"} {
			if _, ok := their[key]; ok || their == nil {
				c.value("/rankings, "+compareScenes[i].name, key, rounded(their[key]), rounded(our[key]), whyRanked)
			}
		}
	}
	want := placesOf(theirs, scored)
	for _, order := range []quasar.Order{quasar.Desc, quasar.Asc, quasar.Balanced} {
		_, answer, err := c.ours.get(ctx, "/rankings?order="+string(order))
		if err != nil {
			return err
		}
		if got := placesOf(answer, scored); slices.Equal(got, want) {
			f := finding{Where: "/rankings", What: "the order", Verdict: same, Theirs: want, Ours: order}
			if order != quasar.Desc {
				f.Verdict, f.Why = expected, whyOrders
			}
			c.add(f)
			return nil
		}
	}
	c.add(finding{Where: "/rankings", What: "the order", Verdict: different, Theirs: want, Ours: placesOf(ours, scored)})
	return nil
}

// rounded takes off what the last digit of a sum may be.
func rounded(v any) any {
	if x, ok := v.(float64); ok {
		return fmt.Sprintf("%.9g", x)
	}
	return v
}

func rowsOf(answer map[string]any) map[string]map[string]any {
	rows := make(map[string]map[string]any)
	list, _ := answer["rankings"].([]any)
	for _, entry := range list {
		row := asObject(entry)
		if name, ok := row["space_name"].(string); ok {
			rows[name] = row
		}
	}
	return rows
}

// placesOf are the names of the wanted spaces in the order of an answer.
func placesOf(answer map[string]any, wanted map[string]bool) []string {
	list, _ := answer["rankings"].([]any)
	names := []string{}
	for _, entry := range list {
		if name, _ := asObject(entry)["space_name"].(string); wanted[name] {
			names = append(names, cmp.Or(name, "?"))
		}
	}
	return names
}
