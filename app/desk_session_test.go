package app_test

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Without script, a form that was sent when the session was over waits on the page to sign in on. Afterwards it is shown, and
// happens only when it is sent once more; what asks before it acts asks.
func TestDeskKeepsWhatWasSent(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	s := &stage{process: p, t: t, ctx: t.Context(), staff: signIn(t, p.base)}
	createEvent(t, s.staff, "gala", house(t, s.staff, 2, 4), object{"Stalls": 4500}, -time.Second, object{"queue": nil})
	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	const seats = "/admin/events/gala/seats"
	o.open(seats)
	old := o.csrf()
	o.post(200, "/admin/session/end")
	o.page = ""
	o.post(401, seats, "csrf", old, "sure", "1", "act", "block", "seats", "A-1..A-3", "seat", "5", "seat", "6", "name", "Müller & “Söhne” <AG>", "reason", "contract=7&sure=1")
	o.sees("You were signed out, and nothing was done.", "What you sent is kept")
	carried := func() []string {
		t.Helper()
		return []string{"to", o.field("to"), "kept", o.field("kept"), "email", ownerEmail}
	}
	o.post(401, "/admin/session", append(carried(), "password", "wrong")...)
	o.sees("do not belong together", "What you sent is kept")
	o.post(200, "/admin/session", append(carried(), "password", ownerPassword)...)
	o.sees("Send it now?", "Nothing has been done yet.", "Take seats of Spring Gala off sale", "Seats: A-1..A-3", "Seat: B-2, B-3", "Name: Müller & “Söhne” <AG>", "Reason: contract=7&sure=1")
	if o.field("name") != "Müller & “Söhne” <AG>" || strings.Contains(o.page, "<AG>") || strings.Contains(o.page, `name="sure"`) || len(s.offSale("gala")) != 0 {
		t.Errorf("the page carries %q", o.page)
	}
	o.post(200, seats, "act", "block", "seats", o.field("seats"), "seat", "5", "seat", "6", "name", o.field("name"), "reason", o.field("reason"))
	o.sees("Keep 5 seats for Müller & “Söhne” <AG>?")
	o.post(200, seats, "sure", "1", "act", "block", "seats", o.field("seats"), "name", o.field("name"), "reason", o.field("reason"))
	o.sees("Off sale.", "contract=7&sure=1")

	// A page from before signing in again, in another tab: asked about where the browser says that it is a page of ours.
	old = o.csrf()
	o.post(200, "/admin/session", "email", ownerEmail, "password", ownerPassword)
	for from, says := range map[string]string{"same-origin": "The page is older than your session. Send it now?", "same-site": "", "none": "", "": ""} {
		req, err := http.NewRequest("POST", o.base+seats, strings.NewReader("sure=1&act=block&seats=B-4&reason=late&csrf="+old))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if from != "" {
			req.Header.Set("Sec-Fetch-Site", from)
		}
		o.send(403, req)
		if says == "" && strings.Contains(o.page, "Send it now") {
			t.Errorf("asked though the page is %s", from)
		}
		if o.sees(says); says != "" {
			if o.csrf() == old {
				t.Error("the question carries the old csrf")
			}
			o.post(200, seats, "act", "block", "seats", o.field("seats"), "reason", o.field("reason"))
			o.sees("Take 1 seat off sale?")
		}
	}
	o.open("/admin")
	askedOfEmptyForms(t, o)
	o.open("/admin")

	// Elsewhere than at the desk nothing is sent, whatever a page carries.
	for _, to := range []string{"https://evil.example/admin", "//evil.example", "/api/v1/admin/plans", "/admin/session/end",
		"/admin/../orders/find", "/admin/%2e%2e/orders/find", "/admin/..%2Forders/find", "/admin/events/gala/.."} {
		o.post(200, "/admin/session", "to", to, "kept", "=x&reason=y&%zz", "email", ownerEmail, "password", ownerPassword)
		o.sees("Send it now?", "Reason: y")
		if !strings.Contains(o.page, `action="/admin"`) {
			t.Errorf("%s: %s", to, o.page)
		}
	}

	// What is too long, or a file, is not kept, and that is said.
	o.post(200, "/admin/session/end")
	o.page = ""
	o.post(401, seats, "seats", strings.Repeat("A-1, ", 5000))
	o.sees("nothing was done", "too long to be kept, or a file")
	o.upload401()
	o.signIn(ownerPassword, 200)
	o.open("/admin/plans")
	if strings.Contains(o.text(), "hall.json") {
		t.Error("a stranger's plan was taken")
	}
}

