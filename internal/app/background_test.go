package app

import (
	"context"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/internal/logtest"
)

// background is a command that runs until it is interrupted.
type background struct {
	stdout, stderr *logtest.Log
	interrupt      func() (code int)
	ended          <-chan int
}

func start(t *testing.T, args ...string) *background {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	b := &background{stdout: new(logtest.Log), stderr: new(logtest.Log)}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, strings.NewReader(""), b.stdout, b.stderr) }()
	b.ended = ended
	b.interrupt = sync.OnceValue(func() int {
		cancel(&signalError{os.Interrupt})
		return <-ended
	})
	t.Cleanup(func() { b.interrupt() })
	return b
}

var pageURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// pages waits until the command has said where its n pages are.
func (b *background) pages(t *testing.T, n int) []string {
	t.Helper()
	var urls []string
	eventually(t, func() bool {
		urls = urls[:0]
		for _, line := range strings.Split(b.stderr.String(), "\n") {
			if strings.Contains(line, "Page") || strings.Contains(line, "Hub  ") || strings.Contains(line, "Ranker") {
				urls = append(urls, pageURL.FindAllString(line, 1)...)
			}
		}
		return len(urls) >= n
	}, b.stderr.String)
	return urls
}

// eventually waits, on a busy machine too, and says what there is if it was in vain.
func eventually(t *testing.T, done func() bool, otherwise func() string) {
	t.Helper()
	for start := time.Now(); time.Since(start) < 30*time.Second; time.Sleep(10 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("did not come to pass within 30 s; there is\n%s", otherwise())
}
