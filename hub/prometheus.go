package hub

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/karlquant/quasar/internal/fanout"
)

// newPrometheus serves the hub's counters as Prometheus text. They live in a
// registry of the hub's own, so that two hubs in one process do not mix.
func (h *Hub) newPrometheus() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsScheduler)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&collector{hub: h})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector reads the hub's books when somebody asks. Whatever strangers do, the
// number of its series is bounded: labels have few values each, save for the
// names of spaces, and of those only the first maxSpaceLabels are told.
type collector struct {
	hub    *Hub
	spaces spaceLabels
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("quasar_hub_"+name, help, labels, nil)
}

var (
	descInfo        = describe("info", "Always 1; which hub this is.", "version", "hub_id")
	descReady       = describe("ready", "1 if the hub may be sent people, as /readyz has it.")
	descDegraded    = describe("degraded", "1 if something needs a person, as /health has it: the state cannot be saved, for one.")
	descHubs        = describe("cluster_hubs", "Hubs of the cluster, this one among them, by whether they are alive or were lost in the last ten minutes.", "state")
	descWaiting     = describe("cluster_waiting_spaces", "Spaces with news that the other hubs of the cluster have not been sent yet; of each the newest waits.")
	descCluster     = describe("cluster_total", "What the engine that joins hubs did, by what it was.", "what")
	descExpiry      = describe("certificate_expiry_timestamp_seconds", "When the certificate that the hub is served with expires, as a Unix time.")
	descShown       = describe("cluster_certificate_expiry_timestamp_seconds", "When the certificate that the hub shows other hubs, or the NATS servers beside them, expires, as a Unix time.")
	descAnonymous   = describe("anonymous", "1 if the hub was opened to a network without credentials.")
	descFrames      = describe("frames_total", "Frames of publishers, by what became of them, and why they were rejected.", "result", "reason")
	descFields      = describe("fields_total", "Fields of publishers that were not stored as sent, by why.", "reason")
	descThrottled   = describe("throttled_total", "Updates that were stored and not handed on by themselves: they came faster than a publisher's are handed on, and a newer one followed.")
	descImplausible = describe("implausible_total", "Values of publishers that were in range, were stored, and are not believed, by field.", "field")
	descSuspects    = describe("suspect_spaces", "Spaces with an implausible value in the last ten minutes.")
	descBroadcasts  = describe("broadcasts_total", "Updates handed to subscribers.")
	descConflated   = describe("conflated_total", "Frames that slow subscribers were spared, for a newer one of the space followed.")
	descSent        = describe("sent_frames_total", "Copies of updates written to subscribers. Over writes_total: how many leave in one write.")
	descWrites      = describe("writes_total", "Writes to subscribers' connections.")
	descWritten     = describe("written_bytes_total", "Bytes that subscribers' connections took.")
	descLatency     = describe("fanout_latency_seconds", "Time from the acceptance of an update until a subscriber's connection took it; of one update every 250 ms, to every subscriber.")
	descFellBehind  = describe("conflations_total", "Times that a subscriber fell so far behind that it was conflated.")
	descStalled     = describe("stalled_total", "Subscribers closed because they took nothing.")
	descLag         = describe("subscriber_lag_frames", "Updates that the subscriber that is most behind lacks.")

	descPublishers  = describe("publishers", "Spaces that have a live publisher here.")
	descSubscribers = describe("subscribers", "Live subscribers.")
	descOpened      = describe("connections_total", "WebSockets that were opened, by who opened them.", "role")
	descClosed      = describe("closes_total", "WebSockets that were closed, by whose they were and why.", "role", "reason")
	descErrors      = describe("request_errors_total", "Requests that were answered with an error, by what they asked for and the HTTP status.", "endpoint", "status")
	descLeftOut     = describe("log_lines_left_out_total", "Lines that the log was spared, for there were too many of their kind.")
	descFailed      = describe("failed_credentials_total", "Requests without a valid token where one is needed, and wrong ones at /health and /login.")
	descTurnedAway  = describe("turned_away_total", "Connections and WebSockets that there was no room for, by what was full.", "reason")
)

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	h, now := c.hub, time.Now()
	h.mu.Lock()
	s, seen, lag, fan := h.stats(now), h.sightings(now), h.worstLag(), h.fanoutStats()
	signsOfLife, implausible, rejected := h.totals.signsOfLife, h.totals.implausible, make(map[string]int64)
	for _, reason := range rejectReasons() {
		rejected[reason] = h.totals.rejectedFor[reason]
	}
	h.mu.Unlock()

	m := metrics{out}
	m.gauge(descInfo, 1, h.opts.Version, h.id)
	m.gauge(descReady, truth(h.ready() == nil))
	m.gauge(descDegraded, truth(healthOf(h.engine.Status()) != "ok"))
	if h.opts.CertificateExpires != nil {
		m.gauge(descExpiry, float64(h.opts.CertificateExpires().Unix()))
	}
	m.cluster(h.engine.Status())
	if h.opts.ClusterCertificateExpires != nil {
		m.gauge(descShown, float64(h.opts.ClusterCertificateExpires().Unix()))
	}
	m.gauge(descAnonymous, truth(h.opts.InsecureAllowAnonymous))
	m.counter(descFrames, s.Accepted, "accepted", "")
	m.counter(descFrames, s.Superseded, "superseded", "")
	m.counter(descFrames, signsOfLife, "sign_of_life", "")
	for reason, n := range rejected {
		m.counter(descFrames, n, "rejected", reason)
	}
	m.counter(descFields, s.Stripped, "stripped")
	m.counter(descFields, s.FieldErrors, "invalid")
	m.counter(descFields, s.NonFinite, "non_finite")
	m.counter(descThrottled, s.Throttled)
	for f := range watchedFields.All() {
		m.counter(descImplausible, implausible[f], f.String())
	}
	m.gauge(descSuspects, float64(s.Suspects))
	m.fanout(&fan)
	m.latency(h.latency.Stats())
	m.gauge(descLag, float64(lag))
	m.gauge(descPublishers, float64(s.Publishers))
	m.gauge(descSubscribers, float64(s.Subscribers))
	m.visitors(h.visitors)
	m.counter(descFailed, h.failed.Load())
	for why, n := range h.turnedAway() {
		m.counter(descTurnedAway, n, why)
	}
	m.counter(descLeftOut, h.lines.LeftOut())
	c.collectSpaces(m, seen, now)
}

