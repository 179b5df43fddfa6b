package paper_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
)

// booth is a market whose every price is said by the test. It has one index, R_75.
type booth struct {
	now  time.Time
	tick trade.Tick
	down bool
	n    int
}

func (b *booth) Now() time.Time                 { return b.now }
func (b *booth) Health() trade.Health           { return trade.Health{Connected: !b.down} }
func (b *booth) Tick(string) (trade.Tick, bool) { return b.tick, true }

func (b *booth) Instrument(context.Context, string) (trade.Instrument, error) {
	return trade.Instrument{Symbol: "R_75"}, nil
}

func (b *booth) Quote(_ context.Context, t trade.Terms) (trade.Quote, error) {
	b.n++
	q := trade.Quote{Terms: t, ID: string(rune('a' + b.n)), Generation: 1, Ask: t.Stake, Spot: b.tick.Price, At: b.now}
	if t.Kind.Multiplies() {
		q.Commission = trade.Cents(10)
	} else {
		q.Payout = trade.Money(float64(t.Stake) * 1.954)
	}
	return q, nil
}

// stall is a booth and an account of it, at noon and a price of 1000.
type stall struct {
	t      *testing.T
	market *booth
	broker *paper.Broker
}

func newStall(t *testing.T, opts paper.Options) *stall {
	t.Helper()
	m := &booth{now: noon, tick: trade.Tick{Price: 1000, At: noon}}
	if opts.Rejected == 0 {
		opts.Rejected = -1
	}
	b, err := paper.New(m, &opts)
	if err != nil {
		t.Fatal(err)
	}
	b.Hear("R_75", m.tick, true)
	return &stall{t, m, b}
}

// at plays a tick so many seconds after noon.
func (s *stall) at(seconds, price float64) { s.hear(seconds, price, true) }

func (s *stall) hear(seconds, price float64, whole bool) {
	s.market.now = noon.Add(time.Duration(seconds * float64(time.Second)))
	s.market.tick = trade.Tick{Price: price, At: s.market.now}
	s.broker.Hear("R_75", s.market.tick, whole)
}

func (s *stall) quote(t trade.Terms) *trade.Quote {
	s.t.Helper()
	t.Symbol = "R_75"
	q, err := s.broker.Quote(s.t.Context(), t)
	if err != nil {
		s.t.Fatal(err)
	}
	return &q
}

