package app_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// goesIn is the way of a person from an event's page to its seats.
func (b *browser) goesIn(event string) {
	b.t.Helper()
	b.open("/events/" + event)
	b.click("button", "Join the line")
	b.click("link", "Choose seats")
	b.arrives("/events/" + event + "/seats")
	b.until("the seats are there", func() bool { return b.has("button", "List") && !strings.Contains(b.text("body"), "Fetching the map") })
}

// checksOut is the way from a basket to a paid order.
func (b *browser) checksOut(event, name, email string) {
	b.t.Helper()
	b.arrives("/events/" + event + "/place/checkout")
	b.fill("Name", name)
	b.fill("Mail address", email)
	b.click("button", "Pay")
	b.arrives("/sandbox/pay/")
	b.click("button", "Pay")
	b.arrives("/orders/")
}

// twoBrowsers: what one does, the other sees; and what was paid arrives.
func (s *stage) twoBrowsers(t *testing.T) {
	s.sale("duel", nil)
	ada, bob := newBrowser(t, s.base), newBrowser(t, s.base, phone)
	ada.goesIn("duel")
	bob.goesIn("duel")
	const seat = 29 // C-6 of twelve a row
	is := func(b *browser, state string) func() bool {
		return func() bool { return strings.HasPrefix(b.seat(seat), "Seat 6, "+state) }
	}
	for _, b := range []*browser{ada, bob} {
		b.click("button", "List")
		b.until("the seat is free", is(b, "free"))
	}
	ada.pressSeat(seat)
	ada.until("the seat is hers", is(ada, "yours"))
	bob.until("he sees it held", is(bob, "held by another"))

	ada.click("link", "Continue")
	ada.checksOut("duel", "Åsa Ünlü", "asa@example.org")
	bob.until("he sees it sold", is(bob, "sold"))
	ada.sees("Row C, seat 6", "Evening of duel")

	var file string
	testkit.Eventually(t, 20*time.Second, "her mail is in the outbox", func() bool {
		files, _ := filepath.Glob(filepath.Join(s.dir, "outbox", "*.eml"))
		for _, name := range files {
			if raw, err := os.ReadFile(name); err == nil && bytes.Contains(raw, []byte("asa@example.org")) {
				file = name
			}
		}
		return file != ""
	})
	pdf := attachment(t, file, ".pdf")
	out, err := exec.Command("pdftotext", "-layout", pdf, "-").Output()
	if err != nil {
		t.Fatalf("open the ticket: %v", err)
	}
	for _, words := range []string{"Åsa Ünlü", "Evening of duel", "Row C, seat 6"} {
		if !strings.Contains(string(out), words) {
			t.Errorf("the ticket that came by mail does not say %q:\n%s", words, out)
		}
	}
}

// attachment unpacks the first attachment of a mail whose name ends so, and gives its file.
func attachment(t *testing.T, file, ending string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(kind string, body io.Reader) []byte
	walk = func(kind string, body io.Reader) []byte {
		_, params, err := mime.ParseMediaType(kind)
		if err != nil || params["boundary"] == "" {
			return nil
		}
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextPart()
			if err != nil {
				return nil
			}
			if strings.HasSuffix(part.FileName(), ending) {
				content, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
				if err != nil {
					t.Fatalf("%s of %s: %v", part.FileName(), file, err)
				}
				return content
			}
			if found := walk(part.Header.Get("Content-Type"), part); found != nil {
				return found
			}
		}
	}
	content := walk(message.Header.Get("Content-Type"), message.Body)
	if content == nil {
		t.Fatalf("%s has no attachment %s", file, ending)
	}
	unpacked := filepath.Join(t.TempDir(), "attachment"+ending)
	if err := os.WriteFile(unpacked, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return unpacked
}

// onAPhone: the same way with a thumb, in the dark, with two seats that the house chooses.
func (s *stage) onAPhone(t *testing.T) {
	s.sale("thumb", nil)
	b := newBrowser(t, s.base, phone, dark, calm)
	b.goesIn("thumb")
	b.fits()
	b.click("button", "2 best available seats")
	b.until("two seats are in the sheet", func() bool { return b.has("button", "Give ") && len(b.all("button", "Give ")) == 2 })
	var moving int
	if b.set(b.js("document.getAnimations().length", &moving)); moving > 0 {
		t.Errorf("%d things move for somebody who asked for calm", moving)
	}
	b.fits()
	b.click("link", "Continue")
	b.arrives("/events/thumb/place/checkout")
	b.fits()
	b.checksOut("thumb", "Bo", "bo@example.org")
	b.sees("90.00")
	b.fits()
}

