package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/karlquant/quasar"
)

func newCompare() *cobra.Command {
	var theirs, ours, prefix string
	var wait time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use: "compare --theirs URL --ours URL", GroupID: "use",
		Short: "Compare another hub's answers with ours, by the same publishes into both",
		Long: `Compare publishes the same frames to two hubs, hears both as a subscriber, asks both
for /rankings, /metrics/{space}, /health and /api/state, and says what is the same,
what differs as the migration guide says, and what differs otherwise. It is for whoever
runs the original hub and wants to know what changes with ours.

It wants two hubs that need no token; what a private Space in front of the other one
wants, it brings. Its spaces, COMPARE_1 and so on, stay behind on
both: run it on hubs whose ranking nobody trades by.

Exit codes: 0 if nothing differs but what the guide says, 1 if something does, 4 if a
hub cannot be reached.`,
		Example: "  quasar compare --theirs ws://localhost:8000 --ours ws://localhost:7860",
		Args:    noArgs,
	}
	f := cmd.Flags()
	hubAddressFlag(f, &theirs, "theirs", "", "the other hub")
	hubAddressFlag(f, &ours, "ours", defaultHub, "the hub of ours")
	f.StringVar(&prefix, "prefix", "COMPARE_", "what the names of the spaces begin with")
	f.DurationVar(&wait, "wait", 2*time.Second, "how long an update may take that a frame has to bring about")
	f.BoolVar(&asJSON, "json", false, "print what was found as JSON, one object on a line")
	var cred credential
	authorizationFlags(cmd, &cred)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if theirs == "" {
			return usage("compare: got no --theirs, want the address of the other hub")
		}
		if err := quasar.CheckSpaceName(prefix + "99"); err != nil {
			return usage("prefix: %w", err)
		}
		for flag, address := range map[string]string{"theirs": theirs, "ours": ours} {
			if err := wantNoPath(flag, address); err != nil {
				return err
			}
		}
		authorization, err := cred.readAuthorization()
		if err != nil {
			return err
		}
		c := &comparison{theirs: peer{address: theirs, authorization: authorization}, ours: peer{address: ours}, prefix: prefix, wait: wait}
		if err := c.run(cmd.Context()); err != nil {
			return err
		}
		return c.print(cmd.OutOrStdout(), asJSON)
	}
	return cmd
}

// wantNoPath refuses the address of one endpoint: each of a hub's is needed.
func wantNoPath(flag, address string) error {
	if u, err := url.Parse(address); err == nil && strings.Trim(u.Path, "/") != "" {
		return usage("%s: got the path %+q, want none, as in ws://HOST:PORT", flag, u.Path)
	}
	return nil
}

// The verdicts of a finding.
const (
	same      = "same"
	expected  = "expected"  // it differs, and the migration guide says so
	different = "different" // it differs otherwise
)

// finding is one thing that was compared.
type finding struct {
	Where   string `json:"where"`
	What    string `json:"what"`
	Verdict string `json:"verdict"`
	Why     string `json:"why,omitempty"` // of what was expected
	Theirs  any    `json:"theirs,omitempty"`
	Ours    any    `json:"ours,omitempty"`
}

// comparison is two hubs and what was found.
type comparison struct {
	theirs, ours peer
	prefix       string
	wait         time.Duration
	found        []finding
}

func (c *comparison) add(f finding) { c.found = append(c.found, f) }

func (c *comparison) run(ctx context.Context) error {
	if err := c.theirs.subscribe(ctx); err != nil {
		return err
	}
	defer c.theirs.close()
	if err := c.ours.subscribe(ctx); err != nil {
		return err
	}
	defer c.ours.close()
	if err := c.wantEqualBeginnings(); err != nil {
		return err
	}
	for i := range compareScenes {
		if err := c.play(ctx, i); err != nil {
			return err
		}
	}
	return c.ask(ctx)
}

// wantEqualBeginnings refuses spaces that only one of the hubs has, from an earlier run.
func (c *comparison) wantEqualBeginnings() error {
	for i := range compareScenes {
		_, their := c.theirs.had[c.space(i)]
		_, our := c.ours.had[c.space(i)]
		if their == our || compareScenes[i].silent {
			continue
		}
		where := c.theirs.address
		if our {
			where = c.ours.address
		}
		return usage("prefix: got one whose space %s on %s alone has values, want spaces that are new to both: give another --prefix", c.space(i), where)
	}
	return nil
}

func (c *comparison) space(scene int) string { return fmt.Sprint(c.prefix, scene+1) }

// print says what was found: everything as JSON, else what differs and how much is the
// same.
func (c *comparison) print(w io.Writer, asJSON bool) error {
	counts, added := make(map[string]int), make(map[string]bool)
	for _, f := range c.found {
		counts[f.Verdict]++
		if f.Why == whyMore && !asJSON {
			added[strings.TrimPrefix(f.What, "the key ")] = true
			continue
		}
		switch {
		case asJSON:
			if err := printJSON(w, f); err != nil {
				return err
			}
		case f.Verdict == expected:
			fmt.Fprintf(w, "expected   %s, %s: theirs %s, ours %s: %s\n", f.Where, f.What, shown(f.Theirs), shown(f.Ours), f.Why)
		case f.Verdict == different:
			fmt.Fprintf(w, "DIFFERENT  %s, %s: theirs %s, ours %s\n", f.Where, f.What, shown(f.Theirs), shown(f.Ours))
		}
	}
	if len(added) > 0 {
		fmt.Fprintf(w, "expected   ours has more keys: %s\n", strings.Join(slices.Sorted(maps.Keys(added)), ", "))
	}
	if !asJSON {
		fmt.Fprintf(w, "%d the same, %d differ as the migration guide says, %d differ otherwise\n", counts[same], counts[expected], counts[different])
	}
	if counts[different] > 0 {
		return fmt.Errorf("the hubs differ in %d things that the migration guide does not name", counts[different])
	}
	return nil
}

// maxShown bounds what is printed of a value, in bytes.
const maxShown = 120

func shown(v any) string {
	if v == nil {
		return "null"
	}
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return "?"
	}
	if len(text) > maxShown {
		return fmt.Sprintf("%.*q…", maxShown, text)
	}
	return string(text)
}
