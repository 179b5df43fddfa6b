package dial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// One test per way in which a credential has got into somebody's logs.
func TestSecretCannotBePrinted(t *testing.T) {
	d, err := New("wss://h/ws/subscribe", &Options{Token: "hush", Header: http.Header{"Authorization": {"Bearer hush"}}})
	if err != nil {
		t.Fatal(err)
	}
	token := d.secrets[0]
	holder := struct{ Public, private any }{Public: token, private: d}
	nested := struct {
		token  Secret
		dialer *Dialer
	}{token, d}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+" "+verb+"\n", token, holder, nested, *d)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "token", token, "dialer", d, "holder", holder, "nested", nested)
	}
	encoded, err := json.Marshal(token)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	if text := out.String(); strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
		t.Errorf("got the secret in\n%s", text)
	}
	if got := d.header().Get(TokenHeader); got != "hush" {
		t.Errorf("header: got %q, want the token", got)
	}
}

func TestSecretOfNothing(t *testing.T) {
	var zero Secret
	if got := zero.hide("nothing to hide"); got != "nothing to hide" {
		t.Errorf("got %q, want the text as it was", got)
	}
	d, err := New("ws://h", &Options{})
	if err != nil {
		t.Fatal(err)
	}
	if h := d.header(); h.Get("User-Agent") == "" || len(h) != 1 {
		t.Errorf("headers without a token: got %v, want the client's name alone", h)
	}
}
