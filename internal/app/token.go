package app

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/token"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", GroupID: "use",
		Short: "Make, list and revoke the tokens of a hub",
		Long: `A token lets a program or a person use a hub. Its role says what for:

  publisher    to publish the spaces that it names, and nothing else
  subscriber   to receive the stream of updates
  viewer       to look at the page and everything over HTTP, and the stream
  admin        all that a viewer may

The file holds no token, only the SHA-256 of each: a token is shown once, when it
is made. A hub that was started with --tokens-file sees a change within a second;
a token that is revoked closes what was opened with it.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenNew(), newTokenList(), newTokenRevoke())
	return cmd
}

func tokenFileFlag(cmd *cobra.Command) *string {
	file := cmd.Flags().String("file", "", "the file with the hashes of the tokens")
	alsoEnv(cmd, "file", "QUASAR_TOKENS_FILE")
	return file
}

func newTokenNew() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a token and print it, once",
		Long: `New makes a token, adds its hash to the file and prints the token to standard
output. Without a file it prints what belongs into the variable QUASAR_TOKENS of
a hub that has no disk; several of those stand one behind the other.`,
		Example: `  quasar token new --role publisher --space V75 --file quasar-tokens.jsonl
  quasar token new --role viewer --expires 90d --note "Ana's dashboard" --file quasar-tokens.jsonl`,
		Args: noArgs,
	}
	var e token.Entry
	f := cmd.Flags()
	role := f.String("role", "", "publisher, subscriber, viewer or admin")
	f.StringSliceVar(&e.Spaces, "space", nil, "a space that a publisher may publish; may be given several times")
	expires := f.String("expires", "", "when it ends: 12h, 90d or 2027-01-31 (default never)")
	f.StringVar(&e.Note, "note", "", "what it is for, to remember")
	f.StringVar(&e.ID, "id", "", "its name in the list (default random)")
	asJSON := f.Bool("json", false, "print the token and what was kept of it as JSON")
	file := tokenFileFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		e.Role = hub.Role(*role)
		if e.Expires, err = parseExpiry(*expires, time.Now()); err != nil {
			return usage("expires: %w", err)
		}
		secret, entry, err := token.New(e)
		if err != nil {
			return usage("%w", err)
		}
		if *file != "" {
			if err := token.Change(*file, func(all []token.Entry) ([]token.Entry, error) { return append(all, entry), nil }); err != nil {
				return err
			}
		}
		return printNewToken(cmd.OutOrStdout(), cmd.ErrOrStderr(), &entry, secret, *file, *asJSON)
	}
	return cmd
}

// parseExpiry reads a duration or a day. "" is never, the zero time.
func parseExpiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		var d time.Duration
		d, err = parseDuration(text)
		at = now.Add(d)
	}
	if err != nil || !at.After(now) || at.Year() > 9999 {
		return time.Time{}, fmt.Errorf("got %+q, want a time to come, like 12h, 90d or 2027-01-31", text)
	}
	return at.Add(time.Second - 1).UTC().Truncate(time.Second), nil // a whole second, and no earlier than was asked for
}

// parseDuration reads days, too.
func parseDuration(text string) (time.Duration, error) {
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 0 || n > 100*365 {
		return 0, errors.New("want a number of days")
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// tokenRow is what is shown of a token.
type tokenRow struct {
	ID      string     `json:"id"`
	Role    hub.Role   `json:"role"`
	Spaces  []string   `json:"spaces"`
	Expires *time.Time `json:"expires"`
	Expired bool       `json:"expired"`
	Note    string     `json:"note"`
}

func newTokenRow(e *token.Entry, now time.Time) tokenRow {
	row := tokenRow{ID: e.ID, Role: e.Role, Spaces: e.Spaces, Note: e.Note}
	if row.Spaces == nil {
		row.Spaces = []string{}
	}
	if !e.Expires.IsZero() {
		row.Expires, row.Expired = &e.Expires, !now.Before(e.Expires)
	}
	return row
}

func printNewToken(out, said io.Writer, e *token.Entry, secret token.Secret, file string, asJSON bool) error {
	line := strings.TrimSuffix(string(token.Append(nil, *e)), "\n")
	if asJSON {
		return printJSON(out, struct {
			tokenRow `json:",inline"`
			Token    string `json:"token"`
			Entry    string `json:"entry"`
		}{newTokenRow(e, time.Now()), secret.Reveal(), line})
	}
	if file == "" {
		fmt.Fprintf(said, "The token %s (%s) is shown this once. The hub needs\n  QUASAR_TOKENS='%s'\n", e.ID, e.Role, strings.ReplaceAll(line, "'", `\u0027`))
	} else {
		fmt.Fprintf(said, "The token %s (%s) is shown this once; %s keeps its hash.\n", e.ID, e.Role, file)
	}
	_, err := fmt.Fprintln(out, secret.Reveal())
	return err
}

func newTokenList() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the tokens: id, role, spaces, expiry, note",
		Example: "  quasar token list --file quasar-tokens.jsonl",
		Args:    noArgs,
	}
	file := tokenFileFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print them as JSON, one on a line")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *file == "" {
			return usage("file: got none, want that of the tokens")
		}
		entries, err := token.Read(*file)
		if err != nil {
			return err
		}
		return printTokens(cmd.OutOrStdout(), entries, time.Now(), *asJSON)
	}
	return cmd
}

func printTokens(out io.Writer, entries []token.Entry, now time.Time, asJSON bool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := range entries {
		row := newTokenRow(&entries[i], now)
		if asJSON {
			if err := printJSON(out, row); err != nil {
				return err
			}
			continue
		}
		spaces, expires, note := "-", "never", "-"
		if len(row.Spaces) > 0 {
			spaces = strings.Join(row.Spaces, ",")
		}
		if row.Note != "" {
			note = row.Note
		}
		if row.Expires != nil {
			expires = row.Expires.UTC().Format(time.RFC3339)
		}
		if row.Expired {
			expires = "expired"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", row.ID, row.Role, spaces, expires, note)
	}
	return table.Flush()
}

func newTokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke ID...",
		Short:   "Make tokens invalid, and close what was opened with them",
		Example: "  quasar token revoke k3f9m2xa --file quasar-tokens.jsonl",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("token revoke: got no id, want one of 'quasar token list'")
			}
			return nil
		},
	}
	file := tokenFileFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		if *file == "" {
			return usage("file: got none, want that of the tokens")
		}
		if _, err := token.Read(*file); err != nil { // Change would make one
			return err
		}
		if err := token.Change(*file, func(all []token.Entry) ([]token.Entry, error) { return without(all, ids) }); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Revoked %s: a hub that reads %s closes what was opened with it within two seconds.\n", strings.Join(ids, ", "), *file)
		return nil
	}
	return cmd
}

// without takes entries out, which have to be there.
func without(all []token.Entry, ids []string) ([]token.Entry, error) {
	for _, id := range ids {
		i := slices.IndexFunc(all, func(e token.Entry) bool { return e.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("id: got %+q, want one of 'quasar token list'", id)
		}
		all = slices.Delete(all, i, i+1)
	}
	return all, nil
}
