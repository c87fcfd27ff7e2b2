package checkout

import (
	"encoding/json"
	"fmt"
	"io"

	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/idempotency"
	"fairseat/app/request"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
	"fairseat/modules/checkout/sandbox"
)

// web is the module behind Echo, with stand-ins for the middleware of its neighbours.
type web struct {
	*kit
	e *echo.Echo
}

func newWeb(t *testing.T) *web {
	t.Helper()
	k := newKit(t)
	w := &web{k, echo.New()}
	w.e.HTTPErrorHandler = func(err error, c echo.Context) {
		f := fault.As(err)
		if f == nil {
			f = fault.New(fault.Internal, "internal", err.Error())
		}
		status := map[fault.Kind]int{fault.Bad: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409, fault.Gone: 410,
			fault.TooLarge: 413, fault.Unsupported: 415, fault.Invalid: 422, fault.TooMany: 429, fault.Unavailable: 503, fault.Internal: 500}[f.Kind]
		body := map[string]any{"code": f.Code}
		for name, fact := range f.Facts {
			body[name] = fact
		}
		_ = c.JSON(status, body)
	}
	group := func(path string, set func(c echo.Context)) *echo.Group {
		return w.e.Group(path, func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error { set(c); return next(c) }
		})
	}
	event := func(c echo.Context) { request.SetEvent(c, request.Event{ID: k.event, Slug: c.Param("event")}) }
	staff := func(c echo.Context) { request.SetStaff(c, staffAda()); request.SetIdentity(c, "staff:1") }
	keeper := idempotency.New(k.Kit.DB, k.Kit.Clock)
	k.Routes(request.Routes{
		Root: w.e.Group(""), API: w.e.Group("/api/v1"),
		Place: group("/api/v1/events/:event", func(c echo.Context) {
			key := c.Request().Header.Get("X-Place")
			request.SetPlace(c, request.Place{EventID: k.event, Key: key})
			request.SetIdentity(c, "place:"+key)
		}),
		Admin: group("/api/v1/admin", staff), AdminEvent: group("/api/v1/admin/events/:event", func(c echo.Context) { staff(c); event(c) }),
		Idempotent: keeper.Middleware(),
	})
	return w
}

type answer struct {
	*httptest.ResponseRecorder
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), v); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
}

func (a answer) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal(a.Body.Bytes(), &p)
	return p.Code
}

// do sends a request; headers come in pairs.
func (w *web) do(method, path, body string, headers ...string) answer {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, reader)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.e.ServeHTTP(rec, r)
	return answer{rec}
}

func (w *web) want(t *testing.T, a answer, status int, code string) {
	t.Helper()
	if a.Code != status || (code != "" && a.code() != code) {
		t.Fatalf("want %d %s, got %d %s", status, code, a.Code, a.Body)
	}
}

const adaOrders = `{"buyer":{"name":"Ada","email":"ada@example.org"}}`

// placed orders over HTTP and answers order and token.
func (w *web) placed(t *testing.T, seats ...int) (Placed, fan) {
	t.Helper()
	f := w.fan(seats...)
	a := w.do("POST", "/api/v1/events/gala/orders", adaOrders, "X-Place", f.place.Key)
	w.want(t, a, 201, "")
	var p struct {
		Order View
		Token string
	}
	a.into(t, &p)
	return Placed{Order: p.Order, Token: p.Token}, f
}

func TestOrderJSONIsTheContract(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	p, _ := w.placed(t, 0)
	w.pay(p.Order.ID, provider.Authorized, 0)
	a := w.do("GET", "/api/v1/orders/"+p.Order.ID, "", "Authorization", "Bearer "+p.Token)
	w.want(t, a, 200, "")
	if a.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", a.Header())
	}
	// What differs in each run is named, the rest is compared to the letter.
	text := a.Body.String()
	v := w.shown(p.Order.ID)
	for from, to := range map[string]string{p.Order.ID: "ORDER", v.Code: "CODE", "gala-1": "gala", v.Tickets[0].ID: "TICKET",
		v.Tickets[0].Code: "QR", strings.TrimPrefix(v.Tickets[0].URL, "http://fairseat.test/t/"): "SECRET"} {
		text = strings.ReplaceAll(text, from, to)
	}
	var pretty any
	must(t, json.Unmarshal([]byte(text), &pretty))
	out, err := json.MarshalIndent(pretty, "", "  ")
	must(t, err)
	testkit.Golden(t, "order.json", append(out, '\n'))
}

