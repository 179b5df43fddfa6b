package derivsim

import (
	"cmp"
	"slices"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/price/house"
)

// everyMinute gives the faults of minutes their occasions.
func (s *Sim) everyMinute() {
	s.timers.set(s.at-s.at%minute+minute, func() {
		for _, kind := range kinds {
			if classes[kind] != ofMinutes {
				continue
			}
			if fault := s.faults.find(kind, occasion{}); fault != nil {
				s.befall(fault)
			}
		}
		if s.faults.skewUntil <= s.at {
			s.faults.skew = 0
		}
		s.catchUpOne()
		s.everyMinute()
	})
}

// befall has a fault of minutes happen now.
func (s *Sim) befall(f *Fault) {
	s.faults.told[f.Kind]++
	s.log.Info("fault", "kind", f.Kind)
	switch f.Kind {
	case Lag:
		for c := range s.befallen(f) {
			c.lagUntil = s.at + int64(orElse(f.For, 5*time.Minute))
		}
	case MarketClosed:
		for _, y := range s.symbols {
			if f.Symbol == "" || f.Symbol == y.index.Symbol {
				y.closedUntil = s.at + int64(orElse(f.For, 2*time.Minute))
			}
		}
	case TokenRevoked:
		for c := range s.befallen(f) {
			if c.account != nil {
				s.revoked[c.user.token] = true
			}
		}
	case Maintenance:
		s.faults.maintenanceUntil = s.at + int64(orElse(f.For, 2*time.Minute))
		for c := range s.sessions {
			c.close(closeRestart, "maintenance")
		}
	case ClockSkew:
		s.faults.skew, s.faults.skewUntil = int64(orElse(f.For, 90*time.Second)), s.at+10*minute
	default:
		s.befallAccounts(f)
	}
}

// befallen are the connections that a fault is for.
func (s *Sim) befallen(f *Fault) map[*session]bool {
	if f.Account == "" {
		return s.sessions
	}
	return s.byID[f.Account].sessions
}

// befallAccounts has money move, or contracts bought, that nobody here asked for.
func (s *Sim) befallAccounts(f *Fault) {
	for _, a := range s.accounts {
		if f.Account != "" && f.Account != a.ID {
			continue
		}
		switch f.Kind {
		case BalanceAdjusted:
			s.adjust(a)
		case ForeignContract:
			s.foreign(a, cmp.Or(f.App, foreignApp), f.Symbol)
		case SecondInstance:
			if app := s.connectedApp(a); app != 0 {
				s.foreign(a, app, f.Symbol)
			}
		}
	}
}

// adjust has money come or go that nobody here moved.
func (s *Sim) adjust(a *account) {
	amount, action := 25*deriv.Unit, "deposit"
	if s.faults.chance.Uint64()&1 == 0 && a.balance >= amount {
		amount, action = -amount, "withdrawal"
	}
	s.move(a, action, amount, 0, nil)
}

// foreignApp is the app that contracts of nobody here carry.
const foreignApp = 1

// connectedApp is that of a client on the account, the lowest of several.
func (s *Sim) connectedApp(a *account) int64 {
	var apps []int64
	for c := range a.sessions {
		apps = append(apps, c.user.app)
	}
	if len(apps) == 0 {
		return 0
	}
	return slices.Min(apps)
}

// foreign buys a contract of five ticks, or a multiplier where there are none.
func (s *Sim) foreign(a *account, app int64, symbol string) {
	y := s.bySymbol[symbol]
	if y == nil {
		y = s.symbols[s.faults.chance.IntN(len(s.symbols))]
	}
	sel := deriv.Selection{
		Symbol: y.index.Symbol, ContractType: "CALL", Currency: a.Currency, Amount: deriv.Unit, Basis: "stake", Duration: 5, DurationUnit: "t",
	}
	if s.faults.chance.Uint64()&1 == 0 {
		sel.ContractType = "PUT"
	}
	if !house.Offers(&y.index, sel.ContractType) {
		sel.ContractType, sel.Duration, sel.DurationUnit = "MULTUP", 0, ""
		sel.Multiplier = house.Multipliers(&y.index)[0]
	}
	if t, problem := s.price(&sel, a.Currency); problem == nil && t.stake <= a.balance {
		s.open(a, app, t).injected = true
	}
}
