package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/trade"
)

// webhook posts notices to an address.
type webhook struct {
	address string
	client  *http.Client
}

// message is what a webhook gets. Money is decimal text.
type message struct {
	At       string           `json:"at"`
	Account  trade.Account    `json:"account"`
	Kind     trade.NoticeKind `json:"kind"`
	Text     string           `json:"text"`
	Order    *string          `json:"order"`
	Contract *int64           `json:"contract_id"`
	Profit   *trade.Money     `json:"profit"`
}

func newMessage(n *trade.Notice) *message {
	m := &message{At: n.At.UTC().Format(time.RFC3339Nano), Account: n.Account, Kind: n.Kind, Text: n.Text}
	if o := n.Order; o != nil {
		m.Order = new(o.ID())
		if id := o.Contract(); id != 0 {
			m.Contract = new(id)
		}
		if o.Settlement != nil {
			m.Profit = new(o.Profit())
		}
	}
	return m
}

func (*webhook) name() string { return "webhook" }

func (w *webhook) send(ctx context.Context, n *trade.Notice) error {
	_, err := post(ctx, w.client, w.address, newMessage(n))
	return err
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// post sends JSON and returns the answer. Its errors do not show the address.
func post(ctx context.Context, client *http.Client, address string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return nil, backoff.Permanent(errURL)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, hidden(err, req.URL)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, hidden(err, req.URL)
	}
	return answer, refused(resp.StatusCode)
}

// refused says of a status other than of success what it is, in our words: a server knows
// the address, and its own words may have it in them.
func refused(status int) error {
	if status < 300 {
		return nil
	}
	err := fmt.Errorf("got the answer %d %s", status, http.StatusText(status))
	switch {
	case status < 400:
		return backoff.Permanent(fmt.Errorf("%w; no redirect is followed, for it would carry the address away: give the last one", err))
	case status < 500 && status != http.StatusTooManyRequests:
		return backoff.Permanent(err)
	}
	return err
}

// hidden takes the address out of an error, whoever put it there.
func hidden(err error, address *url.URL) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if secret := address.RequestURI(); len(secret) > 1 && strings.Contains(err.Error(), secret) {
		return errors.New("got an answer that is not HTTP")
	}
	return err
}
