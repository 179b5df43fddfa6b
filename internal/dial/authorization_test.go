package dial

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWhereAnAuthorizationGoes(t *testing.T) {
	const hush = "Bearer hush"
	tests := []struct {
		name, address, value, env string
		header                    http.Header
		want, wantErr             string
	}{
		{name: "over TLS", address: "wss://h/ws/subscribe", value: hush, want: hush},
		{name: "over HTTPS", address: "https://h/health", value: hush, want: hush},
		{name: "of the environment", address: "wss://h", env: " " + hush + "\n", want: hush},
		{name: "ours before that of the environment", address: "wss://h", value: hush, env: "Bearer other", want: hush},
		{name: "of the headers before that of the environment", address: "wss://h", header: http.Header{"Authorization": {hush}}, env: "Bearer other", want: hush},
		{name: "none", address: "ws://h"},
		{name: "in the clear to this machine", address: "ws://127.0.0.1:7860", value: hush, want: hush},
		{name: "to all that is this machine", address: "ws://127.7.7.7", value: hush, want: hush},
		{name: "to this machine by IPv6", address: "ws://[::1]:7860", value: hush, want: hush},
		{name: "to this machine by name", address: "http://LOCALHOST:7860", value: hush, want: hush},
		{name: "to this machine by a name of its own", address: "http://hub.localhost", value: hush, want: hush},
		{name: "in the clear to another", address: "ws://h", value: hush, wantErr: errPlain.Error()},
		{name: "in the clear to an address of the network", address: "ws://192.168.1.5:7860", value: hush, wantErr: errPlain.Error()},
		{name: "in the clear to a name that only looks like this machine's", address: "ws://localhost.example", value: hush, wantErr: errPlain.Error()},
		{name: "in the clear to every address", address: "ws://0.0.0.0:7860", value: hush, wantErr: errPlain.Error()},
		{name: "of the environment, in the clear", address: "ws://h", env: hush, wantErr: errPlain.Error()},
		{name: "of the headers, in the clear", address: "ws://h", header: http.Header{"Authorization": {hush}}, wantErr: errPlain.Error()},
		{name: "twice", address: "wss://h", value: hush, header: http.Header{"Authorization": {hush}},
			wantErr: "authorization: got one in the headers and one beside them, want one of the two"},
		{name: "a token alone", address: "wss://h", value: "hush", wantErr: "authorization: got 4 bytes, want a scheme and a credential, such as Bearer hf_…"},
		{name: "a scheme alone", address: "wss://h", value: "Bearer ", wantErr: "authorization: got 7 bytes, want a scheme and a credential, such as Bearer hf_…"},
		{name: "two lines", address: "wss://h", value: hush + "\r\nX: y", wantErr: "authorization: got 17 bytes, want a scheme and a credential, such as Bearer hf_…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(AuthorizationEnv, test.env)
			header := test.header
			if header == nil {
				header = http.Header{}
			}
			err, text := Authorize(header, test.address, test.value), ""
			if err != nil {
				text = err.Error()
			}
			if text != test.wantErr || err == nil && header.Get("Authorization") != test.want {
				t.Errorf("got %q and the error %q, want %q and %q", header.Get("Authorization"), text, test.want, test.wantErr)
			}
			if strings.Contains(text, "hush") {
				t.Errorf("the error %q tells a secret", text)
			}
		})
	}
}

// A redirect to another host, or to the same one without TLS, would take the
// credential where it must not go.
func TestARedirectGetsNoAuthorization(t *testing.T) {
	asked := make(chan http.Header, 10)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.Header }))
	defer other.Close()
	hub := httptest.NewTLSServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer hub.Close()
	_, err := dialer(t, hub.URL, &Options{Token: "hush", Authorization: "Bearer hush", HTTPClient: hub.Client(), Silence: time.Minute}).Dial(t.Context())
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Status != http.StatusTemporaryRedirect || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, want a refusal without a secret", err)
	}
	if len(asked) > 0 {
		t.Errorf("the other was asked, with %v", <-asked)
	}
}
