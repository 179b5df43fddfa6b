package derivsim

import (
	"crypto/sha256"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/deriv"
)

const basePath = "/trading/v1/options"

func (s *Sim) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+basePath+"/accounts", s.restCall(s.listAccounts))
	mux.HandleFunc("POST "+basePath+"/accounts/{id}/otp", s.restCall(s.makeOTP))
	mux.HandleFunc("GET "+basePath+"/ws/public", s.servePublic)
	mux.HandleFunc("GET "+basePath+"/ws/demo", func(w http.ResponseWriter, r *http.Request) { s.serveTrading(w, r, deriv.Demo) })
	mux.HandleFunc("GET "+basePath+"/ws/real", func(w http.ResponseWriter, r *http.Request) { s.serveTrading(w, r, deriv.Real) })
	mux.HandleFunc("GET /admin/faults", s.admin(s.adminList))
	mux.HandleFunc("POST /admin/faults", s.admin(s.adminInject))
	mux.HandleFunc("DELETE /admin/faults", s.admin(s.adminClear))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		restFailed(w, r, &restProblem{http.StatusNotFound, "NotFound", "There is no such endpoint."})
	})
	return mux
}

// user is who makes a REST call: a token and the app that it is used with.
type user struct {
	token [32]byte
	app   int64
}

// restProblem is an answer that is an error.
type restProblem struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type restMeta struct {
	Endpoint string `json:"endpoint"`
	Method   string `json:"method"`
	Timing   int    `json:"timing"`
}

func metaOf(r *http.Request) restMeta { return restMeta{Endpoint: r.URL.Path, Method: r.Method} }

func restFailed(w http.ResponseWriter, r *http.Request, p *restProblem) {
	writeJSON(w, p.Status, struct {
		Errors []restProblem `json:"errors"`
		Meta   restMeta      `json:"meta"`
	}{[]restProblem{*p}, metaOf(r)})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // whoever is gone gets nothing
}

// restCall answers in the world's present, with what every call has to pass.
func (s *Sim) restCall(answer func(*http.Request, user) (any, *restProblem)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.advance()
		data, problem := s.admitREST(r, answer)
		s.mu.Unlock()
		if problem != nil {
			restFailed(w, r, problem)
			return
		}
		writeJSON(w, http.StatusOK, struct {
			Data any      `json:"data"`
			Meta restMeta `json:"meta"`
		}{data, metaOf(r)})
	}
}

func (s *Sim) admitREST(r *http.Request, answer func(*http.Request, user) (any, *restProblem)) (any, *restProblem) {
	if s.ended || s.faults.maintenanceUntil > s.at {
		return nil, &restProblem{http.StatusServiceUnavailable, "ServiceUnavailable", "The service is under maintenance."}
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token = strings.TrimSpace(token); !ok || token == "" {
		return nil, &restProblem{http.StatusUnauthorized, "Unauthorized", "Authorization header with a bearer token is required."}
	}
	app := strings.TrimSpace(r.Header.Get("Deriv-App-ID"))
	if app == "" {
		return nil, &restProblem{http.StatusUnauthorized, "Unauthorized", "Deriv-App-ID header is required for PAT tokens"}
	}
	u := user{sha256.Sum256([]byte(token)), appID(app)}
	if s.revoked[u.token] {
		return nil, &restProblem{http.StatusUnauthorized, "InvalidToken", "The token is invalid."}
	}
	if !s.restOf(u).take(s.at) {
		return nil, &restProblem{http.StatusTooManyRequests, "RateLimit", "You have reached the rate limit for this endpoint."}
	}
	return answer(r, u)
}

// maxTokens is of how many the calls are counted; with one more all begin anew.
const maxTokens = 10_000

func (s *Sim) restOf(u user) *budget {
	b := s.rest[u.token]
	if b == nil {
		if len(s.rest) >= maxTokens {
			clear(s.rest)
		}
		b = newBudget(restBudget(&s.opts.Limits.Budgets))
		s.rest[u.token] = b
	}
	return b
}

// appID is the number that contracts carry. Of an app whose id is none it is
// made from its letters.
func appID(text string) int64 {
	if n, err := strconv.ParseInt(text, 10, 53); err == nil && n > 0 {
		return n
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return 1_000_000 + int64(h.Sum32())
}

func (s *Sim) listAccounts(*http.Request, user) (any, *restProblem) {
	list := []deriv.AccountInfo{}
	for _, a := range s.accounts {
		list = append(list, deriv.AccountInfo{
			ID: a.ID, Balance: a.balance, Currency: a.Currency, Group: "row", Status: "active", Kind: a.Kind,
		})
	}
	return list, nil
}

// otp is the way into one account, for one connection.
type otp struct {
	account *account
	user    user
	until   time.Time // of ours
}

// maxOTPs bounds those that were asked for and not used.
const maxOTPs = 10_000

func (s *Sim) makeOTP(r *http.Request, u user) (any, *restProblem) {
	a := s.byID[r.PathValue("id")]
	if a == nil {
		return nil, &restProblem{http.StatusNotFound, "AccountNotFound", "The account was not found."}
	}
	if s.faults.happens(OTPFailure, occasion{call: "otp", account: a}) {
		return nil, &restProblem{http.StatusBadGateway, "InternalServerError", "The one-time URL could not be made."}
	}
	s.dropOldOTPs()
	if len(s.otps) >= maxOTPs {
		return nil, &restProblem{http.StatusTooManyRequests, "RateLimit", "Too many one-time URLs are unused."}
	}
	secret := s.ids.secret()
	s.otps[secret] = otp{a, u, time.Now().Add(s.opts.Limits.OTPLife)}
	scheme := "ws"
	if r.TLS != nil {
		scheme = "wss"
	}
	return struct {
		URL string `json:"url"`
	}{scheme + "://" + r.Host + basePath + "/ws/" + string(a.Kind) + "?otp=" + secret}, nil
}

func (s *Sim) dropOldOTPs() {
	now := time.Now()
	for secret, o := range s.otps {
		if o.until.Before(now) {
			delete(s.otps, secret)
		}
	}
}

// useOTP takes a one-time URL's secret out, whether it leads anywhere or not.
func (s *Sim) useOTP(secret string, kind deriv.AccountKind) (otp, bool) {
	o, ok := s.otps[secret]
	delete(s.otps, secret)
	return o, ok && o.account.Kind == kind && time.Now().Before(o.until) && !s.revoked[o.user.token]
}
