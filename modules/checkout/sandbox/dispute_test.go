package sandbox_test

import "testing"

// A dispute is opened about captured money alone, is won or lost once, and the merchant hears of each step. While it is
// open and after it is lost nothing can be refunded besides.
func TestDispute(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.open("p1", 100)
	says := func(status string) answer {
		return k.do("POST", "/sandbox/v1/payments/"+p.ID+"/dispute", `{"status":"`+status+`"}`, "Content-Type", "application/json")
	}
	says("open").want(t, 409, "wrong-state")
	k.click(p.ID, "paid").want(t, 200, "")
	k.merchant("POST", "/"+p.ID+"/capture", nil, "c").want(t, 200, "")
	says("lost").want(t, 409, "wrong-state")
	says("perhaps").want(t, 422, "bad-field")
	before := k.outbox("due")
	for range 2 {
		says("open").want(t, 200, "")
	}
	if got := k.get(p.ID); got.Dispute != "open" || k.outbox("due") != before+1 {
		t.Errorf("opened: %q, %d webhooks", got.Dispute, k.outbox("due")-before)
	}
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 60}, "r").want(t, 409, "wrong-state")
	says("won").want(t, 200, "")
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 60}, "r2").want(t, 200, "")
	says("open").want(t, 200, "")
	says("lost").want(t, 200, "")
	says("won").want(t, 409, "wrong-state")
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 40}, "r3").want(t, 409, "wrong-state")
	if l := k.ledger(); len(l) != 1 || l[0].Dispute != "lost" || l[0].Refunded != 60 {
		t.Errorf("ledger: %+v", l)
	}
}
