package derivsim

import (
	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/price/house"
)

// family is a kind of contract that lives by one set of rules.
type family int

const (
	riseFall family = iota + 1
	multiplierFamily
	accumulatorFamily
)

// families are the contract types. CALL and PUT lose a tie, CALLE and PUTE win it.
var families = map[string]family{
	"CALL": riseFall, "PUT": riseFall, "CALLE": riseFall, "PUTE": riseFall,
	"MULTUP": multiplierFamily, "MULTDOWN": multiplierFamily, "ACCU": accumulatorFamily,
}

// durations are what Rise and Fall offer, the least and the most of each unit.
var durations = map[string][2]int{"t": {1, 10}, "s": {15, 3600}, "m": {1, 1440}, "h": {1, 24}, "d": {1, 365}}

// spans are the same as contracts_for tells them.
var spans = []struct{ expiry, least, most string }{{"tick", "1t", "10t"}, {"intraday", "15s", "1d"}, {"daily", "1d", "365d"}}

func (s *Sim) offersOf(x *price.Index) []deriv.Offer {
	list := []deriv.Offer{}
	for _, t := range []string{"CALL", "PUT", "CALLE", "PUTE", "MULTUP", "MULTDOWN", "ACCU"} {
		if house.Offers(x, t) {
			list = append(list, s.offer(x, t)...)
		}
	}
	return list
}

func (s *Sim) offer(x *price.Index, contractType string) []deriv.Offer {
	o := deriv.Offer{ContractType: contractType, Symbol: x.Symbol, StartType: "spot", DefaultStake: new(10 * deriv.Unit), PayoutLimit: new(s.opts.MaxPayout)}
	switch families[contractType] {
	case multiplierFamily:
		o.Category, o.ExpiryType, o.Multipliers = "multiplier", "no_expiry", house.Multipliers(x)
	case accumulatorFamily:
		o.Category, o.ExpiryType, o.GrowthRates = "accumulator", "no_expiry", house.GrowthRates()
	default:
		return riseFallOffers(o)
	}
	o.MinDuration, o.MaxDuration = "0", "0"
	return []deriv.Offer{o}
}

func riseFallOffers(o deriv.Offer) []deriv.Offer {
	o.Category = "callput"
	if o.ContractType == "CALLE" || o.ContractType == "PUTE" {
		o.Category = "callputequal"
	}
	var list []deriv.Offer
	for _, span := range spans {
		o.ExpiryType, o.MinDuration, o.MaxDuration = span.expiry, span.least, span.most
		list = append(list, o)
	}
	return list
}

// place is where the venue's menus have an index: its submarket and subgroup.
func place(x *price.Index) (submarket, group string) {
	switch x.Kind {
	case price.Crash, price.Boom:
		return "crash_index", "crash_boom"
	case price.Step:
		return "step_index", "synthetics"
	case price.Jump:
		return "jump_index", "synthetics"
	case price.Range:
		return "range_break", "synthetics"
	}
	return "random_index", "synthetics"
}
