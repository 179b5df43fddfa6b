package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
	"github.com/karlquant/quasar/rank"
	"github.com/karlquant/quasar/ranker"
)

// selfTest runs the component checks and prints a table of them.
func selfTest(cmd *cobra.Command) error {
	checks := checkRanker(cmd.Context())
	failed := 0
	var rows [][]string
	for _, c := range checks {
		outcome := "ok"
		if c.err != nil {
			failed++
			outcome = "FAILED: " + c.err.Error()
		}
		rows = append(rows, []string{c.name, c.duration.Round(time.Microsecond).String(), outcome})
	}
	fmt.Fprint(cmd.OutOrStdout(), renderTable([]column{{"CHECK", false}, {"TIME", true}, {"RESULT", false}}, rows))
	if failed > 0 {
		return errors.New(strconv.Itoa(failed) + " of " + strconv.Itoa(len(checks)) + " checks failed")
	}
	return nil
}

// check is the outcome of one component check.
type check struct {
	name     string
	err      error // what is wrong; nil if nothing is
	duration time.Duration
}

// checkRanker checks the components of the ranker against known answers, without
// a network: the hub of its last check lives in memory.
func checkRanker(ctx context.Context) []check {
	var checks []check
	for _, c := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"formula: a known answer", checkFormula},
		{"orders: desc, asc and balanced", checkOrders},
		{"merge: partial updates, NaN is unknown", checkMerge},
		{"wire: frames survive the way", checkWire},
		{"index: equals a full sort", checkIndex},
		{"subscription: ranked in memory", checkSubscription},
	} {
		start := time.Now()
		err := c.run(ctx)
		checks = append(checks, check{c.name, err, time.Since(start)})
	}
	return checks
}

// example makes a snapshot of the three numbers that the formula reads.
func example(name string, buys, sells int64, accuracy float64) quasar.Snapshot {
	return quasar.Snapshot{SpaceName: name, Seq: 1, Training: quasar.Training{AVNAccuracy: &accuracy},
		Voting: quasar.Voting{BuyCount: &buys, SellCount: &sells, DominantSignal: new(quasar.Buy)}}
}

func checkFormula(context.Context) error {
	s := example("V75", 7, 3, 0.86)
	score := s.Score()
	if score.Value == nil || math.Abs(*score.Value+0.16) > 1e-12 {
		return fmt.Errorf("7 to 3 votes at 0.86: got %v, want -0.16", score)
	}
	none := example("V75", 0, 0, 0.86)
	if score := none.Score(); score.Value != nil || score.Reason != quasar.NoVotes {
		return fmt.Errorf("no votes: got %v, want none", score)
	}
	return nil
}

func examples() []quasar.Snapshot {
	return []quasar.Snapshot{example("A", 9, 1, 0.5), example("B", 6, 4, 0.9), example("C", 5, 5, 0.45), example("D", 0, 0, 0.5)}
}

func checkOrders(context.Context) error {
	for order, want := range map[quasar.Order]string{quasar.Desc: "ACBD", quasar.Asc: "BCAD", quasar.Balanced: "CBAD"} {
		if got := namesOf(quasar.Rank(examples(), order)); got != want {
			return fmt.Errorf("%s: got %s, want %s", order, got, want)
		}
	}
	return nil
}

func namesOf(rankings []quasar.Ranking) string {
	var all strings.Builder
	for i := range rankings {
		all.WriteString(rankings[i].Snapshot.SpaceName)
	}
	return all.String()
}

func checkMerge(context.Context) error {
	now := time.UnixMicro(1_760_000_000_000_000)
	first, err := example("V75", 7, 3, 0.5).Apply(quasar.UpdateOf(&quasar.Training{ActorLoss: new(0.25), AVNAccuracy: new(1.5)}, nil), now)
	if err != nil {
		return err
	}
	second, err := first.Apply(quasar.UpdateOf(&quasar.Training{ActorLoss: new(math.NaN())}, nil), now)
	switch {
	case err != nil:
		return err
	case *first.Training.AVNAccuracy != 1:
		return fmt.Errorf("accuracy of 1.5: got %v, want 1", *first.Training.AVNAccuracy)
	case second.Training.ActorLoss != nil:
		return fmt.Errorf("NaN: got %v, want unknown", *second.Training.ActorLoss)
	case *second.Voting.BuyCount != 7 || second.Seq <= first.Seq:
		return errors.New("a partial update lost votes or did not raise seq")
	}
	return nil
}

func checkWire(context.Context) error {
	want := examples()
	frame, err := wire.DecodeHub(wire.AppendInitialState(nil, want, time.Now()))
	if err != nil {
		return err
	}
	if got := namesOf(quasar.Rank(frame.Snapshots, quasar.Desc)); got != "ACBD" {
		return fmt.Errorf("initial state: got %s, want ACBD", got)
	}
	if _, err := wire.DecodeHub([]byte(`{"type":"a","type":"b"}`)); err == nil {
		return errors.New("a duplicate key was taken")
	}
	return nil
}

func checkIndex(context.Context) error {
	index := rank.New(quasar.Asc)
	var all []quasar.Snapshot
	for i := range int64(200) {
		s := example(fmt.Sprintf("A%03d", i*71%200), i*37%11, i*53%7, float64(i*29%97)/97)
		all = append(all, s)
		index.Set(example(s.SpaceName, 1, 1, 0.5)) // a place to be moved from
		index.Set(s)
	}
	if got, want := namesOf(index.Rankings()), namesOf(quasar.Rank(all, quasar.Asc)); got != want {
		return errors.New("the index and a full sort disagree")
	}
	return nil
}

// checkSubscription ranks what a hub in memory sends.
func checkSubscription(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ranked := make(chan ranker.Ranking, 16)
	r, err := ranker.New(&ranker.Options{HubURL: "ws://memory", HTTPClient: memoryHub(ctx), Sync: true, OnRanking: func(k ranker.Ranking) {
		select {
		case ranked <- k:
		default:
		}
	}})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	for {
		select {
		case <-ctx.Done():
			return errors.New("four snapshots did not come")
		case k := <-ranked:
			if len(k.Assets) < 4 {
				continue
			}
			if got := k.Names(); strings.Join(got, "") != "BCAD" {
				return fmt.Errorf("got %v, want B C A D", got)
			}
			return nil
		}
	}
}

// memoryHub returns a client whose every connection ends at a WebSocket server in
// this process that sends the examples.
func memoryHub(ctx context.Context) *http.Client {
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		_ = ws.Write(ctx, websocket.MessageText, wire.AppendInitialState(nil, examples(), time.Now()))
		<-ws.CloseRead(ctx).Done()
	})
	return &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		server := &http.Server{Handler: serve, ReadHeaderTimeout: time.Second}
		go func() { _ = server.Serve(&oneConn{conn: far, done: ctx.Done()}) }()
		return near, nil
	}}}
}

// oneConn is a listener that accepts one connection.
type oneConn struct {
	conn net.Conn
	done <-chan struct{}
}

// Accept implements net.Listener.
func (l *oneConn) Accept() (net.Conn, error) {
	if conn := l.conn; conn != nil {
		l.conn = nil
		return conn, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (l *oneConn) Close() error { return nil }

// Addr implements net.Listener.
func (l *oneConn) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }
