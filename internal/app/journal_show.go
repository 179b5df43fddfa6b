package app

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/trade"
)

func newJournalShow() *cobra.Command {
	var flags journalFlags
	cmd := &cobra.Command{
		Use:   "show INTENT|CONTRACT",
		Short: "Tell all that is known of one order, entry by entry",
		Example: `  quasar journal show 1772366400000-V75 --account demo
  quasar journal show 281834561 --account demo --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("show: got %d names, want that of an intent, or the number of a contract", len(args))
			}
			return nil
		},
	}
	flags.add(cmd, "print one object: the order, and all entries about it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		told, err := flags.story(cmd, args[0])
		if err != nil {
			return err
		}
		if !flags.json {
			return told.print(cmd.OutOrStdout())
		}
		return printJSON(cmd.OutOrStdout(), told, trade.JSONOptions)
	}
	return cmd
}

// story is an order and how it came to that.
type story struct {
	Order   *orderLine     `json:"order"`
	Entries []*trade.Entry `json:"entries"`
	account trade.Account
}

// story reads the journal and finds an order in it by its name or its contract.
func (f *journalFlags) story(cmd *cobra.Command, name string) (_ *story, err error) {
	v, err := f.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = v.Close() }() // it was only read
	sum, err := v.Verify(cmd.Context())
	if err != nil {
		return nil, err
	}
	o := sum.Ledger.Order(name)
	if number, err := strconv.ParseInt(name, 10, 64); o == nil && err == nil && number != 0 {
		o = sum.Ledger.ByContract(number)
	}
	if o == nil {
		return nil, fmt.Errorf("%s: got no order %.80q, want the name of an intent or the number of a contract, as quasar journal list has them", v.Path(), name)
	}
	told := &story{Order: newOrderLine(sum.Account.Mode, o), account: sum.Account}
	for e, err := range v.Entries(cmd.Context()) {
		if err != nil {
			return nil, err
		}
		if isAbout(e, o) {
			told.Entries = append(told.Entries, e)
		}
	}
	return told, nil
}

// isAbout tells whether an entry is about an order. An orphan has no intent, but a
// contract.
func isAbout(e *trade.Entry, o *trade.Order) bool {
	switch {
	case o.Intent != nil:
		return e.Intent() == o.Intent.ID
	case e.Adopted != nil:
		return e.Adopted.Contract.ID == o.Orphan.ID
	}
	return e.Settled != nil && e.Settled.Contract == o.Orphan.ID
}

func (s *story) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if s.account.Mode == trade.Live {
		fmt.Fprintln(table, liveBanner)
	}
	l := s.Order
	fmt.Fprintf(table, "Order\t%s of the %s\n", quoted([]string{l.Intent}), quoted([]string{s.account.String()}))
	for _, c := range csvColumns {
		if text := c.cell(l); text != "" && c.name != "intent" && c.name != "account" {
			fmt.Fprintf(table, "%s\t%s\n", c.name, quoted([]string{text}))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	rows := make([][]string, len(s.Entries))
	for i, e := range s.Entries {
		rows[i] = []string{strconv.FormatInt(e.Seq, 10), e.At.UTC().Format("2006-01-02 15:04:05.000"), e.What(), quoted([]string{saysOf(e)})}
	}
	_, err := fmt.Fprintf(w, "\n%s", renderTable([]column{{"ENTRY", true}, {"AT (UTC)", false}, {"WHAT", false}, {"", false}}, rows))
	return err
}

// saysOf is what an entry about an order says, in a few words.
func saysOf(e *trade.Entry) string {
	switch {
	case e.Planned != nil:
		in := e.Planned
		return fmt.Sprintf("%s %s %s for at most %s, watermark %d", in.Signal.Side, in.Quote.Kind, in.Quote.Symbol, in.Most, in.Watermark)
	case e.Sent != nil:
		return "the buy leaves; it is never sent again"
	case e.Bought != nil:
		how := "the venue answered"
		if e.Bought.Found {
			how = "found in the venue's record"
		}
		if e.Bought.By != "" {
			how = "said to be it by " + e.Bought.By
		}
		return fmt.Sprintf("contract %d for %s (%s)", e.Bought.Receipt.Contract, e.Bought.Receipt.Price, how)
	case e.Rejected != nil:
		return e.Rejected.Code + ": " + e.Rejected.Reason
	case e.Unknown != nil:
		return e.Unknown.Reason
	case e.Abandoned != nil:
		return e.Abandoned.Reason
	case e.Settled != nil:
		return fmt.Sprintf("%s, brought %s (told by the %s)", e.Settled.Settlement.Result, e.Settled.Settlement.Brought, e.Settled.Path)
	case e.Adopted != nil:
		return fmt.Sprintf("contract %d of our app for %s, which no intent explains", e.Adopted.Contract.ID, e.Adopted.Contract.Price)
	}
	return ""
}
