package hub_test

import (
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
	"github.com/karlquant/quasar/price"
)

// feed is what a good trainer says of an index.
type feed struct {
	process *price.Process
	random  *rand.Rand
	steps   int64
}

func newFeed(t *testing.T, name string, seed uint64) *feed {
	t.Helper()
	index, err := price.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	process, err := price.New(index, seed)
	if err != nil {
		t.Fatal(err)
	}
	return &feed{process: process, random: rand.New(rand.NewPCG(seed, 1)), steps: 1000}
}

func (f *feed) next() quasar.Update {
	r := f.random
	f.steps += 1 + r.Int64N(9)
	buys := r.Int64N(11)
	return quasar.UpdateOf(
		&quasar.Training{TrainingSteps: new(f.steps), ActorLoss: new(-r.Float64()), CriticLoss: new(r.ExpFloat64()), AVNLoss: new(r.Float64()),
			AVNAccuracy: new(0.5 + 0.2*r.Float64())},
		&quasar.Voting{DominantSignal: new(quasar.Sell), BuyCount: &buys, SellCount: new(10 - buys), LastPrice: new(f.process.Next()), SignalSource: new("ensemble")})
}

func textOf(u quasar.Update) string { return string(wire.AppendUpdate(nil, u)) }

// poisons are values that every rule of the schema lets pass.
var poisons = []struct {
	field string
	put   func(*quasar.Update)
}{
	{"training_steps", func(u *quasar.Update) { u.Training.TrainingSteps = new(int64(3)) }},
	{"training_steps", func(u *quasar.Update) { u.Training.TrainingSteps = new(int64(quasar.MaxCount)) }},
	{"actor_loss", func(u *quasar.Update) { u.Training.ActorLoss = new(-1e300) }},
	{"critic_loss", func(u *quasar.Update) { u.Training.CriticLoss = new(math.MaxFloat64) }},
	{"avn_loss", func(u *quasar.Update) { u.Training.AVNLoss = new(1e12) }},
	{"buy_count", func(u *quasar.Update) { u.Voting.BuyCount = new(int64(1_000_000)) }},
	{"sell_count", func(u *quasar.Update) { u.Voting.SellCount = new(int64(quasar.MaxCount)) }},
	{"last_price", func(u *quasar.Update) { u.Voting.LastPrice = new(10 * *u.Voting.LastPrice) }},
	{"last_price", func(u *quasar.Update) { u.Voting.LastPrice = new(0.8 * *u.Voting.LastPrice) }},
}

// A publisher with a right to its space turns false, field by field. Everything it
// says reaches the subscribers as it was said, and wherever the hub shows the space
// it shows that it is not believed, and why. Its neighbour is.
func TestAPoisonedPublisherIsSuspect(t *testing.T) {
	var log logbook
	h, addr := serveTCP(t, &hub.Options{Logger: log.logger(slog.LevelInfo)})
	sub := dialTCP(t, addr, "/ws/subscribe", 0)
	sub.nextUpdate()
	good, bad := newFeed(t, "CRASH50", 1), newFeed(t, "V75", 1)
	neighbour, p := dialTCP(t, addr, "/ws/publish/CRASH50", 0).listen(), dialTCP(t, addr, "/ws/publish/V75", 0).listen()
	say := func(from *peer, u quasar.Update) {
		t.Helper()
		from.text(textOf(u))
		got := sub.nextUpdate().Snapshots[0]
		if diff := cmp.Diff([]any{u.Training, u.Voting}, []any{got.Training, got.Voting}); diff != "" {
			t.Fatalf("a subscriber got (-sent +got):\n%s", diff)
		}
	}
	for range 200 {
		say(neighbour, good.next())
		say(p, bad.next())
	}
	if s := stateOf(t, h); s.Stats.Implausible != 0 || s.Stats.Suspects != 0 || s.Publishers["V75"].Suspect != nil || s.Rankings[0].Suspect || s.Rankings[1].Suspect {
		t.Fatalf("before: got %+v", s)
	}
	want := map[string]int64{}
	for i, poison := range poisons {
		u := bad.next()
		poison.put(&u)
		say(p, u)
		say(p, bad.next())
		say(neighbour, good.next())
		want[poison.field]++
		s := stateOf(t, h)
		row := s.Publishers["V75"]
		if row.Implausible != int64(i+1) || row.Suspect == nil || !strings.HasPrefix(row.Suspect.Reasons[poison.field], poison.field+" ") {
			t.Errorf("%s poisoned: got %+v", poison.field, row)
		}
	}
	s := stateOf(t, h)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(s.Publishers["V75"].Suspect.Reasons))); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	suspects := map[string]bool{}
	for _, r := range s.Rankings {
		suspects[r.SpaceName] = r.Suspect
	}
	if diff := cmp.Diff(map[string]bool{"V75": true, "CRASH50": false}, suspects); diff != "" {
		t.Errorf("rankings (-want +got):\n%s", diff)
	}
	if s.Stats.Suspects != 1 || s.Stats.Rejected+s.Stats.FieldErrors+s.Stats.Stripped != 0 || s.Publishers["CRASH50"].Implausible != 0 {
		t.Errorf("got %+v", s.Stats)
	}
	if len(p.frames()) != 0 {
		t.Errorf("the publisher got %+v, want nothing", p.frames())
	}
	var lines []string
	for _, line := range log.read(t) {
		if line["msg"] == "WARN space is suspect" {
			lines = append(lines, fmt.Sprint(line["space"], " ", line["role"], " ", line["address"] != "", " ", line["reason"]))
		}
	}
	if diff := cmp.Diff([]string{"V75 publisher true training_steps went back from 2036 to 3 on one connection"}, lines[:1]); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

