package derivsim

import "container/heap"

// timer is something that happens at a moment of the simulator's time. Of two
// at one moment the one that was set first happens first.
type timer struct {
	at  int64
	seq uint64
	do  func()
}

type timers struct {
	heap timerHeap
	seq  uint64
}

func (t *timers) set(at int64, do func()) {
	t.seq++
	heap.Push(&t.heap, timer{at, t.seq, do})
}

// next returns when the next one is due.
func (t *timers) next() (at int64, ok bool) {
	if len(t.heap) == 0 {
		return 0, false
	}
	return t.heap[0].at, true
}

func (t *timers) pop() timer { return heap.Pop(&t.heap).(timer) }

type timerHeap []timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any)   { *h = append(*h, x.(timer)) }
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = timer{}
	*h = old[:len(old)-1]
	return last
}
