package app_test

import (
	"context"
	"fmt"
	"io"
	neturl "net/url"
	"os"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// A stranger sees nothing of the desk but the way in, and whoever is let in lands where they wanted to go.
func TestDeskLetsOnlyStaffIn(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", house(t, staff, 1, 2), map[string]any{"Stalls": 4500}, time.Hour, nil)
	o := newOrganiser(t, p.base)
	for _, path := range []string{"/admin", "/admin/plans", "/admin/plans/1", "/admin/plans/1/picture.svg", "/admin/plans/1/pretix.json", "/admin/plans/1/event", "/admin/events/gala",
		"/admin/events/gala/settings", "/admin/events/gala/seats", "/admin/orders", "/admin/orders/x", "/admin/outbox", "/admin/audit", "/admin/log"} {
		o.open(path)
		o.at("/admin/session")
		if strings.Contains(o.page, "Spring Gala") || strings.Contains(o.page, "Stalls") {
			t.Errorf("%s tells a stranger: %s", path, o.text())
		}
	}
	for _, path := range []string{"/admin/events/gala/end", "/admin/events/gala/seats", "/admin/events/gala/blocks/x/release"} {
		o.post(401, path, "sure", "1", "act", "block", "seats", "A-1", "reason", "x")
		o.sees("Sign in", "nothing was done")
	}
	for _, next := range []string{"https://evil.example/admin", "//evil.example/admin", "/admin/../events", "/admin/%2E%2e/events", "/\\evil.example", "/admin/session", "/orders"} {
		o.open("/admin/session?next=" + neturl.QueryEscape(next))
		if !strings.Contains(o.page, `name="next" value="/admin"`) {
			t.Errorf("signing in leads to %s: %s", next, o.page)
		}
		if strings.Contains(o.page, "evil") {
			t.Errorf("the page repeats %s", next)
		}
	}
	o.signIn("wrong", 401)
	o.sees("do not belong together", `value="`+ownerEmail+`"`)
	o.signIn(ownerPassword, 200)
	o.at("/admin/log")
	o.sees("who did what")

	// A form that another site's page sends knows no csrf, and one of an older session knows another.
	o.open("/admin/events/gala")
	o.page = ""
	o.post(403, "/admin/events/gala/end", "sure", "1")
	o.post(403, "/admin/events/gala/end", "sure", "1", "csrf", "guessed")
	o.post(403, "/admin/session/end")
	o.open("/admin")
	o.sees("Spring Gala", "Announced")
	o.post(200, "/admin/session/end")
	o.at("/admin/session")
	o.open("/admin")
	o.at("/admin/session")
}

// One sale from the seat plan to the audit, by forms alone.
func TestDeskStory(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin")
	o.sees("No event yet")
	o.open("/admin/plans")
	o.upload(422, "hall.json", []byte(`{"zones": 3}`))
	o.sees("“hall.json” cannot be used", "This is not a seating plan", "a list […] belongs here")
	o.upload(422, "hall.json", nil)
	o.sees("“hall.json” cannot be used", "There is nothing in the file")
	o.upload(422, "", nil)
	o.sees("Choose a file first.")
	file, err := os.ReadFile(stadiumFile)
	if err != nil {
		t.Fatal(err)
	}
	o.upload(200, "stadium.json", file)
	o.at("/admin/plans/1")
	o.sees("738 seats", "Category I", "369", "Several seats have the same id", "All are kept")
	o.picture("/admin/plans/1/picture.svg")
	o.refusedForm()

	o.post(200, "/admin/plans/1/event", "name", "Spring Gala", "timezone", "Europe/Berlin", "opens_at", time.Now().Add(time.Hour).In(berlin(t)).Format("2006-01-02T15:04"),
		"starts_at", "2027-05-01T20:00", "currency", "EUR", "max_per_buyer", "2", "waiting_room", "yes", "cap", "50", "per_minute", "6000", "accent", "#8a1c5a",
		"lane_1", "Members", "share_1", "20 %", "lane_2", "", "share_2", "",
		"price_category-i", "99", "price_category-ii", "79,50", "price_category-iv", "", "price_category-v", "")
	o.at("/admin/events/spring-gala")
	o.sees("The event is published", "Announced", "0 of 50", "Open now")

	o.changeSettings()
	buyer, order := o.sellOne(p)
	o.pauseAndResume()
	o.refundOne(p, buyer, order)

	o.open("/admin/outbox")
	o.sees(order.Code, "asa@example.org")
	o.open("/admin/audit")
	o.post(200, "/admin/audit")
	o.sees("Everything adds up", "captured is delivered, refunded or owed", "Where the money is")
	o.open("/admin/log")
	o.sees("Plan uploaded", "Event made", "Settings changed", "Sale opened", "Paused", "the bank is slow", "Resumed", "Tickets returned", "Message set", "Signed in")

	o.open("/admin/events/spring-gala")
	o.post(200, "/admin/events/spring-gala/end")
	o.sees("End the sale of Spring Gala for good?", "cannot be opened again")
	o.post(200, "/admin/events/spring-gala/end", "sure", "1")
	o.sees("The sale has ended")
	o.post(409, "/admin/events/spring-gala/open", "sure", "1")
	o.sees("The sale is open already.", "Spring Gala", "Ended")
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func (o *organiser) picture(path string) {
	o.t.Helper()
	res, err := o.http.Get(o.base + path)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	svg, err := io.ReadAll(res.Body)
	if err != nil || res.Header.Get("Content-Type") != "image/svg+xml" || strings.Count(string(svg), "h0") != 738 {
		o.t.Errorf("the picture: %v %v, %d seats", err, res.Header, strings.Count(string(svg), "h0"))
	}
}

// refusedForm sends a form with much that is wrong, and finds all of it said at once beside what was typed.
func (o *organiser) refusedForm() {
	o.t.Helper()
	o.open("/admin/plans/1/event")
	o.post(422, "/admin/plans/1/event", "name", "Night <b>of</b> “Stars”", "slug", "Not a slug", "venue", "Große Halle", "timezone", "Europe/Berlin",
		"opens_at", "2027-03-28T02:30", "starts_at", "soon", "currency", "JPY", "max_per_buyer", "many", "terms_url", "no address",
		"waiting_room", "no", "accent", "#123456", "price_category-i", "9.50", "price_category-ii", "4200")
	o.sees("That hour does not exist", "Is no date and time", "Is a whole number.", "Is a price such as 4250", "Is a-z, 0-9", "Is no http or https address", "6 fields need")
	o.sees(`value="Not a slug"`, `value="2027-03-28T02:30"`, `value="soon"`, `value="many"`, `value="9.50"`, `value="4200"`, `value="Große Halle"`,
		`value="no address"`, `value="#123456"`, `Night <b>of</b> “Stars”`, `value="no" checked`, `<option selected>JPY`)
	if strings.Contains(o.page, "<b>of</b>") {
		o.t.Error("the name stands in the page as markup")
	}
	o.post(422, "/admin/plans/1/event", "name", "", "timezone", "Mars/Olympus", "opens_at", "2027-05-01T20:00")
	o.sees("Is no name of the IANA database", "3 fields need", `value="2027-05-01T20:00"`) // name, zone, prices
	whole := []string{"name", "Gala", "timezone", "Europe/Berlin", "opens_at", "2027-05-01T20:00", "currency", "EUR", "max_per_buyer", "2",
		"cap", "50", "per_minute", "60", "price_category-i", "99"}
	for _, wrong := range []struct {
		says   string
		fields []string
	}{
		{"Each lane has a name, and a share", []string{"waiting_room", "yes", "lane_1", "Members"}},
		{"Each lane has a name, and a share", []string{"waiting_room", "yes", "lane_1", "Members", "share_1", "half"}},
		{"Lane 1 is empty", []string{"waiting_room", "yes", "lane_2", "Members", "share_2", "20"}},
		{"Have 90 percent at most", []string{"waiting_room", "yes", "lane_1", "Members", "share_1", "60", "lane_2", "Locals", "share_2", "31%"}},
		{"Need a waiting room", []string{"waiting_room", "no", "lane_1", "Members", "share_1", "20"}},
	} {
		o.post(422, "/admin/plans/1/event", append(wrong.fields, whole...)...)
		o.sees(wrong.says, "One field needs", `value="Members"`)
	}
	o.open("/admin")
	o.sees("No event yet")
}

func (o *organiser) changeSettings() {
	o.t.Helper()
	at := "/admin/events/spring-gala/settings"
	o.open(at)
	o.sees(`value="79.50"`, `value="2027-05-01T20:00"`, `value="#8a1c5a"`, "Lane 1: <bdi>Members</bdi>, 20 % of the places drawn")
	o.post(422, at, "name", "", "venue", "Old Hall")
	o.sees("Is needed.", `value="Old Hall"`)
	prices := []string{"price_category-i", "99.00", "price_category-ii", "80", "price_category-iv", "", "price_category-v", ""}
	o.post(200, at, append(prices, "name", "Spring Gala", "venue", "Old Hall")...)
	o.at("/admin/events/spring-gala")
	o.sees("Saved.", "Old Hall")
	var event struct {
		Prices   map[string]*int64
		StartsAt time.Time `json:"starts_at"`
	}
	signIn(o.t, o.base).must(o.t, 200, "GET", "/api/v1/admin/events/spring-gala", nil, &event)
	if p := event.Prices["Category II"]; p == nil || *p != 8000 || event.Prices["Category V"] != nil || event.StartsAt.Format(time.RFC3339) != "2027-05-01T18:00:00Z" {
		o.t.Errorf("the event is %+v", event)
	}
	who := func(status int, fields ...string) {
		o.t.Helper()
		o.post(status, at, append(append(prices, "name", "Spring Gala", "venue", "Old Hall"), fields...)...)
		o.open(at)
	}
	who(200, "identity", "email", "proof_of_work", "yes") // the box counts where anybody may join
	o.sees(`value="email" checked`, "A change counts for those who join from now on.")
	if strings.Contains(o.page, `value="yes" checked`) {
		o.t.Error("a code by mail and work are asked for both")
	}
	who(422, "identity", "passport")
	who(200, "identity", "none", "proof_of_work", "yes")
	o.sees(`value="none" checked`, `value="yes" checked`)
	who(200, "identity", "none")
	o.sees(`value="none" checked`)
	o.post(422, "/admin/events/spring-gala/pace", "cap", "none", "per_minute", "7000")
	o.sees("Is a whole number from 1.", `value="none"`, `value="7000"`)
	o.post(200, "/admin/events/spring-gala/pace", "cap", "60", "per_minute", "7000")
	o.sees("The new pace", "of 60", `value="7000"`)
	o.post(200, "/admin/events/spring-gala/pace", "cap", "60", "per_minute", "")
	o.sees("The new pace", `name="per_minute" inputmode="numeric" value=""`)
	o.post(200, "/admin/events/spring-gala/message", "message", "Please have your card at hand.")
	o.sees("Everyone who waits sees it", "card at hand")
}

// sellOne opens the sale and lets somebody buy two seats.
func (o *organiser) sellOne(p *process) (*fan, *orderView) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 60*time.Second)
	defer cancel()
	at := "/admin/events/spring-gala"
	buyer := newFan(p.base, "spring-gala", "Åsa Ünlü")
	if a, err := buyer.do("POST", buyer.path("/queue"), map[string]any{}); err != nil || a.Status != 201 { // the prequeue opens half an hour before
		if a.code() != "not-yet" {
			o.t.Fatalf("join: %v %v", a, err)
		}
	}
	o.post(200, at+"/open")
	o.at(at + "/open")
	o.sees("Open the sale of Spring Gala now?", "A draw cannot be taken back.")
	o.post(200, at+"/open", "sure", "1")
	o.at(at)
	o.sees("The sale is open.")
	if err := buyer.join(ctx); err != nil {
		o.t.Fatal(err)
	}
	if in, err := buyer.enter(ctx); err != nil || !in {
		o.t.Fatalf("not let in: %v", err)
	}
	buyer.must(o.t, 201, "POST", buyer.path("/holds"), map[string]any{"best": map[string]any{"quantity": 2}}, nil)
	order, a, err := buyer.order(ctx, "asa@example.org")
	if err != nil || order == nil {
		o.t.Fatalf("order: %v %v", a, err)
	}
	if order, err = buyer.settle(ctx, order, "paid", "paid"); err != nil {
		o.t.Fatal(err)
	}
	testkit.Eventually(o.t, 20*time.Second, "the figures are of now", func() bool {
		o.open(at)
		return strings.Contains(o.text(), "On sale") && strings.Contains(o.text(), "2 of 537")
	})
	o.sees("Waiting", "orders paid", `"sold":2}]`)
	o.open("/admin")
	o.sees("sold 2 held 0 paying 0 free 535")
	return buyer, order
}