// byKeyboard: from joining to paying without a mouse; every stop on the way can be seen.
func (s *stage) byKeyboard(t *testing.T) {
	s.sale("keys", nil)
	b := newBrowser(t, s.base)
	b.open("/events/keys")
	b.tabTo("button", "Join the line")
	b.press("Enter")
	b.until("her turn", func() bool { return b.has("link", "Choose seats") })
	b.tabTo("link", "Choose seats")
	b.press("Enter")
	b.arrives("/events/keys/seats")
	b.until("the seats are there", func() bool { return !strings.Contains(b.text("body"), "Fetching the map") })
	b.tabTo("button", "List")
	b.press("Enter")
	b.tabTo("button", "Seat 1, free")
	b.press("ArrowDown", "ArrowRight", "ArrowRight")
	if f, visible := b.focused(); !strings.HasPrefix(f.name, "Seat 3, free") || !visible {
		t.Fatalf("the arrows led to %q, seen %v", f.name, visible)
	}
	b.press("Enter")
	b.until("the seat is hers", func() bool { f, _ := b.focused(); return strings.HasPrefix(f.name, "Seat 3, yours") })
	b.tabTo("link", "Continue")
	b.press("Enter")
	b.arrives("/events/keys/place/checkout")
	b.tabTo("textbox", "Name")
	b.write("Kay")
	b.tabTo("textbox", "Mail address")
	b.write("kay@example.org")
	b.tabTo("button", "Pay")
	b.press("Enter")
	b.arrives("/sandbox/pay/")
	b.tabTo("button", "Pay")
	b.press("Enter")
	b.arrives("/orders/")
	b.sees("Row B, seat 3")
}

// withoutScript: the same shop, made of forms; what was typed wrong is kept and said by its field.
func (s *stage) withoutScript(t *testing.T) {
	s.sale("plain", nil)
	b := newBrowser(t, s.base, phone, noScript)
	b.excuse("status of 422") // a mistake in a form is one
	b.open("/events/plain")
	b.click("button", "Join the line")
	b.arrives("/events/plain/place")
	b.axe()
	b.click("button", "Go in")
	b.arrives("/events/plain/place/seats")
	b.axe()
	b.fits()
	b.click("button", "Hold the best seats")
	b.sees("Yours for now")
	b.axe()
	b.click("link", "Continue to checkout")
	b.arrives("/events/plain/place/checkout")
	b.fill("Name", "Nora")
	b.fill("Mail address", "nora at home")
	b.click("button", "Pay")
	b.sees("This is not a whole mail address.")
	b.axe()
	var kept []string
	b.set(b.js(`[...document.querySelectorAll("input[name=name],input[name=email]")].map(e => e.value)`, &kept))
	if strings.Join(kept, ", ") != "Nora, nora at home" {
		t.Errorf("what was typed became %q", kept)
	}
	b.checksOut("plain", "Nora", "nora@example.org")
	b.sees("90.00")
	b.axe()
	b.fits()
}

// lostConnection: nothing is lost but the connection, and what happened meanwhile is there afterwards.
func (s *stage) lostConnection(t *testing.T) {
	s.sale("tunnel", nil)
	b := newBrowser(t, s.base, phone)
	b.excuse("ERR_INTERNET_DISCONNECTED", "WebSocket")
	b.goesIn("tunnel")
	b.click("button", "List")
	b.click("button", "Seat 1, free")
	b.until("the seat is hers", func() bool { return b.has("button", "Seat 1, yours") })
	b.online(false)
	b.sees("No connection. Your place is kept")
	other := s.enters("tunnel", "Meanwhile")
	other.must(t, 201, "POST", other.path("/holds"), object{"seats": []int{1}}, nil)
	b.online(true)
	b.until("the other's seat is seen", func() bool { return b.has("button", "Seat 2, held by another") })
	if !b.has("button", "Seat 1, yours") {
		b.fail("the seat was lost with the connection")
	}
	b.until("it no longer says so", func() bool { return !strings.Contains(b.text("body"), "No connection") })

	early := newBrowser(t, s.base)
	early.excuse("ERR_INTERNET_DISCONNECTED")
	early.open("/events/soon")
	early.click("button", "Join the line")
	early.sees("You can close this page.")
	early.online(false)
	early.sees("No connection. Your place is kept")
	early.online(true)
	early.until("it no longer says so", func() bool { return !strings.Contains(early.text("body"), "No connection") })
}

