package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/token"
	"github.com/karlquant/quasar/internal/guard"
)

// tokensFlags say where the tokens of a hub are.
type tokensFlags struct{ file, inline string }

func addTokensFlags(cmd *cobra.Command, flags *tokensFlags) {
	f := cmd.Flags()
	f.StringVar(&flags.file, "tokens-file", "", "the file that 'quasar token' keeps; read anew when it changes")
	f.StringVar(&flags.inline, "tokens", "", "where there is no disk: what stands in such a file")
	alsoEnv(cmd, "tokens-file")
	alsoEnv(cmd, "tokens")
}

// open reads the tokens; the store is nil if none were given at all.
func (f *tokensFlags) open(log *slog.Logger) (*token.Store, error) {
	if f.file == "" && f.inline == "" {
		return nil, nil
	}
	store, err := token.Open(&token.Options{File: f.file, Inline: f.inline, Logger: log})
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("tokens-file: %w; make a token with\n  quasar token new --role viewer --file %s", err, f.file)
	}
	if err != nil {
		return nil, misconfigured(err)
	}
	return store, nil
}

// checkBind refuses an address beyond this machine unless it takes a token to
// publish, to subscribe and to look.
func (f *tokensFlags) checkBind(addr string, store *token.Store) error {
	err := guard.CheckListen(addr)
	if !errors.Is(err, guard.ErrNotLoopback) {
		return nil // listen says what else is wrong
	}
	missing := []hub.Role{hub.RolePublisher, hub.RoleSubscriber, hub.RoleViewer}
	if store != nil {
		missing = store.Missing(time.Now())
	}
	if len(missing) == 0 {
		return nil
	}
	return misconfigured(fmt.Errorf("%w, and there is no valid token for %s. Make what is missing:\n%s"+
		"and start the hub with --tokens-file; or listen on 127.0.0.1; or accept with --insecure-allow-anonymous that anybody there may publish and read",
		err, list(missing), f.commands(missing)))
}

func list(roles []hub.Role) string {
	var words []string
	for _, role := range roles {
		words = append(words, string(role))
	}
	return strings.Join(words, ", ")
}

// commands are what makes a token for each of the roles.
func (f *tokensFlags) commands(roles []hub.Role) string {
	file := f.file
	if file == "" {
		file = "quasar-tokens.jsonl"
	}
	var out strings.Builder
	for _, role := range roles {
		space := ""
		if role == hub.RolePublisher {
			space = " --space V75"
		}
		fmt.Fprintf(&out, "  quasar token new --role %s%s --file %s\n", role, space, file)
	}
	return out.String()
}

// credential is the token with which a command goes to a hub, what a proxy in front
// of it wants, and whom it believes that it is one.
type credential struct{ token, file, authorization, authorizationFile, authorities string }

// access is what a credential says, ready for use. client is nil for the usual one.
type access struct {
	token, authorization string
	client               *http.Client
}

func credentialFlags(cmd *cobra.Command) *credential {
	var c credential
	f := cmd.Flags()
	f.StringVar(&c.token, "token", "", "the token for the hub; others on this machine can see it here, so better the variable or the file")
	f.StringVar(&c.file, "token-file", "", "a file that holds the token")
	alsoEnv(cmd, "token")
	authorizationFlags(cmd, &c)
	f.StringVar(&c.authorities, "ca-file", "", "a PEM file: over TLS, believe the certificates in it and those that they vouch for, and not the system's")
	return &c
}

func authorizationFlags(cmd *cobra.Command, c *credential) {
	f := cmd.Flags()
	f.StringVar(&c.authorization, "authorization", "", "what a proxy in front of the hub wants in the header Authorization, such as 'Bearer hf_…' of a private Space; goes over TLS only; better the variable or the file")
	f.StringVar(&c.authorizationFile, "authorization-file", "", "a file that holds it")
	alsoEnv(cmd, "authorization")
}

// maxTokenFile is more than any token has, in bytes.
const maxTokenFile = 4 << 10

// read reads the files that were named.
func (c *credential) read() (a access, err error) {
	if a.token, err = c.readToken(); err != nil {
		return access{}, err
	}
	if a.authorization, err = c.readAuthorization(); err != nil {
		return access{}, err
	}
	a.client, err = trustedBy(c.authorities)
	return a, err
}

func (c *credential) readToken() (string, error) {
	if c.file == "" {
		return strings.TrimSpace(c.token), nil
	}
	text, err := readSecret(c.file)
	if err != nil {
		return "", misconfigured(fmt.Errorf("token-file: %w", err))
	}
	return text, nil
}

func (c *credential) readAuthorization() (string, error) {
	if c.authorizationFile == "" {
		return strings.TrimSpace(c.authorization), nil
	}
	data, err := os.ReadFile(c.authorizationFile)
	if err != nil {
		return "", misconfigured(fmt.Errorf("authorization-file: %w", err))
	}
	text := strings.TrimSpace(string(data))
	if text == "" || len(text) > maxTokenFile {
		return "", misconfigured(fmt.Errorf("authorization-file: got %d bytes in %s, want a line like Bearer hf_…", len(data), c.authorizationFile))
	}
	return text, nil
}

// readSecret reads a file that holds one token. No error shows what is in it.
func readSecret(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(data))
	if text == "" || len(text) > maxTokenFile || strings.ContainsAny(text, " \n\r\t") {
		return "", fmt.Errorf("got %d bytes in %s, want one token", len(data), file)
	}
	return text, nil
}
