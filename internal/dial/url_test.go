package dial

import (
	"strings"
	"testing"
)

func TestPublishURL(t *testing.T) {
	tests := []struct {
		name, hubURL, space string
		want, wantErr       string
	}{
		{name: "a host alone gets the default path", hubURL: "ws://localhost:7860", space: "V75", want: "ws://localhost:7860/ws/publish/V75"},
		{name: "a slash is no path", hubURL: "wss://hub.example/", space: "V75", want: "wss://hub.example/ws/publish/V75"},
		{name: "http means ws", hubURL: "http://[::1]:7860", space: "V75", want: "ws://[::1]:7860/ws/publish/V75"},
		{name: "https means wss", hubURL: "https://hub.example", space: "V75", want: "wss://hub.example/ws/publish/V75"},
		{name: "a scheme in capitals", hubURL: "WS://hub.example", space: "V75", want: "ws://hub.example/ws/publish/V75"},
		{name: "the whole path is kept", hubURL: "ws://h:1/ws/publish/V75_TEST", space: "V75_TEST", want: "ws://h:1/ws/publish/V75_TEST"},
		{name: "a prefix before the whole path is kept", hubURL: "ws://h/quasar/ws/publish/V75", space: "V75", want: "ws://h/quasar/ws/publish/V75"},
		{name: "another whole path is kept", hubURL: "ws://h/ingest/V75", space: "V75", want: "ws://h/ingest/V75"},
		{name: "a path without its space gets it", hubURL: "ws://h/ws/publish/", space: "V75", want: "ws://h/ws/publish/V75"},
		{name: "the same without the slash", hubURL: "ws://h/ws/publish", space: "V75", want: "ws://h/ws/publish/V75"},
		{name: "the path of another space", hubURL: "ws://h/ws/publish/V100", space: "V75",
			wantErr: `hub URL: got the path "/ws/publish/V100" for the space V75, want /ws/publish/V75`},
		{name: "the path of subscribers", hubURL: "ws://h/ws/subscribe", space: "V75",
			wantErr: `hub URL: got the path "/ws/subscribe", want none or one that ends in /ws/publish/V75`},
		{name: "no scheme", hubURL: "localhost:7860", space: "V75",
			wantErr: `hub URL: got the scheme "localhost", want ws, wss, http or https, as in ws://host:7860`},
		{name: "no host", hubURL: "ws:///ws/publish/V75", space: "V75", wantErr: "hub URL: got no host, want one, as in ws://host:7860"},
		{name: "nothing at all", hubURL: "", space: "V75",
			wantErr: `hub URL: got the scheme "", want ws, wss, http or https, as in ws://host:7860`},
		{name: "a query, which may be a token and is not repeated", hubURL: "ws://h/?token=hush", space: "V75",
			wantErr: "hub URL: got a query, want none; give the token beside it"},
		{name: "credentials, which are not repeated", hubURL: "ws://me:hush@h", space: "V75",
			wantErr: "hub URL: got credentials, want none; give the token beside it"},
		{name: "credentials in what does not parse", hubURL: "ws://me:hush@h:port", space: "V75",
			wantErr: `hub URL: invalid port ":port" after host, want one like ws://host:7860`},
		{name: "a fragment", hubURL: "ws://h/#x", space: "V75", wantErr: "hub URL: got a fragment, want none"},
		{name: "a name that is a path", hubURL: "ws://h", space: "../V75",
			wantErr: `space name: got "../V75", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := PublishURL(test.hubURL, test.space)
			check(t, got, test.want, err, test.wantErr)
		})
	}
}

func TestSubscribeURL(t *testing.T) {
	tests := []struct {
		name, hubURL  string
		assets        []string
		want, wantErr string
	}{
		{name: "a host alone gets the default path", hubURL: "http://localhost:7860", want: "ws://localhost:7860/ws/subscribe"},
		{name: "the whole path is kept", hubURL: "wss://h/ws/subscribe", want: "wss://h/ws/subscribe"},
		{name: "another whole path is kept", hubURL: "wss://h/live", want: "wss://h/live"},
		{name: "assets become a query", hubURL: "ws://h", assets: []string{"V75", "V100_1s"}, want: "ws://h/ws/subscribe?assets=V75,V100_1s"},
		{name: "assets of the URL are kept", hubURL: "ws://h/ws/subscribe?assets=V75%2CV100", want: "ws://h/ws/subscribe?assets=V75,V100"},
		{name: "assets of both", hubURL: "ws://h/?assets=V75", assets: []string{"V75"},
			wantErr: "assets: got some in the URL and some in Options.Assets, want one of the two"},
		{name: "an asset that would be two", hubURL: "ws://h", assets: []string{"V75,V100"},
			wantErr: `assets: space name: got "V75,V100", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit`},
		{name: "another query", hubURL: "ws://h/?token=hush",
			wantErr: "hub URL: got a query of other things, want none or assets=A,B; give the token beside it"},
		{name: "a broken query", hubURL: "ws://h/?a;b", wantErr: "hub URL: got a malformed query, want none or assets=A,B"},
		{name: "the path of a publisher", hubURL: "ws://h/ws/publish/V75",
			wantErr: `hub URL: got the path "/ws/publish/V75", want none or one that ends in /ws/subscribe`},
		{name: "a scheme that is none", hubURL: "ftp://h", wantErr: `hub URL: got the scheme "ftp", want ws, wss, http or https, as in ws://host:7860`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := SubscribeURL(test.hubURL, test.assets)
			check(t, got, test.want, err, test.wantErr)
		})
	}
}

func check(t *testing.T, got, want string, err error, wantErr string) {
	t.Helper()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if got != want || text != wantErr {
		t.Errorf("got %q and the error %q\nwant %q and %q", got, text, want, wantErr)
	}
	if strings.Contains(text, "hush") {
		t.Errorf("the error %q tells a secret", text)
	}
}
