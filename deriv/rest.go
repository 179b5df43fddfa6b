package deriv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-json-experiment/json"
)

// AccountInfo is one account of a user.
type AccountInfo struct {
	ID       string `json:"account_id"`
	Balance  Money  `json:"balance"`
	Currency string `json:"currency"`
	Group    string `json:"group"`
	// Status is "active" or "inactive".
	Status string `json:"status"`
	// Kind says whether its money is real. Nothing else does.
	Kind AccountKind `json:"account_type"`
}

// AccountsAnswer is the answer of GET …/accounts.
type AccountsAnswer struct {
	Data []AccountInfo `json:"data"`
}

// OTPAnswer is the answer of POST …/accounts/{id}/otp: the URL of a trading
// socket, good for one connection.
type OTPAnswer struct {
	Data struct {
		URL string `json:"url"`
	} `json:"data"`
}

// RESTError is the answer of a REST call that failed.
type RESTError struct {
	Errors []struct {
		Status  int    `json:"status"`
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
	Meta struct {
		Endpoint string `json:"endpoint"`
		Method   string `json:"method"`
		Timing   int    `json:"timing"`
	} `json:"meta"`
}

// restAnswer bounds what is read of a REST answer, in bytes.
const restAnswer = 1 << 20

// rest calls the venue's REST interface with one token.
type rest struct {
	opts  *resolved
	limit *limiter
}

func (r *rest) token(ctx context.Context) (Token, error) {
	if r.opts.TokenSource == nil {
		return r.opts.Token, nil
	}
	token, err := r.opts.TokenSource(ctx)
	if err == nil && (token.IsZero() || !printable(token.Reveal())) {
		err = errors.New("deriv: the source of tokens gave none that a header may hold")
	}
	return token, err
}

func (r *rest) accounts(ctx context.Context, token Token) ([]AccountInfo, error) {
	var answer AccountsAnswer
	err := r.call(ctx, http.MethodGet, "/accounts", token, &answer)
	return answer.Data, err
}

// socketURL returns a one-time URL of an account's trading socket, checked to
// lead there.
func (r *rest) socketURL(ctx context.Context, token Token, id string, kind AccountKind) (string, error) {
	var answer OTPAnswer
	if err := r.call(ctx, http.MethodPost, "/accounts/"+url.PathEscape(id)+"/otp", token, &answer); err != nil {
		return "", err
	}
	return answer.Data.URL, r.opts.endpoint.checkSocket(answer.Data.URL, kind)
}

func (r *rest) call(ctx context.Context, method, path string, token Token, answer any) error {
	if err := r.limit.wait(ctx, rowREST, trading); err != nil {
		return &CallError{Call: path, Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, method, r.opts.endpoint.rest(path), http.NoBody)
	if err != nil {
		return fmt.Errorf("deriv: %s: %s", path, hide(innermost(err), token))
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	req.Header.Set("Deriv-App-ID", r.opts.AppID)
	req.Header.Set("Accept", "application/json")
	resp, err := r.opts.http.Do(req)
	if err != nil {
		return fmt.Errorf("deriv: %s: %s", path, hide(innermost(err), token))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, restAnswer))
	if err != nil {
		return fmt.Errorf("deriv: %s: %s", path, hide(innermost(err), token))
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return restError(path, resp.StatusCode, body, token)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("deriv: %s: got an answer that cannot be read: %s", path, hide(innermost(err), token))
	}
	return nil
}

// restError reads what a failed call says for itself.
func restError(path string, status int, body []byte, token Token) error {
	e := &Error{Call: path, Status: status, Code: fmt.Sprintf("HTTP%d", status), Message: http.StatusText(status)}
	var said RESTError
	if json.Unmarshal(body, &said) == nil && len(said.Errors) > 0 {
		first := said.Errors[0]
		e.Message = hide(first.Message, token)
		if first.Code != "" {
			e.Code = hide(first.Code, token)
		}
	}
	return e
}

// pick chooses the account to trade on, and refuses one of another kind than is
// wanted.
func pick(accounts []AccountInfo, id string, kind AccountKind) (AccountInfo, error) {
	found := slices.IndexFunc(accounts, func(a AccountInfo) bool {
		return a.ID == id || id == "" && a.Kind == kind && a.Status == "active"
	})
	if found < 0 && id == "" {
		return AccountInfo{}, fmt.Errorf("deriv: %w: got %d accounts, want one that is active and %s", ErrWrongAccount, len(accounts), kind)
	}
	if found < 0 {
		return AccountInfo{}, fmt.Errorf("deriv: %w: got %d accounts, want %.40q among them; set %s", ErrWrongAccount, len(accounts), id, AccountEnv)
	}
	a := accounts[found]
	if a.Kind != kind {
		return a, fmt.Errorf("deriv: %w: %.40q is %s, want %s", ErrWrongAccount, a.ID, a.Kind, kind)
	}
	return a, nil
}
