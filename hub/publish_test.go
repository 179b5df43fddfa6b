package hub_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// What is not taken touches neither the snapshot nor the connection; the row says
// how much of what, and why the last one was not.
func TestWhatIsNotTakenIsCountedAndHarmsNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames []string
		want   publisherRow // its counters
		reason string
	}{
		{"a frame that is no JSON", []string{"rubbish"}, publisherRow{Rejected: 1}, "not JSON"},
		{"a frame that ends too early", []string{`{"type":"training","data":{"training_steps":1`}, publisherRow{Rejected: 1}, "not JSON"},
		{"an unknown type", []string{`{"type":"order","data":{}}`}, publisherRow{Rejected: 1}, `got "order"`},
		{"a duplicate key", []string{`{"type":"training","data":{"training_steps":1,"training_steps":2}}`}, publisherRow{Rejected: 1}, "duplicate key"},
		{"nothing valid", []string{`{"type":"voting","data":{"last_price":-1}}`}, publisherRow{Rejected: 1, FieldErrors: 1}, "last_price"},
		{"a bad field among good ones", []string{`{"type":"voting","data":{"last_price":-1,"buy_count":2}}`}, publisherRow{Accepted: 1, FieldErrors: 1}, "last_price: got -1, want above 0"},
		{"what Python writes for a diverged loss", []string{`{"type":"training","data":{"actor_loss":NaN,"critic_loss":-Infinity,"avn_loss":1e999}}`}, publisherRow{Accepted: 1, NonFinite: 3}, ""},
		{"a sign of life", []string{`{"type":"heartbeat"}`, `{"type":"ping"}`, `{"type":"identify","space":"V75"}`}, publisherRow{}, ""},
		{"an identity that is not the path's", []string{`{"type":"identify","space":"V100"}`}, publisherRow{Rejected: 1}, "identify: got the space V100, want V75 as in the path"},
		{"a hostile identity", []string{`{"type":"identify","space":"\u202e\u001b[31m<script>"}`}, publisherRow{Rejected: 1}, `"\u202e\x1b[31m<script>"`},
		{"a thousand brackets", []string{strings.Repeat("[", 1000)}, publisherRow{Rejected: 1}, "frame: got an array"},
		{"sixty thousand objects in each other", []string{`{"x":` + strings.Repeat(`{"a":`, 12_000)}, publisherRow{Rejected: 1, Stripped: -1}, "deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := hubtest.New(t, nil)
				p, sub := publisher(t, s, "V75"), subscriber(t, s, "")
				synctest.Wait()
				for _, frame := range c.frames {
					p.text(frame)
				}
				synctest.Wait()
				got := row(t, s, "V75")
				if c.want.Stripped < 0 { // how many names were read before it stopped is its own affair
					c.want.Stripped = got.Stripped
				}
				counters := publisherRow{Accepted: got.Accepted, Rejected: got.Rejected, FieldErrors: got.FieldErrors, NonFinite: got.NonFinite, Superseded: got.Superseded, Stripped: got.Stripped}
				if diff := cmp.Diff(c.want, counters); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				switch {
				case c.reason == "":
					if got.LastRejection != nil {
						t.Errorf("got the rejection %+v, want none", got.LastRejection)
					}
				case got.LastRejection == nil || !strings.Contains(got.LastRejection.Reason, c.reason) || got.LastRejection.At != 946684800:
					t.Errorf("got the rejection %+v, want %q in it", got.LastRejection, c.reason)
				}
				if got.LastFrameAt == nil || !got.Connected {
					t.Errorf("got %+v, want a sign of life, and the connection open", got)
				}
				if broadcasts := len(sub.updates()) - 1; broadcasts != int(c.want.Accepted) {
					t.Errorf("got %d broadcasts, want %d", broadcasts, c.want.Accepted)
				}
				p.text(steps(5)) // the connection is as good as before
				synctest.Wait()
				if snapshot := stateOf(t, s.Hub).Snapshots["V75"]; snapshot.Training.TrainingSteps == nil || *snapshot.Training.TrainingSteps != 5 {
					t.Errorf("got %+v, want step 5 in it", snapshot)
				}
			})
		})
	}
}

func TestABinaryFrameIsRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		p := publisher(t, s, "V75")
		p.send(fin|opBinary, steps(1))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Rejected != 1 || r.LastRejection == nil || r.LastRejection.Reason != "frame: got a binary one, want text" || !r.Connected {
			t.Errorf("got %+v %+v", r, r.LastRejection)
		}
	})
}

