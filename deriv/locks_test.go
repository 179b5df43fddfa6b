package deriv

import (
	"testing"
	"time"
)

// Whoever asks how a client is takes the registry's lock and then those of the
// topics. A topic that waited for the registry's with its own in its hand stopped
// the reader for good: days of a faulty simulator, and somebody who asks each
// second, were needed to see that.
func TestATopicNeverWaitsForTheRegistry(t *testing.T) {
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := EpochOf(time.Now())
	ticks, transactions := newTickTopic(c.socket, "R_75"), newTransactionTopic(c.socket)
	ticks.receive(1, tickAt(now-60))
	silent, ending := newContractTopic(c.socket, 7), newContractTopic(c.socket, 8)
	tests := []struct {
		name  string
		event func()
	}{
		{name: "a gap in the ticks", event: func() { ticks.receive(1, tickAt(now)) }},
		{name: "transactions to compare", event: func() { transactions.started(2, true) }},
		{name: "a contract that is silent", event: func() { silent.look() }},
		{name: "a contract that ends", event: func() {
			go ending.news(Event[OpenContract]{Value: OpenContract{ID: 8, Sold: true}}) // has to wait, but not so
			for settled := false; !settled; time.Sleep(time.Millisecond) {
				ending.mu.Lock()
				settled = ending.settled
				ending.mu.Unlock()
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c.socket.registry.mu.Lock()
			defer c.socket.registry.mu.Unlock()
			happened := make(chan struct{})
			go func() {
				test.event()
				close(happened)
			}()
			select {
			case <-happened:
			case <-time.After(20 * time.Second): // only where it fails
				t.Error("the topic waits for the registry's lock")
			}
		})
	}
}

func tickAt(at Epoch) *Answer {
	return &Answer{MsgType: "tick", Body: []byte(`{"tick":{"symbol":"R_75","epoch":` + itoa(int64(at)) + `,"quote":5,"pip_size":4}}`)}
}