// What is told of a suspicion to Prometheus and on the page, and that it ends by
// itself: ten minutes after the newest implausible value, though nothing comes.
func TestASuspicionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logbook
		s := hubtest.New(t, &hub.Options{Logger: log.logger(slog.LevelWarn)})
		p, f := publisher(t, s, "V75"), newFeed(t, "V75", 2)
		for range 60 {
			p.text(textOf(f.next()))
			time.Sleep(time.Second)
		}
		for range 30 { // of many only some are told
			u := f.next()
			u.Voting.LastPrice = new(1.0)
			p.text(textOf(u))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		at := time.Now()
		got, _ := metricsOf(t, s)
		for name, want := range map[string]float64{
			"quasar_hub_implausible_total field=last_price": 30, "quasar_hub_implausible_total field=avn_accuracy": 0, "quasar_hub_suspect_spaces": 1,
		} {
			if x, ok := got[name]; !ok || x != want {
				t.Errorf("%s: got %v, want %v", name, x, want)
			}
		}
		if n := len(log.read(t)); n != 3 {
			t.Errorf("got %d lines in the log, want one every ten seconds: %v", n, log.read(t))
		}
		suspicion := row(t, s, "V75").Suspect
		want := map[string]string{"last_price": "last_price leapt from " + fmt.Sprint(lastPlausible(t, 2)) + " to 1"}
		if diff := cmp.Diff(want, suspicion.Reasons); diff != "" {
			t.Errorf("reasons (-want +got):\n%s", diff)
		}
		if took := suspicion.Until - suspicion.Since; math.Abs(took-629) > 0.01 || math.Abs(suspicion.Until-float64(at.Add(599*time.Second).UnixMicro())/1e6) > 0.01 {
			t.Errorf("got %+v", suspicion)
		}
		var told []string
		for _, e := range stateOf(t, s.Hub).Events {
			if e.Kind == "suspect" {
				told = append(told, *e.SpaceName+" "+e.Text)
			}
		}
		if diff := cmp.Diff(slices.Repeat([]string{"V75 suspect: " + want["last_price"]}, 3), told); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}

		time.Sleep(598 * time.Second)
		if r := row(t, s, "V75"); r.Suspect == nil {
			t.Errorf("a second before its end: got %+v", r)
		}
		etag := ask(t, s, http.MethodGet, "/api/state").Header.Get("Etag")
		time.Sleep(2 * time.Second)
		if answer := ask(t, s, http.MethodGet, "/api/state", "If-None-Match: "+etag); answer.StatusCode != http.StatusOK {
			t.Errorf("got %s, want the end of the suspicion to be news", answer.Status)
		}
		end := stateOf(t, s.Hub)
		if r := end.Publishers["V75"]; r.Suspect != nil || r.Implausible != 30 || end.Stats.Suspects != 0 || end.Rankings[0].Suspect {
			t.Errorf("after its end: got %+v", end)
		}
	})
}

// lastPlausible is the last price before the poison.
func lastPlausible(t *testing.T, seed uint64) float64 {
	t.Helper()
	f := newFeed(t, "V75", seed)
	for range 60 {
		f.next()
	}
	return f.process.Price()
}

// A trainer that starts anew counts its steps anew, on a connection of its own.
func TestANewConnectionMayCountAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		old := publisher(t, s, "V75")
		old.text(steps(9_000_000))
		synctest.Wait()
		young := publisher(t, s, "V75")
		young.text(steps(1))
		young.text(steps(2))
		synctest.Wait()
		old.text(steps(9_000_001)) // it has no say
		synctest.Wait()
		young.close(1000)
		<-young.done
		synctest.Wait()
		old.text(steps(9_000_002))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Suspect != nil || r.Superseded != 1 || r.Accepted != 4 {
			t.Errorf("got %+v", r)
		}
		old.text(steps(9_000_001))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Suspect == nil {
			t.Errorf("going back: got %+v", r)
		}
	})
}