// askedOfEmptyForms: a form of nothing but a button is kept and asked about as well, by what it does.
func askedOfEmptyForms(t *testing.T, o *organiser) {
	const desk = "/admin/events/gala"
	again := func(status int, path, form string) {
		t.Helper()
		req, err := http.NewRequest("POST", o.base+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		o.send(status, req)
	}
	o.open("/admin")
	old := o.csrf()
	o.post(200, "/admin/session/end")
	o.page = ""
	o.post(401, desk+"/end", "csrf", old)
	o.sees("What you sent is kept")
	o.post(200, "/admin/session", "to", o.field("to"), "kept", o.field("kept"), "email", ownerEmail, "password", ownerPassword)
	o.sees("Send it now?", "End the sale of Spring Gala for good")
	o.post(200, desk+"/end")
	o.sees("End the sale of Spring Gala for good?", "Waiting: ")

	for _, row := range []struct{ path, form, says string }{
		{desk + "/end", "", "End the sale of Spring Gala for good"},
		{desk + "/pause", "&reason=storm", "Pause admissions to Spring Gala"},
		{desk + "/message", "&message=", "Take the message to everyone who waits for Spring Gala back"},
		{desk + "/message", "&message=soon", "Show a message to everyone who waits for Spring Gala"},
		{desk + "/seats", "&act=release&seats=A-1", "Put seats of Spring Gala back on sale"},
		{desk + "/blocks/a%2Fb/release", "", "Put seats of Spring Gala back on sale, all of one list"},
		{"/admin/audit", "", "Run the audit"},
	} {
		again(403, row.path, "csrf="+old+row.form)
		if o.sees("The page is older than your session. Send it now?", row.says, ownerEmail); strings.Contains(o.text(), "Act: ") {
			t.Errorf("what a program means: %s", o.text())
		}
	}
	if !strings.Contains(o.page, `action="/admin/audit"`) {
		t.Errorf("leads elsewhere: %s", o.page)
	}
	// What stands in the address nobody typed, and "Saved." is no news of what has not been done.
	again(403, desk+"/settings?done=saved", "csrf="+old+"&name=Gala")
	o.sees("Change the settings of Spring Gala", "Name: Gala")
	if strings.Contains(o.page, "aved") {
		t.Errorf("says that it is saved: %s", o.text())
	}

	// Signing out means what it says, on the oldest of our pages too.
	again(200, "/admin/session/end", "csrf="+old)
	o.at("/admin/session")
	o.open("/admin")
	o.at("/admin/session")
	o.signIn(ownerPassword, 200)
}

// field is the value of a hidden field of the page.
func (o *organiser) field(name string) string {
	o.t.Helper()
	found := regexp.MustCompile(`type="hidden" name="` + name + `" value="([^"]*)"`).FindStringSubmatch(o.page)
	if found == nil {
		o.t.Fatalf("%s has no field %q: %s", o.path, name, o.page)
	}
	return html.UnescapeString(found[1])
}

// upload401 sends a plan file as somebody who is signed out.
func (o *organiser) upload401() {
	o.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("plan", "hall.json") // a Buffer takes everything
	_, _ = part.Write([]byte(`{}`))
	_ = form.Close()
	req, err := http.NewRequest("POST", o.base+"/admin/plans", &body)
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	o.send(401, req)
	o.sees("nothing was done", "or a file")
}
