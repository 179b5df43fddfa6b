package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/internal/build"
	"github.com/karlquant/quasar/internal/dial"
	"github.com/karlquant/quasar/internal/problem"
)

const defaultHub = "ws://127.0.0.1:7860"

// hubFlag adds --hub.
func hubFlag(cmd *cobra.Command, seedEnv ...string) *string {
	hub := new(string)
	hubAddressFlag(cmd.Flags(), hub, "hub", defaultHub, "the hub")
	alsoEnv(cmd, "hub", seedEnv...)
	return hub
}

// restURL is where a server's REST endpoint is, whatever kind of address of the
// server somebody gave.
func restURL(server, path string) (string, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return "", misconfigured(fmt.Errorf("address: got %s, want http://HOST:PORT or ws://HOST:PORT", shownAddress(server)))
	}
	if u.User != nil {
		return "", misconfigured(errors.New("address: got credentials, want none; give a token with QUASAR_TOKEN or --token-file"))
	}
	switch u.Scheme {
	case "ws", "http":
		u.Scheme = "http"
	case "wss", "https":
		u.Scheme = "https"
	default:
		return "", misconfigured(fmt.Errorf("address: got the scheme %+q, want http, https, ws or wss", u.Scheme))
	}
	base, _, _ := strings.Cut(u.Path, "/ws/")
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(base, "/") + path, nil
}

// shownAddress is an address that somebody gave, for an error: without it where a
// password may be in it.
func shownAddress(address string) string {
	if strings.ContainsAny(address, "@?#") {
		return "one that cannot be read"
	}
	return fmt.Sprintf("%+q", address)
}

const restTimeout = 10 * time.Second

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 20

// getJSON asks a server and reads its answer into v. It follows no redirect, which
// would carry the credentials away.
func getJSON(ctx context.Context, server, path string, a access, v any) error {
	address, err := restURL(server, path)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, restTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return misconfigured(err)
	}
	if a.token != "" {
		req.Header.Set(dial.TokenHeader, a.token)
	}
	req.Header.Set("User-Agent", build.Product("command"))
	if err := dial.Authorize(req.Header, address, a.authorization); err != nil {
		return misconfigured(err)
	}
	asking := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if a.client != nil {
		asking.Transport = a.client.Transport
	}
	resp, err := asking.Do(req)
	if err != nil {
		return unreachable(unsaid(req, bare(err)))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return unreachable(err)
	}
	if resp.StatusCode != http.StatusOK {
		return answerError(address, resp.StatusCode, []byte(dial.Hide(req.Header, string(body))))
	}
	if err := json.Unmarshal(body, v); err != nil {
		return unsaid(req, fmt.Errorf("%s: got an answer that is not a hub's: %w", address, err))
	}
	return nil
}

// unsaid is err without the credentials of the request, which whoever answers may have
// put into it.
func unsaid(req *http.Request, err error) error {
	if text := dial.Hide(req.Header, err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// bare takes the words off that net/http puts around an error: they repeat the
// address.
func bare(err error) error {
	var wrapped *url.Error
	if !errors.As(err, &wrapped) {
		return err
	}
	if known := dial.TLSError(err); known != nil {
		return fmt.Errorf("%s: %w", wrapped.URL, known)
	}
	return fmt.Errorf("%s: %w", wrapped.URL, wrapped.Err)
}

// answerError is what an answer other than 200 says. Whom a server lets not in has no
// connection, as one that a handshake was refused to.
func answerError(address string, status int, body []byte) error {
	if dial.WantsTLS(status, body) {
		return &codedError{exitNoConnection, fmt.Errorf("%s: it speaks TLS: its address begins with https:// or wss://", address)}
	}
	err := fmt.Errorf("%s: %s", address, answerDetail(status, body))
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return &codedError{exitNoConnection, err}
	}
	return err
}

func answerDetail(status int, body []byte) string {
	var p problem.Document
	if json.Unmarshal(body, &p) != nil || p.Detail == "" {
		return fmt.Sprintf("got the status %d, want 200", status)
	}
	if strings.HasPrefix(p.Detail, "credential: ") { // and not a host or an origin that is refused
		p.Detail += "; give a token with QUASAR_TOKEN or --token-file"
	}
	return fmt.Sprintf("%d: %s", status, p.Detail)
}
