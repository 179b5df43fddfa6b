package quasar_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/karlquant/quasar"
)

func TestParseSignal(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       quasar.Signal
		wantErr    string
	}{
		{name: "as the wire has it", text: "BUY", want: quasar.Buy},
		{name: "in small letters", text: "sell", want: quasar.Sell},
		{name: "in both", text: "Neutral", want: quasar.Neutral},
		{name: "between spaces", text: "\t buy \r\n", want: quasar.Buy},
		{name: "between spaces that do not break", text: "\u00a0buy\u3000", want: quasar.Buy},
		{name: "a word that is none", text: "HOLD", wantErr: `got "HOLD", want "BUY", "SELL" or "NEUTRAL"`},
		{name: "nothing", text: "", wantErr: `got "", want "BUY", "SELL" or "NEUTRAL"`},
		{name: "spaces alone", text: " ", wantErr: `got " ", want "BUY", "SELL" or "NEUTRAL"`},
		{name: "two signals", text: "BUY SELL", wantErr: `got "BUY SELL", want "BUY", "SELL" or "NEUTRAL"`},
		{name: "a long s is no s", text: "\u017fell", wantErr: `got "\u017fell", want "BUY", "SELL" or "NEUTRAL"`},
		{name: "a long text is cut", text: strings.Repeat("BUY", 1000), wantErr: `got "` + strings.Repeat("BUY", 8) + `\u2026", want "BUY", "SELL" or "NEUTRAL"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := quasar.ParseSignal(c.text)
			if got != c.want || message(err) != c.wantErr {
				t.Errorf("got %q and %q, want %q and %q", got, message(err), c.want, c.wantErr)
			}
		})
	}
}

// message is what an error says, "" for none.
func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

var signalRule = regexp.MustCompile(`^[\s\v\x{85}\p{Z}]*(?:[Bb][Uu][Yy]|[Ss][Ee][Ll][Ll]|[Nn][Ee][Uu][Tt][Rr][Aa][Ll])[\s\v\x{85}\p{Z}]*$`)

func FuzzParseSignal(f *testing.F) {
	for _, seed := range []string{"BUY", " sell ", "Neutral\n", "HOLD", "\u017fell", "\xff", "BUY\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		signal, err := quasar.ParseSignal(text)
		if want := signalRule.MatchString(text); (err == nil) != want {
			t.Fatalf("%q: got %v, the rule says %v", text, err, want)
		}
		if err != nil {
			checkMessage(t, err)
			return
		}
		if again, err := quasar.ParseSignal(string(signal)); again != signal || err != nil {
			t.Errorf("%q: got %q, and of that %q, %v", text, signal, again, err)
		}
	})
}
