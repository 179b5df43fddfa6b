package derivsim_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/deriv/derivsim"
)

// restBody is what the facts say of an answer to a REST call: data and meta, or
// errors and meta, and nothing else.
type restBody[T any] struct {
	Data   *T          `json:"data"`
	Errors []restError `json:"errors"`
	Meta   *struct {
		Endpoint string `json:"endpoint"`
		Method   string `json:"method"`
		Timing   int    `json:"timing"`
	} `json:"meta"`
}

type restError struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// strictly decodes an answer with no field more than is known, and says what of
// it is not as it should be.
func strictly[T any](status int, method, path, body string) error {
	var b restBody[T]
	if err := json.Unmarshal([]byte(body), &b, json.RejectUnknownMembers(true)); err != nil {
		return err
	}
	switch {
	case b.Meta == nil || b.Meta.Method != method || !strings.HasSuffix(b.Meta.Endpoint, path):
		return fmt.Errorf("got the meta %+v, want it of %s %s", b.Meta, method, path)
	case (status == http.StatusOK) != (b.Data != nil) || (status == http.StatusOK) != (b.Errors == nil):
		return fmt.Errorf("got data %v and errors %+v with status %d", b.Data, b.Errors, status)
	case status != http.StatusOK && (len(b.Errors) != 1 || b.Errors[0].Status != status || b.Errors[0].Code == "" || b.Errors[0].Message == ""):
		return fmt.Errorf("got the errors %+v, want one of %d", b.Errors, status)
	}
	return nil
}

type accountFacts struct {
	ID       string  `json:"account_id"`
	Balance  float64 `json:"balance"`
	Currency string  `json:"currency"`
	Group    string  `json:"group"`
	Status   string  `json:"status"`
	Type     string  `json:"account_type"`
}

func TestRESTAnswersAsTheFactsHaveIt(t *testing.T) {
	faulty(t, func(t *testing.T, s *derivsim.Sim, _ *raw) {
		token := []string{"Authorization", "Bearer x", "Deriv-App-ID", "a"}
		ask := func(want int, method, path string, headers ...string) string {
			status, body := rest(t, s, method, path, headers...)
			if status != want {
				t.Errorf("%s %s: got %d %s, want %d", method, path, status, body, want)
			}
			return body
		}
		accounts := ask(200, http.MethodGet, "/accounts", token...)
		if err := strictly[[]accountFacts](200, http.MethodGet, "/accounts", accounts); err != nil {
			t.Errorf("%s: %v", accounts, err)
		}
		otp := "/accounts/" + derivsim.DemoAccount + "/otp"
		body := ask(200, http.MethodPost, otp, token...)
		if err := strictly[struct {
			URL string `json:"url"`
		}](200, http.MethodPost, otp, body); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		for _, test := range []struct {
			status       int
			method, path string
			headers      []string
			fault        derivsim.Kind
		}{
			{401, http.MethodGet, "/accounts", nil, ""}, {404, http.MethodPost, "/accounts/none/otp", token, ""}, {404, http.MethodGet, "/else", token, ""},
			{401, http.MethodGet, "/ws/demo", token, ""}, {502, http.MethodPost, otp, token, derivsim.OTPFailure}, {503, http.MethodGet, "/accounts", token, derivsim.Maintenance},
		} {
			if test.fault != "" {
				inject(t, s, derivsim.Fault{Kind: test.fault, Count: 1})
			}
			body := ask(test.status, test.method, test.path, test.headers...)
			if err := strictly[any](test.status, test.method, test.path, body); err != nil {
				t.Errorf("%s: %v", body, err)
			}
		}
	})
}

// Every fault can be switched on and off by a request.
func TestEveryFaultIsOnTheAdminCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, quiet(t))
		url := derivsim.MemoryURL + "/admin/faults"
		for _, kind := range derivsim.Kinds() {
			status, body := request(t, s, http.MethodPost, url, fmt.Sprintf(`{"kind":%q,"rate":0.25,"after":3,"for":1.5}`, kind))
			if want := fmt.Sprintf(`{"kind":%q,"rate":0.25,"after":3,"for":1.5}`, kind); status != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: got %d %s, want it listed as %s", kind, status, body, want)
			}
		}
		status, body := request(t, s, http.MethodPost, url, fmt.Sprintf(`{"kind":"foreign-contract","count":2,"symbol":"R_75","account":%q,"app":77}`, derivsim.DemoAccount))
		if status != 200 || !strings.Contains(body, `"happened":{"foreign-contract":2}`) || len(ledgerOf(t, s, derivsim.DemoAccount).Of(77)) != 2 {
			t.Errorf("got %d %s, want two contracts of app 77 at once", status, body)
		}
		if status, body := request(t, s, http.MethodDelete, url, ""); status != 200 || !strings.Contains(body, `"faults":[]`) {
			t.Errorf("got %d %s, want none left", status, body)
		}
	})
}

func TestEveryFaultIsInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range derivsim.Kinds() {
		if !strings.Contains(string(text), "`"+string(kind)+"`") {
			t.Errorf("docs/simulator.md: got nothing of %s", kind)
		}
	}
}
