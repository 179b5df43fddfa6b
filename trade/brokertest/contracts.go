package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// lives buys a contract and checks all that is told of its birth.
func (w *world) lives(terms trade.Terms) (trade.Quote, trade.Receipt, trade.Money) {
	w.t.Helper()
	before := w.all().Balance
	q, r := w.buy(terms)
	if r.Contract == 0 || r.Transaction == 0 || r.Price != q.Ask || r.Payout != q.Payout || r.Balance != before-r.Price || r.Shortcode == "" {
		w.t.Errorf("got %+v for %+v, want a contract at its price, and a balance of %s less it", r, q, before)
	}
	if late := r.Purchased.Sub(w.Broker.Now()).Abs(); late > 5*time.Second {
		w.t.Errorf("got a purchase %v from now", late)
	}
	record := w.all()
	c := find(record.Open, r.Contract)
	if c == nil {
		w.t.Fatalf("got %+v on record, want contract %d", record, r.Contract)
	}
	want := trade.Contract{
		ID: r.Contract, AppID: w.Broker.Account().AppID, Symbol: terms.Symbol, Kind: terms.Kind, Transaction: r.Transaction, Price: r.Price,
		Payout: r.Payout, Purchased: r.Purchased, Shortcode: r.Shortcode,
	}
	got := *c
	got.Expiry, got.Bid, got.Sellable = time.Time{}, nil, false
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("on record (-want +got):\n%s", diff)
	}
	if m := movement(record, r.Contract, "buy"); m == nil || m.Transaction != r.Transaction || m.Amount != -r.Price || m.AppID != w.Broker.Account().AppID {
		w.t.Errorf("got %+v on record, want the buy of %+v", m, r)
	}
	return q, r, before
}

// ends waits for the end of a contract, and checks that it is told, asked for and
// recorded alike.
func (w *world) ends(r *trade.Receipt, most time.Duration) trade.Settlement {
	w.t.Helper()
	told := *w.settled(r.Contract, most).Settlement
	moved := w.sold(r.Contract)
	asked, err := w.Broker.Contract(w.t.Context(), r.Contract)
	if err != nil || asked.Settlement == nil {
		w.t.Fatalf("asked: got %+v, %v, want its end", asked, err)
	}
	record := w.all()
	c := find(record.Closed, r.Contract)
	if c == nil || c.Settlement == nil || find(record.Open, r.Contract) != nil {
		w.t.Fatalf("got %+v on record, want the end of contract %d", record, r.Contract)
	}
	row := movement(record, r.Contract, "sell")
	if row == nil || row.Transaction != moved.Transaction || row.Amount != moved.Amount {
		w.t.Fatalf("got %+v on record, want %+v as it was told", row, moved)
	}
	for path, s := range map[string]*trade.Settlement{"told": &told, "asked": asked.Settlement, "recorded": c.Settlement} {
		if s.Result != told.Result || s.Brought != row.Amount || s.Transaction != row.Transaction || s.At.Sub(row.At).Abs() > 2*time.Second {
			w.t.Errorf("%s: got %+v, want %s and the movement %+v", path, s, told.Result, row)
		}
	}
	if c.Transaction != r.Transaction || c.Price != r.Price || c.Shortcode != r.Shortcode || c.AppID != w.Broker.Account().AppID {
		w.t.Errorf("got %+v on record, want what was bought: %+v", c, r)
	}
	return told
}

// pays checks what a Rise or Fall brought against the prices that decided.
func (w *world) pays(kind trade.Kind, r *trade.Receipt, s *trade.Settlement) {
	w.t.Helper()
	if s.Entry == nil || s.Exit == nil {
		w.t.Fatalf("got %+v, want the prices that decided", s)
	}
	want := trade.Settlement{Result: trade.Lost}
	if move := (*s.Exit - *s.Entry) * float64(kind.Side()); move > 0 {
		want = trade.Settlement{Result: trade.Won, Brought: r.Payout}
	}
	if s.Result != want.Result || s.Brought != want.Brought {
		w.t.Errorf("got %s and %s for a %s from %v to %v, want %s and %s: a tie loses", s.Result, s.Brought, kind, *s.Entry, *s.Exit, want.Result, want.Brought)
	}
}

func riseLives(t *testing.T, b *Bench) {
	w := start(t, b)
	_, r, before := w.lives(w.rise(5))
	if r.Expiry.Before(r.Purchased.Add(5 * time.Second)) {
		t.Errorf("got an expiry at %v, want it five ticks or more after %v", r.Expiry, r.Purchased)
	}
	s := w.ends(&r, 2*time.Minute)
	w.pays(trade.Rise, &r, &s)
	if s.At.After(r.Expiry) {
		t.Errorf("got the end at %v, want it by the expiry %v", s.At, r.Expiry)
	}
	end := w.all()
	w.addsUp(end, before)
	if end.Balance != before-r.Price+s.Brought {
		t.Errorf("got a balance of %s, want %s", end.Balance, before-r.Price+s.Brought)
	}
}

func fallExpires(t *testing.T, b *Bench) {
	w := start(t, b)
	terms := w.rise(0)
	terms.Kind, terms.Duration = trade.Fall, 15*time.Second
	_, r, _ := w.lives(terms)
	if !r.Expiry.Equal(r.Purchased.Add(15 * time.Second)) {
		t.Errorf("got an expiry at %v, want it 15 s after %v", r.Expiry, r.Purchased)
	}
	s := w.ends(&r, 2*time.Minute)
	w.pays(trade.Fall, &r, &s)
	if s.At.Sub(r.Expiry).Abs() > 2*time.Second {
		t.Errorf("got the end at %v, want it at %v", s.At, r.Expiry)
	}
}

