package ranker_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
)

// commanded is a ranker whose trader can be halted with adminToken.
func commanded(t *testing.T) (*ranker.Ranker, *trade.Trader) {
	t.Helper()
	trader := holding(t, 1)
	return prepare(t, newHub(t), &ranker.Options{Trader: trader, AdminToken: adminToken}), trader
}

// tell posts a body.
func tell(h http.Handler, target, body string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:7861"+target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

const own = "http://127.0.0.1:7861"

// login returns the cookie that the token is traded for, as a browser sends it.
func login(t *testing.T, h http.Handler) string {
	t.Helper()
	w := tell(h, "/trade/login", `{"token": "`+adminToken+`"}`, "Origin", own)
	cookies := w.Result().Cookies()
	if w.Code != http.StatusOK || len(cookies) != 1 {
		t.Fatalf("got %d %s and %d cookies, want a login", w.Code, w.Body, len(cookies))
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

// One row per way in, and per attack.
func TestWhoMayCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name   string
			header []string // COOKIE stands for that of a login
			want   int
		}{
			{"nobody", nil, 401},
			{"whoever has the token", []string{"Authorization", "Bearer " + adminToken}, 200},
			{"also where Authorization is another's", []string{"X-Quasar-Token", adminToken, "Authorization", "Bearer hf"}, 200},
			{"not a wrong token", []string{"Authorization", "Bearer " + adminToken + "x"}, 401},
			{"not an empty one", []string{"X-Quasar-Token", ""}, 401},
			{"not two of them", []string{"X-Quasar-Token", adminToken, "X-Quasar-Token", "x"}, 401},
			{"a wrong token is not made good by a login", []string{"X-Quasar-Token", "x", "Cookie", "COOKIE"}, 401},
			{"whoever is logged in", []string{"Origin", own, "Sec-Fetch-Site", "same-origin", "Cookie", "COOKIE"}, 200},
			{"not with the token as a cookie", []string{"Cookie", "quasar_admin=" + adminToken}, 401},
			{"not a page of a stranger", []string{"Origin", "http://evil.example", "Cookie", "COOKIE"}, 403},
			{"not one of this machine at another port", []string{"Origin", "http://127.0.0.1:3000", "Cookie", "COOKIE"}, 403},
			{"not one that hides where it comes from", []string{"Origin", "null", "Cookie", "COOKIE"}, 403},
			{"not one that the browser calls a stranger", []string{"Sec-Fetch-Site", "same-site", "Cookie", "COOKIE"}, 403},
			{"not even with the token", []string{"Origin", "http://evil.example", "Authorization", "Bearer " + adminToken}, 403},
		} {
			r, trader := commanded(t)
			cookie := login(t, r)
			for i := range c.header {
				c.header[i] = strings.ReplaceAll(c.header[i], "COOKIE", cookie)
			}
			w := tell(r, "/trade/halt", `{"note": "lunch"}`, c.header...)
			if halted := trader.Status().Halt != nil; w.Code != c.want || halted != (c.want == 200) {
				t.Errorf("%s: got %d and halted %t, want %d: %s", c.name, w.Code, halted, c.want, w.Body)
			}
		}
	})
}

func TestHaltAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, trader := commanded(t)
		token := []string{"Authorization", "Bearer " + adminToken}
		w := tell(r, "/trade/halt", `{"note": "lunch"}`, token...)
		if got := read(t, w.Body.Bytes()); got["done"] != "halted" || got["account"].(document)["halted"].(document)["detail"] != "lunch" {
			t.Errorf("halt: got %v", got)
		}
		if w := tell(r, "/trade/resume", "", token...); w.Code != 200 || trader.Status().Halt != nil {
			t.Errorf("resume: got %d %s", w.Code, w.Body)
		}
		if w := tell(r, "/trade/halt", `{"note": 1}`, token...); w.Code != 400 || trader.Status().Halt != nil {
			t.Errorf("a note that is no text: got %d %s, want 400", w.Code, w.Body)
		}
		if w := ask(r, "GET", "/trade/halt", token...); w.Code != 405 || w.Header().Get("Allow") != "POST" {
			t.Errorf("GET: got %d, want 405", w.Code)
		}
	})
}

func TestTheCookieIsForOurPageAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := commanded(t)
		got := tell(r, "/trade/login", `{"token": " `+adminToken+` "}`, "Origin", own).Header().Get("Set-Cookie")
		for _, want := range []string{"quasar_admin=", "Path=/trade/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"} {
			if !strings.Contains(got, want) {
				t.Errorf("got %q, want %s in it", got, want)
			}
		}
		if strings.Contains(got, adminToken) || strings.Contains(got, "Secure") {
			t.Errorf("got %q, want no token, and no Secure without TLS", got)
		}
	})
}

func TestLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name, body string
			header     []string
			want       int
		}{
			{"a wrong token", `{"token": "x"}`, nil, 401},
			{"no token", `{}`, nil, 401},
			{"no JSON", `token=x`, nil, 400},
			{"too much", `{"token": "` + strings.Repeat("x", 5000) + `"}`, nil, 400},
			{"a page of a stranger", `{"token": "` + adminToken + `"}`, []string{"Origin", "http://evil.example"}, 403},
		} {
			r, _ := commanded(t)
			if w := tell(r, "/trade/login", c.body, c.header...); w.Code != c.want || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s: got %d %v, want %d and no cookie", c.name, w.Code, w.Header(), c.want)
			}
		}
		unguarded := prepare(t, newHub(t), &ranker.Options{Trader: holding(t, 1)})
		if w := tell(unguarded, "/trade/login", `{"token": ""}`); w.Code != 403 {
			t.Errorf("a ranker without a token: got %d, want 403", w.Code)
		}
	})
}

func TestASessionEnds(t *testing.T) {
	admin := func(h http.Handler, cookie string) bool {
		return read(t, ask(h, "GET", "/trade/session", "Cookie", cookie).Body.Bytes())["admin"].(bool)
	}
	for _, c := range []struct {
		name string
		then func(t *testing.T, r *ranker.Ranker, cookie string)
		want bool
	}{
		{"not before its time", func(*testing.T, *ranker.Ranker, string) { time.Sleep(11 * time.Hour) }, true},
		{"after half a day", func(*testing.T, *ranker.Ranker, string) { time.Sleep(12 * time.Hour) }, false},
		{"with a logout", func(_ *testing.T, r *ranker.Ranker, cookie string) { tell(r, "/trade/logout", "", "Cookie", cookie) }, false},
		{"not with another's", func(t *testing.T, r *ranker.Ranker, _ string) { tell(r, "/trade/logout", "", "Cookie", login(t, r)) }, true},
		{"not with a stranger's", func(_ *testing.T, r *ranker.Ranker, cookie string) {
			tell(r, "/trade/logout", "", "Cookie", cookie, "Origin", "http://evil.example")
		}, true},
		{"when 32 came after it", func(t *testing.T, r *ranker.Ranker, _ string) {
			for range 32 {
				login(t, r)
			}
		}, false},
	} {
		bubble(t, c.name, func(t *testing.T) {
			r, _ := commanded(t)
			cookie := login(t, r)
			if !admin(r, cookie) {
				t.Fatal("got no session after a login")
			}
			if c.then(t, r, cookie); admin(r, cookie) != c.want {
				t.Errorf("got %t, want %t", !c.want, c.want)
			}
		})
	}
}
