package app

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// line reads the first line of what a command says, and keeps reading.
func firstLine(t *testing.T, r io.Reader) string {
	t.Helper()
	lines := make(chan string, 1)
	go func() {
		buffer := make([]byte, 4096)
		n, _ := r.Read(buffer)
		lines <- string(buffer[:n])
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case text := <-lines:
		return text
	case <-time.After(30 * time.Second):
		t.Fatal("the command says nothing")
		return ""
	}
}

func TestSimServesAClient(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"sim", "--listen", "127.0.0.1:0", "--speed", "100", "--seed", "5", "--indices", "V75,CRASH1000"}, nil, io.Discard, in)
		_ = in.Close()
	}()
	banner := firstLine(t, out)
	_, address, _ := strings.Cut(banner, "on ")
	address, _, _ = strings.Cut(address, ",")
	if !strings.Contains(banner, "seed 5") || !strings.Contains(banner, "It is not Deriv") {
		t.Errorf("got %q, want the seed, and what it is not", banner)
	}
	a, err := deriv.NewAccount(&deriv.Options{URL: address, Token: deriv.NewToken("any"), AppID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	running := make(chan error, 1)
	go func() { running <- a.Run(ctx) }()
	balance, err := a.Balance(ctx)
	symbols, err2 := a.ActiveSymbols(ctx)
	if err != nil || err2 != nil || balance.Amount != 10_000*deriv.Unit || len(symbols) != 2 || a.Speed() != 100 {
		t.Errorf("got %v, %v, %v, %v at speed %v, want 10000 and two symbols at 100", balance, symbols, err, err2, a.Speed())
	}
	cancel()
	if err := <-running; err != nil {
		t.Error(err)
	}
	if code := <-ended; code != exitOK {
		t.Errorf("got exit code %d, want 0", code)
	}
}

func TestSimRefusesWhatItCannotDo(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
	}{
		{"--speed -1", exitConfiguration}, {"--speed 1e9", exitConfiguration}, {"--indices V76", exitConfiguration},
		{"--indices V75,V75", exitConfiguration}, {"--faults flood=0.1", exitConfiguration}, {"--faults lag", exitUsage},
		{"--faults lag=2", exitConfiguration}, {"--start noon", exitUsage}, {"--balance -5", exitUsage}, {"--balance 1.005", exitUsage},
		{"--history 1", exitConfiguration}, {"--listen 0.0.0.0:0", exitConfiguration}, {"extra", exitUsage},
	} {
		args := append([]string{"sim"}, strings.Fields(test.args)...)
		if code := run(t.Context(), args, nil, io.Discard, io.Discard); code != test.code {
			t.Errorf("%s: got exit code %d, want %d", test.args, code, test.code)
		}
	}
}