func (o *organiser) pauseAndResume() {
	o.t.Helper()
	at := "/admin/events/spring-gala"
	o.open(at)
	o.post(422, at+"/pause", "reason", " ")
	o.sees("Say why in a few words")
	o.post(200, at+"/pause", "reason", "the bank is slow")
	o.sees("Pause Spring Gala?", "Pausing stops new admissions.", "keep their places.", "Everyone who waits reads: “the bank is slow”", `name="reason" value="the bank is slow"`)
	waiting := newFan(o.base, "spring-gala", "Bo")
	var now nowView
	if waiting.must(o.t, 200, "GET", waiting.path("/queue/now"), nil, &now); now.Phase != "open" {
		o.t.Fatalf("paused before anybody was sure: %s", now.Phase)
	}
	o.post(200, at+"/pause", "reason", "the bank is slow", "sure", "1")
	o.at(at)
	o.sees("Nobody new is let in", "Paused: the bank is slow", "Resume admissions")
	if waiting.must(o.t, 200, "GET", waiting.path("/queue/now"), nil, &now); now.Phase != "paused" || now.Reason == nil || *now.Reason != "the bank is slow" {
		o.t.Errorf("fans see %s, %v", now.Phase, now.Reason)
	}
	o.post(200, at+"/resume")
	o.at(at)
	o.sees("Admissions go on.", "On sale")
}

