package derivsim

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-json-experiment/json"
)

// admin lets in who comes from this machine, and no web page that a browser on
// it shows.
func (s *Sim) admin(answer func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.RemoteAddr) || r.Header.Get("Origin") != "" || r.Header.Get("X-Forwarded-For") != "" {
			restFailed(w, r, &restProblem{http.StatusForbidden, "Forbidden", "Faults are switched from this machine only, and by no web page."})
			return
		}
		answer(w, r)
	}
}

// isLoopback takes a network in memory for this machine too: its addresses have
// no port.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address == "pipe"
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// faultText is a fault in JSON.
type faultText struct {
	Kind    Kind    `json:"kind"`
	Rate    float64 `json:"rate,omitzero"`
	Count   int     `json:"count,omitzero"`
	Call    string  `json:"call,omitzero"`
	After   int     `json:"after,omitzero"`
	Symbol  string  `json:"symbol,omitzero"`
	Account string  `json:"account,omitzero"`
	App     int64   `json:"app,omitzero"`
	For     float64 `json:"for,omitzero"` // seconds
}

func (f *faultText) fault() Fault {
	seconds := min(max(f.For, -1), 1e6) // beyond what is allowed, and within a Duration
	return Fault{
		Kind: f.Kind, Rate: f.Rate, Count: f.Count, After: f.After, Call: f.Call, Symbol: f.Symbol, Account: f.Account, App: f.App,
		For: time.Duration(seconds * float64(time.Second)),
	}
}

func (f *Fault) text() faultText {
	return faultText{f.Kind, f.Rate, f.Count, f.Call, f.After, f.Symbol, f.Account, f.App, f.For.Seconds()}
}

// faultState is what GET /admin/faults answers.
type faultState struct {
	Faults   []faultText  `json:"faults"`
	Happened map[Kind]int `json:"happened"`
	Kinds    []Kind       `json:"kinds"`
}

func (s *Sim) adminList(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	state := faultState{Faults: []faultText{}, Happened: make(map[Kind]int), Kinds: Kinds()}
	for _, f := range s.faults.list {
		state.Faults = append(state.Faults, f.text())
	}
	for k, n := range s.faults.told {
		state.Happened[k] = n
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, state)
}

const maxAdmin = 64 << 10

// adminInject takes one fault, strictly.
func (s *Sim) adminInject(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAdmin))
	var f faultText
	if err == nil {
		err = json.Unmarshal(body, &f, json.RejectUnknownMembers(true))
	}
	if err == nil {
		err = s.Inject(f.fault())
	}
	if err != nil {
		restFailed(w, r, &restProblem{http.StatusBadRequest, "InputValidationFailed", err.Error()})
		return
	}
	s.adminList(w, r)
}

func (s *Sim) adminClear(w http.ResponseWriter, r *http.Request) {
	s.Clear()
	s.adminList(w, r)
}