// halfAPage: what did not come of a page comes later, by itself, and the link that was opened is not lost meanwhile.
func (s *stage) halfAPage(t *testing.T) {
	s.sale("half", object{"queue": object{"cap": 1, "per_minute": 60}})
	s.holds("half", "Inside", 1)
	f := s.waits("half", "In a tunnel")
	number := fmt.Sprintf("You are number %d in the line.", f.place.Index+1)
	for what, pattern := range map[string]string{"a script of the page": "door.js", "a script of the room": "room.js", "the room's words": "room.json"} {
		b := newBrowser(t, s.base, phone)
		b.excuse("ERR_BLOCKED_BY_CLIENT")
		b.blocks(pattern)
		b.bears(f)
		b.set(b.js(`window.first = true`, nil))
		var first bool
		b.within(time.Minute, "it begins anew without "+what, func() bool { return b.js(`window.first === true`, &first) == nil && !first })
		b.blocks()
		b.within(time.Minute, "all of it is there", func() bool { return strings.Contains(b.text("main"), number) })
	}

	// The link is opened, and the place cannot be shown to the server yet.
	b := newBrowser(t, s.base, phone)
	b.excuse("ERR_BLOCKED_BY_CLIENT")
	b.blocks("/events/half/queue")
	b.bears(f)
	var address string
	b.until("the link still stands there", func() bool { return b.js("location.hash", &address) == nil && strings.Contains(address, f.bearer) })
	b.blocks()
	b.sees(number)
	if b.set(b.js("location.href", &address)); strings.Contains(address, f.bearer) {
		t.Errorf("the place lies in the address: %s", address)
	}
}

// anotherDevice: the private link is the place, wherever it is opened, and is not left lying in the address.
func (s *stage) anotherDevice(t *testing.T) {
	s.holds("line", "Inside", 1)
	f := s.waits("line", "Traveller")
	b := newBrowser(t, s.base, phone)
	b.bears(f)
	b.sees(fmt.Sprintf("You are number %d in the line.", f.place.Index+1))
	var address string
	if b.set(b.js("location.href", &address)); strings.Contains(address, f.bearer) {
		t.Errorf("the place lies in the address: %s", address)
	}
	b.reload() // kept here, too, from now on
	b.sees(fmt.Sprintf("You are number %d in the line.", f.place.Index+1))
}

// Everybody watches while the process ends and starts again on the same folder: seats, places and turns are kept.
func TestRestartWhileWatched(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "again", house(t, staff, 2, 6), stalls, -time.Second, object{"queue": object{"cap": 1, "per_minute": 60}})
	s := &stage{process: p, t: t, ctx: t.Context(), staff: staff}
	s.phase("again", "open")
	ada, bob := newBrowser(t, p.base), newBrowser(t, p.base, phone)
	for _, b := range []*browser{ada, bob} {
		b.excuse("ERR_CONNECTION", "WebSocket", "status of 503", "ERR_INCOMPLETE", "ERR_EMPTY_RESPONSE")
	}
	ada.goesIn("again")
	ada.click("button", "List")
	ada.click("button", "Seat 2, free")
	ada.until("the seat is hers", func() bool { return ada.has("button", "Seat 2, yours") })
	bob.open("/events/again")
	bob.click("button", "Join the line")
	bob.sees("You can close this page.")
	place := bob.text("#under")

	p.stop()
	ada.sees("No connection")
	p.start()
	p.waitReady(30 * time.Second)
	ada.within(40*time.Second, "she is connected again", func() bool { return !strings.Contains(ada.text("body"), "No connection") })
	if !ada.has("button", "Seat 2, yours") {
		ada.fail("her seat was lost")
	}
	if now := bob.text("#under"); now != place {
		t.Errorf("his place was %q and is %q", place, now)
	}
	ada.click("button", "Seat 2, yours")
	ada.until("given back", func() bool { return ada.has("button", "Seat 2, free") })
	ada.click("button", "Seat 3, free")
	ada.until("the other seat is hers", func() bool { return ada.has("button", "Seat 3, yours") })
	ada.click("link", "Continue")
	ada.checksOut("again", "Åsa Ünlü", "asa@example.org")
	ada.sees("Row A, seat 3")
	// She has all she may have and is gone; it is his turn, which a page that watched through all of it says.
	bob.within(40*time.Second, "it is his turn", func() bool { return bob.has("link", "Choose seats") })
	cleanAudit(t, staff)
}
