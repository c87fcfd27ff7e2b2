package app_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/png"
	"io"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// before runs a script in every page this browser opens from now on, ahead of the page's own.
func (b *browser) before(script string) {
	b.t.Helper()
	_, err := send(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	b.set(err)
}

// hurried lets a page's timers run thirty times as fast, and counts what it asks the server for.
const hurried = `(() => {
	const later = setTimeout, ask = fetch;
	window.asked = 0;
	window.setTimeout = (f, ms, ...rest) => later(f, ms / 30, ...rest);
	window.fetch = (...what) => { asked++; return ask(...what); };
	window.watched = (ms) => new Promise((done) => later(() => done(asked), ms));
})();`

// looksAway hides the page as another tab before it would, or brings it back.
func (b *browser) looksAway(away bool) {
	b.t.Helper()
	b.set(b.js(fmt.Sprintf(`Object.defineProperty(document, "hidden", {value: %v, configurable: true});
		document.dispatchEvent(new Event("visibilitychange"))`, away), nil))
}

func (b *browser) asked() (n int) {
	b.t.Helper()
	b.set(b.js("asked", &n))
	return n
}

// hiddenPage: nobody looks, nothing is asked; looked at again, it asks at once.
func (s *stage) hiddenPage(t *testing.T) {
	s.sale("unseen", object{"queue": object{"cap": 1, "per_minute": 60}})
	s.holds("unseen", "Inside", 1)
	b := newBrowser(t, s.base, phone)
	b.before(hurried)
	b.bears(s.waits("unseen", "Away"))
	b.sees("number 2 in the line")
	b.until("the page asks again and again", func() bool { return b.asked() > 12 })
	b.looksAway(true)
	b.set(b.js("watched(500)", nil)) // what was under way is answered
	before := b.asked()
	var after int
	if b.set(b.js("watched(1500)", &after)); after != before { // as long as ten looks and more
		t.Errorf("hidden, it asked %d times", after-before)
	}
	b.looksAway(false)
	b.until("it asks when it is looked at", func() bool { return b.asked() > before })
}

// bell stands in for the system's notifications, and answers the question for leave.
const bell = `window.notices = [];
	window.Notification = class {
		static permission = "default";
		static async requestPermission() { return this.permission = "%s"; }
		constructor(title, { body }) { notices.push(title + " / " + body); window.notice = this; }
		close() { this.closed = true; }
	};`

// callMe: who asked to be called is called while the page is hidden, by a notification where it is allowed.
func (s *stage) callMe(t *testing.T) {
	s.sale("bell", object{"queue": object{"cap": 1, "per_minute": 60}})
	inside := s.holds("bell", "Inside", 1)
	ada, bob := newBrowser(t, s.base, phone), newBrowser(t, s.base)
	ada.before(hurried)
	ada.before(fmt.Sprintf(bell, "granted"))
	ada.bears(s.waits("bell", "Ada"))
	ada.sees("You're next.")
	ada.tabTo("button", "Call me when it's my turn")
	ada.press("Enter")
	ada.sees("A notification and a sound will call you.")
	ada.axe()
	ada.fits()
	var said []string
	if ada.set(ada.js("notices", &said)); len(said) != 1 || !strings.Contains(said[0], "This is how we'll call you") {
		t.Errorf("on being allowed it showed %q", said)
	}

	bob.before(fmt.Sprintf(bell, "denied"))
	bob.bears(s.waits("bell", "Bob"))
	bob.click("button", "Call me when it's my turn")
	bob.sees("This browser has been told to show no notifications")
	bob.axe()
	bob.reload()
	bob.sees("You can close this page.")
	var pressed string
	bob.until("this device remembers", func() bool {
		return bob.js(`document.getElementById("call").ariaPressed`, &pressed) == nil && pressed == "true"
	})
	bob.click("button", "Call me when it's my turn")
	bob.until("it is taken back", func() bool {
		return bob.js(`document.getElementById("call").ariaPressed`, &pressed) == nil && pressed == "false"
	})

	ada.looksAway(true)
	inside.must(t, 204, "DELETE", inside.path("/queue/admission"), nil, nil)
	ada.until("she is called", func() bool {
		return ada.js("notices", &said) == nil && len(said) == 2 && said[1] == "It's your turn. / Evening of bell"
	})
	if me := ada.standing("bell"); me.State != "your-turn" {
		t.Errorf("a page that nobody looks at has taken the turn: %s", me.State)
	}
	var title string
	if ada.set(ada.js("document.title", &title)); !strings.HasPrefix(title, "You're next · ") {
		t.Errorf("the tab says %q", title)
	}
	var closed bool
	ada.set(ada.js(`{ let focused = false; window.focus = () => { focused = true; }; notice.onclick(); focused && notice.closed }`, &closed))
	if !closed {
		t.Error("a click on the notification does not bring the page")
	}
	ada.looksAway(false)
	ada.sees("It's your turn.", "Your turn is kept until")
}

// handOver: the code on the page is the private link, which opens the same place on the phone that read it; without
// script a page of its own does the same.
func (s *stage) handOver(t *testing.T) {
	s.sale("carry", object{"queue": object{"cap": 1, "per_minute": 60}})
	s.holds("carry", "Inside", 1)
	f := s.waits("carry", "Carrier")
	link := s.base + "/events/carry#p=" + f.bearer
	b := newBrowser(t, s.base)
	b.bears(f)
	b.sees("number 2 in the line")
	b.tabTo("DisclosureTriangle", "Take your place to another device")
	b.press("Enter")
	b.until("the code is drawn", func() bool {
		var width int
		return b.js(`document.getElementById("qr").naturalWidth`, &width) == nil && width > 0
	})
	b.axe()
	b.set(b.js(`document.getElementById("qr").scrollIntoView({block: "center"})`, nil))
	if read := b.scans(t); read != link {
		t.Errorf("the code says %q, want %q", read, link)
	}

	bare := newBrowser(t, s.base, phone, noScript)
	bare.is(f)
	bare.open("/events/carry/place")
	bare.click("link", "Take your place to another device")
	bare.arrives("/events/carry/place/link")
	bare.sees("Point your phone's camera at it.", "Back to your place")
	bare.axe()
	bare.fits()
	var written string
	if bare.set(bare.js(`document.getElementById("link").value`, &written)); written != link {
		t.Errorf("the link is %q", written)
	}
	if read := bare.scans(t); read != link {
		t.Errorf("the code says %q, want %q", read, link)
	}
	bare.excuse("status of 422") // a mistake in a form is one
	bare.fill("Mail address", "carrier@nowhere,org")
	bare.set(bare.js(`document.querySelector("form").noValidate = true`, nil)) // older browsers do not look
	bare.click("button", "Mail me")
	bare.sees("This is not a whole mail address.")
	bare.axe()
	bare.fill("Mail address", "carrier@example.org")
	bare.click("button", "Mail me")
	bare.sees("A mail is on its way to carrier@example.org.")
	b.tabTo("DisclosureTriangle", "Mail me my place")
	b.press("Enter")
	b.fill("Mail address", "on-the-go@example.org")
	b.click("button", "Mail me")
	b.sees("A mail is on its way to on-the-go@example.org.")
	b.axe()
	for _, address := range []string{"carrier@example.org", "on-the-go@example.org"} {
		b.until("the link is in the mail to "+address, func() bool {
			return strings.Contains(s.letterTo(address), "/events/carry#p="+f.bearer)
		})
	}
	// A stranger has no link; and the answer is nobody's to keep.
	if a := newClient(s.base).must(t, 303, "GET", "/events/carry/place/qr.svg", nil, nil); a.Header.Get("Location") != "/events/carry" {
		t.Errorf("%v", a.Header)
	}
	if a := f.must(t, 200, "GET", "/events/carry/place/qr.svg", nil, nil); a.Header.Get("Cache-Control") != "private, no-store" ||
		strings.Contains(string(a.Body), f.bearer) {
		t.Errorf("%v %s", a.Header, a.Body)
	}
}

// news: what the organiser does is on every page seconds later, in the organiser's words – in the line, at the door, and
// where no script runs.
func (s *stage) news(t *testing.T) {
	s.sale("news", object{"queue": object{"cap": 1, "per_minute": 60}})
	s.holds("news", "Inside", 1)
	f, g := s.waits("news", "Ada"), s.waits("news", "Bare")
	ada, bob, bare := newBrowser(t, s.base, phone), newBrowser(t, s.base), newBrowser(t, s.base, phone, noScript)
	ada.bears(f)
	bob.open("/events/news")
	bare.is(g)
	bare.open("/events/news/place")
	all := []*browser{ada, bob, bare}
	staff := func(method, what string, body object) {
		s.staff.must(t, 200, method, "/api/v1/admin/events/news/queue/"+what, body, nil)
	}
	staff("PUT", "message", object{"message": "Doors at seven."})
	ada.sees("Doors at seven.")
	bare.sees("Doors at seven.")
	staff("POST", "pause", object{"reason": "The lights went out."})
	for _, b := range all {
		b.sees("The sale is paused.", "The lights went out.")
	}
	ada.axe()
	staff("POST", "resume", object{"reason": "They are on again."})
	bob.sees("Sales are open.")
	ada.sees("You're next.")
	bare.sees("1 person ahead of you")
	for _, b := range all {
		b.until("the reason is gone", func() bool { return !strings.Contains(b.text("body"), "The lights went out.") })
	}
	staff("POST", "end", object{"reason": "The singer has lost her voice; you get your money back."})
	for _, b := range all {
		b.sees("The sale has ended.", "The singer has lost her voice; you get your money back.")
		b.fits()
	}
	fresh := newBrowser(t, s.base, noScript) // the page itself says so, before any script
	fresh.open("/events/news")
	fresh.sees("The sale has ended.", "The singer has lost her voice")
}

// sellsOut: those inside are told when the last seat goes, keep their turn, and see it when one comes back.
func (s *stage) sellsOut(t *testing.T) {
	createEvent(t, s.staff, "last", house(t, s.staff, 1, 12), stalls, -time.Second, object{"name": "Last Row", "max_per_buyer": 12, "queue": object{"cap": 100, "per_minute": 6000}})
	s.phase("last", "open")
	f, g := s.waits("last", "Ada"), s.enters("last", "Bare")
	ada, bare := newBrowser(t, s.base, phone), newBrowser(t, s.base, phone, noScript)
	ada.before(hurried)
	ada.bears(f)
	ada.sees("It's your turn.")
	bare.is(g)
	bare.open("/events/last/place")
	bare.sees("You are in.")
	buyer, order := s.orders("last", "Bo", 12, "paid", "paid") // with fewer seats nobody is let in beside two who choose
	s.phase("last", "sold-out")
	ada.sees("Sold out for now.", "Should one come back, you see it on the map. Your turn is kept until")
	bare.open("/events/last/place")
	bare.sees("Sold out for now.", "Should one come back, you see it among the seats.")
	for _, b := range []*browser{ada, bare} {
		if !b.has("link", "Choose seats") || b.has("button", "Call me when it's my turn") {
			t.Errorf("at %s whoever is inside is sent to wait: %s", b.at(), b.text("main"))
		}
		b.axe()
		b.touches()
	}
	if me := ada.standing("last"); me.State != "admitted" {
		t.Errorf("the turn is not kept: %s", me.State)
	}
	s.refund(buyer, order, "refunded")
	s.phase("last", "open")
	ada.sees("It's your turn.")
}

// letterTo is the mail to an address as it lies in the outbox, its lines unfolded; "" while there is none.
func (s *stage) letterTo(address string) string {
	files, _ := filepath.Glob(filepath.Join(s.dir, "outbox", "*.eml"))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(raw), address) {
			continue
		}
		text, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw))) // what is no such text ends it, after the link
		if strings.Contains(string(text), "#p=") {
			return string(text)
		}
	}
	return ""
}

// scans reads the code on the screen as a phone's camera would.
func (b *browser) scans(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "screen.png")
	b.set(b.picture(file))
	picture, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	img, _, err := image.Decode(picture)
	if err != nil {
		t.Fatal(err)
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		b.fail("no code on the screen: %v", err)
	}
	return result.GetText()
}
