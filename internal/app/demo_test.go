package app

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// taken is an address at which somebody else listens.
func taken(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestDemo(t *testing.T) {
	hubTaken, rankTaken := taken(t), taken(t)
	b := start(t, "demo", "--listen", hubTaken, "--ranker-listen", rankTaken, "--speed", "100")
	pages := b.pages(t, 2)
	for _, url := range pages {
		if url == "http://"+hubTaken || url == "http://"+rankTaken {
			t.Fatalf("got the page %s, which is somebody else's", url)
		}
	}
	for _, url := range pages {
		eventually(t, func() bool { return slices.Equal(scored(t, url), []string{"CRASH1000", "V100_1s", "V75"}) }, b.stderr.String)
	}
	asked := ask(t, pages[1], "/health")
	if hub := asked["hub"].(map[string]any); hub["url"] != strings.Replace(pages[0], "http", "ws", 1) || hub["connected"] != true {
		t.Errorf("the ranker's hub: got %v, want %s", hub, pages[0])
	}
	if code := b.interrupt(); code != exitInterrupted {
		t.Errorf("after an interrupt: got %d, want %d", code, exitInterrupted)
	}
	// Neither while it ran nor as it ended was there anything to warn of.
	_, after, _ := strings.Cut(b.stderr.String(), "\nCtrl-C ends it.\n")
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(after), "\n"), func(line string) bool {
		return strings.Contains(line, "space dropped ticks") // a machine that is busy with other tests
	})
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "stopped. On paper: ") {
		t.Errorf("got\n%s\nwant one line behind the banner, of what was traded", b.stderr.String())
	}
	if got := b.stdout.String(); got != "" {
		t.Errorf("got %q on standard output, want nothing", got)
	}
}

// scored returns the spaces that have a score, by name.
func scored(t *testing.T, server string) []string {
	t.Helper()
	var names []string
	for _, row := range ask(t, server, "/rankings")["rankings"].([]any) {
		if row := row.(map[string]any); row["score"] != nil {
			names = append(names, row["space_name"].(string))
		}
	}
	slices.Sort(names)
	return names
}

// The first stage ends with the context, or when anybody fails, each other when the
// one before it has ended.
func TestStagesEndOneAfterTheOther(t *testing.T) {
	broken := errors.New("broken")
	for name, failing := range map[string]string{"told to": "", "a space fails": "space", "the hub fails": "hub"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				var mu sync.Mutex // guards ends
				var ends []string
				run := func(who string, slow time.Duration) runner {
					return func(ctx context.Context) error {
						if who == failing {
							time.Sleep(time.Second)
							return broken
						}
						<-ctx.Done()
						time.Sleep(slow)
						mu.Lock()
						defer mu.Unlock()
						ends = append(ends, who)
						return nil
					}
				}
				err := runStages(ctx, []runner{run("space", 0), run("slow space", time.Second)}, []runner{run("ranker", time.Second)}, []runner{run("hub", 0)})
				want := slices.DeleteFunc([]string{"space", "slow space", "ranker", "hub"}, func(who string) bool { return who == failing })
				if diff := cmp.Diff(want, ends); diff != "" || (failing != "") != errors.Is(err, broken) {
					t.Errorf("got the error %v; ends (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}

func TestDemoSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"an argument", []string{"V75"}, exitUsage, "V75"},
		{"an address of the network", []string{"--listen", "0.0.0.0:0"}, exitConfiguration, "not a loopback address"},
		{"an address of the network for the ranker", []string{"--listen", "127.0.0.1:0", "--ranker-listen", "0.0.0.0:0"}, exitConfiguration, "not a loopback address"},
		{"an address without a port", []string{"--listen", "localhost"}, exitConfiguration, "want HOST:PORT"},
		{"a speed below nothing", []string{"--listen", "127.0.0.1:0", "--ranker-listen", "127.0.0.1:0", "--speed", "-1"}, exitConfiguration, "-1"},
		{"a bad log level", []string{"--log-level", "loud"}, exitConfiguration, `log-level: got "loud"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := quasarCommand(t, "", append([]string{"demo"}, c.args...)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.stderr) {
				t.Errorf("got %d and %q, want %d and %q", got.code, got.stderr, c.code, c.stderr)
			}
		})
	}
}

func TestListenNear(t *testing.T) {
	free := taken(t)
	l, err := listenNear(t.Context(), free)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil || host != "127.0.0.1" || net.JoinHostPort(host, port) == free {
		t.Errorf("got %s, want another port than %s", l.Addr(), free)
	}
	if diff := cmp.Diff(exitConfiguration, exitCode(t.Context(), func() error { _, err := listenNear(t.Context(), "192.0.2.1:0"); return err }())); diff != "" {
		t.Errorf("an address of the network (-want +got):\n%s", diff)
	}
}
