package app_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// By bank transfer, without script: the buyer chooses it, is told where to send the money, and gets tickets when staff
// have marked it as paid; the wrong sum is sent back by hand.
func TestBuyingByBankTransfer(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "FAIRSEAT_PAYMENTS__TRANSFER__IBAN=DE89370400440532013000", "FAIRSEAT_PAYMENTS__TRANSFER__HOLDER=Old Hall e.V.",
		"FAIRSEAT_PAYMENTS__TRANSFER__BIC=COBADEFFXXX")
	staff := signIn(t, p.base)
	both := onSale(3, 2)
	both["payment_methods"] = []string{"sandbox", "transfer"}
	createEvent(t, staff, "gig", club(t, staff), clubPrices, 0, both)
	var event struct {
		Methods []struct{ ID, Name string } `json:"payment_methods"`
	}
	staff.must(t, 200, "GET", "/api/v1/events/gig", nil, &event)
	if len(event.Methods) != 2 || event.Methods[1].ID != "transfer" || event.Methods[1].Name != "Bank transfer" {
		t.Errorf("the event may be paid by %+v", event.Methods)
	}
	staff.must(t, 422, "PATCH", "/api/v1/admin/events/gig", object{"payment_methods": []string{"cash"}}, nil)

	buy := func(name, email string) (*reader, string) {
		r := inside(t, p.base, "gig")
		const path = "/events/gig/place/seats"
		r.send(path, path, "area", "floor", "quantity", "1")
		r.get("/events/gig/place/checkout", "How to pay", "By card (test)", "By bank transfer")
		r.refused(422, "/events/gig/place/checkout", []string{"name", name, "email", email, "method", "cash"}, "cannot be paid that way")
		order := r.send("/events/gig/place/checkout", "/orders/", "name", name, "email", email, "method", "transfer").to
		order, _, _ = strings.Cut(order, "?")
		r.get(order, "Now send the money", "Old Hall e.V.", "DE89 3704 0044 0532 0130 00", "COBADEFFXXX", "25.00 EUR", "Give the seats back")
		return r, order
	}
	ada, adas := buy("Ada", "ada@example.org")
	bob, bobs := buy("Bob", "bob@example.org")

	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin/orders")
	o.sees("Bank transfers")
	o.open("/admin/transfers?q=ada@example.org")
	o.sees("ada@example.org", "25.00 EUR")
	if strings.Contains(o.page, "bob@example.org") {
		t.Error("a search finds somebody else")
	}
	o.post(200, "/admin"+adas+"/paid", "amount", "much")
	o.sees("that was no amount")
	o.post(200, "/admin"+adas+"/paid", "amount", "25.00")
	o.sees("25.00 EUR came for order", "Ada, ada@example.org", "The tickets go out at once")
	ada.get(adas, "Now send the money")
	o.post(200, "/admin"+adas+"/paid", "amount", "25.00", "sure", "1")
	o.sees("Written down.", "Paid")
	ada.get(adas, "Here is your ticket")

	// Another sum is asked about, and goes back by hand.
	o.open("/admin/transfers")
	o.post(200, "/admin"+bobs+"/paid", "amount", "20")
	o.sees("Not 25.00 EUR?", "all of it has to go back")
	o.post(200, "/admin"+bobs+"/paid", "amount", "20", "sure", "1")
	o.open("/admin/owed")
	o.sees("20.00 EUR", "Somebody has to send it from the bank")
	o.open("/admin/transfers")
	o.sees("To be sent back", "20.00 EUR", "It was another sum")
	correct := regexp.MustCompile(`/admin/orders/[^"]+/refunds/[^"]+/correct`).FindString(o.page)
	o.post(200, correct, "amount", "2O")
	o.sees("that was no amount")
	o.post(200, correct, "amount", "19")
	o.sees("19.00 EUR came in truth?", "stands in the log")
	o.post(200, correct, "amount", "19", "sure", "1")
	o.sees("Corrected.")
	o.open("/admin/transfers")
	o.sees("19.00 EUR")
	sent := regexp.MustCompile(`/admin/orders/[^"]+/refunds/[^"]+/sent`).FindString(o.page)
	if sent == "" {
		t.Fatal("nothing to send back")
	}
	o.post(200, sent)
	o.sees("19.00 EUR for order", "Bob, bob@example.org", "It was not the price of the order.", "I have sent 19.00 EUR")
	if s := bob.get(bobs, "the organiser sends it by hand"); strings.Contains(s.body, "has left") || strings.Contains(s.body, "on its way") {
		t.Error("the buyer reads of money that nobody has sent")
	}
	o.post(200, sent, "sure", "1")
	o.sees("the buyer gets a mail")
	bob.get(bobs, "it was not the price · has left")
	testkit.Eventually(t, 20*time.Second, "nothing is owed", func() bool {
		o.open("/admin/owed")
		return strings.Contains(o.page, "Nothing is owed.")
	})
	cleanAudit(t, staff)
}
