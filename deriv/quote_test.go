package deriv_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
)

func TestAQuoteIsKeptWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		asked := 0
		v.answer = func(p *peer, call string, request map[string]any) bool {
			switch call {
			case "proposal":
				asked++
				p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q-" + itoa(int64(asked)), Ask: deriv.Cents(1000), Payout: deriv.Cents(1954)}})
			case "buy":
				p.reply(request, call, deriv.BuyAnswer{Buy: deriv.Bought{Contract: 77}})
			default:
				return false
			}
			return true
		}
		a := startAccount(t, v, nil)
		s := must(a.Quotes(t.Context(), call5t))
		defer s.Close()
		first := take(t, s, 1)[0].Value
		if first.ID != "q-1" || fmt.Sprintf("%.4f", first.BreakEven()) != "0.5118" {
			t.Errorf("got %+v, want q-1 that breaks even at 0.5118", first)
		}
		must(a.Buy(t.Context(), first, first.Ask))
		if got := take(t, s, 1)[0].Value.ID; got != "q-2" {
			t.Errorf("after a buy: got %s, want a new one", got)
		}
		v.last().drop()
		again := take(t, s, 1)[0]
		if again.Value.ID != "q-3" || again.Value.Generation != 2 {
			t.Errorf("after a drop: got %+v, want a third of the second connection", again)
		}
	})
}

func TestASelectionThatIsNotOfferedIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "proposal" {
				p.fail(request, call, "StakeTooLow")
			}
			return call == "proposal"
		}
		c := start(t, v, nil)
		with := func(change func(*deriv.Selection)) deriv.Selection {
			sel := call5t
			change(&sel)
			return sel
		}
		for _, sel := range []deriv.Selection{
			with(func(s *deriv.Selection) { s.ContractType = "ACCU" }),
			with(func(s *deriv.Selection) { s.Duration = 11 }),
			with(func(s *deriv.Selection) { s.Duration, s.DurationUnit = 14, "s" }),
			with(func(s *deriv.Selection) { s.ContractType, s.Duration, s.Multiplier = "MULTUP", 0, 150 }),
		} {
			if _, err := c.Quote(t.Context(), sel); !errors.Is(err, deriv.ErrNotOffered) {
				t.Errorf("%+v: got %v, want ErrNotOffered", sel, err)
			}
		}
		if got := v.count("proposal"); got != 0 {
			t.Errorf("%d were sent, want none", got)
		}
		if _, err := c.Quote(t.Context(), call5t); !deriv.IsClass(err, deriv.ClassValidation) {
			t.Errorf("got %v, want the venue's refusal", err)
		}
		if _, err := c.Quote(t.Context(), call5t); !errors.Is(err, deriv.ErrNotOffered) {
			t.Errorf("once more: got %v, want it refused here", err)
		}
		time.Sleep(11 * time.Minute)
		if _, err := c.Quote(t.Context(), call5t); !deriv.IsClass(err, deriv.ClassValidation) || errors.Is(err, deriv.ErrNotOffered) {
			t.Errorf("after the offers were read again: got %v, want it asked", err)
		}
		if v.count("proposal") != 2 || v.count("contracts_for") != 2 {
			t.Errorf("got %d proposals and %d readings of the offers, want two of each", v.count("proposal"), v.count("contracts_for"))
		}
	})
}

// A buy that was refused has not ended the stream of its price: that has to be
// forgotten before it can be begun again.
func TestAPriceGoesOnAfterABuyThatWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		n := int64(0)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			switch call {
			case "proposal":
				n++
				p.mu.Lock()
				alive := len(p.subs)
				p.mu.Unlock()
				if alive > 0 {
					p.fail(request, call, "AlreadySubscribed")
					return true
				}
				p.reply(request, call, deriv.ProposalAnswer{Proposal: deriv.Proposal{ID: "q-" + itoa(n), Ask: deriv.Cents(1000)}})
			case "buy":
				p.fail(request, call, "PriceMoved")
			default:
				return false
			}
			return true
		}
		a := startAccount(t, v, nil)
		quotes := must(a.Quotes(t.Context(), call5t))
		defer quotes.Close()
		for range 3 {
			q := take(t, quotes, 1)[0].Value
			if _, err := a.Buy(t.Context(), q, q.Ask); !deriv.IsClass(err, deriv.ClassPrice) {
				t.Fatalf("got %v, want the price moved", err)
			}
		}
		take(t, quotes, 1)
		if n != 4 || v.count("forget") != 3 || v.count("forget_all") != 0 {
			t.Errorf("asked %d times and forgot %d times, all of them %d times, want 4, 3 and 0", n, v.count("forget"), v.count("forget_all"))
		}
	})
}
