package app_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	neturl "net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// reader is a browser without script: it follows nothing by itself, keeps its cookies, and sends forms.
type reader struct {
	t    testing.TB
	base string
	http *http.Client
}

func newReader(t testing.TB, base string) *reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &reader{t, base, &http.Client{Transport: transport, Jar: jar, Timeout: 15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// sheet is what one request came to.
type sheet struct {
	status int
	header http.Header
	body   string // with entities resolved, as it is read
	to     string // where it is sent on
}

func (r *reader) ask(method, path string, form neturl.Values) sheet {
	r.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = r.base + path
	}
	req, err := http.NewRequest(method, path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	s := sheet{res.StatusCode, res.Header, html.UnescapeString(string(body)), strings.TrimPrefix(res.Header.Get("Location"), r.base)}
	own := strings.Contains(path, "/place") || strings.Contains(path, "/orders")
	if kept := res.Header.Get("Cache-Control"); own && s.status == 200 && kept != "private, no-store" {
		r.t.Errorf("%s %s may be kept: %q", method, path, kept)
	}
	if strings.Contains(s.body, " style=") || strings.Contains(s.body, "<script>") || strings.Contains(s.body, "ZgotmplZ") {
		r.t.Errorf("%s %s has what its policy forbids", method, path)
	}
	return s
}

// get reads a page and wants to find words on it.
func (r *reader) get(path string, words ...string) sheet {
	r.t.Helper()
	s := r.ask("GET", path, nil)
	s.has(r.t, 200, words...)
	return s
}

// send sends a form and wants to be sent on.
func (r *reader) send(path, to string, pairs ...string) sheet {
	r.t.Helper()
	s := r.ask("POST", path, fields(pairs))
	if s.status != http.StatusSeeOther || !strings.HasPrefix(s.to, to) {
		r.t.Fatalf("POST %s: %d to %q, want to go to %s\n%s", path, s.status, s.to, to, s.body)
	}
	return s
}

// refused sends a form and wants the page again, with a status and words.
func (r *reader) refused(status int, path string, pairs []string, words ...string) sheet {
	r.t.Helper()
	s := r.ask("POST", path, fields(pairs))
	s.has(r.t, status, words...)
	return s
}

func fields(pairs []string) neturl.Values {
	form := neturl.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form
}

func (s sheet) has(t testing.TB, status int, words ...string) {
	t.Helper()
	if s.status != status {
		t.Fatalf("want %d, got %d to %q\n%s", status, s.status, s.to, s.body)
	}
	for _, w := range words {
		if !strings.Contains(s.body, w) {
			t.Errorf("the page lacks %q:\n%s", w, s.body)
		}
	}
}

// find gives the first group of a pattern.
func (s sheet) find(t testing.TB, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(s.body)
	if m == nil {
		t.Fatalf("nothing like %s in\n%s", pattern, s.body)
	}
	return m[1]
}

// inside joins and takes the turn.
func inside(t testing.TB, base, event string) *reader {
	t.Helper()
	r := newReader(t, base)
	r.send("/api/v1/events/"+event+"/queue", "/events/"+event+"/place")
	testkit.Eventually(t, 20*time.Second, "the turn of a reader", func() bool {
		s := r.ask("POST", "/events/"+event+"/place/enter", nil)
		return s.status == 303 && s.to == "/events/"+event+"/place/seats"
	})
	return r
}

const freeSeat = `name="seat" value="(\d+)"`

// Everything from the line to the ticket with forms alone.
func TestBuyingWithoutScript(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 0, map[string]any{"max_per_buyer": 3, "queue": nil})
	r := newReader(t, p.base)
	if s := r.ask("GET", "/events/gala/place/seats", nil); s.status != 303 || s.to != "/events/gala" {
		t.Errorf("the seats are shown to nobody in particular: %d", s.status)
	}
	r.send("/api/v1/events/gala/queue", "/events/gala/place")
	for _, path := range []string{"/events/gala/place/seats", "/events/gala/place/checkout"} {
		if s := r.ask("GET", path, nil); s.status != 303 || s.to != "/events/gala/place" {
			t.Errorf("%s lets in who is not inside: %d %s", path, s.status, s.to)
		}
	}
	r.send("/events/gala/place/seats", "/events/gala/place", "quantity", "1")
	if s := r.ask("POST", "/events/gala/place/enter", nil); s.status != 303 || s.to != "/events/gala/place/seats" {
		t.Fatalf("not let in: %d %s", s.status, s.body)
	}

	r.get("/events/gala/place/checkout", "You hold no seats")
	r.get("/events/gala/place/seats", "Best available", "Ground floor, rows A to", "First Floor")
	r.send("/events/gala/place/seats", "/events/gala/place/seats#yours", "quantity", "2")
	listed := r.get("/events/gala/place/seats?part=2", "198.00 EUR", "minutes left, until", "Hold the ticked seats")
	seat, zone := listed.find(t, freeSeat), listed.find(t, `<h3 id="rows"[^>]*>([^,<]+)`)
	price := listed.find(t, `<option value="([^"]+)">Category IV · 39.00 EUR</option>`)
	if one := r.get("/events/gala/place/seats?part=0&price="+price, "39.00 EUR", "together"); strings.Contains(one.body, "</strong> 99.00 EUR") {
		t.Error("another price is listed, too")
	}
	for _, words := range []string{`?part=0#rows"`, `<h3 id="rows"`, " EUR each", ">Row ", `<strong dir="auto">Seat `, `<strong dir="auto">` + zone + `, row `} {
		if !strings.Contains(listed.body, words) {
			t.Errorf("a part of the house has no %s", words)
		}
	}
	r.send("/events/gala/place/seats", "/events/gala/place/seats?part=2&price="+price+"#yours", "part", "2", "price", price, "seat", seat)
	full := r.get("/events/gala/place/seats?part=2", "You have the 3 seats that one person may have")
	r.send("/events/gala/place/seats", "/events/gala/place/seats#yours", "back", full.find(t, `name="back" value="(\d+)"`))
	left := r.get("/events/gala/place/checkout", "198.00 EUR", "Change seats")

	// A mistake: the errors stand by their fields, what was typed is still there, and the seats are too.
	wrong := r.refused(422, "/events/gala/place/checkout", []string{"name", `  "<b>Ünlü`, "email", "asa@"},
		"This is not a whole mail address.", `value="  "<b>Ünlü"`, `value="asa@"`, "198.00 EUR", "Your seats are still yours")
	if strings.Count(wrong.body, "aria-invalid") != 1 || strings.Contains(wrong.body, "Type your name") {
		t.Error("the name is blamed too")
	}
	r.refused(422, "/events/gala/place/checkout", nil, "Type your name.", "Type your mail address.")

	if s := r.ask("GET", "/events/gala/place/order", nil); s.status != 204 {
		t.Errorf("before there is an order: %d %s", s.status, s.body)
	}
	order := r.send("/events/gala/place/checkout", "/orders/", "name", "Åsa Ünlü", "email", "asa@example.org").to
	again := r.send("/events/gala/place/checkout", "/orders/", "name", "Åsa", "email", "other@example.org").to
	path, _, _ := strings.Cut(order, "?")
	if again != order || !strings.HasSuffix(order, "?go=pay") {
		t.Errorf("a second click gave %s after %s", again, order)
	}
	if s := r.ask("GET", "/events/gala/place/order", nil); s.status != 200 || !strings.Contains(s.body, path) {
		t.Errorf("the map does not learn of the open order: %d %s", s.status, s.body)
	}
	if s := r.ask("GET", "/events/gala/place/checkout", nil); s.status != 303 || s.to != path {
		t.Errorf("the checkout of an open order: %d %s", s.status, s.to)
	}
	r.get("/events/gala/place/seats", "You have an order to pay", path)
	var pay string
	testkit.Eventually(t, 10*time.Second, "a page to pay on", func() bool {
		s := r.get(order)
		m := regexp.MustCompile(`http-equiv="refresh" content="0;url=([^"]+)"`).FindStringSubmatch(s.body)
		if m != nil {
			pay = m[1]
		}
		return m != nil
	})
	if open := r.get(path, "Your seats are yours. Now pay.", "minutes left, until", pay); strings.Contains(open.body, `content="0;`) {
		t.Error("the order's own page sends people away")
	}

	r.send(pay, path+"?back=1", "outcome", "declined", "reason", "expired-card")
	r.seesSoon(path, "Your bank declined the payment.", "It says the card has expired. Nothing was charged.", "Try again: pay 198.00 EUR")
	r.send(path+"/pay", path+"?go=pay")
	var second string
	testkit.Eventually(t, 10*time.Second, "a second page to pay on", func() bool {
		second = ""
		if m := regexp.MustCompile(`content="0;url=([^"]+)"`).FindStringSubmatch(r.get(path + "?go=pay").body); m != nil {
			second = m[1]
		}
		return second != "" && second != pay
	})
	setFaults(t, p.base, map[string]any{"latency_ms": 4000, "webhook": "late"}) // longer than the page waits for the bank's word
	r.get(path+"?back=1", "Looking for your payment…", "Only if you did not pay", `content="2"`)
	setFaults(t, p.base, map[string]any{})
	r.seesSoon(path+"?back=1", "Your seats are yours. Now pay.") // asked, and not paid
	r.send(second, path+"?back=1", "outcome", "paid")
	paid := r.seesSoon(path, "Paid. Here are your tickets.", "TEST – not valid for entry", "Åsa Ünlü", `role="img"`)
	label := left.find(t, `<strong dir="auto">([^<]+)</strong>`)
	for _, words := range []string{label, "a***@example.org", ".pdf", ".ics", "Spring Gala", "Old Hall"} {
		if !strings.Contains(paid.body, words) {
			t.Errorf("the paid order lacks %q", words)
		}
	}
	if strings.Contains(paid.body, "asa@example.org") {
		t.Error("the whole address can be read over the shoulder")
	}
	r.get(paid.find(t, `href="([^"]+/t/[^"]+\.pdf)"`))
	r.seesSoon(path, "We've mailed them to a***@example.org – sent ")
	r.refused(409, path+"/pay", nil, "There is nothing more to pay", "Here are your tickets")
	r.refused(409, path+"/cancel", nil, "This order was paid a moment before", "Here are your tickets")
	r.send(path+"/resend", path+"?mailed=again")
	r.get(path+"?mailed=again", "Another mail to a***@example.org is on its way.")
	strangers(t, p.base, path, paid)
}

// seesSoon reads a page, as its refresh would, until it says something; then it wants the other words too.
func (r *reader) seesSoon(path, first string, words ...string) sheet {
	r.t.Helper()
	var s sheet
	testkit.Eventually(r.t, 20*time.Second, first, func() bool {
		s = r.ask("GET", path, nil)
		return s.status == 200 && strings.Contains(s.body, first)
	})
	s.has(r.t, 200, words...)
	return s
}

// strangers are told nothing of an order, and whoever asks for a mail learns nothing either.
func strangers(t *testing.T, base, path string, paid sheet) {
	t.Helper()
	code := paid.find(t, `Order ([A-Z0-9]{8})`)
	other := newReader(t, base)
	for _, s := range []sheet{other.ask("GET", path, nil), other.ask("POST", path+"/cancel", nil), other.ask("POST", path+"/resend", nil), other.ask("POST", path+"/pay", nil)} {
		if s.has(t, 404, "Open it on the device you ordered with"); strings.Contains(s.body, code) || s.header.Get("Set-Cookie") != "" {
			t.Errorf("a stranger learns of an order: %v %s", s.header, s.body)
		}
	}
	other.get("/orders", "Find my order", "Order number")
	right := other.send("/orders", "/orders?sent=1", "code", code, "email", "asa@example.org")
	wrong := other.send("/orders", "/orders?sent=1", "code", code, "email", "eve@example.org")
	if right.to != wrong.to || right.body != wrong.body {
		t.Error("the answer tells whether there is such an order")
	}
	other.get("/orders?sent=1", "If they match, a mail is on its way.")
}

// What cannot be had is said on the page itself, with the status the API would answer.
func TestRefusalsAreSaidOnThePage(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "FAIRSEAT_LIMITS__PER_PLACE=120")
	staff := signIn(t, p.base)
	plan := importStadium(t, staff)
	createEvent(t, staff, "gala", plan, stadiumPrices, 0, map[string]any{"max_per_buyer": 2, "queue": nil})
	createEvent(t, staff, "brief", plan, stadiumPrices, 0, map[string]any{"hold_seconds": 1, "queue": nil})
	const seats, pay = "/events/gala/place/seats", "/events/gala/place/checkout"
	ada, bob := inside(t, p.base, "gala"), inside(t, p.base, "gala")

	listed := ada.get(seats + "?part=0")
	seat := listed.find(t, freeSeat)
	label := listed.find(t, `value="`+seat+`"> <span><strong dir="auto">([^<]+)<`)
	ada.send(seats, seats, "seat", seat)
	// Too late, and the nearest seat is held instead, until it is given back or makes way.
	late := bob.refused(409, seats, []string{"seat", seat, "part", "0"}, "Ground floor, row ", strings.ToLower(label)+": gone a moment ago", "for you instead, at the same price", "Choose your seats")
	bob.send(seats, seats, "back", late.find(t, `name="back" value="(\d+)"`))
	bob.refused(422, seats, []string{"seat", "1", "seat", "2", "seat", "3"}, "One person may have 2 at this event.")
	bob.refused(422, seats, nil, "Tick the seats you want first")
	bob.refused(404, seats, []string{"seat", "99999"}, "The plan has no such seat.")
	bob.refused(404, seats, []string{"seat", "one"}, "The plan has no such seat.")
	bob.refused(409, pay, []string{"name", "Bob", "email", "bob@example.org"}, "Your time ran out and the seats went back.", "Choose seats")
	if s := bob.get(seats + "?part=0"); !strings.Contains(s.body, "held, may come back about ") {
		t.Error("nobody says when a held seat may come back")
	}

	// Given up: the seats go back, and the page says so.
	order := ada.send(pay, "/orders/", "name", "Ada", "email", "ada@example.org").to
	path, _, _ := strings.Cut(order, "?")
	ada.send(path+"/cancel", path)
	ada.seesSoon(path, "You gave this order up.", "Nothing was charged.", "Choose seats again")
	ada.refused(409, path+"/pay", nil, "There is nothing more to pay")

	// The limit counts people, not places.
	bob.send(seats, seats, "quantity", "2")
	bob.send(pay, "/orders/", "name", "Bob", "email", "bob@example.org")
	twin := inside(t, p.base, "gala")
	twin.send(seats, seats, "quantity", "1")
	twin.refused(409, pay, []string{"name", "Bob", "email", "BOB@example.org"}, "more than one person may have", `value="BOB@example.org"`)

	slow := inside(t, p.base, "brief")
	slow.send("/events/brief/place/seats", "/events/brief/place/seats", "quantity", "1")
	slow.seesSoon("/events/brief/place/checkout", "You hold no seats", "Nothing was charged")

	// One who presses without end has to wait; nobody else has.
	typed := []string{"name", "Cleo", "email", "cleo@example.org"}
	hasty := inside(t, p.base, "gala")
	pressed := hasty.ask("POST", pay, fields(typed))
	for tries := 0; pressed.status == 409 && tries < 500; tries++ {
		pressed = hasty.ask("POST", pay, fields(typed))
	}
	pressed.has(t, 429, "That was a lot in a short time.")
	inside(t, p.base, "gala").refused(409, pay, typed, "Your time ran out")
}