func TestWhoMayOpenAnOrder(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	p, f := w.placed(t, 0)
	other, _ := w.placedBy(t, "bob@example.org", 1)
	path := "/api/v1/orders/" + p.Order.ID
	cookie := "fs_order_" + p.Order.ID + "="
	for _, c := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"token", []string{"Authorization", "Bearer " + p.Token}, 200},
		{"cookie", []string{"Cookie", cookie + p.Token}, 200},
		{"place", []string{"X-Place", f.place.Key}, 200},
		{"nothing", nil, 404},
		{"another order's token", []string{"Authorization", "Bearer " + other.Token}, 404},
		{"another order's token as cookie", []string{"Cookie", cookie + other.Token}, 404},
		{"another place", []string{"X-Place", "t99"}, 404},
		{"forged", []string{"Authorization", "Bearer " + p.Token[:len(p.Token)-2] + "AA"}, 404},
	} {
		for _, method := range []string{"GET", "DELETE", "POST /pay", "POST /resend"} {
			verb, rest, _ := strings.Cut(method, " ")
			if c.status == 200 && verb != "GET" {
				continue
			}
			if a := w.do(verb, path+rest, "", c.headers...); a.Code != c.status || (c.status == 404 && a.code() != "not-found") {
				t.Errorf("%s %s: %d %s", c.name, method, a.Code, a.Body)
			}
		}
	}
	for _, id := range []string{uuid.NewString(), "x", strings.ToUpper(p.Order.ID), "{" + p.Order.ID + "}", strings.ReplaceAll(p.Order.ID, "-", "")} {
		if a := w.do("GET", "/api/v1/orders/"+id, "", "Authorization", "Bearer "+p.Token); a.Code != 404 {
			t.Errorf("%s: %d", id, a.Code)
		}
	}
}

func (w *web) placedBy(t *testing.T, email string, seats ...int) (Placed, fan) {
	t.Helper()
	f := w.fan(seats...)
	a := w.do("POST", "/api/v1/events/gala/orders", strings.Replace(adaOrders, "ada@example.org", email, 1), "X-Place", f.place.Key)
	w.want(t, a, 201, "")
	var p Placed
	a.into(t, &p)
	return p, f
}

func TestPlacingOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	f := w.fan(0)
	post := func(body string, headers ...string) answer {
		return w.do("POST", "/api/v1/events/gala/orders", body, append(headers, "X-Place", f.place.Key)...)
	}
	w.want(t, post(`{"buyer":{"name":"","email":"x"}}`), 422, "bad-buyer")
	w.want(t, post(`{"buyer":{"name":"Ada","email":"a@b.org"},"price":1}`), 400, "bad-body")
	w.want(t, post(`{`), 400, "bad-body")
	first := post(adaOrders, "Idempotency-Key", "k1")
	w.want(t, first, 201, "")
	cookie := first.Header().Get("Set-Cookie")
	for _, part := range []string{"fs_order_", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie lacks %s: %s", part, cookie)
		}
	}
	if strings.Contains(cookie, "Secure") || !strings.HasPrefix(first.Header().Get("Location"), "/api/v1/orders/") {
		t.Errorf("headers: %v", first.Header())
	}
	again := post(adaOrders, "Idempotency-Key", "k1")
	w.want(t, again, 201, "")
	if again.Body.String() != first.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("not replayed: %s, %s", again.Body, first.Body)
	}
	w.want(t, post(adaOrders), 200, "")
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", adaOrders, "X-Place", "t77"), 409, "hold-expired")
	w.room.put("t78", []int{0})
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", adaOrders, "X-Place", "t78"), 409, "seats-taken")
	w.room.put("t79", []int{1, 2, 3})
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", adaOrders, "X-Place", "t79"), 409, "buyer-limit")
	w.check()
	w.PublicURL = func() string { return "https://fairseat.test" }
	secure := post(adaOrders)
	if c := secure.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-fs_order_") || !strings.Contains(c, "Secure") {
		t.Errorf("cookie on https: %s", c)
	}
}

// What one place may ask of Postgres is bounded, also when it repeats itself to the letter; a refusal is not kept as the answer.
func TestOrdersOfOnePlaceHaveABudget(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	ada, bob := w.fan(0), w.fan(1)
	post := func(f fan, key string) answer {
		return w.do("POST", "/api/v1/events/gala/orders", adaOrders, "X-Place", f.place.Key, "Idempotency-Key", key)
	}
	budgets := w.kit.Limits.(*limits)
	budgets.left = map[string]int{fmt.Sprintf("order:%d:%s", ada.place.EventID, ada.place.Key): 2}
	first := post(ada, "k1")
	w.want(t, first, 201, "")
	if again := post(ada, "k1"); again.Body.String() != first.Body.String() {
		t.Errorf("not replayed: %s", again.Body)
	}
	refused := post(ada, "k1")
	w.want(t, refused, 429, "slow-down")
	w.want(t, post(bob, "k1"), 201, "") // nobody else's matter
	budgets.left = nil
	if again := post(ada, "k1"); again.Code != 201 || again.Body.String() != first.Body.String() {
		t.Errorf("after the pause: %d %s", again.Code, again.Body)
	}
	w.check()
}

func TestPayAndGiveUpOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	p, _ := w.placed(t, 0)
	path, auth := "/api/v1/orders/"+p.Order.ID, []string{"Authorization", "Bearer " + p.Token}
	w.pay(p.Order.ID, provider.Declined, 0)
	first := w.do("POST", path+"/pay", "", append(auth, "Idempotency-Key", "again")...)
	w.want(t, first, 200, "")
	replay := w.do("POST", path+"/pay", "", append(auth, "Idempotency-Key", "again")...)
	if replay.Header().Get("Idempotent-Replayed") != "true" || replay.Body.String() != first.Body.String() {
		t.Errorf("not replayed: %s", replay.Body)
	}
	for range 2 {
		w.want(t, w.do("DELETE", path, "", auth...), 204, "")
	}
	refused := w.do("POST", path+"/pay", "", auth...)
	w.want(t, refused, 409, "not-payable")
	var facts struct{ Status string }
	refused.into(t, &facts)
	if facts.Status != "cancelled" {
		t.Errorf("facts: %s", refused.Body)
	}
	w.kit.Limits.(*limits).left = map[string]int{"pay:" + p.Order.ID: 0}
	w.want(t, w.do("POST", path+"/pay", "", auth...), 429, "slow-down")
	w.check()
}

func TestFindAndResend(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	p, _ := w.placed(t, 0)
	links := func() int { return w.count(`SELECT count(*) FROM mails WHERE kind = 'order-link'`) }
	find := func(code, email string) answer {
		body, err := json.Marshal(map[string]string{"code": code, "email": email})
		must(t, err)
		return w.do("POST", "/api/v1/orders/find", string(body))
	}
	known := find(strings.ToLower(p.Order.Code[:4])+"-"+p.Order.Code[4:], " ADA@example.org ")
	w.want(t, known, 202, "")
	if links() != 1 {
		t.Fatal("no link is mailed")
	}
	for _, c := range [][2]string{{p.Order.Code, "bob@example.org"}, {"AAAAAAAA", "ada@example.org"}, {"", ""}, {"x\u0000x", "ada@example.org"}, {p.Order.Code, ""}} {
		if a := find(c[0], c[1]); a.Code != 202 || a.Body.String() != known.Body.String() {
			t.Errorf("%q tells: %d %s", c, a.Code, a.Body)
		}
	}
	if links() != 1 {
		t.Errorf("%d links", links())
	}
	w.kit.Limits.(*limits).left = map[string]int{"mail:" + p.Order.ID: 1}
	auth := []string{"Authorization", "Bearer " + p.Token}
	w.want(t, w.do("POST", "/api/v1/orders/"+p.Order.ID+"/resend", "", auth...), 202, "")
	w.want(t, w.do("POST", "/api/v1/orders/"+p.Order.ID+"/resend", "", auth...), 429, "slow-down")
	w.want(t, find(p.Order.Code, "ada@example.org"), 202, "") // refused in silence
	if links() != 2 {
		t.Errorf("%d links", links())
	}
	if link := w.Link(uuid.MustParse(p.Order.ID)); !strings.HasPrefix(link, "http://fairseat.test/orders/"+p.Order.ID+"#t=o1.") {
		t.Errorf("link %s", link)
	}
	w.kit.Limits.(*limits).left = map[string]int{"find:192.0.2.1": 0}
	w.want(t, find("AAAAAAAA", "x@y.org"), 429, "slow-down")
}

func TestWebhookOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	p, _ := w.placed(t, 0)
	pay := w.payment(p.Order.ID)
	w.bank.click(pay.ID, provider.Authorized, 0)
	body := fmt.Sprintf(`{"id":"evt_1","type":"payment.authorized","payment":{"id":"ref-%s","payment":%q,"order":"x","status":"authorized"},"new":1}`, pay.ID, pay.ID)
	send := func(from, body, signature string) answer {
		return w.do("POST", "/api/v1/payments/"+from+"/webhook", body, "Fairseat-Signature", signature)
	}
	good := sandbox.Sign([]byte("secret"), w.Kit.Clock.Now(), []byte(body))
	w.want(t, send("stripe", body, good), 404, "not-found")
	w.want(t, send("sandbox", body, ""), 401, "bad-signature")
	w.want(t, send("sandbox", body+" ", good), 401, "bad-signature")
	for _, bad := range []string{`{}`, `{`, `[]`, `{"id":"a\u0000","type":"t","payment":{"id":"x","payment":"y"}}`} {
		w.want(t, send("sandbox", bad, sandbox.Sign([]byte("secret"), w.Kit.Clock.Now(), []byte(bad))), 400, "bad-body")
	}
	large := `{"x":"` + strings.Repeat("a", webhookLimit) + `"}`
	w.want(t, send("sandbox", large, good), 413, "too-large")
	if n := w.count(`SELECT count(*) FROM psp_events`); n != 0 {
		t.Fatalf("%d events kept", n)
	}
	for range 3 {
		w.want(t, send("sandbox", body, good), 200, "")
	}
	if n := w.count(`SELECT count(*) FROM test_jobs WHERE kind = 'checkout.processor_event'`); n != 1 {
		t.Errorf("%d jobs for one event", n)
	}
	w.kit.want(p.Order.ID, "pending") // acted on by the job, not by the processor's request
	w.runJobs(w.Service)
	w.kit.want(p.Order.ID, "paid")
	w.check()
}
