package app

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/go-json-experiment/json"
)

func newHealth() *cobra.Command {
	cmd := &cobra.Command{
		Use: "health [ADDRESS]", GroupID: "use",
		Short: "Ask a hub or a ranker how it is",
		Long: `Health asks a server for /health and says how it is. It exits with 0 if the
server is well, 1 if it answers but is not, and 4 if it cannot be reached, so
that it serves as a container's health check. That takes no token; to see how the
publishers fare may take a viewer's.`,
		Example: "  quasar health\n  quasar health http://127.0.0.1:7861 --json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("health: got %d addresses, want one or none", len(args))
			}
			return nil
		},
	}
	hub := hubFlag(cmd, "HUB_SUB_URL", "HUB_WS_URL")
	cred := credentialFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print the answer as it is")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		address := *hub
		if len(args) == 1 {
			address = args[0]
		}
		a, err := cred.read()
		if err != nil {
			return err
		}
		return health(cmd, address, a, *asJSON)
	}
	return cmd
}

// healthSummary is what of a server's health is for people.
type healthSummary struct {
	Status        string           `json:"status"`
	Version       string           `json:"version"`
	UptimeSeconds float64          `json:"uptime_seconds"`
	Publishers    publisherHealths `json:"publishers"`
	Engine        struct {
		Problem string `json:"problem"`
	} `json:"engine"`
}

// publisherHealths is how each publisher fares. Another program's hub may say instead
// how many there are, which is passed over.
type publisherHealths map[string]struct {
	Connected     bool  `json:"connected"`
	Accepted      int64 `json:"accepted"`
	Rejected      int64 `json:"rejected"`
	Stripped      int64 `json:"stripped"`
	LastRejection *struct {
		Reason string `json:"reason"`
	} `json:"last_rejection"`
}

func (p *publisherHealths) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	type plain publisherHealths
	return json.UnmarshalDecode(dec, (*plain)(p))
}

func health(cmd *cobra.Command, address string, a access, asJSON bool) error {
	var raw jsontext.Value
	if err := getJSON(cmd.Context(), address, "/health", a, &raw); err != nil {
		return err
	}
	var h healthSummary
	if err := json.Unmarshal(raw, &h); err != nil {
		return fmt.Errorf("%s: got an answer that is not a server's health: %w", address, err)
	}
	if asJSON {
		if err := printJSON(cmd.OutOrStdout(), raw); err != nil {
			return err
		}
	} else {
		printHealth(cmd.OutOrStdout(), &h)
	}
	if h.Status != "ok" {
		return fmt.Errorf("status: got %s, want ok", cmp.Or(h.Status, "none"))
	}
	return nil
}

func printHealth(w io.Writer, h *healthSummary) {
	fmt.Fprintf(w, "%s, version %s, up %v\n", harmless(h.Status), harmless(cmp.Or(h.Version, "unknown")), time.Duration(h.UptimeSeconds*float64(time.Second)).Round(time.Second))
	if h.Engine.Problem != "" {
		fmt.Fprintf(w, "  %s\n", harmless(h.Engine.Problem))
	}
	for _, name := range slices.Sorted(maps.Keys(h.Publishers)) {
		p := h.Publishers[name]
		state := "offline"
		if p.Connected {
			state = "connected"
		}
		fmt.Fprintf(w, "  %-16s %-9s  %d accepted, %d rejected, %d fields stripped", harmless(name), state, p.Accepted, p.Rejected, p.Stripped)
		if p.LastRejection != nil {
			fmt.Fprintf(w, "; last: %s", harmless(p.LastRejection.Reason))
		}
		fmt.Fprintln(w)
	}
}