// The strict schema: nothing else of what a publisher sends, at any depth, is in
// any answer or broadcast; each name is counted.
func TestWhatIsNotInTheSchemaReachesNobody(t *testing.T) {
	const frames = 3
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		sub, p := subscriber(t, s, ""), publisher(t, s, "V75")
		extra := `"rewards":[77700001,{"deep":77700001}],"cpu_percent":77700002,"q_buy":77700003,"buffer_size":77700004,` +
			`"agents":{"agent_7_q_values":{"memory_mb":77700007,"epsilon":[[{"__proto__":77700009}]]}}`
		for i := range frames {
			p.text(fmt.Sprintf(`{%s,"type":"metrics","training":{"training_steps":%d,%s},"voting":{%s,"buy_count":7,"sell_count":3}}`, extra, i, extra, extra))
		}
		p.text(`{"type":"heartbeat",` + extra + `}`)
		synctest.Wait()
		late := subscriber(t, s, "?assets=V75")
		synctest.Wait()

		var seen strings.Builder
		for _, f := range append(sub.frames(), late.frames()...) {
			seen.Write(f.payload)
		}
		for _, path := range []string{"/rankings", "/metrics/V75", "/health", "/api/state", "/metrics", "/livez", "/readyz", "/"} {
			_, body := get(t, s, path)
			seen.WriteString(body)
		}
		if at := strings.Index(seen.String(), "777000"); at >= 0 {
			t.Errorf("a foreign value got through: …%.200s", seen.String()[max(0, at-100):])
		}
		want := map[string]int64{"rewards": 10, "deep": 10, "cpu_percent": 10, "q_buy": 10, "buffer_size": 10, "agents": 10,
			"agent_7_q_values": 10, "memory_mb": 10, "epsilon": 10, "__proto__": 10}
		r := row(t, s, "V75")
		if diff := cmp.Diff(want, r.StrippedFields); diff != "" {
			t.Errorf("counted by name (-want +got):\n%s", diff)
		}
		if r.Stripped != 100 || r.Accepted != frames || r.Rejected != 0 || stateOf(t, s.Hub).Stats.Stripped != 100 {
			t.Errorf("got %+v, want 100 fields stripped of %d accepted frames", r, frames)
		}
		for _, f := range sub.frames() { // nor does a name, in what is broadcast
			for name := range want {
				if strings.Contains(string(f.payload), name) {
					t.Errorf("got the name %s in %s", name, f.payload)
				}
			}
		}
	})
}

// A publisher that makes up names cannot make the books grow for ever, and names
// of whatever characters are safe to show.
func TestMadeUpNamesAreBoundedAndSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		p := publisher(t, s, "V75")
		hostile := []string{"<script>alert(1)</script>", "\u202egnp.exe", "a\nb", "\x1b[31m", "\u009bC", strings.Repeat("x", 10_000), strings.Repeat("é", 3000), "\u2028", ""}
		for _, name := range hostile {
			key, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			p.text(`{"type":"heartbeat",` + string(key) + `:1}`)
		}
		var many strings.Builder
		for i := range 5000 {
			fmt.Fprintf(&many, `,"n%d":1`, i)
		}
		p.text(`{"type":"heartbeat"` + many.String() + `}`)
		synctest.Wait()
		r := row(t, s, "V75")
		if len(r.StrippedFields) > 65 || r.Stripped != int64(5000+len(hostile)) {
			t.Errorf("got %d names of %d fields, want at most 64 and one for the rest", len(r.StrippedFields), r.Stripped)
		}
		var sum int64
		for name, n := range r.StrippedFields {
			sum += n
			if len(name) > 700 || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || 0x7f <= c && c < 0xa0 || c == 0x202e || c == 0x2028 }) {
				t.Errorf("got the name %q, want it short and printable", name)
			}
		}
		if sum != r.Stripped {
			t.Errorf("the names add up to %d, want %d", sum, r.Stripped)
		}
		_, body := get(t, s, "/api/state")
		if len(body) > 30_000 {
			t.Errorf("got an answer of %d bytes", len(body))
		}
	})
}

// One way only (section 8 of the contract): over a busy minute a publisher is
// sent nothing but control frames, whatever it sends.
func TestAPublisherNeverReceivesAData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		var pubs []*peer
		for i := range 3 {
			pubs = append(pubs, publisher(t, s, fmt.Sprintf("S%d", i)))
		}
		pubs = append(pubs, publisher(t, s, "S0")) // takes S0 over
		subscriber(t, s, "")
		for second := range 65 {
			for i, p := range pubs {
				p.text(steps(second))
				p.text(votes(second, i+1))
				p.text("rubbish")
				p.text(`{"type":"ping"}`)
				p.send(fin|opBinary, "x")
				if second%10 == 0 {
					p.send(fin|opPing, "hello")
				}
			}
			time.Sleep(time.Second)
		}
		for _, p := range pubs {
			p.close(1000)
			<-p.done
		}
		for i, p := range pubs {
			kinds := make(map[byte]int)
			for _, f := range p.frames() {
				kinds[f.head]++
			}
			want := map[byte]int{fin | opPing: 3, fin | opPong: 7, fin | opClose: 1}
			if diff := cmp.Diff(want, kinds); diff != "" {
				t.Errorf("publisher %d got frames (-want +got):\n%s", i, diff)
			}
		}
	})
}

