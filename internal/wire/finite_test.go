package wire

import "testing"

func TestFinite(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"JSON is as it was", `{"a": [1, -2, null, "x"]}`, `{"a": [1, -2, null, "x"]}`},
		{"what Python writes is null", `{"a":NaN,"b":Infinity,"c":-Infinity}`, `{"a":null,"b":null,"c":null}`},
		{"in a string it is text", `{"NaN":"-Infinity \" NaN"}`, `{"NaN":"-Infinity \" NaN"}`},
		{"at the end", `NaN`, `null`},
		{"an escape at the end", `"\`, `"\`},
		{"part of a word is none", `[Na, -Inf]`, `[Na, -Inf]`},
		{"nothing at all", ``, ``},
	} {
		if got := string(finite([]byte(c.in))); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// A hub in Python hands on what its publishers send: one diverged loss must not take
// the other spaces of an initial state from their reader.
func TestDecodeHubOfAHubInPython(t *testing.T) {
	frame, err := DecodeHub([]byte(`{"type":"initial_state","hub_timestamp":1.5,"snapshots":{
		"A":{"space_name":"A","training":{"training_steps":3,"actor_loss":NaN,"critic_loss":-Infinity},"voting":{},"updated_at":1.5},
		"B":{"space_name":"B","training":{"training_steps":4},"voting":{},"updated_at":1.5}}}`))
	if err != nil || len(frame.Snapshots) != 2 || len(frame.Dropped) > 0 {
		t.Fatalf("got %+v and %v, want two snapshots", frame, err)
	}
	a := frame.Snapshots[0].Training
	if a.ActorLoss != nil || a.CriticLoss != nil || a.TrainingSteps == nil || *a.TrainingSteps != 3 {
		t.Errorf("got %+v, want 3 steps and unknown losses", a)
	}
}