// refundOne returns one of two tickets, and sees what becomes of it.
func (o *organiser) refundOne(p *process, buyer *fan, order *orderView) {
	o.t.Helper()
	for _, q := range []string{order.Code, "ünlü", "asa@", order.Tickets[0].Seat.Label} {
		o.open("/admin/orders?q=" + neturl.QueryEscape(q))
		o.sees(order.Code, "Åsa Ünlü", "Paid")
	}
	o.open("/admin/orders?q=nobody")
	o.sees("Nothing is called")
	o.open("/admin/orders?event=spring-gala")
	o.sees(order.Code, "orders.csv")
	o.open("/admin/orders?before=" + order.ID)
	o.sees("No older orders.")
	at := "/admin/orders/" + order.ID
	o.open(at)
	o.sees("Order made", "Paid, tickets issued", "Received", order.Tickets[1].Seat.Label)
	o.post(422, at+"/refund", "reason", "rain")
	o.sees("Choose the tickets", `value="rain"`)
	o.post(422, at+"/refund", "ticket", order.Tickets[0].ID)
	o.sees("Say why", "checked")
	o.post(200, at+"/refund", "ticket", order.Tickets[0].ID, "reason", "rain")
	back := fmt.Sprintf("%d.%02d EUR", order.Total/2/100, order.Total/2%100)
	o.sees("Return "+order.Tickets[0].Seat.Label+" and "+back+"?", "gets a mail", "cannot be taken back")
	if a := buyer.must(o.t, 200, "GET", "/api/v1/orders/"+order.ID, nil, nil); !strings.Contains(string(a.Body), `"status":"paid"`) {
		o.t.Fatalf("returned before anybody was sure: %s", a.Body)
	}
	o.post(200, at+"/refund", "ticket", order.Tickets[0].ID, "reason", "rain", "sure", "1")
	o.at(at)
	o.sees("Partly returned", "Tickets taken back: "+back+", “rain”", "Returned: "+order.Tickets[0].Seat.Label)
	testkit.Eventually(o.t, 30*time.Second, "the money is back", func() bool {
		o.open(at)
		return strings.Contains(o.text(), "Money returned: "+back)
	})
	o.post(422, at+"/refund", "reason", "rain")
	o.post(409, at+"/refund", "ticket", order.Tickets[0].ID, "reason", "rain", "sure", "1")
	o.sees("returned already")
	o.post(200, at+"/resend")
	o.sees("The mail is on its way again")
}
