package main

import (
	"testing"
	"time"
)

func actOf(values ...float64) *act {
	a := &act{}
	for i, v := range values {
		s := sample{at: time.Unix(int64(i), 0)}
		s.value[goroutines] = v
		a.samples = append(a.samples, s)
	}
	return a
}

func TestOnlyWhatGoesOnGrowingIsGrowth(t *testing.T) {
	for name, test := range map[string]struct {
		values []float64
		grows  bool
	}{
		"level":                         {[]float64{100, 101, 99, 100, 102, 100, 99, 100, 101}, false},
		"rising":                        {[]float64{100, 130, 160, 190, 220, 250, 280, 310, 340}, true},
		"filled at first, then level":   {[]float64{10, 100, 400, 400, 401, 399, 400, 400, 401}, false},
		"one spike":                     {[]float64{100, 100, 100, 100, 900, 100, 100, 100, 100}, false},
		"falling":                       {[]float64{180, 170, 160, 150, 140, 130, 120, 110, 100}, false},
		"too short to tell":             {[]float64{1, 1000}, false},
		"rising by less than the slack": {[]float64{100, 101, 102, 103, 104, 105, 106, 107, 108}, false},
	} {
		if err := actOf(test.values...).growth(goroutines); (err != nil) != test.grows {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestQuantilesOfDelays(t *testing.T) {
	var h histogram
	for i := range 100 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.99: 99 * time.Millisecond} {
		if got := h.quantile(q); got < want || got > want*5/4 {
			t.Errorf("quantile %v: got %v, want %v or a little more", q, got, want)
		}
	}
}

func TestAHostileClientMayNotDoubleTheDelay(t *testing.T) {
	quiet, siege := actOf(1, 1, 1), actOf(1, 1, 1)
	quiet.delays.add(10 * time.Millisecond)
	siege.delays.add(15 * time.Millisecond)
	if err := slowed(quiet, siege); err != nil {
		t.Errorf("15 ms after 10 ms: got %v", err)
	}
	siege.delays.add(30 * time.Millisecond)
	if err := slowed(quiet, siege); err == nil {
		t.Error("30 ms after 10 ms: got no error")
	}
}
