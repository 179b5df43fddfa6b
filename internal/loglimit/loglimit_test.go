package loglimit_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"encoding/json"

	"github.com/karlquant/quasar/internal/loglimit"
)

// Somebody who is refused for an hour leaves a bounded number of lines, which add
// up to what happened, and takes no line from any other kind.
func TestAFloodLeavesFewLinesThatSayHowManyThereWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		h := loglimit.New(slog.NewJSONHandler(&out, nil))
		log := slog.New(h).With("hub", "h1")
		const knocks = 3600 * 50
		for i := range knocks {
			log.Warn("request refused", "i", i)
			time.Sleep(20 * time.Millisecond)
		}
		log.Info("publisher connected")
		time.Sleep(time.Second)
		log.Warn("request refused")

		lines, told := 0, int64(0)
		for line := range strings.Lines(out.String()) {
			var l struct {
				Msg, Hub string
				LeftOut  int64 `json:"left_out"`
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil || l.Hub != "h1" {
				t.Fatalf("got %s (%v)", line, err)
			}
			if l.Msg == "publisher connected" {
				continue
			}
			lines++
			told += l.LeftOut
		}
		if most := loglimit.Burst + 3600 + 2; lines > most || lines < most-10 {
			t.Errorf("got %d lines, want about %d", lines, most)
		}
		if int64(lines)+told != knocks+1 || told != h.LeftOut() {
			t.Errorf("got %d lines that tell of %d more and a count of %d, want %d in all", lines, told, h.LeftOut(), knocks+1)
		}
		if !strings.Contains(out.String(), "publisher connected") {
			t.Error("another kind was left out, too")
		}
	})
}

// Messages that are no constants do not grow the memory.
func TestKindsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		h := loglimit.New(slog.NewTextHandler(&out, nil))
		log := slog.New(h)
		for i := range 10_000 {
			message := fmt.Sprintf("message %d", i)
			log.Info(message) //nolint:sloglint // that is the point
		}
		if got, want := bytes.Count(out.Bytes(), []byte("\n")), 256+loglimit.Burst; got != want {
			t.Errorf("got %d lines, want %d", got, want)
		}
	})
}

func TestManyGoroutinesLogAtOnce(t *testing.T) {
	var out bytes.Buffer
	h := loglimit.New(slog.NewTextHandler(&out, nil))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			log := slog.New(h).WithGroup("g").With("a", 1)
			for range 1000 {
				log.Info("flood")
			}
		})
	}
	wg.Wait()
	if lines := int64(bytes.Count(out.Bytes(), []byte("\n"))); lines+h.LeftOut() != 8000 || lines < loglimit.Burst {
		t.Errorf("got %d lines and %d left out, want 8000 in all", lines, h.LeftOut())
	}
}

// It is a handler like any other.
func TestItIsAHandler(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return loglimit.New(slog.NewJSONHandler(&out, nil))
	}, func(t *testing.T) map[string]any {
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		return line
	})
}
