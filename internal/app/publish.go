package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
	"github.com/karlquant/quasar/publisher"
)

func newPublish() *cobra.Command {
	cmd := &cobra.Command{
		Use: "publish SPACE", GroupID: "use",
		Short: "Publish metrics of a space: one frame from flags, or JSON lines from standard input",
		Long: `Publish sends metrics to a hub in the name of a space.

With flags for fields it sends one frame, and exits with 4 if the hub cannot be
reached. Without, it reads JSON lines from standard input until they end and
sends each as a frame of its own, at most --rate a second; it waits for the hub
before it reads and connects again for ever. A line is a frame of the protocol,
or an object with "training" and "voting", or just fields:

  {"training_steps": 900, "avn_accuracy": 0.86, "dominant_signal": "BUY"}`,
		Example: `  quasar publish V75_TEST --training-steps 900 --avn-accuracy 0.86 --dominant-signal BUY --buy-count 7 --sell-count 3
  tail -f metrics.jsonl | quasar publish V75`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("publish: got %d names of spaces, want one", len(args))
			}
			return nil
		},
	}
	hub := hubFlag(cmd, "HUB_WS_URL")
	cred := credentialFlags(cmd)
	lines := cmd.Flags().Float64("rate", 20, "how many lines of standard input are sent a second")
	timeout := cmd.Flags().Duration("timeout", 10*time.Second, "how long a single frame may take to be sent")
	fields := addFieldFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		log, err := newLogger(cmd)
		if err != nil {
			return err
		}
		if *lines <= 0 {
			return usage("rate: got %v, want above 0", *lines)
		}
		u, err := fields.update(cmd)
		if err != nil {
			return err
		}
		a, err := cred.read()
		if err != nil {
			return err
		}
		// Lines are paced here, so that none is merged with the next.
		pub, err := publisher.New(args[0], *hub, &publisher.Options{
			Token: a.token, Authorization: a.authorization, HTTPClient: a.client, Logger: log, MaxRate: 10 * max(*lines, 20),
		})
		if err != nil {
			return misconfigured(err)
		}
		if u.Fields != 0 {
			return publishOne(cmd.Context(), pub, u, *timeout)
		}
		return publishLines(cmd.Context(), pub, cmd.InOrStdin(), rate.Limit(*lines), log)
	}
	return cmd
}

// fieldFlags are the ten fields as flags.
type fieldFlags struct {
	steps, buys, sells                  int64
	actor, critic, avn, accuracy, price float64
	signal, source                      string
}

func addFieldFlags(cmd *cobra.Command) *fieldFlags {
	var v fieldFlags
	f := cmd.Flags()
	f.Int64Var(&v.steps, "training-steps", 0, "updates of the learner")
	f.Float64Var(&v.actor, "actor-loss", 0, "loss of the actor; NaN says that it diverged")
	f.Float64Var(&v.critic, "critic-loss", 0, "loss of the critic")
	f.Float64Var(&v.avn, "avn-loss", 0, "loss of the validation network")
	f.Float64Var(&v.accuracy, "avn-accuracy", 0, "share of votes judged rightly, 0 to 1")
	f.StringVar(&v.signal, "dominant-signal", "", "BUY, SELL or NEUTRAL")
	f.Int64Var(&v.buys, "buy-count", 0, "votes to buy")
	f.Int64Var(&v.sells, "sell-count", 0, "votes to sell")
	f.Float64Var(&v.price, "last-price", 0, "price that the votes were cast at")
	f.StringVar(&v.source, "signal-source", "", "what produced the votes, at most 64 characters")
	return &v
}

