package derivsim

import (
	"strconv"
	"strings"

	"github.com/karlquant/quasar/deriv"
)

func (s *Sim) callTicksHistory(k *call) (*answer, error) {
	var r deriv.TicksHistoryRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	y := s.present(r.Symbol)
	if y == nil {
		return nil, invalidSymbol(r.Symbol)
	}
	from, to, count, err := span(&r, y.last().epoch)
	if err != nil {
		return nil, err
	}
	if r.Style == "candles" {
		return s.candleAnswer(k, y, &r, from, to, count)
	}
	a := &answer{msgType: "history"}
	if r.Subscribe {
		m, problem := k.session.begin("ticks", "ticks "+r.Symbol, &k.envelope)
		if problem != nil {
			return nil, problem
		}
		m.follow(y, m.sendTick)
		a.stream = m
	}
	h := deriv.History{Prices: []deriv.Price{}, Times: []deriv.Epoch{}}
	for _, t := range y.between(from, to, count) {
		h.Prices, h.Times = append(h.Prices, t.price), append(h.Times, deriv.Epoch(t.epoch))
	}
	a.body = deriv.HistoryAnswer{History: &h, Decimals: deriv.Count(y.index.Decimals)}
	return a, nil
}

// span reads what part of the past is wanted. More than the venue's most is cut
// without a word.
func span(r *deriv.TicksHistoryRequest, newest int64) (from, to int64, count int, err error) {
	to = newest
	if r.End != "latest" {
		end, wrong := strconv.ParseInt(r.End, 10, 64)
		if wrong != nil || end <= 0 || strings.HasPrefix(r.End, "+") {
			return 0, 0, 0, wrongField("end", strconv.QuoteToASCII(r.End), "latest, or an epoch in digits")
		}
		to = min(end, newest)
	}
	if r.Count < 0 || r.Start < 0 {
		return 0, 0, 0, wrongField("count", strconv.Itoa(r.Count), "0 or more")
	}
	if int64(r.Start) > to && r.End != "latest" {
		return 0, 0, 0, &deriv.Error{Code: "InvalidStartEnd", Message: "Start time must be before the end time."}
	}
	count = deriv.MaxHistory
	if r.Count > 0 {
		count = min(r.Count, count)
	}
	return int64(r.Start), to, count, nil
}

const usualGranularity = 60

func (s *Sim) candleAnswer(k *call, y *symbol, r *deriv.TicksHistoryRequest, from, to int64, count int) (*answer, error) {
	width := int64(r.Granularity)
	if width == 0 {
		width = usualGranularity
	}
	list := y.candles(from, to, width, count)
	a := &answer{msgType: "candles", body: deriv.HistoryAnswer{Candles: list, Decimals: deriv.Count(y.index.Decimals)}}
	if !r.Subscribe {
		return a, nil
	}
	m, err := k.session.begin("candles", "candles "+r.Symbol+" "+strconv.FormatInt(width, 10), &k.envelope)
	if err != nil {
		return nil, err
	}
	var current deriv.Candle
	if len(list) > 0 {
		current = list[len(list)-1]
	}
	m.follow(y, func(t tick, _ *tickText) {
		addTick(&current, t, width)
		m.send("ohlc", ohlcBody(m.id, y, &current, t, width))
	})
	a.stream = m
	return a, nil
}
