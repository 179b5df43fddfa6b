package ranker

import (
	"net/http"
	"sync"
	"time"

	"github.com/karlquant/quasar/internal/rest"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

// performance keeps the newest report: one takes long enough that it is not made anew
// for each who asks.
type performance struct {
	mu     sync.Mutex // guards what follows; held while a report is made
	seq    int64      // of the journal when it was made
	made   time.Time
	report *report.Report
}

// How old a report may be while the journal goes on: reportEvery, and reportEach more for
// each order, which is ten times what one takes. So whoever asks again and again keeps
// no core busy.
const (
	reportEvery = 5 * time.Second
	reportEach  = 500 * time.Microsecond
)

// servePerformance answers with what the record of trades proves, and what not.
func (r *Ranker) servePerformance(w http.ResponseWriter, req *http.Request) {
	if _, ok := rest.ReadQuery(w, req, r.opts.Order); !ok || r.tradesNothing(w) {
		return
	}
	rest.Write(w, report.Performance{Accounts: []*report.Report{r.performance.of(r.opts.Trader, time.Now())}})
}

// of returns a report that is new enough.
func (p *performance) of(t *trade.Trader, now time.Time) *report.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	seq, age := int64(0), reportEvery
	t.View(func(l *trade.Ledger) { seq, age = l.Seq, age+time.Duration(len(l.Orders()))*reportEach })
	if p.report != nil && (seq == p.seq || now.Sub(p.made) < age) {
		return p.report
	}
	orders, seq, opts := copied(t)
	p.report, p.seq, p.made = report.Make(orders, opts), seq, now
	return p.report
}

// copied takes what a report needs, so that the trader need not wait for it.
func copied(t *trade.Trader) (orders []*trade.Order, seq int64, opts *report.Options) {
	t.View(func(l *trade.Ledger) {
		orders = make([]*trade.Order, len(l.Orders()))
		for i, o := range l.Orders() {
			orders[i] = new(*o)
		}
		seq, opts = l.Seq, &report.Options{Account: l.Account, Start: l.Opening + l.Adjusted, Seed: 1}
	})
	return orders, seq, opts
}