// cluster tells of the other hubs, where there can be any.
func (m metrics) cluster(s EngineStatus) {
	m.gauge(descHubs, float64(len(s.Members)), "alive")
	lost := 0
	for _, other := range s.Hubs {
		if !other.Alive {
			lost++
		}
	}
	m.gauge(descHubs, float64(lost), "lost")
	if s.Hubs != nil {
		m.gauge(descWaiting, float64(s.Waiting))
	}
	for what, n := range s.Counts {
		m.counter(descCluster, n, what)
	}
}

// metrics makes metrics of numbers.
type metrics struct{ out chan<- prometheus.Metric }

func (m metrics) counter(d *prometheus.Desc, n int64, labels ...string) {
	m.out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func (m metrics) gauge(d *prometheus.Desc, x float64, labels ...string) {
	m.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, x, labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (m metrics) fanout(fan *fanout.Stats) {
	m.counter(descBroadcasts, fan.Published)
	m.counter(descConflated, fan.Skipped)
	m.counter(descSent, fan.Frames)
	m.counter(descWrites, fan.Writes)
	m.counter(descWritten, fan.Bytes)
	m.counter(descFellBehind, fan.Conflations)
	m.counter(descStalled, fan.Stalled)
}

func (m metrics) latency(l fanout.LatencyStats) {
	m.out <- prometheus.MustNewConstHistogram(descLatency, l.Count, l.Sum.Seconds(), l.Within)
}

// visitors tells who came and went. What usually happens is there from the start,
// so that its rate has something to begin from.
func (m metrics) visitors(v *visitors) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, as := range []Role{RolePublisher, RoleSubscriber} {
		m.counter(descOpened, v.opened[as], string(as))
		for _, because := range causes {
			m.counter(descClosed, v.closed[closing{as, because}], string(as), string(because))
		}
	}
	for r, n := range v.refused {
		m.counter(descErrors, n, r.endpoint, strconv.Itoa(r.status))
	}
}
