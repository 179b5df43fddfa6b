package bench

// window knows how far the slowest of many subscribers is, at a constant cost
// for each delivery: it counts how many subscribers stand at which message.
type window struct {
	at     []int // how many stand at message i, at i modulo the length
	slow   int64 // what the slowest have got
	sent   int64 // what has been sent
	strays int64 // deliveries beyond what was sent
}

// newWindow returns a window for messages of which at most size are on their way.
func newWindow(subscribers, size int) *window {
	w := &window{at: make([]int, size+1)}
	w.at[0] = subscribers
	return w
}

// room is how many more messages may be sent.
func (w *window) room() int { return len(w.at) - 1 - int(w.sent-w.slow) }

// moved notes that a subscriber who had got from messages has got more.
func (w *window) moved(from, more int64) {
	if over := from + more - w.sent; over > 0 {
		w.strays += min(over, more)
		from, more = min(from, w.sent), max(0, more-over)
	}
	n := int64(len(w.at))
	w.at[from%n]--
	w.at[(from+more)%n]++
	for w.slow < w.sent && w.at[w.slow%n] == 0 {
		w.slow++
	}
}
