package dial

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// AuthorizationEnv is the variable that holds what a proxy in front of the hub wants
// in the header Authorization, where no other is given.
const AuthorizationEnv = "QUASAR_AUTHORIZATION"

const authorizationHeader = "Authorization"

// errPlain is for a credential that others on the way could read.
var errPlain = errors.New("authorization: got a hub without TLS beyond this machine, want wss:// or https://: anybody on the way could read it")

// Authorize puts what a proxy in front of a hub wants into the headers of a request
// to address: value, or if that is empty and the headers have none yet, that of
// AuthorizationEnv, if there is any. It may be the credential of a whole account,
// so it goes over TLS or to this machine and nowhere else.
func Authorize(header http.Header, address, value string) error {
	stated := header.Get(authorizationHeader) != ""
	if value != "" && stated {
		return errors.New("authorization: got one in the headers and one beside them, want one of the two")
	}
	if value == "" && !stated {
		value = strings.TrimSpace(os.Getenv(AuthorizationEnv))
	}
	if value != "" {
		if err := checkAuthorization(value); err != nil {
			return err
		}
		header.Set(authorizationHeader, value)
	}
	if header.Get(authorizationHeader) != "" && !confidential(address) {
		return errPlain
	}
	return nil
}

// checkAuthorization refuses what no proxy would take. The value is not repeated.
func checkAuthorization(value string) error {
	scheme, credential, _ := strings.Cut(value, " ")
	if !printableASCII(value) || !validHeaderName(scheme) || strings.TrimSpace(credential) == "" {
		return fmt.Errorf("authorization: got %d bytes, want a scheme and a credential, such as Bearer hf_…", len(value))
	}
	return nil
}

// confidential tells whether nobody else can read what goes to address.
func confidential(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return u.Scheme == "wss" || u.Scheme == "https" || loopback(u.Hostname())
}

// loopback tells whether a host is this machine. A name that only resolves to it
// is not: the next time it may resolve to another.
func loopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// Hide strikes the credentials in the headers of a request out of what an answer to it
// says.
func Hide(header http.Header, text string) string { return credentials(header).hide(text) }

// credentials are the secrets in the headers of a handshake, for errors to leave out.
func credentials(header http.Header) secrets {
	var found secrets
	for _, value := range append(header.Values(TokenHeader), header.Values(authorizationHeader)...) {
		found = append(found, NewSecret(value))
		if _, credential, ok := strings.Cut(value, " "); ok {
			found = append(found, NewSecret(strings.TrimSpace(credential)))
		}
	}
	return found
}