// While the processor is away nothing is made, nothing is lost, and both are said, with what works all the same.
func TestOutageIsSaidOnThePage(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "FAIRSEAT_PAYMENTS__TRANSFER__IBAN=DE89370400440532013000", "FAIRSEAT_PAYMENTS__TRANSFER__HOLDER=Old Hall e.V.")
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 0, map[string]any{"queue": nil, "payment_methods": []string{"sandbox", "transfer"}})
	const seats, pay = "/events/gala/place/seats", "/events/gala/place/checkout"
	eve := inside(t, p.base, "gala")
	eve.send(seats, seats, "quantity", "1")
	eves, _, _ := strings.Cut(eve.send(pay, "/orders/", "name", "Eve", "email", "eve@example.org").to, "?")
	newClient(p.base).must(t, 200, "POST", eve.get(eves).find(t, `id="pay" href="([^"]+)"`), map[string]any{"outcome": "declined"}, nil)
	eve.seesSoon(eves, "Your bank declined the payment.")
	staff.must(t, 200, "PUT", "/sandbox/faults", map[string]any{"outage": true}, nil)
	ada, bob := inside(t, p.base, "gala"), inside(t, p.base, "gala")
	for i, r := range []*reader{ada, bob} {
		r.send(seats, seats, "quantity", "1")
		if i == 0 {
			path, _, _ := strings.Cut(r.send(pay, "/orders/", "name", "Ada", "email", "ada@example.org").to, "?")
			ada.seesSoon(path, "Card payments are down.", "Your clock has stopped", "you can close this page", "Give the seats back")
			ada.send(path+"/cancel", path)
			ada.seesSoon(path, "We are closing this order.")
		}
	}
	eve.seesSoon(eves, "Card payments are down.", "You need not wait", "By bank transfer", "Give the seats back")
	eve.send(eves+"/pay", eves, "method", "transfer")
	eve.get(eves, "Now send the money", "Old Hall e.V.")
	bob.get(pay, "Card payments are down right now.")
	typed := []string{"name", "Bob", "email", "bob@example.org"}
	down := bob.refused(503, pay, typed, "Card payments are down. Nothing was charged", `value="bob@example.org"`, "99.00 EUR")
	if down.header.Get("Retry-After") == "" {
		t.Error("nothing says when to try again")
	}
	staff.must(t, 200, "PUT", "/sandbox/faults", map[string]any{}, nil)
	testkit.Eventually(t, 60*time.Second, "an order after the outage", func() bool {
		s := bob.ask("POST", pay, fields(typed))
		return s.status == http.StatusSeeOther && strings.HasPrefix(s.to, "/orders/")
	})
}