func TestAPublisherWithABadNameIsRefusedBeforeTheUpgrade(t *testing.T) {
	s := hubtest.New(t, nil)
	for _, name := range []string{
		"", "..%2f..%2fetc%2fpasswd", "%00", "%0a", "%ff%fe", "%e2%80%ae", "%d0%b0", "__proto__", "-x", ".x", "a%20b", "a/b", "V75/", "<script>",
		strings.Repeat("a", 65), strings.Repeat("a", 4000),
	} {
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, answer := shake(t, conn, "/ws/publish/"+name, "")
		checkProblem(t, "name "+name, answer, http.StatusBadRequest)
	}
	if got := len(stateOf(t, s.Hub).Publishers); got != 0 {
		t.Errorf("got %d rows of publishers, want none", got)
	}
}

// The name is taken as it is: case-sensitive, with every letter that the rule allows.
func TestNamesAreCaseSensitive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		names := []string{"v75", "V75", "V75.", "V75_1s", "CRASH-1000", "7", strings.Repeat("a", 64), "constructor"}
		for i, name := range names {
			publisher(t, s, name).text(steps(i))
		}
		synctest.Wait()
		for i, name := range names {
			if got := stateOf(t, s.Hub).Snapshots[name].Training.TrainingSteps; got == nil || *got != int64(i) {
				t.Errorf("%s: got step %v, want %d", name, got, i)
			}
		}
	})
}

// The largest message is taken, and one byte more is not.
func TestTheLargestMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		p := publisher(t, s, "V75")
		p.text(steps(1) + strings.Repeat(" ", wire.MaxPublish-len(steps(1))))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Accepted != 1 {
			t.Errorf("got %+v, want it accepted", r)
		}
		go func() { _ = p.write(masked(fin|opText, make([]byte, wire.MaxPublish+1))) }()
		<-p.done
		if got := p.last().closing(); got != "1009 message longer than 65536 bytes" {
			t.Errorf("got the end %q", got)
		}
		synctest.Wait()
		if r := row(t, s, "V75"); r.Rejected != 1 || r.LastRejection == nil || stateOf(t, s.Hub).Stats.Rejected != 1 {
			t.Errorf("got %+v, want the message in the books", r)
		}
	})
}

// Pings every 20 s; a peer that answers them may be silent for ever, one that
// does not is gone after 75 s.
func TestAPeerThatAnswersPingsMayBeSilent(t *testing.T) {
	for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
		synctest.Test(t, func(t *testing.T) {
			s := hubtest.New(t, nil)
			lively, dead := dial(t, s, path).listen(), dial(t, s, path)
			dead.silent = true
			dead.listen()
			start := time.Now()
			<-dead.done
			if after := time.Since(start); after != 75*time.Second {
				t.Errorf("%s: the dead one was given %v, want 75 s", path, after)
			}
			time.Sleep(time.Hour)
			pings := 0
			for _, f := range lively.frames() {
				if f.op() == opPing {
					pings++
				}
			}
			if want := (3600 + 75) / 20; pings != want {
				t.Errorf("%s: got %d pings in an hour, want %d", path, pings, want)
			}
			if lively.ended != nil {
				t.Errorf("%s: the lively one was closed: %v", path, lively.ended)
			}
			if _, body := get(t, s, "/api/state"); !strings.Contains(body, "disconnected: silent for 1m15s") {
				t.Errorf("%s: got %s, want to read why it was closed", path, body)
			}
		})
	}
}

// A peer is given its time for a frame, not for each byte of it, or a trickle would
// hold a connection for ever.
func TestAFrameMayTakeAsLongAsSilence(t *testing.T) {
	for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
		synctest.Test(t, func(t *testing.T) {
			s := hubtest.New(t, nil)
			p := dial(t, s, path)
			p.silent = true // a pong has no place in a frame
			p.listen()
			time.Sleep(10 * time.Second)
			whole := masked(fin|opText, []byte(strings.Repeat("x", 100)))
			p.raw(whole[:10])
			start := time.Now()
			for _, b := range whole[10:] {
				time.Sleep(10 * time.Second)
				if p.write([]byte{b}) != nil {
					break
				}
			}
			<-p.done
			if after := time.Since(start); after < 75*time.Second || after > 90*time.Second {
				t.Errorf("%s: got %v for a frame, want 75 s", path, after)
			}
		})
	}
}

// Hosts that refuse: a publisher is told before the upgrade.
func TestAStoppingHubRefusesWebSocketsAndAnswersTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		publisher(t, s, "V75").text(steps(3))
		synctest.Wait()
		if err := s.Hub.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
			conn, err := s.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, answer := shake(t, conn, path, "")
			checkProblem(t, path, answer, http.StatusServiceUnavailable)
		}
		answer := ask(t, s, http.MethodGet, "/readyz")
		checkProblem(t, "/readyz", answer, http.StatusServiceUnavailable)
		if status, body := get(t, s, "/metrics/V75"); status != http.StatusOK || !strings.Contains(body, `"training_steps":3`) {
			t.Errorf("got %d %s, want what is known all the same", status, body)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
	})
}
