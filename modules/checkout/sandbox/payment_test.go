package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/sandbox"
)

// One payment from its opening to its last refund, with the ledger and the webhooks that tell of it.
func TestPaymentIsOpenedPaidCapturedAndRefunded(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.run(k.proc)
	p := k.open("p1", 4200)
	if p.Status != sandbox.Open || p.Amount != 4200 || p.Payment != "p1" || p.Order != "order-p1" || p.URL != k.web.URL+"/sandbox/pay/"+p.ID {
		t.Fatalf("opened as %+v", p)
	}
	if a := k.click(p.ID, "paid").want(t, 200, ""); !strings.Contains(a.Body, `"authorized"`) {
		t.Fatalf("the click came to %s", a.Body)
	}
	k.shop.wait(1)
	if got := k.get(p.ID); got.Status != sandbox.Authorized || got.Authorized != 4200 || got.Captured != 0 {
		t.Fatalf("after the click: %+v", got)
	}
	k.merchant("POST", "/"+p.ID+"/capture", nil).want(t, 200, "")
	k.shop.wait(2)
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 1000}, "first").want(t, 200, "")
	k.shop.wait(3)
	got := k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 3200}, "second").want(t, 200, "").payment(t)
	if got.Captured != 4200 || got.Refunded != 4200 || len(got.Refunds) != 2 || got.Refunds[0].Key != "first" || got.Refunds[1].Amount != 3200 {
		t.Fatalf("after the refunds: %+v", got)
	}
	events := k.shop.wait(4)
	if got := types(events); got != "authorized captured refunded refunded" {
		t.Errorf("the shop heard: %s", got)
	}
	if e := events[0]; e.Payment != (sandbox.EventPayment{ID: p.ID, Payment: "p1", Order: "order-p1", Status: sandbox.Authorized}) || !strings.HasPrefix(e.ID, "evt_") {
		t.Errorf("the shop heard %+v", e)
	}
	want := []sandbox.Charge{{Payment: "p1", Order: "order-p1", Status: sandbox.Captured, Amount: 4200, Currency: "EUR", Captured: 4200, Refunded: 4200}}
	if l := k.ledger(); !slices.Equal(l, want) {
		t.Errorf("ledger: %+v", l)
	}
}

// Every step from every state: done, done already, or refused, as the drawing in payment.go says.
func TestStepsFollowTheDrawing(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	begin := map[sandbox.Status]func(string) string{
		sandbox.Open:       func(n string) string { return k.open(n, 100).ID },
		sandbox.Authorized: func(n string) string { return k.authorized(n, 100).ID },
		sandbox.Captured:   func(n string) string { return k.captured(n, 100).ID },
		sandbox.Declined:   func(n string) string { p := k.open(n, 100); k.click(p.ID, "declined").want(t, 200, ""); return p.ID },
		sandbox.Cancelled: func(n string) string {
			p := k.authorized(n, 100)
			k.merchant("POST", "/"+p.ID+"/cancel", nil).want(t, 200, "")
			return p.ID
		},
	}
	steps := map[string]func(id string) answer{
		"pay":     func(id string) answer { return k.click(id, "paid") },
		"decline": func(id string) answer { return k.click(id, "declined") },
		"capture": func(id string) answer { return k.merchant("POST", "/"+id+"/capture", nil) },
		"cancel":  func(id string) answer { return k.merchant("POST", "/"+id+"/cancel", object{}) },
		"refund":  func(id string) answer { return k.merchant("POST", "/"+id+"/refunds", object{"amount": 40}) },
	}
	allowed := map[string]map[sandbox.Status]sandbox.Status{ // step → from → to
		"pay":     {sandbox.Open: sandbox.Authorized, sandbox.Authorized: sandbox.Authorized, sandbox.Captured: sandbox.Captured},
		"decline": {sandbox.Open: sandbox.Declined, sandbox.Declined: sandbox.Declined},
		"capture": {sandbox.Authorized: sandbox.Captured, sandbox.Captured: sandbox.Captured},
		"cancel":  {sandbox.Open: sandbox.Cancelled, sandbox.Authorized: sandbox.Cancelled, sandbox.Cancelled: sandbox.Cancelled},
		"refund":  {sandbox.Captured: sandbox.Captured},
	}
	for step, do := range steps {
		for from, open := range begin {
			id := open(step + " " + string(from))
			to, fine := allowed[step][from]
			a := do(id)
			if !fine {
				to = from
				a.want(t, 409, "wrong-state")
				if !strings.Contains(a.Body, fmt.Sprintf(`"payment_status":%q`, from)) {
					t.Errorf("%s of a %s payment does not say so: %s", step, from, a.Body)
				}
			} else if a.Status/100 != 2 {
				t.Errorf("%s of a %s payment: %d %s", step, from, a.Status, a.Body)
			}
			if got := k.get(id); got.Status != to {
				t.Errorf("%s made a %s payment %s", step, from, got.Status)
			}
		}
	}
	k.ledger()
}

func TestStrangersAndNonsenseAreRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.do("GET", "/sandbox/v1/payments?payment=p1", nil).want(t, 401, "not-signed-in")
	k.do("GET", "/sandbox/v1/payments?payment=p1", nil, "Authorization", "Bearer other").want(t, 401, "not-signed-in")
	k.do("POST", "/sandbox/v1/payments", k.request("p1", 100), "Authorization", "Bearer "+secret).want(t, 400, "bad-idempotency-key")
	k.merchant("POST", "", k.request("p1", 100), "ключ").want(t, 400, "bad-idempotency-key")
	k.merchant("POST", "", `{"payment":`).want(t, 400, "bad-body")
	k.merchant("POST", "", `{"surprise":1}`).want(t, 400, "bad-body")
	k.merchant("GET", "?payment=", nil).want(t, 422, "bad-field")
	k.merchant("GET", "?payment=%00", nil).want(t, 422, "bad-field")
	for field, value := range map[string]any{
		"payment": "", "order": "a\x00b", "amount": 0, "currency": "EURO", "description": strings.Repeat("x", 1001),
		"return_url": "javascript:alert(1)", "webhook_url": "ftp://shop.example/",
	} {
		r := k.request("p1", 100)
		r[field] = value
		if a := k.merchant("POST", "", r).want(t, 422, "bad-field"); !strings.Contains(a.Body, `"`+field+`"`) {
			t.Errorf("a bad %s is refused without its name: %s", field, a.Body)
		}
	}
	for _, bad := range []string{"//shop", "http://", "http://a;b/", "http://u:p@shop/", "http://shop\n/"} {
		r := k.request("p1", 100)
		r["webhook_url"] = bad
		k.merchant("POST", "", r).want(t, 422, "bad-field")
	}
	for _, id := range []string{"pay_", "pay_%00", "x", "pay_" + strings.Repeat("a", 26), "pay_" + strings.Repeat("A", 26)} {
		k.merchant("GET", "/"+id, nil).want(t, 404, "no-such-payment")
		k.merchant("POST", "/"+id+"/capture", nil).want(t, 404, "no-such-payment")
		k.merchant("POST", "/"+id+"/refunds", object{"amount": 1}).want(t, 404, "no-such-payment")
		k.click(id, "paid").want(t, 404, "no-such-payment")
		k.do("GET", "/sandbox/pay/"+id, nil).want(t, 404, "no-such-payment")
	}
	if l := k.ledger(); len(l) != 0 {
		t.Errorf("the ledger is not empty: %+v", l)
	}
	none := newKit(t, func(d *sandbox.Deps) { d.Secret = "" })
	none.do("GET", "/sandbox/v1/payments?payment=p1", nil, "Authorization", "Bearer ").want(t, 401, "not-signed-in")
}

