package ranker

import (
	"math"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// newPrometheus serves the ranker's counters as Prometheus text, from a registry of
// its own.
func (r *Ranker) newPrometheus() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&collector{r})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector reads the ranker's books when somebody asks. No label has a value that a
// stranger chooses.
type collector struct{ ranker *Ranker }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("quasar_ranker_"+name, help, labels, nil)
}

var (
	descInfo      = describe("info", "Always 1; which ranker this is.", "version", "policy", "reward", "feedback")
	descConnected = describe("connected", "1 while there is a connection to the hub.")
	descUpdates   = describe("updates_total", "Snapshots taken from the hub.")
	descAssets    = describe("assets", "Assets that are known.")
	descDecisions = describe("decisions_total", "Decisions made.")
	descOutcomes  = describe("outcomes_total", "Outcomes of decisions, by what became of them.", "result")
	descPending   = describe("outcomes_pending", "Outcomes that are still to come.")
	descOpen      = describe("gate_open", "1 while there is evidence of an edge.")
	descTrials    = describe("gate_outcomes_total", "Outcomes that the gate goes by.")
	descMean      = describe("gate_mean", "Mean of the outcomes that the gate goes by, net of the cost, in standard deviations of the price.")
	descLow       = describe("gate_low", "Lower end of the gate's interval.")
	descHigh      = describe("gate_high", "Upper end of the gate's interval.")
	descGain      = describe("neural_gain", "Share of the neural block in what is expected, 0 to 1: what it gained so far over the linear part alone.")
	descUnsaved   = describe("model_unsaved", "1 while what was learned cannot be saved.")
	descMissed    = describe("unrecorded_total", "Decisions and outcomes that could not be recorded.")
)

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	r := c.ranker
	connected := r.client.Status().Connected
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.learner
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
		}
	}
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge(descInfo, 1, r.opts.Version, r.opts.Policy, r.opts.Reward, r.opts.Feedback)
	gauge(descConnected, truth(connected))
	count(descUpdates, r.updates)
	gauge(descAssets, float64(r.index.Len()))
	count(descDecisions, l.counts.decisions)
	count(descOutcomes, l.counts.learned, "learned")
	count(descOutcomes, l.counts.dropped, "dropped")
	gauge(descPending, float64(l.features.Outcomes().Pending))
	low, high := l.gate.Bounds()
	gauge(descOpen, truth(l.gate.Open()))
	count(descTrials, l.gate.N())
	gauge(descMean, l.gate.Mean())
	gauge(descLow, low)
	gauge(descHigh, high)
	if l.model != nil {
		gauge(descGain, l.model.Gain())
	}
	gauge(descUnsaved, truth(r.keeper.problem != ""))
	count(descMissed, l.counts.unrecorded)
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