func (s *stall) buy(t trade.Terms) trade.Receipt {
	s.t.Helper()
	r, err := s.broker.Buy(s.t.Context(), s.quote(t))
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// end is how a contract ended, nil if it has not.
func (s *stall) end(id int64) *trade.Settlement {
	s.t.Helper()
	c, err := s.broker.Contract(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Settlement
}

type point struct {
	seconds, price float64
	gap            bool
}

func TestHowContractsEnd(t *testing.T) {
	ten := 10 * trade.Unit
	rise := trade.Terms{Kind: trade.Rise, Stake: ten, Ticks: 2}
	fall := trade.Terms{Kind: trade.Fall, Stake: ten, Ticks: 2}
	minute := trade.Terms{Kind: trade.Rise, Stake: ten, Duration: 15 * time.Second}
	up := trade.Terms{Kind: trade.MultiUp, Stake: ten, Multiplier: 100, StopLoss: trade.Cents(500), TakeProfit: trade.Cents(300)}
	down := up
	down.Kind = trade.MultiDown
	bare := trade.Terms{Kind: trade.MultiUp, Stake: ten, Multiplier: 100}
	type ends struct {
		Result      trade.Result
		Brought     trade.Money
		At          float64 // seconds after noon
		Entry, Exit float64 // 0 for nil
	}
	for _, test := range []struct {
		name  string
		terms trade.Terms
		ticks []point
		want  *ends // nil for open
	}{
		{"a Rise begins with the first tick after its arrival", rise, []point{{0.5, 900, false}, {1, 800, false}, {2, 1000, false}, {4, 999, false}, {6, 1001, false}},
			&ends{trade.Won, trade.Cents(1954), 6, 1000, 1001}},
		{"and not before its ticks are over", rise, []point{{2, 1000, false}, {4, 1001, false}}, nil},
		{"a Rise that falls is lost", rise, []point{{2, 1000, false}, {4, 1001, false}, {6, 999, false}}, &ends{trade.Lost, 0, 6, 1000, 999}},
		{"a Rise that stays where it was is lost", rise, []point{{2, 1000, false}, {4, 1001, false}, {6, 1000, false}}, &ends{trade.Lost, 0, 6, 1000, 1000}},
		{"a Fall that falls is won", fall, []point{{2, 1000, false}, {4, 1001, false}, {6, 999, false}}, &ends{trade.Won, trade.Cents(1954), 6, 1000, 999}},
		{"a Fall that stays where it was is lost", fall, []point{{2, 1000, false}, {4, 1001, false}, {6, 1000, false}}, &ends{trade.Lost, 0, 6, 1000, 1000}},
		{"ticks of before say nothing", rise, []point{{2, 1000, false}, {4, 1001, false}, {3, 5, false}, {6, 1002, false}}, &ends{trade.Won, trade.Cents(1954), 6, 1000, 1002}},
		{"a price that is none says nothing", rise, []point{{2, 1000, false}, {3, math.NaN(), false}, {3, 0, false}, {3, -1, false}, {3, math.Inf(1), false}, {4, 1001, false}, {6, 1002, false}},
			&ends{trade.Won, trade.Cents(1954), 6, 1000, 1002}},
		{"after a gap nobody knows", rise, []point{{2, 1000, false}, {6, 1001, true}, {8, 1002, false}}, &ends{trade.Cancelled, ten, 6, 0, 0}},
		{"and not before it began either", rise, []point{{2, 1000, true}}, &ends{trade.Cancelled, ten, 2, 0, 0}},
		{"nor after a minute of silence", rise, []point{{2, 1000, false}, {63, 1001, false}}, &ends{trade.Cancelled, ten, 63, 0, 0}},
		{"fifteen seconds end with the last tick in them", minute, []point{{2, 1000, false}, {10, 999, false}, {16, 1001, false}, {18, 5, false}},
			&ends{trade.Won, trade.Cents(1954), 16, 1000, 1001}},
		{"and are not over before a tick says so", minute, []point{{2, 1000, false}, {16, 1001, false}}, nil},
		{"fifteen seconds without a tick are given back", minute, []point{{17, 1000, false}}, &ends{trade.Cancelled, ten, 17, 0, 0}},
		{"a multiplier takes its profit, less the commission", up, []point{{2, 1000, false}, {4, 1003, false}, {6, 1003.1, false}}, &ends{trade.Won, trade.Cents(1300), 6, 1000, 1003.1}},
		{"a price that leaps goes through the stop loss", up, []point{{2, 1000, false}, {4, 994, false}}, &ends{trade.Lost, trade.Cents(390), 4, 1000, 994}},
		{"and never below nothing", up, []point{{2, 1000, false}, {4, 800, false}}, &ends{trade.Lost, 0, 4, 1000, 800}},
		{"a stop loss counts the commission", up, []point{{2, 1000, false}, {4, 995.1, false}}, &ends{trade.Lost, trade.Cents(500), 4, 1000, 995.1}},
		{"a multiplier that goes down earns on a fall", down, []point{{2, 1000, false}, {4, 996.9, false}}, &ends{trade.Won, trade.Cents(1300), 4, 1000, 996.9}},
		{"without limits it ends with its stake", bare, []point{{2, 1000, false}, {4, 1500, false}, {6, 990.2, false}, {8, 990.1, false}}, &ends{trade.Lost, 0, 8, 1000, 990.1}},
		{"what multiplies and missed its entry is given back", bare, []point{{2, 1000, true}}, &ends{trade.Cancelled, ten, 2, 0, 0}},
		{"a gap does not end what multiplies", bare, []point{{2, 1000, false}, {4, 1001, true}, {90, 1002, false}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStall(t, paper.Options{})
			r := s.buy(test.terms)
			for _, p := range test.ticks {
				s.hear(p.seconds, p.price, !p.gap)
			}
			var got *ends
			if e := s.end(r.Contract); e != nil {
				got = &ends{Result: e.Result, Brought: e.Brought, At: e.At.Sub(noon).Seconds()}
				if e.Entry != nil {
					got.Entry, got.Exit = *e.Entry, *e.Exit
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			record, err := s.broker.Record(t.Context(), noon)
			if want := paid(r, got == nil, s.end(r.Contract)); err != nil || record.Balance != want {
				t.Errorf("got a balance of %s, %v, want %s", record.Balance, err, want)
			}
		})
	}
}

// paid is what is left of ten thousand after one contract.
func paid(r trade.Receipt, open bool, s *trade.Settlement) trade.Money {
	left := 10_000*trade.Unit - r.Price
	if !open {
		left += s.Brought
	}
	return left
}

func TestASellArrivesLater(t *testing.T) {
	s := newStall(t, paper.Options{})
	r := s.buy(trade.Terms{Kind: trade.MultiUp, Stake: 10 * trade.Unit, Multiplier: 100})
	if err := s.broker.Sell(t.Context(), r.Contract); !errors.Is(err, trade.ErrRejected) {
		t.Errorf("before its first tick: got %v, want ErrRejected", err)
	}
	s.at(2, 1000)
	s.at(4, 1002)
	c, err := s.broker.Contract(t.Context(), r.Contract)
	if err != nil || !c.Sellable || c.Bid == nil || *c.Bid != trade.Cents(1190) {
		t.Fatalf("got %+v, %v, want a bid of 11.90", c, err)
	}
	if err := s.broker.Sell(t.Context(), r.Contract); err != nil {
		t.Fatal(err)
	}
	s.at(5, 1009)
	if e := s.end(r.Contract); e != nil {
		t.Errorf("got %+v, want it to take a second to arrive", e)
	}
	s.at(6, 1001)
	if e := s.end(r.Contract); e == nil || e.Result != trade.Sold || e.Brought != trade.Cents(1090) {
		t.Errorf("got %+v, want 10.90 as with the first tick after that", e)
	}
	rise := s.buy(trade.Terms{Kind: trade.Rise, Stake: trade.Unit, Ticks: 5})
	s.at(8, 1001)
	if err := s.broker.Sell(t.Context(), rise.Contract); !errors.Is(err, trade.ErrRejected) {
		t.Errorf("a Rise: got %v, want ErrRejected: nobody says what it is worth", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	rise := trade.Terms{Kind: trade.Rise, Stake: 10 * trade.Unit, Ticks: 5}
	for _, test := range []struct {
		name  string
		opts  paper.Options
		spoil func(s *stall, q *trade.Quote)
		code  string // "" for bought
	}{
		{name: "what is as it was quoted is bought"},
		{name: "a quote of fifteen seconds is bought", spoil: func(s *stall, q *trade.Quote) { s.at(15, 1000) }},
		{name: "an older one is not", spoil: func(s *stall, q *trade.Quote) { s.at(15.1, 1000) }, code: "StaleQuote"},
		{name: "a price that moved a little is bought", spoil: func(s *stall, q *trade.Quote) { s.at(1, 1000.5) }},
		{name: "one that moved more is not", spoil: func(s *stall, q *trade.Quote) { s.at(1, 1000.6) }, code: "PriceMoved"},
		{name: "nor one that fell", spoil: func(s *stall, q *trade.Quote) { s.at(1, 999.4) }, code: "PriceMoved"},
		{name: "unless prices may move", opts: paper.Options{MaxMove: -1}, spoil: func(s *stall, q *trade.Quote) { s.at(1, 2000) }},
		{name: "a price that nobody knows is not", spoil: func(s *stall, q *trade.Quote) { s.market.tick = trade.Tick{} }, code: "PriceMoved"},
		{name: "more than there is", opts: paper.Options{Opening: trade.Cents(999)}, code: "InsufficientBalance"},
		{name: "the last of it", opts: paper.Options{Opening: trade.Cents(1000)}},
		{name: "while nothing is heard", spoil: func(s *stall, q *trade.Quote) { s.market.down = true }, code: "NotSent"},
		{name: "a quote that was made better", spoil: func(s *stall, q *trade.Quote) { q.Payout *= 2 }, code: "StaleQuote"},
		{name: "a quote for less", spoil: func(s *stall, q *trade.Quote) { q.Ask /= 2 }, code: "StaleQuote"},
		{name: "other terms than were quoted", spoil: func(s *stall, q *trade.Quote) { q.Ticks = 9 }, code: "StaleQuote"},
		{name: "bad luck", opts: paper.Options{Rejected: 1}, code: "TradeTemporarilyUnavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStall(t, test.opts)
			q := s.quote(rise)
			if test.spoil != nil {
				test.spoil(s, q)
			}
			r, err := s.broker.Buy(t.Context(), q)
			var no *trade.Rejection
			switch {
			case test.code == "" && err != nil:
				t.Errorf("got %v, want it bought", err)
			case test.code != "" && (!errors.As(err, &no) || no.Code != test.code):
				t.Errorf("got %+v, %v, want it refused: %s", r, err, test.code)
			}
			record, err := s.broker.Record(t.Context(), noon)
			if bought := len(record.Open) == 1 && len(record.Movements) == 1; err != nil || bought != (test.code == "") {
				t.Errorf("got %+v, %v on record", record, err)
			}
		})
	}
}

// What multiplies has a price from its entry on, which each tick tells; a Rise has none.
func TestEachTickTellsWhatAMultiplierWouldBring(t *testing.T) {
	s := newStall(t, paper.Options{})
	s.buy(trade.Terms{Kind: trade.Rise, Stake: trade.Unit, Ticks: 9})
	up := s.buy(trade.Terms{Kind: trade.MultiUp, Stake: 10 * trade.Unit, Multiplier: 100})
	var told []trade.Money
	for i, price := range []float64{1000, 1001, 999} {
		s.broker.Events()
		s.at(float64(2*i+2), price)
		for _, e := range s.broker.Events() {
			if c := e.Contract; c != nil && c.Bid != nil && c.ID == up.Contract {
				told = append(told, *c.Bid)
			} else if c != nil && c.Bid != nil {
				t.Errorf("a Rise: got a price of %v, want none", *c.Bid)
			}
		}
	}
	if want := []trade.Money{trade.Cents(990), trade.Cents(1090), trade.Cents(890)}; !cmp.Equal(told, want) {
		t.Errorf("got %v, want %v", told, want)
	}
}

// Of many buys as many are refused as was said, and the same ones each time.
func TestWhichBuysAreRefused(t *testing.T) {
	const buys, share = 2000, 0.1
	refused := func(seed uint64) (which []int) {
		s := newStall(t, paper.Options{Rejected: share, Seed: seed, Opening: 1_000_000 * trade.Unit})
		for i := range buys {
			s.at(float64(i+1), 1000)
			if _, err := s.broker.Buy(t.Context(), s.quote(trade.Terms{Kind: trade.Rise, Stake: trade.Unit, Ticks: 5})); err != nil {
				which = append(which, i)
			}
		}
		return which
	}
	first, again, other := refused(1), refused(1), refused(2)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("another time others are refused:\n%s", diff)
	}
	if cmp.Equal(first, other) {
		t.Error("another seed refuses the same, want others")
	}
	if z := (float64(len(first)) - buys*share) / math.Sqrt(buys*share*(1-share)); math.Abs(z) > 4 {
		t.Errorf("got %d of %d refused, want about %v", len(first), buys, buys*share)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []paper.Options{{Opening: -1}, {Rejected: 1.1}, {Rejected: math.NaN()}, {MaxMove: math.NaN()}} {
		if b, err := paper.New(&booth{}, &o); err == nil {
			t.Errorf("%+v: got %+v, want an error", o, b)
		}
	}
	b, err := paper.New(&booth{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (trade.Account{Mode: trade.Paper, ID: "paper", Currency: "USD"}); b.Account() != want {
		t.Errorf("got %+v, want %+v", b.Account(), want)
	}
}
