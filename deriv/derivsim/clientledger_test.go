package derivsim_test

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// limits are a take profit and a stop loss in per cent of the stake, 0 for none.
func limits(stake deriv.Money, take, stop int64) *deriv.LimitOrder {
	l := &deriv.LimitOrder{}
	if take > 0 {
		l.TakeProfit = new((stake * deriv.Money(take) / 100).Round(2))
	}
	if stop > 0 {
		l.StopLoss = new((stake * deriv.Money(stop) / 100).Round(2))
	}
	return l
}

// ways are those to trade, each short or soon at one of its limits, which are in
// per cent of the stake.
var ways = []struct {
	sel        deriv.Selection
	take, stop int64
}{
	{sel: deriv.Selection{Symbol: "1HZ100V", ContractType: "CALL", Duration: 1, DurationUnit: "t"}},
	{sel: deriv.Selection{Symbol: "R_75", ContractType: "PUT", Duration: 3, DurationUnit: "t"}},
	{sel: deriv.Selection{Symbol: "stpRNG", ContractType: "CALLE", Duration: 2, DurationUnit: "t"}},
	{sel: deriv.Selection{Symbol: "stpRNG", ContractType: "PUTE", Duration: 15, DurationUnit: "s"}},
	{sel: deriv.Selection{Symbol: "JD100", ContractType: "CALL", Duration: 20, DurationUnit: "s"}},
	{sel: deriv.Selection{Symbol: "R_75", ContractType: "MULTUP", Multiplier: 400}, take: 2, stop: 20},
	{sel: deriv.Selection{Symbol: "R_75", ContractType: "MULTDOWN", Multiplier: 400}, take: 2, stop: 20},
	{sel: deriv.Selection{Symbol: "CRASH500", ContractType: "MULTUP", Multiplier: 100}, take: 3},
	{sel: deriv.Selection{Symbol: "RB100", ContractType: "MULTDOWN", Multiplier: 400}, stop: 30},
	{sel: deriv.Selection{Symbol: "1HZ100V", ContractType: "ACCU", GrowthRate: 0.05}},
	{sel: deriv.Selection{Symbol: "CRASH500", ContractType: "ACCU", GrowthRate: 0.05}, take: 30},
}

// dealer is a client that trades, and all that it is told.
type dealer struct {
	t   *testing.T
	sim *derivsim.Sim
	a   *deriv.Account
	rng *rand.Rand

	bought map[deriv.ContractID]deriv.Bought

	mu    sync.Mutex // guards what follows
	ends  map[deriv.ContractID]deriv.OpenContract
	sold  map[deriv.ContractID]deriv.Sold
	told  []deriv.Transaction
	money deriv.Balance
}

const opening = 1_000_000 * deriv.Unit

func newDealer(t *testing.T, seed uint64) *dealer {
	opts := generous(t, traded...)
	opts.Seed = seed
	opts.Accounts = []derivsim.Account{{ID: "A", Kind: deriv.Demo, Currency: "USD", Balance: opening}}
	opts.Faults = []derivsim.Fault{
		{Kind: derivsim.ContractCancelled, Rate: 0.3}, {Kind: derivsim.ForeignContract, Rate: 1}, {Kind: derivsim.BalanceAdjusted, Rate: 1},
	}
	s := start(t, opts)
	c := clientOptions(s)
	c.Budgets = opts.Limits.Budgets
	a := must(t, func() (*deriv.Account, error) { return deriv.NewAccount(c) })
	return &dealer{
		t: t, sim: s, a: a, rng: rand.New(rand.NewPCG(seed, 1)), bought: map[deriv.ContractID]deriv.Bought{},
		ends: map[deriv.ContractID]deriv.OpenContract{}, sold: map[deriv.ContractID]deriv.Sold{},
	}
}

// together is how many contracts are open at a time.
const together = 50

