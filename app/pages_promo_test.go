package app_test

import (
	"strings"
	"testing"
)

// A code from the desk to the order with forms alone: made, tried, mistyped, paid with, seen by staff, switched off.
func TestACodeWithoutScript(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 0, map[string]any{"max_per_buyer": 2, "queue": nil})
	r := inside(t, p.base, "gala")
	r.send("/events/gala/place/seats", "/events/gala/place/seats#yours", "quantity", "2")
	const checkout, codes = "/events/gala/place/checkout", "/admin/events/gala/promotions"
	if s := r.get(checkout, "198.00 EUR"); strings.Contains(s.body, "Have a code?") {
		t.Error("a code is asked for where there is none")
	}

	o := newOrganiser(t, p.base)
	o.open("/admin")
	o.signIn(ownerPassword, 200)
	o.open(codes)
	o.sees("No code yet")
	o.post(422, codes, "code", "ab", "kind", "percent", "value", "0")
	o.sees("Nothing was made yet", "Must be a whole number from 1 to 100.")
	o.post(422, codes, "code", "ab", "kind", "percent", "value", "25")
	o.sees("3 to 40 letters and digits")
	o.post(200, codes, "code", "Früh 26", "codes", "1", "name", "Members", "kind", "percent", "value", "25 %", "max_uses", "3", "max_per_buyer", "2")
	o.sees("The codes are good", "Früh 26", "25 % off", "of 3", "Members", "Good now")
	o.post(422, codes, "code", "FRÜH-26", "kind", "amount", "value", "5.00")
	o.sees("Another promotion of this event has this code.")

	r.get(checkout, "Have a code?", "198.00 EUR")
	// The code's own button works a basket out and keeps what was typed; nothing is ordered.
	bad := r.ask("POST", checkout, fields([]string{"name", "Åsa", "promo", "früh 27", "apply", "1", "applied", "", "total", "19800"}))
	bad.has(t, 422, "There is no such code for this event.", `value="früh 27"`, `value="Åsa"`, "Pay 198.00 EUR")
	good := r.ask("POST", checkout, fields([]string{"name", "Åsa", "promo", " früh-26 ", "apply", "1", "applied", "früh 27", "total", "19800"}))
	good.has(t, 200, "74.25 EUR", "Code Früh 26", "49.50 EUR less", "Pay 148.50 EUR", `value="Åsa"`, `name="total" value="14850"`)
	// A code that was typed and not tried is shown first, whichever button was pressed.
	r.ask("POST", checkout, fields([]string{"name", "Åsa", "email", "asa@example.org", "promo", "früh26", "applied", "", "total", "19800"})).has(t, 200, "Pay 148.50 EUR")
	// A sum that is no longer true is not paid.
	r.refused(409, checkout, []string{"name", "Åsa", "email", "asa@example.org", "promo", "früh26", "applied", "früh26", "total", "14000"},
		"The price has changed since you saw it", "Pay 148.50 EUR")
	order := r.send(checkout, "/orders/", "name", "Åsa", "email", "asa@example.org", "promo", "früh26", "applied", "früh26", "total", "14850").to
	path, _, _ := strings.Cut(order, "?")
	r.seesSoon(path, "Pay 148.50 EUR", "with code Früh 26", "49.50 EUR less", "74.25 EUR")

	o.open(codes)
	o.sees("49.50 EUR less")
	o.open("/admin/orders?event=gala")
	o.sees("148.50 EUR")
	var listed struct{ Promotions []struct{ ID, Code string } }
	staff.must(t, 200, "GET", "/api/v1/admin/events/gala/promotions", nil, &listed)
	end := codes + "/" + listed.Promotions[0].ID + "/end"
	o.open(codes)
	o.post(200, end)
	o.sees("Switch the code off?")
	o.post(200, end, "sure", "1")
	o.sees("Switched off")

	other := inside(t, p.base, "gala")
	other.send("/events/gala/place/seats", "/events/gala/place/seats#yours", "quantity", "1")
	if s := other.get(checkout); strings.Contains(s.body, "Have a code?") {
		t.Error("a code is asked for when none is good any more")
	}
	// It was shown a moment ago in another window: the refusal stands by the field.
	other.refused(422, checkout, []string{"name", "Bo", "email", "bo@example.org", "promo", "früh26", "applied", "früh26", "total", "9900"},
		"There is no such code", "Nothing is ordered yet: see what is said about your code.")
	var audit struct{ OK bool }
	staff.must(t, 200, "GET", "/api/v1/admin/audit", nil, &audit)
	if !audit.OK {
		t.Error("the audit is not clean")
	}
}
