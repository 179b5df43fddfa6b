package derivsim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

func ledgerOf(t *testing.T, s *derivsim.Sim, account string) *derivsim.Ledger {
	t.Helper()
	l, err := s.Ledger(account)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	return l
}

// Whose a contract is stands in the ledger: ours, another app's, and one that
// somebody else bought with our app id.
func TestTheLedgerTellsWhoBoughtWhat(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		ours := into[deriv.BuyAnswer](r, aBuy).Buy
		inject(t, s, derivsim.Fault{Kind: derivsim.ForeignContract, Count: 1, Symbol: "R_75", App: 9, Account: derivsim.DemoAccount})
		inject(t, s, derivsim.Fault{Kind: derivsim.SecondInstance, Count: 2})
		l := ledgerOf(t, s, derivsim.DemoAccount)
		if len(l.Contracts) != 4 || len(l.Of(9)) != 1 || len(l.Of(7)) != 3 {
			t.Fatalf("got %+v, want one of app 9 and three of ours", l.Contracts)
		}
		for i, c := range l.Of(7) {
			if c.Injected != (i > 0) || i == 0 && (c.ID != ours.Contract || c.Price != ours.Price || c.Buy != ours.Transaction) {
				t.Errorf("contract %d: got %+v, want %+v and then those of others", i, c, ours)
			}
		}
		if other := ledgerOf(t, s, derivsim.RealAccount); len(other.Contracts) != 0 {
			t.Errorf("the other account: got %+v, want nothing", other.Contracts)
		}
		time.Sleep(time.Minute)
		l = ledgerOf(t, s, derivsim.DemoAccount)
		total := derivsim.Total(l.Contracts)
		if total.Contracts != 4 || total.Paid != 13*deriv.Unit || l.Opening-total.Paid+total.Brought != l.Balance {
			t.Errorf("got %+v and a balance of %v, want 13 paid", total, l.Balance)
		}
		if _, err := s.Ledger("X"); err == nil {
			t.Error("an account that is none: got no error")
		}
	})
}

func TestALedgerThatDoesNotAddUpIsTold(t *testing.T) {
	good := func() *derivsim.Ledger {
		return &derivsim.Ledger{
			Opening: 10 * deriv.Unit, Balance: 9 * deriv.Unit,
			Movements: []derivsim.Movement{
				{ID: 1, Action: "buy", Amount: -2 * deriv.Unit, Balance: 8 * deriv.Unit},
				{ID: 2, Action: "sell", Amount: deriv.Unit, Balance: 9 * deriv.Unit},
			},
			Contracts: []derivsim.Contract{{ID: 3, Status: deriv.Lost, Price: 2 * deriv.Unit, Brought: deriv.Unit, Buy: 1, Sell: 2}},
		}
	}
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*derivsim.Ledger){
		"the balance":                  func(l *derivsim.Ledger) { l.Balance++ },
		"a movement":                   func(l *derivsim.Ledger) { l.Movements[0].Amount-- },
		"the order":                    func(l *derivsim.Ledger) { l.Movements[1].ID = 1 },
		"a price":                      func(l *derivsim.Ledger) { l.Contracts[0].Price++ },
		"what came back":               func(l *derivsim.Ledger) { l.Contracts[0].Brought++ },
		"an open contract with a sell": func(l *derivsim.Ledger) { l.Contracts[0].Status = deriv.Open },
		"an ended one without":         func(l *derivsim.Ledger) { l.Contracts[0].Sell = 0 },
	} {
		l := good()
		if spoil(l); l.Check() == nil {
			t.Errorf("%s is wrong: got no error", name)
		}
	}
}

func TestAFaultHappensWhereItIsMeantTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, generous(t, "V100_1s", "V75"))
		demo, other := dialAccount(t, s, derivsim.DemoAccount), dialAccount(t, s, derivsim.RealAccount)
		inject(t, s, derivsim.Fault{Kind: derivsim.PriceMoved, Count: 1, After: 2, Account: derivsim.DemoAccount, Symbol: "1HZ100V"})
		for n, want := range []string{"", "", "PriceMoved", ""} {
			if got := other.code(aBuy); got != "" {
				t.Errorf("another account: got %q, want none", got)
			}
			if got := demo.code(buyOf(1, `"underlying_symbol":"R_75","contract_type":"CALL","amount":1,"basis":"stake","duration":5,"duration_unit":"t"`)); got != "" {
				t.Errorf("another symbol: got %q, want none", got)
			}
			if got := demo.code(aBuy); got != want {
				t.Errorf("buy %d: got %q, want %q", n+1, got, want)
			}
		}
	})
}

// A closed market of one symbol, every minute, has to be met by chance too.
func TestAFaultOfMinutesAndOfASymbolHappensByChance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := generous(t, "V100_1s", "V75")
		opts.Faults = []derivsim.Fault{{Kind: derivsim.MarketClosed, Rate: 1, Symbol: "1HZ100V"}}
		r := dialAccount(t, start(t, opts), derivsim.DemoAccount)
		time.Sleep(61 * time.Second)
		if got := r.code(aBuy); got != "MarketIsClosed" {
			t.Errorf("got %q, want MarketIsClosed", got)
		}
	})
}

func TestAContractIsCancelled(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, r *raw) {
		inject(t, s, derivsim.Fault{Kind: derivsim.ContractCancelled, Count: 1})
		b := into[deriv.BuyAnswer](r, aBuy).Buy
		if c := settled(r, b.Contract); c.Status != deriv.Cancelled || *c.SellPrice != b.Price || *c.Profit != 0 {
			t.Errorf("got %+v, want its price back", c)
		}
		if c := ledgerOf(t, s, derivsim.DemoAccount).Contracts[0]; c.Status != deriv.Cancelled || c.Brought != c.Price {
			t.Errorf("got %+v, want it cancelled", c)
		}
	})
}
