package hub

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// newPrometheus serves the hub's counters as Prometheus text. They live in a
// registry of the hub's own, so that two hubs in one process do not mix.
func (h *Hub) newPrometheus() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), &collector{hub: h})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector reads the hub's books when somebody asks.
type collector struct{ hub *Hub }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("quasar_hub_"+name, help, labels, nil)
}

var (
	descFrames      = describe("frames_total", "Frames of publishers, by what became of them.", "result")
	descFields      = describe("fields_total", "Fields of publishers that were not stored as sent, by why.", "reason")
	descBroadcasts  = describe("broadcasts_total", "Updates handed to subscribers.")
	descConflated   = describe("conflated_total", "Frames that slow subscribers were spared, for a newer one of the space followed.")
	descSent        = describe("sent_frames_total", "Copies of updates written to subscribers. Over writes_total: how many leave in one write.")
	descWrites      = describe("writes_total", "Writes to subscribers' connections.")
	descWritten     = describe("written_bytes_total", "Bytes that subscribers' connections took.")
	descFellBehind  = describe("conflations_total", "Times that a subscriber fell so far behind that it was conflated.")
	descStalled     = describe("stalled_total", "Subscribers closed because they took nothing.")
	descLag         = describe("subscriber_lag_frames", "Updates that the subscriber that is most behind lacks.")
	descPublishers  = describe("publishers", "Spaces that have a live publisher here.")
	descSubscribers = describe("subscribers", "Live subscribers.")
	descAssets      = describe("assets", "Spaces of which a snapshot is kept.")
	descRefused     = describe("refused_credentials_total", "Requests that were refused for their credential, or want of one, by status.", "status")
	descAge         = describe("snapshot_age_seconds", "Time since the newest accepted update of a space.", "space")
)

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	h, now := c.hub, time.Now()
	h.mu.Lock()
	s, snapshots, lag, fan := h.stats(now), h.snapshots(), h.worstLag(), h.fanoutStats()
	h.mu.Unlock()

	counter := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, x float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, x, labels...)
	}
	counter(descFrames, s.Accepted, "accepted")
	counter(descFrames, s.Rejected, "rejected")
	counter(descFrames, s.Superseded, "superseded")
	counter(descFields, s.Stripped, "stripped")
	counter(descFields, s.FieldErrors, "invalid")
	counter(descFields, s.NonFinite, "non_finite")
	counter(descBroadcasts, s.Broadcasts)
	counter(descConflated, s.Conflated)
	counter(descSent, fan.Frames)
	counter(descWrites, fan.Writes)
	counter(descWritten, fan.Bytes)
	counter(descFellBehind, fan.Conflations)
	counter(descStalled, fan.Stalled)
	counter(descRefused, h.unauthorized.Load(), "401")
	counter(descRefused, h.forbidden.Load(), "403")
	gauge(descLag, float64(lag))
	gauge(descPublishers, float64(s.Publishers))
	gauge(descSubscribers, float64(s.Subscribers))
	gauge(descAssets, float64(s.Assets))
	for i := range snapshots {
		gauge(descAge, age(&snapshots[i], now), snapshots[i].SpaceName)
	}
}
