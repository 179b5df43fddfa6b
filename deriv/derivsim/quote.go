package derivsim

import (
	"math"
	"slices"
	"strconv"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/price/house"
)

// terms are a selection that was checked and priced.
type terms struct {
	deriv.Selection
	family family
	symbol *symbol
	stake  deriv.Money
	payout deriv.Money // of Rise and Fall if they win
	ticks  int         // of tick contracts
	length int64       // seconds, of the others
	// commission is that of a multiplier.
	commission deriv.Money
	// barrier is how far an accumulator's price may go in one tick, as a share
	// of it; maxTicks after how many it ends.
	barrier  float64
	maxTicks int
	// maxPayout is the most that anything pays.
	maxPayout deriv.Money
	// most and least are what may be staked.
	least, most deriv.Money
}

func fail(code, message string) *deriv.Error { return &deriv.Error{Code: code, Message: message} }

// price checks a selection and says what it costs. Currency is that of the
// account, empty on the public socket.
func (s *Sim) price(sel *deriv.Selection, currency string) (*terms, *deriv.Error) {
	y := s.present(sel.Symbol)
	if y == nil {
		return nil, fail("OfferingsInvalidSymbol", "Symbol "+strconv.QuoteToASCII(sel.Symbol)+" is not offered.")
	}
	t := &terms{Selection: *sel, family: families[sel.ContractType], symbol: y, least: s.opts.MinStake, maxPayout: s.opts.MaxPayout}
	switch {
	case t.family == 0:
		return nil, fail("InvalidContractType", "Contract type "+strconv.QuoteToASCII(sel.ContractType)+" is not known.")
	case !house.Offers(&y.index, sel.ContractType):
		return nil, fail("UnderlyingNotOffered", "Trading is not offered for this asset.")
	case y.closedUntil > s.at:
		return nil, fail("MarketIsClosed", "This market is presently closed.")
	case currency != "" && sel.Currency != currency:
		return nil, fail("ValidationError", "The currency must be that of the account.")
	case sel.Barrier != "" || sel.Barrier2 != "" || sel.SelectedTick != 0 || sel.PayoutPerPoint != 0 || sel.Cancellation != "":
		return nil, fail("ContractCreationFailure", "Barriers, selected ticks, payouts per point and cancellations are not offered.")
	}
	problem := map[family]func(*terms) *deriv.Error{
		riseFall: s.priceRiseFall, multiplierFamily: s.priceMultiplier, accumulatorFamily: s.priceAccumulator,
	}[t.family](t)
	if problem != nil {
		return nil, problem
	}
	return t, s.checkStake(t)
}

// checkStake wants the terms' stake and limits.
func (s *Sim) checkStake(t *terms) *deriv.Error {
	if t.Amount != t.Amount.Round(deriv.CurrencyDecimals(t.Currency)) {
		return fail("IncorrectStakeDecimals", "The amount has too many decimals.")
	}
	switch {
	case t.stake < t.least:
		return fail("StakeTooLow", "Please enter a stake amount that's at least "+t.least.String()+".")
	case t.payout > s.opts.MaxPayout:
		return fail("PayoutLimitExceeded", "Maximum payout allowed is "+s.opts.MaxPayout.String()+".")
	case t.stake > t.most:
		return fail("StakeLimitExceeded", "Maximum stake allowed is "+t.most.String()+".")
	}
	return nil
}

// duration reads how long a Rise or Fall lives.
func (s *Sim) duration(t *terms) *deriv.Error {
	seconds := map[string]int64{"s": 1, "m": 60, "h": 3600, "d": 86400}
	if t.Expiry != 0 {
		t.length = int64(t.Expiry) - s.at/second
		if t.Duration != 0 || t.length < 15 || t.length > 365*86400 {
			return fail("TradingDurationNotAllowed", "Trading is not offered for this duration.")
		}
		return nil
	}
	bounds, ok := durations[t.DurationUnit]
	if !ok || t.Duration < bounds[0] || t.Duration > bounds[1] {
		code := "TradingDurationNotAllowed"
		if t.DurationUnit == "t" {
			code = "TicksNumberLimits"
		}
		return fail(code, "Trading is not offered for this duration.")
	}
	if t.DurationUnit == "t" {
		t.ticks = t.Duration
		return nil
	}
	t.length = int64(t.Duration) * seconds[t.DurationUnit]
	return nil
}

func (s *Sim) priceRiseFall(t *terms) *deriv.Error {
	if t.Multiplier != 0 || t.GrowthRate != 0 || t.LimitOrder != nil {
		return fail("ContractCreationFailure", "Rise and Fall have no multiplier, growth rate or limit order.")
	}
	if problem := s.duration(t); problem != nil {
		return problem
	}
	ratio := s.ratio(t)
	decimals := deriv.CurrencyDecimals(t.Currency)
	t.most = floorMoney(s.opts.MaxPayout.Float()/ratio, decimals)
	if t.Basis == "payout" {
		t.payout, t.stake = t.Amount, ceilMoney(t.Amount.Float()/ratio, decimals)
		return nil
	}
	if t.Basis != "stake" {
		return wrongField("basis", "nothing", "stake or payout")
	}
	t.stake = t.Amount
	payout, err := deriv.RoundMoney(t.stake.Float()*ratio, decimals)
	if err != nil {
		return fail("StakeLimitExceeded", "Maximum stake allowed is "+t.most.String()+".")
	}
	t.payout = payout
	return nil
}