// update makes an update of the flags that were given.
func (v *fieldFlags) update(cmd *cobra.Command) (quasar.Update, error) {
	var u quasar.Update
	t, o := &u.Training, &u.Voting
	t.TrainingSteps, t.ActorLoss, t.CriticLoss, t.AVNLoss, t.AVNAccuracy = &v.steps, &v.actor, &v.critic, &v.avn, &v.accuracy
	o.DominantSignal, o.BuyCount, o.SellCount, o.LastPrice, o.SignalSource = (*quasar.Signal)(&v.signal), &v.buys, &v.sells, &v.price, &v.source
	for f := range quasar.AllFields.All() {
		if cmd.Flags().Changed(flagOf(f)) {
			u.Fields = u.Fields.With(f)
		}
	}
	valid, dropped := u.Valid()
	if len(dropped) > 0 {
		return valid, usage("%w", dropped[0])
	}
	return valid, nil
}

func flagOf(f quasar.Field) string {
	return string(bytes.ReplaceAll([]byte(f.String()), []byte("_"), []byte("-")))
}

// publishOne sends one frame or says why it could not.
func publishOne(ctx context.Context, pub *publisher.Publisher, u quasar.Update, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	pub.Start()
	defer func() {
		cancel() // what was not sent by now is not waited for
		_ = pub.Close(ctx)
	}()
	pub.PublishUpdate(u)
	for {
		stats := pub.Stats()
		switch {
		case stats.Sent > 0:
			return pub.Close(ctx)
		case stats.LastError != nil:
			return unreachable(stats.LastError)
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return unreachable(fmt.Errorf("the frame was not sent within %v", timeout))
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publishLines sends each line as a frame. A line that says nothing valid is
// told of and passed over.
func publishLines(ctx context.Context, pub *publisher.Publisher, in io.Reader, every rate.Limit, log *slog.Logger) error {
	pub.Start()
	defer closeSoon(ctx, pub)
	if err := connected(ctx, pub); err != nil {
		return err
	}
	lines, failed := scanLines(ctx, in)
	limiter := rate.NewLimiter(every, 1)
	for line := range lines {
		u, err := decodeLine(line.text)
		if err != nil {
			log.Warn("line refused", "line", line.number, "reason", err)
			continue
		}
		if err := limiter.Wait(ctx); err != nil {
			return ctx.Err()
		}
		pub.PublishUpdate(u)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return <-failed
}

// connected waits for the first connection: what is read before would be merged
// into one.
func connected(ctx context.Context, pub *publisher.Publisher) error {
	for pub.Stats().Connects == 0 {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func closeSoon(ctx context.Context, pub *publisher.Publisher) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = pub.Close(ctx)
}

type inputLine struct {
	number int
	text   []byte
}

// scanLines reads lines until the input ends, and then says why on failed. The
// goroutine ends with the input: a read from a terminal cannot be called off.
func scanLines(ctx context.Context, in io.Reader) (lines <-chan inputLine, failed <-chan error) {
	out, end := make(chan inputLine), make(chan error, 1)
	go func() {
		defer close(out)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, wire.MaxPublish)
		for n := 1; scanner.Scan(); n++ {
			text := bytes.TrimSpace(bytes.Clone(scanner.Bytes()))
			if len(text) == 0 {
				continue
			}
			select {
			case out <- inputLine{n, text}:
			case <-ctx.Done():
				return
			}
		}
		err := scanner.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("standard input: got a line of more than %d bytes", wire.MaxPublish)
		}
		end <- err
	}()
	return out, end
}

// decodeLine reads a frame, or the body of one, or bare fields of both groups.
func decodeLine(line []byte) (quasar.Update, error) {
	frame, err := wire.Decode(line)
	if frame.Type == "" && err != nil && len(line) > 2 && line[0] == '{' {
		if frame, err = wire.Decode(fmt.Appendf(nil, `{"type":"metrics",%s`, line[1:])); err != nil && frame.Type != "" {
			frame, err = wire.Decode(fmt.Appendf(nil, `{"type":"metrics","training":%s,"voting":%s}`, line, line))
		}
	}
	if err != nil {
		return quasar.Update{}, err
	}
	if !frame.Type.Updates() {
		return quasar.Update{}, fmt.Errorf("type: got %s, want metrics, training or voting", frame.Type)
	}
	return frame.Update, nil
}
