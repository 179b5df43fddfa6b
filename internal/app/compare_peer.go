package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/internal/build"
	"github.com/karlquant/quasar/internal/dial"
)

// peer is a hub that is compared.
type peer struct {
	address       string
	authorization string // for a proxy in front of it; "" for none
	ws            *websocket.Conn
	heard         chan map[string]any // the messages of the hub; closed when it ends
	had           map[string]any      // the snapshots that it had at the beginning
}

// unredirected follows no redirect, which would carry the authorization away.
var unredirected = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// header is what goes with each request to address.
func (p *peer) header(address string) (http.Header, error) {
	header := http.Header{"User-Agent": {build.Product("compare")}}
	if p.authorization == "" {
		return header, nil
	}
	if err := dial.Authorize(header, address, p.authorization); err != nil {
		return nil, misconfigured(err)
	}
	return header, nil
}

// subscribe connects, and takes the first message.
func (p *peer) subscribe(ctx context.Context) error {
	address, _, err := dial.SubscribeURL(p.address, nil)
	if err != nil {
		return misconfigured(err)
	}
	if p.ws, err = p.connect(ctx, address); err != nil {
		return err
	}
	p.heard = make(chan map[string]any, 256)
	go p.hear(ctx)
	first, ok := p.next(ctx, restTimeout)
	var isState bool
	if p.had, isState = first["snapshots"].(map[string]any); !ok || !isState {
		p.close()
		return fmt.Errorf("%s: got %s as the first message, want the initial state with its snapshots", address, shown(first))
	}
	return nil
}

func (p *peer) connect(ctx context.Context, address string) (*websocket.Conn, error) {
	header, err := p.header(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, restTimeout)
	defer cancel()
	ws, answer, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: unredirected, HTTPHeader: header})
	if answer != nil && answer.Body != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		return nil, unreachable(fmt.Errorf("%s: %w", address, err))
	}
	ws.SetReadLimit(maxAnswer)
	return ws, nil
}

func (p *peer) close() { _ = p.ws.CloseNow() }

func (p *peer) hear(ctx context.Context) {
	defer close(p.heard)
	for {
		_, text, err := p.ws.Read(ctx)
		if err != nil {
			return
		}
		var message map[string]any
		if json.Unmarshal(strictJSON(text), &message) != nil {
			message = map[string]any{"unreadable": string(text[:min(len(text), maxShown)])}
		}
		select {
		case p.heard <- message:
		case <-ctx.Done():
			return
		}
	}
}

// next returns the next message; false if none comes in time.
func (p *peer) next(ctx context.Context, wait time.Duration) (map[string]any, bool) {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	select {
	case message, ok := <-p.heard:
		return message, ok
	case <-timeout.C:
	case <-ctx.Done():
	}
	return nil, false
}

// update returns the next message about a space; nil if none comes in time.
func (p *peer) update(ctx context.Context, space string, wait time.Duration) map[string]any {
	end := time.Now().Add(wait)
	for {
		message, ok := p.next(ctx, time.Until(end))
		if !ok || message["space_name"] == space || message["unreadable"] != nil {
			return message
		}
	}
}

// publish sends frames as a space, and returns the update that the last one brings
// about; nil if none comes in time.
func (p *peer) publish(ctx context.Context, space string, frames []string, wait time.Duration) (map[string]any, error) {
	address, err := dial.PublishURL(p.address, space)
	if err != nil {
		return nil, misconfigured(err)
	}
	ws, err := p.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = ws.Close(websocket.StatusNormalClosure, "") }()
	reading := ws.CloseRead(ctx)
	var last map[string]any
	for _, frame := range frames {
		if err := ws.Write(reading, websocket.MessageText, []byte(strings.ReplaceAll(frame, ownName, space))); err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
		last = p.update(ctx, space, wait)
	}
	return last, ctx.Err()
}

// get asks for a path; the answer is nil if it is no JSON object.
func (p *peer) get(ctx context.Context, path string) (status int, answer map[string]any, err error) {
	address, err := restURL(p.address, path)
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, restTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, misconfigured(err)
	}
	if req.Header, err = p.header(address); err != nil {
		return 0, nil, err
	}
	resp, err := unredirected.Do(req)
	if err != nil {
		return 0, nil, unreachable(bare(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, nil, unreachable(err)
	}
	if json.Unmarshal(strictJSON(body), &answer) != nil {
		answer = nil
	}
	return resp.StatusCode, answer, nil
}

// strictJSON puts strings in place of what Python writes for numbers that are not
// finite.
func strictJSON(text []byte) []byte {
	var out bytes.Buffer
	inString := false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case inString && b == '\\' && i+1 < len(text):
			out.Write(text[i : i+2])
			i++
			continue
		case b == '"':
			inString = !inString
		case !inString:
			if word := notFinite(text[i:]); word != "" {
				out.WriteString(`"` + word + `"`)
				i += len(word) - 1
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.Bytes()
}

func notFinite(text []byte) string {
	for _, word := range []string{"NaN", "-Infinity", "Infinity"} {
		if bytes.HasPrefix(text, []byte(word)) {
			return word
		}
	}
	return ""
}
