package publisher_test

import (
	"context"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
)

// BenchmarkPublish is what one call costs a training loop, whatever the hub does.
func BenchmarkPublish(b *testing.B) {
	b.Run("hub up", func(b *testing.B) {
		server := httptest.NewServer(&socketHub{})
		defer server.Close()
		publish(b, server.URL, func(s publisher.Stats) bool { return s.Connected })
	})
	b.Run("hub down", func(b *testing.B) {
		publish(b, "ws://127.0.0.1:1", func(s publisher.Stats) bool { return s.LastError != nil })
	})
	b.Run("hub stalled", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts: the handshake hangs
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		publish(b, "ws://"+l.Addr().String(), func(s publisher.Stats) bool { return s.Attempts > 0 })
	})
}

func publish(b *testing.B, hubURL string, ready func(publisher.Stats) bool) {
	pub, err := publisher.New("V75", hubURL, nil)
	if err != nil {
		b.Fatal(err)
	}
	pub.Start()
	eventually(b, "the publisher is under way", func() bool { return ready(pub.Stats()) })
	training := quasar.Training{TrainingSteps: new(int64(1)), ActorLoss: new(0.12), CriticLoss: new(0.34), AVNLoss: new(0.05), AVNAccuracy: new(0.81)}
	voting := quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3)), LastPrice: new(451234.12), SignalSource: new("ensemble")}
	b.ReportAllocs()
	var worst time.Duration
	for b.Loop() {
		start := time.Now()
		*training.TrainingSteps++
		pub.Publish(training, voting)
		worst = max(worst, time.Since(start))
	}
	b.ReportMetric(float64(worst.Microseconds()), "worst-µs")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = pub.Close(ctx)
}
