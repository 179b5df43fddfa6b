package venue

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
)

func TestWhatTheTablesLeaveUnclearIsAskedFor(t *testing.T) {
	const ours, other = 77, 1
	b := &Broker{as: trade.Account{AppID: ours}}
	ended := func(app int64, symbol string, result trade.Result) trade.Contract {
		return trade.Contract{ID: 5, AppID: app, Symbol: symbol, Settlement: &trade.Settlement{Result: result}}
	}
	moved := func(app int64, action string) trade.Movement {
		return trade.Movement{Contract: 5, AppID: app, Action: action}
	}
	for _, test := range []struct {
		name    string
		record  trade.Record
		unclear bool
	}{
		{name: "nothing happened"},
		{name: "a buy and its open contract", record: trade.Record{
			Movements: []trade.Movement{moved(ours, "buy")}, Open: []trade.Contract{{ID: 5, AppID: ours, Symbol: "R_75"}},
		}},
		{name: "a buy that the portfolio has not yet", record: trade.Record{Movements: []trade.Movement{moved(ours, "buy")}}, unclear: true},
		{name: "a sell of what the portfolio still has", record: trade.Record{
			Movements: []trade.Movement{moved(ours, "sell")}, Open: []trade.Contract{{ID: 5, AppID: ours, Symbol: "R_75"}},
		}, unclear: true},
		{name: "a sell that the profit table has not yet", record: trade.Record{Movements: []trade.Movement{moved(ours, "buy"), moved(ours, "sell")}}, unclear: true},
		{name: "a contract that won", record: trade.Record{
			Movements: []trade.Movement{moved(ours, "buy"), moved(ours, "sell")}, Closed: []trade.Contract{ended(ours, "R_75", trade.Won)},
		}},
		{name: "one that brought something else", record: trade.Record{Closed: []trade.Contract{ended(ours, "R_75", trade.Sold)}}, unclear: true},
		{name: "one without a symbol", record: trade.Record{Closed: []trade.Contract{ended(ours, "", trade.Lost)}}, unclear: true},
		{name: "a foreign one that brought something else", record: trade.Record{
			Movements: []trade.Movement{moved(other, "buy"), moved(other, "sell")}, Closed: []trade.Contract{ended(other, "R_75", trade.Sold)},
		}},
		{name: "a foreign buy that the portfolio has not yet", record: trade.Record{Movements: []trade.Movement{moved(other, "buy")}}},
		{name: "a deposit", record: trade.Record{Movements: []trade.Movement{{Action: "deposit", AppID: ours}}}},
	} {
		if got := b.unclear(&test.record); (len(got) == 1) != test.unclear {
			t.Errorf("%s: got %v asked for, want it asked for: %t", test.name, got, test.unclear)
		}
	}
}

func TestAContractIsOnRecordOnce(t *testing.T) {
	at := time.Unix(1_700_000_000, 0).UTC()
	r := &trade.Record{Movements: []trade.Movement{{Transaction: 12, Action: "sell", Contract: 5}}}
	fill(r, []deriv.Holding{{Contract: 5, Symbol: "R_75"}, {Contract: 6, Symbol: "R_75", Type: "CALL", Payout: deriv.Unit}}, []deriv.Finished{
		{Contract: 5, Symbol: "R_75", SellPrice: 2 * deriv.Unit, Payout: 2 * deriv.Unit, Shortcode: "CALL_R_75_2_1_5T_S0P_0", SellTime: deriv.EpochOf(at)},
		{Contract: 5, Symbol: "R_75"}, // on two pages
	})
	want := &trade.Record{
		Movements: r.Movements,
		Open:      []trade.Contract{{ID: 6, Symbol: "R_75", Kind: trade.Rise, Payout: trade.Unit}},
		Closed: []trade.Contract{{
			ID: 5, Symbol: "R_75", Kind: trade.Rise, Payout: 2 * trade.Unit, Shortcode: "CALL_R_75_2_1_5T_S0P_0",
			Settlement: &trade.Settlement{Result: trade.Won, Transaction: 12, Brought: 2 * trade.Unit, At: at},
		}},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	enter(r, &trade.Contract{ID: 6, Settlement: &trade.Settlement{Result: trade.Lost}})
	if len(r.Open) != 0 || len(r.Closed) != 2 {
		t.Errorf("got %+v, want contract 6 among those that ended", r)
	}
}

func TestAMovementIsOnRecordOnce(t *testing.T) {
	got := movements([]deriv.Movement{{Transaction: 3, Amount: 3}, {Transaction: 1, Amount: 1}, {Transaction: 3, Amount: 3}, {Transaction: 2, Amount: 2}})
	want := []trade.Movement{{Transaction: 1, Amount: 1}, {Transaction: 2, Amount: 2}, {Transaction: 3, Amount: 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMoneyTakenIsBelowZero(t *testing.T) {
	for _, test := range []struct {
		action string
		amount deriv.Money
		want   trade.Money
	}{
		{"buy", -deriv.Unit, -trade.Unit}, {"buy", deriv.Unit, -trade.Unit}, {"sell", deriv.Unit, trade.Unit},
		{"sell", 0, 0}, {"deposit", deriv.Unit, trade.Unit}, {"withdrawal", -deriv.Unit, -trade.Unit},
	} {
		if got := signed(test.action, test.amount); got != test.want {
			t.Errorf("%s of %s: got %s, want %s", test.action, test.amount, got, test.want)
		}
	}
}

func TestSpansOfOffers(t *testing.T) {
	offer := func(least, most string) deriv.Offer {
		return deriv.Offer{ContractType: "CALL", StartType: "spot", MinDuration: least, MaxDuration: most}
	}
	got := instrument(&deriv.ActiveSymbol{Symbol: "R_75", Open: true}, &deriv.ContractsFor{Available: []deriv.Offer{
		offer("1t", "10t"), offer("15s", "1d"), offer("1d", "365d"), offer("", ""), offer("0", "0"), offer("x", "5q"),
		{ContractType: "CALL", StartType: "forward", MinDuration: "1s", MaxDuration: "1s"},
		{ContractType: "CALL", StartType: "spot", Barriers: 1, MinDuration: "1s", MaxDuration: "1s"},
		{ContractType: "MULTUP", Multipliers: []float64{200, 100}},
	}})
	want := trade.Instrument{
		Symbol: "R_75", RiseFall: true, Multiply: true, Multipliers: []float64{100, 200}, MinTicks: 1, MaxTicks: 10,
		MinDuration: 15 * time.Second, MaxDuration: 365 * 24 * time.Hour, Open: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSelections(t *testing.T) {
	for _, test := range []struct {
		name     string
		terms    trade.Terms
		duration int
		unit     string
	}{
		{"ticks", trade.Terms{Ticks: 5}, 5, "t"},
		{"seconds", trade.Terms{Duration: 90 * time.Second}, 90, "s"},
		{"whole minutes", trade.Terms{Duration: 2 * time.Hour}, 120, "m"},
		{"no end", trade.Terms{Multiplier: 100}, 0, ""},
	} {
		if s := selection(&test.terms, "USD"); s.Duration != test.duration || s.DurationUnit != test.unit {
			t.Errorf("%s: got %d%s, want %d%s", test.name, s.Duration, s.DurationUnit, test.duration, test.unit)
		}
	}
}