func (w *world) multiplier() trade.Terms {
	w.t.Helper()
	in := w.instrument(w.Multiplies)
	return trade.Terms{Symbol: in.Symbol, Kind: trade.MultiUp, Stake: trade.Cents(1000), Multiplier: in.Multipliers[0], StopLoss: trade.Cents(900), TakeProfit: trade.Cents(5000)}
}

func multiplierIsSold(t *testing.T, b *Bench) {
	w := start(t, b)
	q, r, before := w.lives(w.multiplier())
	if q.Payout != 0 || q.Commission <= 0 {
		t.Errorf("got %+v, want no payout and a commission", q)
	}
	var bid trade.Money
	w.until(time.Minute, "sellable", func() bool {
		c, err := b.Broker.Contract(t.Context(), r.Contract)
		if err == nil && c.Bid != nil {
			bid = *c.Bid
		}
		return err == nil && c.Sellable && c.Bid != nil && c.Settlement == nil
	})
	if bid <= 0 || bid >= r.Price+trade.Cents(5000) {
		t.Errorf("got a bid of %s, want one between the limits", bid)
	}
	if err := b.Broker.Sell(t.Context(), r.Contract); err != nil {
		t.Fatal(err)
	}
	s := w.ends(&r, time.Minute)
	if s.Result != trade.Sold || s.Brought <= 0 {
		t.Errorf("got %+v, want it sold for something", s)
	}
	w.addsUp(w.all(), before)
	if err := b.Broker.Sell(t.Context(), r.Contract); err == nil {
		t.Error("got nil for a second sell, want an error")
	}
}

func multiplierStops(t *testing.T, b *Bench) {
	w := start(t, b)
	in := w.instrument(b.Multiplies)
	terms := w.multiplier()
	terms.Multiplier = in.Multipliers[len(in.Multipliers)-1]
	q := w.quote(terms)
	terms.StopLoss, terms.TakeProfit = q.Commission+trade.Cents(1), trade.Cents(1)
	_, r, before := w.lives(terms)
	s := w.ends(&r, 30*time.Minute)
	profit := s.Brought - r.Price
	if s.Result == trade.Lost && -profit < terms.StopLoss || s.Result == trade.Won && profit < terms.TakeProfit || s.Result != trade.Lost && s.Result != trade.Won {
		t.Errorf("got %+v, a profit of %s, want it at one of the limits of %+v or beyond", s, profit, terms)
	}
	w.addsUp(w.all(), before)
}

func refusedLeavesNothing(t *testing.T, b *Bench) {
	if b.Refuse == nil {
		return
	}
	w := start(t, b)
	terms := w.rise(5)
	before := w.all()
	q := w.quote(terms)
	b.Refuse()
	r, err := b.Broker.Buy(t.Context(), &q)
	var no *trade.Rejection
	if !errors.As(err, &no) || !errors.Is(err, trade.ErrRejected) || no.Code == "" || err.Error() == "" {
		t.Fatalf("got %+v, %v, want a Rejection with a code", r, err)
	}
	w.Pass(time.Minute)
	after := w.all()
	if after.Balance != before.Balance || len(after.Movements)+len(after.Open)+len(after.Closed) != 0 {
		t.Errorf("got %+v, want as it was: %+v", after, before)
	}
	w.lives(terms) // and the next is none the worse for it
}

func quotesAreGoodOnce(t *testing.T, b *Bench) {
	w := start(t, b)
	q, first := w.buy(w.rise(5))
	second, err := b.Broker.Buy(t.Context(), &q)
	if !errors.Is(err, trade.ErrRejected) {
		t.Errorf("got %+v after %+v, %v, want ErrRejected", second, first, err)
	}
	if open := w.all().Open; len(open) != 1 {
		t.Errorf("got %+v, want one contract", open)
	}
}

func strangeQuotesBuyNothing(t *testing.T, b *Bench) {
	w := start(t, b)
	for what, spoil := range map[string]func(q *trade.Quote){
		"another id":         func(q *trade.Quote) { q.ID = "00000000-0000-0000-0000-000000000000" },
		"another connection": func(q *trade.Quote) { q.Generation++ },
	} {
		q := w.quote(w.rise(5))
		spoil(&q)
		if r, err := b.Broker.Buy(t.Context(), &q); !errors.Is(err, trade.ErrRejected) {
			t.Errorf("%s: got %+v, %v, want ErrRejected", what, r, err)
		}
	}
	if all := w.all(); len(all.Movements) != 0 {
		t.Errorf("got %+v, want nothing on record", all)
	}
}

func manyAddUp(t *testing.T, b *Bench) {
	w := start(t, b)
	before := w.all().Balance
	brought, paid := trade.Money(0), trade.Money(0)
	for i := range 12 {
		terms := w.rise(1 + i%4)
		if i%2 == 1 {
			terms.Kind = trade.Fall
		}
		_, r := w.buy(terms)
		s := w.ends(&r, 2*time.Minute)
		w.pays(terms.Kind, &r, &s)
		brought, paid = brought+s.Brought, paid+r.Price
	}
	r := w.all()
	w.addsUp(r, before)
	if len(r.Closed) != 12 || len(r.Movements) != 24 || r.Balance != before-paid+brought {
		t.Errorf("got %d contracts, %d movements and %s, want 12, 24 and %s", len(r.Closed), len(r.Movements), r.Balance, before-paid+brought)
	}
}
