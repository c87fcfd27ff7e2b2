package sandbox_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/sandbox"
)

// The page says TEST, what is paid and for which order; it needs nothing but itself, and its policy allows no more.
func TestPayPage(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	r := k.request("p1", 123456)
	r["description"] = `2 × "A-1" <script>alert(1)</script> עברית`
	p := k.merchant("POST", "", r).want(t, 201, "").payment(t)
	a := k.do("GET", p.URL, nil).want(t, 200, "")
	if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", a.Header)
	}
	for _, need := range []string{"TEST", "1234.56 EUR", "order-p1", `value="paid"`, `value="declined"`, `&lt;script&gt;`, "עברית"} {
		if !strings.Contains(a.Body, need) {
			t.Errorf("the page lacks %s:\n%s", need, a.Body)
		}
	}
	for _, none := range []string{"<script", "src=", "@import", "url("} {
		if strings.Contains(a.Body, none) {
			t.Errorf("the page has %s", none)
		}
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(a.Body)
	hash := sha256.Sum256([]byte(style[1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; form-action 'self' https://shop.example; base-uri 'none'; frame-ancestors 'none'"
	if got := a.Header.Get("Content-Security-Policy"); got != want {
		t.Errorf("policy %s\nwant   %s", got, want)
	}
	testkit.Golden(t, "pay.html", []byte(a.Body))

	if a := k.do("POST", p.URL, url.Values{"outcome": {"paid"}}); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "https://shop.example/orders/1" {
		t.Errorf("the form is answered %d, %v", a.Status, a.Header)
	}
	if a := k.do("GET", p.URL, nil); strings.Contains(a.Body, "<form") || !strings.Contains(a.Body, `href="https://shop.example/orders/1"`) || !strings.Contains(a.Body, "authorized") {
		t.Errorf("a decided payment still asks:\n%s", a.Body)
	}
}

func TestClickIsDecidedOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.open("p1", 100)
	k.click(p.ID, "maybe").want(t, 422, "bad-field")
	k.do("POST", p.URL, nil).want(t, 422, "bad-field")
	k.do("POST", p.URL, url.Values{"outcome": {""}}).want(t, 422, "bad-field")
	k.do("POST", p.URL+"?outcome=paid", url.Values{}).want(t, 422, "bad-field")
	k.do("POST", p.URL, "{}", "Content-Type", "text/plain").want(t, 415, "unsupported-type")
	k.do("POST", p.URL, `{"outcome":"paid","amount":1}`).want(t, 400, "bad-body")
	for range 2 {
		if a := k.click(p.ID, "declined").want(t, 200, ""); strings.TrimSpace(a.Body) != `{"status":"declined"}` {
			t.Errorf("declined: %s", a.Body)
		}
	}
	k.click(p.ID, "paid").want(t, 409, "wrong-state")
	k.do("POST", p.URL, url.Values{"outcome": {"paid"}}).want(t, 409, "wrong-state")
	if n := k.outbox("due"); n != 1 {
		t.Errorf("%d webhooks for one click", n)
	}
	// The click that was captured since is still the same click.
	c := k.captured("p2", 100)
	if a := k.click(c.ID, "paid").want(t, 200, ""); strings.TrimSpace(a.Body) != `{"status":"authorized"}` {
		t.Errorf("paid again: %s", a.Body)
	}
}

// Whatever a stranger sends to the pay page is refused or is one of the outcomes.
func FuzzPay(f *testing.F) {
	k := newKit(f)
	e := echo.New()
	e.HTTPErrorHandler = problem
	k.proc.Routes(e.Group(""), nil)
	for _, seed := range [][2]string{
		{"application/json", `{"outcome":"paid"}`}, {"application/json", `{"outcome":"declined"}{}`}, {"application/json", `{"outcome":null}`},
		{"application/json", `{"outcome":"challenge"}`}, {"application/x-www-form-urlencoded", "outcome=declined&reason=expired-card"},
		{"application/x-www-form-urlencoded", "outcome=paid"}, {"application/x-www-form-urlencoded", "outcome=%zz"}, {"text/plain", "paid"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"outcome\"\r\n\r\npaid\r\n--x--\r\n"}, {"multipart/form-data", ""}, {"", "\x00"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		k.t = t
		p := k.open("fuzz", 100)
		req := httptest.NewRequest("POST", "/sandbox/pay/"+p.ID, strings.NewReader(body))
		req.Header.Set("Content-Type", kind)
		res := httptest.NewRecorder()
		e.ServeHTTP(res, req)
		status := k.get(p.ID).Status
		switch res.Code {
		case 200, 303:
			if asked := strings.Contains(res.Body.String(), `"open"`) || strings.HasPrefix(res.Header().Get("Location"), "/sandbox/pay/"); status != sandbox.Authorized && status != sandbox.Declined && !asked {
				t.Errorf("%q %q is answered %d and leaves it %s", kind, body, res.Code, status)
			}
		case 400, 413, 415, 422:
			if status != sandbox.Open {
				t.Errorf("%q %q is refused with %d and makes it %s", kind, body, res.Code, status)
			}
		default:
			t.Errorf("%q %q is answered %d %s", kind, body, res.Code, res.Body)
		}
	})
}

// Only the connection counts for who is on this machine, never a header.
func TestLoopbackIsThePeer(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	e := echo.New()
	e.HTTPErrorHandler = problem
	k.proc.Routes(e.Group(""), nil)
	for remote, want := range map[string]int{"127.0.0.1:99": 200, "[::1]:99": 200, "[::ffff:127.0.0.1]:99": 200, "192.0.2.7:99": 403, "": 403, "@": 403} {
		req := httptest.NewRequest("GET", "/sandbox/charges", nil)
		req.RemoteAddr = remote
		req.Header.Set("X-Forwarded-For", "127.0.0.1")
		req.Header.Set("X-Real-Ip", "127.0.0.1")
		res := httptest.NewRecorder()
		e.ServeHTTP(res, req)
		if res.Code != want {
			t.Errorf("from %q: %d, want %d", remote, res.Code, want)
		}
	}
}

// A bank may ask who is paying before it decides (3-D Secure): nothing is decided meanwhile, nobody is told, and only
// the answer is.
func TestBankAsksFirst(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.open("p1", 100)
	if a := k.click(p.ID, "challenge").want(t, 200, ""); strings.TrimSpace(a.Body) != `{"status":"open"}` {
		t.Errorf("challenge: %s", a.Body)
	}
	if a := k.do("GET", p.URL, nil); !strings.Contains(a.Body, "Is it you who is paying?") || strings.Contains(a.Body, `value="challenge"`) {
		t.Errorf("the bank does not ask:\n%s", a.Body)
	}
	if got := k.get(p.ID); got.Status != sandbox.Open || k.outbox("due") != 0 {
		t.Errorf("a question decided: %s, %d webhooks", got.Status, k.outbox("due"))
	}
	k.click(p.ID, "paid").want(t, 200, "")
	if got := k.get(p.ID); got.Status != sandbox.Authorized {
		t.Errorf("after the answer: %s", got.Status)
	}
	k.click(p.ID, "challenge").want(t, 409, "wrong-state")

	refused := k.open("p2", 100)
	a := k.do("POST", refused.URL, url.Values{"outcome": {"challenge"}})
	if a.Status != http.StatusSeeOther || !strings.HasSuffix(refused.URL, a.Header.Get("Location")) {
		t.Errorf("the form goes on to %d %s", a.Status, a.Header.Get("Location"))
	}
	k.do("POST", refused.URL, url.Values{"outcome": {"declined"}, "reason": {"authentication-failed"}})
	if got := k.get(refused.ID); got.Status != sandbox.Declined || got.DeclinedFor != "authentication-failed" {
		t.Errorf("refused by its owner: %s for %q", got.Status, got.DeclinedFor)
	}
}

// A refusal says why, once; a click that is repeated with another reason changes nothing.
func TestDeclineHasAReason(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.open("p1", 100)
	k.do("POST", p.URL, `{"outcome":"declined","reason":"because"}`, "Content-Type", "application/json").want(t, 422, "bad-field")
	k.do("POST", p.URL, `{"outcome":"paid","reason":"expired-card"}`, "Content-Type", "application/json").want(t, 422, "bad-field")
	for _, reason := range []string{"insufficient-funds", "expired-card"} {
		k.do("POST", p.URL, `{"outcome":"declined","reason":"`+reason+`"}`, "Content-Type", "application/json").want(t, 200, "")
	}
	if got := k.get(p.ID); got.DeclinedFor != "insufficient-funds" {
		t.Errorf("declined for %q", got.DeclinedFor)
	}
	q := k.open("p2", 100)
	k.click(q.ID, "declined").want(t, 200, "")
	if got := k.get(q.ID); got.DeclinedFor != "do-not-honor" {
		t.Errorf("without a reason: %q", got.DeclinedFor)
	}
}
