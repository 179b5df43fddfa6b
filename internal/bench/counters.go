package bench

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// HubCounters returns what asks a hub at an address what it counts.
func HubCounters(addr string, secure bool) func(context.Context) (Counters, error) {
	url := "http://" + addr + "/api/state"
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	if secure {
		url = "https://" + addr + "/api/state"
		client.Transport = &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // G402: the certificate is ours and made a moment ago
		}
	}
	return func(ctx context.Context) (Counters, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return Counters{}, err
		}
		answer, err := client.Do(request)
		if err != nil {
			return Counters{}, err
		}
		defer func() { _ = answer.Body.Close() }()
		var state struct {
			Stats struct {
				Accepted  int64 `json:"accepted"`
				Conflated int64 `json:"conflated"`
			} `json:"stats"`
		}
		if answer.StatusCode != http.StatusOK {
			return Counters{}, fmt.Errorf("%s: got %s, want 200", url, answer.Status)
		}
		err = json.NewDecoder(answer.Body).Decode(&state)
		return Counters{Accepted: state.Stats.Accepted, Conflated: state.Stats.Conflated}, err
	}
}