// The same key and body: the same answer and one effect, even when all come at once; another body: refused.
func TestKeyMakesRequestsRepeatable(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	var all sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		all.Go(func() { answers[i] = k.merchant("POST", "", k.request("p1", 4200), "k1") })
	}
	all.Wait()
	replayed := 0
	for _, a := range answers {
		if a.want(t, 201, ""); a.Body != answers[0].Body {
			t.Errorf("two answers under one key:\n%s\n%s", a.Body, answers[0].Body)
		}
		if a.Header.Get("Idempotent-Replayed") == "true" {
			replayed++
		}
	}
	if replayed != len(answers)-1 {
		t.Errorf("%d of %d answers were replayed", replayed, len(answers))
	}
	k.merchant("POST", "", k.request("p1", 4300), "k1").want(t, 422, "idempotency-key-reused")
	id := answers[0].payment(t).ID
	// A refusal is not kept: what came too early may be repeated.
	k.merchant("POST", "/"+id+"/capture", nil, "c").want(t, 409, "wrong-state")
	k.click(id, "paid").want(t, 200, "")
	k.merchant("POST", "/"+id+"/capture", nil, "c").want(t, 200, "")
	for range 3 {
		k.merchant("POST", "/"+id+"/refunds", object{"amount": 1000}, "r").want(t, 200, "")
	}
	k.merchant("POST", "/"+id+"/refunds", object{"amount": 1001}, "r").want(t, 422, "idempotency-key-reused")
	k.open("p1", 4200) // another key is another payment, even for one id of the merchant
	l := k.ledger()
	if len(l) != 2 || l[0].Captured != 4200 || l[0].Refunded != 1000 || l[1].Status != sandbox.Open {
		t.Errorf("ledger: %+v", l)
	}
	if a := k.merchant("GET", "?payment=p1", nil).want(t, 200, ""); strings.Count(a.Body, `"id":"pay_`) != 2 || strings.Index(a.Body, id) > 30 {
		t.Errorf("payments of p1: %s", a.Body)
	}
}

// A refund's key is known for as long as the refund, also when kept answers have been forgotten.
func TestOldRefundKeyNeverRefundsAgain(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.captured("p1", 100)
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 10}, "r").want(t, 200, "")
	if err := k.DB.Exec(`DELETE FROM sandbox.idempotency`).Error; err != nil {
		t.Fatal(err)
	}
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 10}, "r").want(t, 200, "")
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 11}, "r").want(t, 422, "idempotency-key-reused")
	if l := k.ledger(); l[0].Refunded != 10 {
		t.Errorf("ledger: %+v", l)
	}
}

func TestFiftyCapturesCaptureOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.authorized("p1", 4200)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if a := k.merchant("POST", "/"+p.ID+"/capture", nil); a.Status != 200 || !strings.Contains(a.Body, `"captured":4200`) {
				t.Errorf("capture: %d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	var told int64
	if err := k.DB.Raw(`SELECT count(*) FROM sandbox.webhooks WHERE body LIKE '%payment.captured%'`).Scan(&told).Error; err != nil || told != 1 {
		t.Errorf("%d webhooks tell of one capture, %v", told, err)
	}
	if l := k.ledger(); len(l) != 1 || l[0].Captured != 4200 {
		t.Errorf("ledger: %+v", l)
	}
}

func TestRefundsNeverExceedWhatWasCaptured(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.captured("p1", 100)
	var all sync.WaitGroup
	var given atomic.Int64
	for range 30 {
		all.Go(func() {
			switch a := k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 15}); {
			case a.Status == 200:
				given.Add(15)
			case a.Status != 422 || a.code() != "refund-too-large" || !strings.Contains(a.Body, `"left":10`):
				t.Errorf("refund: %d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	if l := k.ledger(); given.Load() != 90 || l[0].Refunded != 90 {
		t.Errorf("answered %d, ledger %+v", given.Load(), l)
	}
}

// What no merchant asks for any more is forgotten; money never is.
func TestOldAnswersAreForgotten(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.run(k.proc)
	k.authorized("p1", 100)
	k.shop.wait(1)
	testkit.Eventually(t, limit, "the webhook is noted", func() bool {
		var n int64
		k.DB.Raw(`SELECT count(*) FROM sandbox.webhooks WHERE status = 'delivered'`).Scan(&n)
		return n == 1
	})
	k.Clock.Advance(31 * 24 * time.Hour)
	if err := k.proc.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int64
	if err := k.DB.Raw(`SELECT (SELECT count(*) FROM sandbox.idempotency) + (SELECT count(*) FROM sandbox.webhooks)`).Scan(&left).Error; err != nil || left != 0 {
		t.Errorf("%d rows are still there, %v", left, err)
	}
	if l := k.ledger(); len(l) != 1 {
		t.Errorf("ledger: %+v", l)
	}
}
