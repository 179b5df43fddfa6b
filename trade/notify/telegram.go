package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/trade"
)

// telegram is a bot that writes to one chat and obeys it.
// https://core.telegram.org/bots/api
type telegram struct {
	base   string // with the token, as that API wants it; never shown
	chat   int64
	client *http.Client
	offset int64 // of the next update that is asked for
}

func newTelegram(o *Options) (*telegram, error) {
	address := cmp.Or(o.TelegramURL, "https://api.telegram.org")
	if err := checkURL(address); err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	if o.TelegramChat == 0 {
		return nil, errors.New("telegram: got a token and no chat, want the number of the chat that may read and halt")
	}
	if strings.ContainsAny(o.TelegramToken, "/?# \n") {
		return nil, errors.New("telegram: got a token with characters that none has")
	}
	return &telegram{base: strings.TrimSuffix(address, "/") + "/bot" + o.TelegramToken, chat: o.TelegramChat, client: o.HTTPClient}, nil
}

func (*telegram) name() string { return "telegram" }

type outgoing struct {
	Chat int64  `json:"chat_id"`
	Text string `json:"text"`
}

// maxText is what a message may have, in characters.
const maxText = 4096

func (t *telegram) send(ctx context.Context, n *trade.Notice) error {
	text := fmt.Sprintf("%s %s: %s", strings.ToUpper(string(n.Account.Mode)), n.Kind, n.Text)
	return t.say(ctx, text)
}

func (t *telegram) say(ctx context.Context, text string) error {
	if letters := []rune(text); len(letters) > maxText {
		text = string(letters[:maxText])
	}
	_, err := post(ctx, t.client, t.base+"/sendMessage", outgoing{t.chat, text})
	return err
}

type poll struct {
	Offset  int64    `json:"offset"`
	Timeout int      `json:"timeout"`
	Allowed []string `json:"allowed_updates"`
}

type updates struct {
	Result []struct {
		ID      int64 `json:"update_id"`
		Message struct {
			Text string `json:"text"`
			Date int64  `json:"date"`
			Chat struct {
				ID int64 `json:"id"`
			} `json:"chat"`
			From struct {
				Username string `json:"username"`
			} `json:"from"`
		} `json:"message"`
	} `json:"result"`
}

// listen obeys /halt of the chat until ctx ends. Nothing else that is written there is
// obeyed, least of all a wish to resume.
func (t *telegram) listen(ctx context.Context, halt func(context.Context, string) error, log *slog.Logger) {
	for ctx.Err() == nil {
		got, err := t.poll(ctx)
		if err != nil {
			if ctx.Err() == nil {
				log.LogAttrs(ctx, slog.LevelWarn, "telegram does not answer", slog.Any("reason", err))
			}
			wait(ctx, 5*time.Second)
			continue
		}
		for i := range got.Result {
			u := &got.Result[i]
			t.offset = max(t.offset, u.ID+1)
			if u.Message.Chat.ID == t.chat {
				t.obey(ctx, u.Message.Text, u.Message.From.Username, halt)
			}
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (t *telegram) poll(ctx context.Context) (*updates, error) {
	answer, err := post(ctx, t.client, t.base+"/getUpdates", poll{t.offset, int(pollFor.Seconds()), []string{"message"}})
	if err != nil {
		return nil, err
	}
	var got updates
	if err := json.Unmarshal(answer, &got); err != nil {
		return nil, errors.New("got an answer that is no JSON of its API")
	}
	return &got, nil
}

func (t *telegram) obey(ctx context.Context, text, who string, halt func(context.Context, string) error) {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	word, _, _ = strings.Cut(word, "@") // /halt@botname in a group
	switch word {
	case "/halt":
		answer := "halted; only somebody at the machine can resume"
		if err := halt(ctx, "telegram "+who); err != nil {
			answer = "NOT on record: " + err.Error()
		}
		_ = t.say(ctx, answer) // it has been done, whether or not it can be said
	case "/resume":
		_ = t.say(ctx, "I cannot resume: that takes somebody at the machine")
	}
}
