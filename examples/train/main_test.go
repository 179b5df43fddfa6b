package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/karlquant/quasar/hub"
)

// What the loop publishes stands in the hub's ranking.
func TestTheLoopIsOnTheHub(t *testing.T) {
	h, err := hub.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	defer func() { _ = h.Shutdown(t.Context()) }()
	if err := train(t.Context(), server.URL, 5); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/metrics/MY_GO_SPACE", nil))
	var got struct {
		Snapshot struct {
			Training struct {
				Steps    int64    `json:"training_steps"`
				Accuracy *float64 `json:"avn_accuracy"`
			} `json:"training"`
			Voting struct {
				Buys  *int64 `json:"buy_count"`
				Sells *int64 `json:"sell_count"`
			} `json:"voting"`
		} `json:"snapshot"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, answer.Body)
	}
	training, voting := got.Snapshot.Training, got.Snapshot.Voting
	if training.Steps != 5 || training.Accuracy == nil || voting.Buys == nil || *voting.Buys+*voting.Sells != 10 {
		t.Errorf("got %s, want 5 steps, an accuracy and 10 votes", answer.Body)
	}
}
