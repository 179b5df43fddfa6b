package derivsim

import (
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/schema"
	"github.com/karlquant/quasar/price"
)

// FuzzRequest has a client say anything: whatever it is gets answers that are as
// the facts have them, and leaves books that agree.
func FuzzRequest(f *testing.F) {
	for _, call := range schema.Requests() {
		for pick := range 3 {
			f.Add([]byte(schema.RequestOf(call).Sample(pick > 0, pick)))
		}
	}
	for _, text := range []string{
		`{`, `[]`, `null`, `{"time":1,"req_id":1e400}`, `{"ticks":["R_75","R_75"],"subscribe":1}`,
		`{"ticks_history":"R_75","end":"9223372036854775807","start":-9223372036854775808,"count":-5}`,
		`{"buy":"1","price":1e308,"parameters":{"underlying_symbol":"R_75","contract_type":"CALL","currency":"USD","amount":9e10,"basis":"payout","duration":1,"duration_unit":"t"}}`,
		`{"buy":"1","price":5,"subscribe":1,"parameters":{"underlying_symbol":"CRASH500","contract_type":"MULTUP","currency":"USD","amount":5,"basis":"stake","multiplier":20,"limit_order":{"stop_loss":1e-9}}}`,
		`{"buy":"1","price":5,"parameters":{"underlying_symbol":"R_75","contract_type":"PUT","currency":"USD","amount":5,"basis":"stake","date_expiry":9223372036854775807}}`,
		`{"buy":"1","price":5,"parameters":{"underlying_symbol":"R_75","contract_type":"ACCU","currency":"USD","amount":5,"basis":"stake","growth_rate":0.05,"limit_order":{"take_profit":0.01}}}`,
		`{"statement":1,"offset":9223372036854775807,"limit":999}`, `{"profit_table":1,"date_to":"0000-00-00"}`,
	} {
		f.Add([]byte(text))
	}
	var list []price.Index
	for _, name := range []string{"V75", "CRASH500", "STEP"} {
		list = append(list, index(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := New(&Options{Seed: 1, Start: time.Unix(1_700_000_000, 0), Indices: list, History: 200})
		if err != nil {
			t.Fatal(err)
		}
		c := s.newSession(nil, s.accounts[0], user{app: 7})
		s.enter(c)
		for range 2 {
			s.handle(c, text)
			for range 20 {
				s.clock.start += second // it stands: this is how it moves
				s.mu.Lock()
				s.advance()
				s.mu.Unlock()
			}
		}
		checkFrames(t, c.out.buffer)
		balance := s.accounts[0].Balance
		for _, m := range s.accounts[0].movements {
			if balance += m.amount; m.balance != balance || balance < 0 {
				t.Fatalf("got %+v, want a balance of %v", m, balance)
			}
		}
	})
}

// checkFrames reads what was queued: text frames of JSON.
func checkFrames(t *testing.T, frames []byte) {
	t.Helper()
	answers := 0
	for len(frames) > 0 {
		size, head := int(frames[1]), 2
		switch size {
		case 126:
			size, head = int(frames[2])<<8|int(frames[3]), 4
		case 127:
			size, head = int(frames[6])<<24|int(frames[7])<<16|int(frames[8])<<8|int(frames[9]), 10
		}
		if _, err := deriv.DecodeAnswer(frames[head : head+size]); err != nil {
			t.Fatalf("%s: %v", frames[head:head+size], err)
		}
		answers++
		frames = frames[head+size:]
	}
	if answers < 2 {
		t.Fatalf("got %d answers to two requests", answers)
	}
}