// ratio is the payout over the stake: that of a rule, or the house's.
func (s *Sim) ratio(t *terms) float64 {
	for i := range s.opts.Payouts {
		if r := &s.opts.Payouts[i]; r.fits(&t.Selection) {
			return r.Ratio
		}
	}
	ticks := int64(t.ticks)
	if ticks == 0 {
		ticks = t.length / t.symbol.interval
	}
	return house.Ratio(&t.symbol.index, t.ContractType, t.symbol.last().price.Float(), ticks)
}

func (r *PayoutRule) fits(sel *deriv.Selection) bool {
	return (r.Symbol == "" || r.Symbol == sel.Symbol) && (r.ContractType == "" || r.ContractType == sel.ContractType) &&
		(r.Unit == "" || r.Unit == sel.DurationUnit) && sel.Duration >= r.Min && (r.Max == 0 || sel.Duration <= r.Max)
}

// maxMultiplierStake is the highest stake of multipliers and accumulators.
const maxMultiplierStake = 2000 * deriv.Unit

func (s *Sim) priceMultiplier(t *terms) *deriv.Error {
	switch offered := house.Multipliers(&t.symbol.index); {
	case t.Basis == "payout" || t.GrowthRate != 0 || t.Duration != 0 || t.Expiry != 0:
		return fail("ContractCreationFailure", "Multipliers have a stake, and no growth rate, duration or expiry.")
	case !slices.Contains(offered, t.Multiplier):
		return wrongField("multiplier", strconv.FormatFloat(t.Multiplier, 'g', -1, 64), "one of multiplier_range")
	}
	decimals := deriv.CurrencyDecimals(t.Currency)
	t.stake, t.most = t.Amount, maxMultiplierStake
	if t.stake > t.most || t.stake < t.least {
		return nil // refused by the caller
	}
	if problem := checkLimits(t.LimitOrder, t.stake, decimals); problem != nil {
		return problem
	}
	t.commission = ceilMoney(t.stake.Float()*t.Multiplier*s.commissionOf(t), decimals)
	if stop := stopLoss(t.LimitOrder, t.stake); stop <= t.commission {
		return fail("ContractCreationFailure", "Stop loss and stake must be above the commission of "+t.commission.String()+".")
	}
	return nil
}

// commissionOf is a share of stake × multiplier.
func (s *Sim) commissionOf(t *terms) float64 {
	x := &t.symbol.index
	if rate, ok := s.opts.Commission[x.Symbol]; ok {
		return rate
	}
	room := 1 - stopLoss(t.LimitOrder, t.stake).Float()/t.stake.Float()
	return house.Commission(x, t.ContractType, t.Multiplier, room)
}

// stopLoss is the loss at which a multiplier is closed: its stake at the latest.
func stopLoss(l *deriv.LimitOrder, stake deriv.Money) deriv.Money {
	if l == nil || l.StopLoss == nil {
		return stake
	}
	return *l.StopLoss
}

func checkLimits(l *deriv.LimitOrder, stake deriv.Money, decimals int) *deriv.Error {
	if l == nil {
		return nil
	}
	for _, amount := range []*deriv.Money{l.TakeProfit, l.StopLoss} {
		if amount != nil && (*amount <= 0 || *amount != amount.Round(decimals)) {
			return fail("ContractCreationFailure", "Take profit and stop loss must be amounts above 0.")
		}
	}
	if l.StopLoss != nil && *l.StopLoss > stake {
		return fail("ContractCreationFailure", "Stop loss must not be above the stake.")
	}
	return nil
}

// accumulatorReturn is how much of an accumulator's value a tick leaves on average.
const accumulatorReturn = 1 - 0.00515

func (s *Sim) priceAccumulator(t *terms) *deriv.Error {
	switch {
	case t.Basis == "payout" || t.Multiplier != 0 || t.Duration != 0 || t.Expiry != 0:
		return fail("ContractCreationFailure", "Accumulators have a stake, and no multiplier, duration or expiry.")
	case !slices.Contains(house.GrowthRates(), t.GrowthRate):
		return wrongField("growth_rate", strconv.FormatFloat(t.GrowthRate, 'g', -1, 64), "one of growth_rate_range")
	case t.LimitOrder != nil && t.LimitOrder.StopLoss != nil:
		return fail("ContractCreationFailure", "Accumulators have no stop loss.")
	}
	t.stake, t.most = t.Amount, maxMultiplierStake
	t.barrier = house.BarrierFor(&t.symbol.index, 1-accumulatorReturn/(1+t.GrowthRate))
	t.maxTicks = int(2.3 / t.GrowthRate)
	return checkLimits(t.LimitOrder, t.stake, deriv.CurrencyDecimals(t.Currency))
}

func floorMoney(x float64, decimals int) deriv.Money { return cutMoney(x, decimals, math.Floor) }
func ceilMoney(x float64, decimals int) deriv.Money  { return cutMoney(x, decimals, math.Ceil) }

// cutMoney rounds a computed amount one way, but for what is only the noise of a float.
func cutMoney(x float64, decimals int, cut func(float64) float64) deriv.Money {
	scale := math.Pow10(decimals)
	n := math.Round(x*scale*1e6) / 1e6
	m, _ := deriv.RoundMoney(cut(n)/scale, decimals) // stakes and payouts are within the range
	return m
}
