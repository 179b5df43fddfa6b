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
	d, err := New("ws://h/ws/subscribe", &Options{Token: "hush", Header: http.Header{"Authorization": {"Bearer hush"}}})
	if err != nil {
		t.Fatal(err)
	}
	holder := struct{ Public, private any }{Public: d.token, private: d.token}
	nested := struct{ token Secret }{d.token}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", d.token, holder, nested)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "token", d.token, "holder", holder, "nested", nested)
	}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	if text := out.String(); strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
		t.Errorf("got the secret in\n%s", text)
	}
	if got := d.handshakeHeader().Get(TokenHeader); got != "hush" {
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
	if h := d.handshakeHeader(); len(h) != 0 {
		t.Errorf("header without a token: got %v, want none", h)
	}
}