// trade buys and sells until there have been n contracts and all have ended. What
// is told meanwhile is all there when it returns.
func (d *dealer) trade(n int) {
	transactions, err := d.a.Transactions(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	balance, err := d.a.WatchBalance(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	var listeners sync.WaitGroup
	listeners.Go(func() { listen(d, transactions, func(e deriv.Transaction) { d.told = append(d.told, e) }) })
	listeners.Go(func() { listen(d, balance, func(e deriv.Balance) { d.money = e }) })
	for len(d.bought) < n {
		d.batch(min(together, n-len(d.bought)))
	}
	d.sim.Clear()
	time.Sleep(time.Minute) // those of ticks that others bought end
	synctest.Wait()
	transactions.Close()
	balance.Close()
	listeners.Wait()
}

func listen[T any](d *dealer, s *deriv.Stream[T], keep func(T)) {
	for {
		e, err := s.Next(context.Background())
		if err != nil {
			return
		}
		d.mu.Lock()
		keep(e.Value)
		d.mu.Unlock()
	}
}

// batch buys some contracts, follows each to its end, and sells those that are
// open after a while.
func (d *dealer) batch(n int) {
	var followers sync.WaitGroup
	var open []deriv.ContractID
	for range n {
		way := ways[d.rng.IntN(len(ways))]
		sel := way.sel
		sel.Currency, sel.Basis, sel.Amount = "USD", "stake", deriv.Cents(int64(100+d.rng.IntN(2000)))
		if way.take+way.stop > 0 {
			sel.LimitOrder = limits(sel.Amount, way.take, way.stop)
		}
		b := buy(d.t, d.a, sel)
		d.bought[b.Contract] = b
		open = append(open, b.Contract)
		stream, err := d.a.WatchContract(d.t.Context(), b.Contract)
		if err != nil {
			d.t.Fatal(err)
		}
		followers.Go(func() { d.follow(stream) })
		time.Sleep(time.Duration(d.rng.IntN(200)) * time.Millisecond)
	}
	d.agreeOnOpen()
	for _, wait := range []time.Duration{5 * time.Second, 15 * time.Second} {
		time.Sleep(wait)
		for _, id := range open {
			d.sell(id)
		}
	}
	followers.Wait()
}

func (d *dealer) follow(s *deriv.Stream[deriv.OpenContract]) {
	defer s.Close()
	for {
		e, err := s.Next(context.Background())
		if err == io.EOF {
			return
		}
		if err != nil {
			return // its end is missed where the views are compared
		}
		d.mu.Lock()
		d.ends[e.Value.ID] = e.Value
		d.mu.Unlock()
	}
}

// sell takes what the market gives, if it takes the contract at all.
func (d *dealer) sell(id deriv.ContractID) {
	sold, err := d.a.Sell(d.t.Context(), id, 0)
	if err != nil {
		if deriv.OutcomeOf(err) != deriv.NotMade {
			d.t.Errorf("sell of %d: got %v, want it sold or refused", id, err)
		}
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sold[id] = sold
}

// agreeOnOpen holds the portfolio against the venue's books.
func (d *dealer) agreeOnOpen() {
	list, err := d.a.Portfolio(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	got, want := map[deriv.ContractID]deriv.Money{}, map[deriv.ContractID]deriv.Money{}
	for _, h := range list {
		got[h.Contract] = h.BuyPrice
	}
	for _, c := range ledgerOf(d.t, d.sim, "A").Contracts {
		if c.Status == deriv.Open {
			want[c.ID] = c.Price
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		d.t.Errorf("portfolio: got (-) want (+):\n%s", diff)
	}
}

// row is a movement as every side has to tell it.
type row struct {
	Action   string
	Amount   deriv.Money
	Balance  deriv.Money
	Contract deriv.ContractID
	At       deriv.Epoch
}

// agreeOnMoney holds the balance, the statement and both streams against the books.
func (d *dealer) agreeOnMoney(l *derivsim.Ledger) {
	books, statement, stream := map[deriv.TransactionID]row{}, map[deriv.TransactionID]row{}, map[deriv.TransactionID]row{}
	for _, m := range l.Movements {
		books[m.ID] = row{m.Action, m.Amount, m.Balance, m.Contract, deriv.EpochOf(m.At)}
	}
	rows, err := d.a.StatementSince(d.t.Context(), noon)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, m := range rows {
		statement[m.Transaction] = row{m.Action, m.Amount, m.BalanceAfter, m.Contract, m.Time}
	}
	for _, m := range d.told {
		stream[m.ID] = row{m.Action, m.Amount, m.Balance, m.Contract, m.Time}
	}
	for name, got := range map[string]map[deriv.TransactionID]row{"statement": statement, "stream": stream} {
		if diff := cmp.Diff(got, books); diff != "" {
			d.t.Errorf("%s: got (-) want (+):\n%s", name, diff)
		}
	}
	asked, err := d.a.Balance(d.t.Context())
	if err != nil || asked.Amount != l.Balance || d.money.Amount != l.Balance || l.Opening != opening {
		d.t.Errorf("balance: got %v and %v, %v, want %v", asked, d.money, err, l.Balance)
	}
}

// end is a contract as every side has to tell it.
type end struct {
	Price, Brought deriv.Money
	Buy            deriv.TransactionID
	At             deriv.Epoch
}

// agreeOnContracts holds the profit table, the contracts' streams and the receipts
// against the books.
func (d *dealer) agreeOnContracts(l *derivsim.Ledger) {
	books, ours, table, streams := map[deriv.ContractID]end{}, map[deriv.ContractID]end{}, map[deriv.ContractID]end{}, map[deriv.ContractID]end{}
	for _, c := range l.Contracts {
		e := end{c.Price, c.Brought, c.Buy, deriv.EpochOf(c.Ended)}
		if !c.Injected {
			ours[c.ID] = e
		}
		if c.Status != deriv.Open { // of others some have no end
			books[c.ID] = e
		}
		if b := d.bought[c.ID]; !c.Injected && (b.Price != c.Price || b.Transaction != c.Buy) {
			d.t.Errorf("receipt %+v: want %+v", b, c)
		}
		if s, ok := d.sold[c.ID]; ok != (c.Status == deriv.SoldEarly) || ok && (s.Price != c.Brought || s.Transaction != c.Sell || s.Reference != c.Buy) {
			d.t.Errorf("sale %+v: want %+v", s, c)
		}
		if e := d.ends[c.ID]; !c.Injected && (e.Status != c.Status || !e.Settled() || *e.Profit != c.Brought-c.Price || e.Transactions.Sell != c.Sell) {
			d.t.Errorf("contract %+v: want %+v", e, c)
		}
	}
	for id, e := range d.ends {
		streams[id] = end{e.BuyPrice, *e.SellPrice, e.Transactions.Buy, e.SellTime}
	}
	for _, f := range d.profitTable() {
		table[f.Contract] = end{f.BuyPrice, f.SellPrice, f.Transaction, f.SellTime}
	}
	if diff := cmp.Diff(table, books); diff != "" {
		d.t.Errorf("profit table: got (-) want (+):\n%s", diff)
	}
	if diff := cmp.Diff(streams, ours); diff != "" {
		d.t.Errorf("streams: got (-) want (+):\n%s", diff)
	}
}

func (d *dealer) profitTable() (all []deriv.Finished) {
	for {
		page, err := d.a.ProfitTable(d.t.Context(), deriv.ProfitTableRequest{Limit: 500, Offset: len(all), Sort: "ASC"})
		if err != nil {
			d.t.Fatal(err)
		}
		if all = append(all, page...); len(page) < 500 {
			return all
		}
	}
}

// Contracts of all types, won, lost, sold, stopped out and cancelled, among others
// that somebody else bought: what the client is told, by its receipts, its streams
// and the tables it asks for, is what the venue's own books have, to the cent.
// QUASAR_SIM_CONTRACTS is how many there are, and QUASAR_SIM_SEED which: make
// ledger has ten thousand.
func TestTheClientsViewIsTheVenuesBooks(t *testing.T) {
	contracts, seed := setting(t, "QUASAR_SIM_CONTRACTS", 300), setting(t, "QUASAR_SIM_SEED", 1)
	t.Logf("%d contracts, seed %d", contracts, seed)
	synctest.Test(t, func(t *testing.T) {
		d := newDealer(t, uint64(seed))
		d.trade(contracts)
		d.agreeOnOpen()
		l := ledgerOf(t, d.sim, "A")
		d.agreeOnMoney(l)
		d.agreeOnContracts(l)
		d.checkVariety(l, contracts)
	})
}

func setting(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: got %q, want a number", name, text)
	}
	return n
}

// checkVariety wants every end of every family to have been there: else the test
// proves nothing.
func (d *dealer) checkVariety(l *derivsim.Ledger, contracts int) {
	families := map[string]string{"CALL": "rise or fall", "PUT": "rise or fall", "CALLE": "rise or fall", "PUTE": "rise or fall", "MULTUP": "multiplier", "MULTDOWN": "multiplier", "ACCU": "accumulator"}
	ends := map[string]map[deriv.Status]int{"rise or fall": {}, "multiplier": {}, "accumulator": {}, "others'": {}}
	for _, c := range l.Contracts {
		family := families[c.Selection.ContractType]
		if c.Injected {
			family = "others'"
		}
		ends[family][c.Status]++
	}
	d.t.Logf("ends %v, movements %d", ends, len(l.Movements))
	if len(d.bought) != contracts || len(ends["others'"]) == 0 {
		d.t.Errorf("got %d contracts and %v, want %d and some of others", len(d.bought), ends, contracts)
	}
	for family, seen := range ends {
		for _, status := range []deriv.Status{deriv.Won, deriv.Lost, deriv.SoldEarly, deriv.Cancelled} {
			if seen[status] == 0 && family != "others'" {
				d.t.Errorf("%s: got none that was %s", family, status)
			}
		}
	}
	stopped := slices.ContainsFunc(l.Contracts, func(c derivsim.Contract) bool {
		return c.Selection.LimitOrder != nil && c.Selection.LimitOrder.StopLoss != nil && c.Status == deriv.Lost && c.Brought > 0
	})
	if !stopped {
		d.t.Error("got no multiplier that was stopped out above nothing")
	}
}
