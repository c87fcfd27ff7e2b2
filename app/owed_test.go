package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// A processor whose account is empty refuses a refund: the desk says so on its first page, on the list of what is owed,
// by mail and to programs, until the account has money again and everything ends by itself.
func TestWhatIsOwedIsSeenAndEnds(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", house(t, staff, 1, 4), map[string]any{"Stalls": 5000}, 0, map[string]any{"queue": nil})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	f := newFan(p.base, "gala", "Åsa Ünlü")
	if err := f.join(ctx); err != nil {
		t.Fatal(err)
	}
	if in, err := f.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"seats": []int{0}}, nil)
	order, a, err := f.order(ctx, "asa@example.org")
	if err != nil || order == nil {
		t.Fatalf("order: %v %v", a, err)
	}
	if order, err = f.settle(ctx, order, "paid", "paid"); err != nil {
		t.Fatal(err)
	}

	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin/owed")
	o.sees("Nothing is owed.")
	staff.must(t, 200, "PUT", "/sandbox/faults", map[string]any{"refuse_refunds": true}, nil)
	staff.must(t, 200, "POST", "/api/v1/admin/orders/"+order.ID+"/refund", map[string]any{"reason": "rain"}, nil)
	testkit.Eventually(t, 30*time.Second, "the refusal stands on the list", func() bool {
		o.open("/admin/owed")
		return strings.Contains(o.page, "no-funds")
	})
	o.sees(order.Code, "50.00 EUR", "Tickets were returned.", "The payment processor refuses a refund.", "We ask again")
	var owed struct {
		Owed  map[string]int64
		Items []struct {
			Order, Refund, Status, Reason, Problem string
			Amount                                 int64
			Tries                                  int
		}
	}
	staff.must(t, 200, "GET", "/api/v1/admin/owed", nil, &owed)
	if len(owed.Items) != 1 || owed.Owed["EUR"] != 5000 || owed.Items[0].Order != order.ID || owed.Items[0].Status != "failed" || owed.Items[0].Reason != "staff" || owed.Items[0].Tries < 1 {
		t.Fatalf("owed: %+v", owed)
	}
	o.post(200, "/admin/audit")
	o.sees("50.00 EUR")
	o.open("/admin")
	o.sees("Owed: 50.00 EUR", "To whom and why")
	if a, err := staff.do("GET", "/metrics", nil); err != nil || !strings.Contains(string(a.Body), `fairseat_money_owed{currency="EUR"} 5000`) {
		t.Errorf("the metrics do not tell what is owed: %v", err)
	}
	o.open("/admin/owed")
	o.post(200, "/admin/owed/refunds/"+owed.Items[0].Refund+"/retry")
	o.sees("asked again", order.Code)

	staff.must(t, 200, "PUT", "/sandbox/faults", map[string]any{}, nil)
	o.post(200, "/admin/owed/refunds/"+owed.Items[0].Refund+"/retry")
	o.sees("Nothing is owed.")
	testkit.Eventually(t, 30*time.Second, "the order is refunded", func() bool {
		var now orderView
		a, err := staff.do("GET", "/api/v1/admin/orders/"+order.ID, nil)
		return err == nil && json.Unmarshal(a.Body, &now) == nil && now.Status == "refunded"
	})
	if audit := cleanAudit(t, staff); audit.Money["EUR"].Owed != 0 || audit.Money["EUR"].Refunded != 5000 {
		t.Errorf("the books: %+v", audit.Money)
	}
	if out, code := p.run(nil, "audit", "--text"); code != 0 || !strings.Contains(out, "ok      I18") || !strings.Contains(out, "Everything adds up") {
		t.Errorf("fairseat audit: %d %s", code, out)
	}
	var match struct {
		Charges, Settled, Orphans int
		EndedAt                   string `json:"ended_at"`
		Problem                   string
	}
	staff.must(t, 200, "POST", "/api/v1/admin/ledger/match", map[string]any{}, &match)
	if match.Charges != 1 || match.Settled != 0 || match.Orphans != 0 || match.EndedAt == "" || match.Problem != "" {
		t.Errorf("matched: %+v", match)
	}
	o.open("/admin/audit")
	o.post(200, "/admin/ledger/match")
	o.sees("are being compared", "1 payment compared.")
	if out, code := p.run(nil, "ledger", "match"); code != 0 || !strings.Contains(out, `"charges": 1`) {
		t.Errorf("fairseat ledger match: %d %s", code, out)
	}
	o.open("/admin/log")
	o.sees("Refund tried again", "Ledgers matched")
}
