package checkout

import (
	"testing"

	"fairseat/modules/checkout/provider"
)

func TestShownStatus(t *testing.T) {
	t.Parallel()
	type payments = []PaymentStatus
	type refunds = []RefundStatus
	for _, c := range []struct {
		order    OrderStatus
		payments payments
		refunds  refunds
		want     string
	}{
		{OrderPending, nil, nil, "pending"},
		{OrderPending, payments{PaymentCreated}, nil, "pending"},
		{OrderPending, payments{PaymentCancelling}, nil, "pending"},
		{OrderPending, payments{PaymentAuthorized}, nil, "paying"},
		{OrderPending, payments{PaymentFailed, PaymentAuthorized}, nil, "paying"},
		{OrderPending, payments{PaymentFailed}, nil, "declined"},
		{OrderPending, payments{PaymentCancelled}, nil, "declined"},
		{OrderPending, payments{PaymentFailed, PaymentCreated}, nil, "pending"},
		{OrderPending, payments{PaymentRefundDue}, refunds{RefundDue}, "declined"},
		{OrderPending, payments{PaymentRefunded, PaymentCreated}, refunds{RefundDone}, "pending"},
		{OrderPaid, payments{PaymentCaptured}, nil, "paid"},
		{OrderPaid, payments{PaymentRefundDue, PaymentCaptured}, refunds{RefundDue}, "paid"},
		{OrderPaid, nil, nil, "paid"},
		{OrderPartRefunded, payments{PaymentCaptured}, refunds{RefundSent}, "part-refunded"},
		{OrderRefunded, payments{PaymentRefundDue}, refunds{RefundDone, RefundDue}, "refund-pending"},
		{OrderRefunded, payments{PaymentRefundDue}, refunds{RefundFailed}, "refund-pending"},
		{OrderRefunded, payments{PaymentRefunded}, refunds{RefundDone}, "refunded"},
		{OrderRefunded, nil, nil, "refunded"}, // it was free
		{OrderExpired, payments{PaymentCancelled}, nil, "expired"},
		{OrderExpired, payments{PaymentCancelling}, nil, "expired"},
		{OrderExpired, payments{PaymentRefundDue}, refunds{RefundSent}, "refund-pending"},
		{OrderExpired, payments{PaymentRefunded}, refunds{RefundDone}, "refunded"},
		{OrderCancelled, nil, nil, "cancelled"},
		{OrderCancelled, payments{PaymentRefundDue}, refunds{RefundDue}, "refund-pending"},
	} {
		if got := shownStatus(c.order, c.payments, c.refunds); got != c.want {
			t.Errorf("%s %v %v is %s, want %s", c.order, c.payments, c.refunds, got, c.want)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	const due = true
	pending := func(p PaymentStatus) position { return position{Order: OrderPending, Payment: p, Noted: true} }
	out := func(p position) position { p.ClockOut = true; return p }
	other := func(p position) position { p.OtherLive = true; return p }
	offer := func(o OfferStatus, p position) position { p.Offer = o; return p }
	ended := func(o OrderStatus, p PaymentStatus) position {
		return position{Order: o, ClockOut: due, Payment: p, Noted: true}
	}
	for _, c := range []struct {
		name  string
		at    position
		says  provider.Status
		right bool
		want  step
	}{
		{"not there yet", position{Order: OrderPending, Payment: PaymentCreated}, provider.Unknown, false, stepCreate},
		{"never came to be, and its time is over", out(pending(PaymentCreated)), provider.Unknown, false, stepBury},
		{"never came to be, given up", pending(PaymentCancelling), provider.Unknown, false, stepBury},
		{"the reference was lost on its way", position{Order: OrderPending, Payment: PaymentCreated}, provider.Open, false, stepNote},
		{"the fan has time", pending(PaymentCreated), provider.Open, false, stepNone},
		{"the fan's time is over", out(pending(PaymentCreated)), provider.Open, false, stepCancel},
		{"given up", pending(PaymentCancelling), provider.Open, false, stepCancel},
		{"dead here, open there", pending(PaymentCancelled), provider.Open, false, stepCancel},
		{"paid", pending(PaymentCreated), provider.Authorized, true, stepSecure},
		{"paid in the last moment", out(pending(PaymentCancelling)), provider.Authorized, true, stepSecure},
		{"paid after a decline", pending(PaymentFailed), provider.Authorized, true, stepSecure},
		{"paid after a decline, but paying anew", other(pending(PaymentFailed)), provider.Authorized, true, stepCancel},
		{"secured", pending(PaymentAuthorized), provider.Authorized, true, stepCapture},
		{"taken", pending(PaymentAuthorized), provider.Captured, true, stepDeliver},
		{"taken without asking us", pending(PaymentCreated), provider.Captured, true, stepDeliver},
		{"taken in the last moment", out(pending(PaymentCancelling)), provider.Captured, true, stepDeliver},
		{"taken, but paying anew", other(pending(PaymentCancelled)), provider.Captured, true, stepGiveBack},
		{"wrong amount", pending(PaymentCreated), provider.Authorized, false, stepCancel},
		{"wrong amount taken", pending(PaymentAuthorized), provider.Captured, false, stepGiveBack},
		{"late", ended(OrderExpired, PaymentCancelling), provider.Authorized, true, stepReclaim},
		{"late and taken", ended(OrderCancelled, PaymentCancelled), provider.Captured, true, stepReclaim},
		{"late and wrong", ended(OrderExpired, PaymentCancelled), provider.Captured, false, stepGiveBack},
		{"second success", other(ended(OrderPaid, PaymentFailed)), provider.Captured, true, stepGiveBack},
		{"second success, not taken", other(ended(OrderPaid, PaymentFailed)), provider.Authorized, true, stepCancel},
		{"late, others offered", offer(OfferOpen, pending(PaymentAuthorized)), provider.Authorized, true, stepNone},
		{"late and taken, others offered", offer(OfferOpen, pending(PaymentAuthorized)), provider.Captured, true, stepNone},
		{"the fan takes them", offer(OfferAccepted, pending(PaymentAuthorized)), provider.Authorized, true, stepCapture},
		{"the fan takes them, it is taken", offer(OfferAccepted, out(pending(PaymentAuthorized))), provider.Captured, true, stepDeliver},
		{"the fan does not take them", offer(OfferDeclined, ended(OrderCancelled, PaymentCancelling)), provider.Authorized, true, stepCancel},
		{"the fan does not take them, it is taken", offer(OfferDeclined, ended(OrderCancelled, PaymentCancelling)), provider.Captured, true, stepGiveBack},
		{"nobody answered", offer(offerLapsed, out(pending(PaymentAuthorized))), provider.Authorized, true, stepCancel},
		{"nobody answered, it is taken", offer(offerLapsed, ended(OrderExpired, PaymentCancelled)), provider.Captured, true, stepGiveBack},
		{"late once more", offer(OfferAccepted, ended(OrderExpired, PaymentCancelled)), provider.Captured, true, stepReclaim},
		{"money after a refund", ended(OrderRefunded, PaymentCancelled), provider.Captured, true, stepGiveBack},
		{"delivered", ended(OrderPaid, PaymentCaptured), provider.Captured, true, stepNone},
		{"going back already", ended(OrderExpired, PaymentRefundDue), provider.Captured, true, stepNone},
		{"declined", pending(PaymentCreated), provider.Declined, false, stepFail},
		{"declined at the end", out(pending(PaymentCancelling)), provider.Declined, false, stepFail},
		{"declined, known", pending(PaymentFailed), provider.Declined, false, stepNone},
		{"gone", pending(PaymentCancelling), provider.Cancelled, false, stepBury},
		{"the processor let go", pending(PaymentAuthorized), provider.Cancelled, false, stepBury},
		{"gone, known", ended(OrderExpired, PaymentCancelled), provider.Cancelled, false, stepNone},
		{"forgotten", pending(PaymentAuthorized), provider.Unknown, false, stepNone},
	} {
		if got := decide(c.at, c.says, c.right); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Whatever stands in the books and whatever the processor says: money that is there is always acted on or accounted
// for, a ticket is only ever reached with the right amount, and nothing is taken for an order that has ended.
func TestDecideNeverLosesMoney(t *testing.T) {
	t.Parallel()
	orders := []OrderStatus{OrderPending, OrderPaid, OrderPartRefunded, OrderCancelled, OrderExpired, OrderRefunded}
	payments := []PaymentStatus{PaymentCreated, PaymentAuthorized, PaymentCaptured, PaymentCancelling, PaymentCancelled, PaymentFailed, PaymentRefundDue, PaymentRefunded}
	says := []provider.Status{provider.Unknown, provider.Open, provider.Authorized, provider.Captured, provider.Declined, provider.Cancelled}
	offers := []OfferStatus{"", OfferOpen, OfferAccepted, OfferDeclined, offerLapsed}
	for _, o := range orders {
		for _, p := range payments {
			for _, st := range says {
				for _, offer := range offers {
					for bits := range 16 {
						at := position{Order: o, Payment: p, ClockOut: bits&1 != 0, Noted: bits&2 != 0, OtherLive: bits&4 != 0, Offer: offer}
						checkDecision(t, at, st, bits&8 != 0)
					}
				}
			}
		}
	}
}

func checkDecision(t *testing.T, at position, st provider.Status, right bool) {
	t.Helper()
	got := decide(at, st, right)
	settled := at.Payment == PaymentCaptured || at.Payment == PaymentRefundDue || at.Payment == PaymentRefunded
	paid := st == provider.Authorized || st == provider.Captured
	asked := at.Offer == OfferOpen && at.Order == OrderPending && right && !at.OtherLive
	over := at.Offer == OfferDeclined || at.Offer == offerLapsed
	keeps := got == stepSecure || got == stepCapture || got == stepDeliver || got == stepReclaim
	switch {
	case paid && !settled && got == stepNone && !asked:
		t.Errorf("%+v, %s: money is overlooked", at, st)
	case keeps && (!right || !paid || at.OtherLive || over || asked):
		t.Errorf("%+v, %s, right %v: %s", at, st, right, got)
	case (got == stepCapture || got == stepSecure || got == stepDeliver || got == stepCreate) && at.Order != OrderPending:
		t.Errorf("%+v, %s: %s for an order that has ended", at, st, got)
	case (got == stepFail || got == stepBury) && paid:
		t.Errorf("%+v, %s: %s although it is paid", at, st, got)
	case got == stepGiveBack && st != provider.Captured, got == stepCancel && st == provider.Captured:
		t.Errorf("%+v, %s: %s", at, st, got)
	}
}

func TestBuyer(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return string(make200('a', n)) }
	for _, c := range []struct{ name, email, bad string }{
		{"Ada Lovelace", "ada@example.org", ""},
		{"  Ada  ", "  Ada@Example.org ", ""},
		{"李雷", "lei+tickets@例え.jp", ""},
		{"O'Brien", "o'brien@example.org", ""},
		{long(200), "a@b.org", ""},
		{"Ada", "ada@nowhere", "email"},
		{long(201), "a@b.org", "name"},
		{"", "a@b.org", "name"},
		{"   ", "a@b.org", "name"},
		{"Ada\nBcc: x@y", "a@b.org", "name"},
		{"Ada\x00", "a@b.org", "name"},
		{"Ada\u0085", "a@b.org", "name"},
		{"Ada", "", "email"},
		{"Ada", "ada", "email"},
		{"Ada", "ada@", "email"},
		{"Ada", "@example.org", "email"},
		{"Ada", "ada@example.org, bob@example.org", "email"},
		{"Ada", "Ada <ada@example.org>", "email"},
		{"Ada", "<ada@example.org>", "email"},
		{"Ada", "ada@example.org (work)", "email"},
		{"Ada", `"a b"@example.org`, "email"},
		{"Ada", `"a\r\nBcc: x"@example.org`, "email"},
		{"Ada", "ada@example.org\r\nBcc: x@y.org", "email"},
		{"Ada", "ada@example.org\n", "email"},
		{"Ada", "ada@exa\x00mple.org", "email"},
		{"Ada", "ada@[127.0.0.1]", "email"},
		{"Ada", "ada..b@example.org", "email"},
		{"Ada", long(243) + "@example.org", "email"},
		{"", "x", "name email"},
	} {
		b, err := NewBuyer(c.name, c.email)
		got := ""
		if err != nil {
			if !is(err, "bad-buyer") {
				t.Fatalf("%v", err)
			}
			got = fieldsOf(err)
		}
		if got != c.bad {
			t.Errorf("%q %q: refused %q, want %q", c.name, c.email, got, c.bad)
		}
		if err == nil && (b.Name == "" || b.Name[0] == ' ' || b.Email[0] == ' ') {
			t.Errorf("not tidy: %+v", b)
		}
	}
	ring := testRing()
	if string(buyerKey(ring, " A\u0301da@Example.ORG")) != string(buyerKey(ring, "\u00e1da@example.org")) {
		t.Error("one address, two buyers")
	}
	if string(buyerKey(ring, "ada@example.org")) == string(buyerKey(ring, "bob@example.org")) {
		t.Error("two addresses, one buyer")
	}
}

func TestCSVTextIsNoFormula(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ada": "Ada", "": "", "A=1": "A=1", "=1+1": "'=1+1", "+49": "'+49", "-1": "'-1", "@sum": "'@sum", "\tx": "'\tx", "\rx": "'\rx",
		"  =1": "'  =1", "\x00=1": "'=1", "|x": "'|x", "%x": "'%x",
	} {
		if got := csvText(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
