package derivsim

import (
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/price"
)

// symbol is one index as it lives. Its ticks are at whole seconds, and the same
// whoever looks at them and when: a symbol that nobody watches makes them when
// it is asked.
type symbol struct {
	index    price.Index
	process  *price.Process
	interval int64         // seconds
	first    int64         // epoch of the tick with number 0
	made     int64         // how many ticks there have been
	kept     int64         // how many of them are kept
	ring     []deriv.Price // those, nil before the first is made

	watchers    int // streams and open contracts
	streams     []*stream
	open        []*contract
	closedUntil int64 // nothing can be bought or sold before
}

// tick is one price of a symbol.
type tick struct {
	epoch int64
	price deriv.Price
}

func newSymbol(index price.Index, seed uint64, start int64, history int) (*symbol, error) {
	process, err := price.New(index, seed)
	if err != nil {
		return nil, err
	}
	interval := int64(index.Interval / time.Second)
	newest := start - start%interval
	return &symbol{
		index: index, process: process, interval: interval,
		first: newest - int64(history-1)*interval, kept: int64(history),
	}, nil
}

// catchUp makes all ticks up to an epoch.
func (y *symbol) catchUp(epoch int64) {
	if y.ring == nil {
		y.ring = make([]deriv.Price, y.kept)
	}
	for next := y.first + y.made*y.interval; next <= epoch; next += y.interval {
		p, _ := deriv.RoundPrice(y.process.Next(), y.index.Decimals) // far within the range by price.Index.Check
		y.ring[y.made%y.kept] = p
		y.made++
	}
}

// at returns the tick of a number, which must be kept.
func (y *symbol) at(n int64) tick {
	return tick{y.first + n*y.interval, y.ring[n%y.kept]}
}

func (y *symbol) last() tick { return y.at(y.made - 1) }

// oldest is the number of the oldest tick that is kept.
func (y *symbol) oldest() int64 { return max(0, y.made-y.kept) }

// number returns that of the newest tick at or before an epoch, and one before
// the oldest if none is kept.
func (y *symbol) number(epoch int64) int64 {
	if epoch < y.first {
		return y.oldest() - 1
	}
	return min(max((epoch-y.first)/y.interval, y.oldest()-1), y.made-1)
}

// between returns the ticks from one epoch to another, both included, at most
// count of them and the newest.
func (y *symbol) between(from, to int64, count int) []tick {
	end := y.number(to)
	begin := max(y.number(from-1)+1, end-int64(count)+1, y.oldest())
	var list []tick
	for n := begin; n <= end; n++ {
		list = append(list, y.at(n))
	}
	return list
}
