package app

import (
	"encoding/json"
	"net/http"
	"testing"

	"fairseat/modules/staff"
)

// While a restored database is matched nobody gets in, holds or orders, over HTTP or by a form; everything else goes on, and
// an owner may open.
func TestClosedForRestore(t *testing.T) {
	t.Parallel()
	a := testApp(t, nil)
	if err := a.staff.EnsureOwner(t.Context(), staff.FirstOwner{Email: "owner@example.org", Password: "correct horse battery"}); err != nil {
		t.Fatal(err)
	}
	recognise := func() {
		t.Helper()
		if err := a.checkout.Recognise(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	code := func(method, path string) (int, string, string) {
		w := send(a.echo, method, path, "{}", "Content-Type", "application/json")
		var problem struct{ Code string }
		_ = json.Unmarshal(w.Body.Bytes(), &problem)
		return w.Code, problem.Code, w.Header().Get("Retry-After")
	}
	beginnings := []string{"/api/v1/events/gala/queue/admission", "/api/v1/events/gala/holds", "/api/v1/events/gala/orders",
		"/api/v1/orders/x/swap", "/orders/x/swap", "/events/gala/place/enter", "/events/gala/place/seats", "/events/gala/place/checkout"}
	recognise()
	for _, path := range beginnings {
		if _, why, _ := code("POST", path); why == "reconciling" {
			t.Errorf("%s is closed although nothing was restored", path)
		}
	}
	plant(t, a, `UPDATE installation SET system_id = 'another'`)
	recognise()
	for _, path := range beginnings {
		if status, why, retry := code("POST", path); status != http.StatusServiceUnavailable || why != "reconciling" || retry == "" {
			t.Errorf("%s answers %d %s, again after %q", path, status, why, retry)
		}
	}
	for _, open := range [][2]string{{"GET", "/api/v1/events"}, {"GET", "/readyz"}, {"POST", "/api/v1/payments/sandbox/webhook"}, {"POST", "/api/v1/orders/x/pay"}, {"POST", "/api/v1/events/gala/queue"}} {
		if _, why, _ := code(open[0], open[1]); why == "reconciling" {
			t.Errorf("%s %s is closed", open[0], open[1])
		}
	}
	if !(paymentsForQueue{a}).Health().Down {
		t.Error("the line calls on")
	}
	if !(paymentsForQueue{a}).Health().Closed {
		t.Error("the line is not told why")
	}
	who, _, _ := code("POST", "/api/v1/admin/reconcile/open")
	if who != http.StatusUnauthorized {
		t.Errorf("a stranger may open: %d", who)
	}
}
