package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

var sixDigits = regexp.MustCompile(`(?m)^(\d{6})\r?$`)

// mailedCode waits for the newest code in the outbox folder that was mailed to an address.
func (p *process) mailedCode(t testing.TB, address string, mails int) (code string) {
	t.Helper()
	testkit.Eventually(t, stepLimit, "a code is mailed to "+address, func() bool {
		files, _ := filepath.Glob(filepath.Join(p.dir, "outbox", "*.eml"))
		found := 0
		for _, file := range files {
			mail, err := os.ReadFile(file)
			if err != nil || !bytes.Contains(mail, []byte("<"+address+">")) {
				continue
			}
			if m := sixDigits.FindSubmatch(mail); m != nil {
				found, code = found+1, string(m[1])
			}
		}
		return found == mails
	})
	return code
}

func (b *browser) token(event string) string {
	b.t.Helper()
	var token string
	b.set(b.js(`JSON.parse(localStorage.getItem("fs_place_`+event+`") ?? "{}").place ?? document.querySelector("[data-place]")?.dataset.place ?? ""`, &token))
	return token
}

// One address, one place: on a phone with script, then elsewhere without.
func TestBrowserJoinsByAMailedCode(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 20*time.Minute, map[string]any{"queue": map[string]any{"identity": "email"}})

	ada := newBrowser(t, p.base, phone)
	ada.excuse("403 (Forbidden)") // a step that is missing
	ada.open("/events/gala")
	ada.sees("One place for each address.")
	ada.axe()
	ada.fits()
	ada.fill("Mail address", "ada@example.org")
	ada.click("button", "Mail me a code")
	ada.sees("We have mailed six digits to a…@example.org.")
	code := p.mailedCode(t, "ada@example.org", 1)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	ada.fill("Code from the mail", wrong)
	ada.click("button", "Join the line")
	ada.sees("This code is not right.")
	ada.axe()
	ada.fits()
	if f, visible := ada.focused(); f.name != "Code from the mail" || !visible {
		t.Errorf("the focus is on %+v, visible %v", f, visible)
	}
	ada.fill("Code from the mail", code)
	ada.press("Enter")
	ada.sees("until the draw", "You can close this page.")

	bob := newBrowser(t, p.base, phone, noScript, dark)
	bob.excuse("403 (Forbidden)")
	bob.open("/events/gala")
	bob.fill("Mail address", "ADA@example.org")
	bob.click("button", "Mail me a code")
	bob.arrives("/events/gala/join")
	bob.sees("We have mailed six digits to A…@example.org.")
	bob.axe()
	bob.fits()
	bob.fill("Code from the mail", wrong)
	bob.click("button", "Join the line")
	bob.sees("This code is not right.")
	bob.axe()
	bob.fill("Code from the mail", code)
	bob.click("button", "Join the line")
	bob.arrives("/events/gala/place")
	if here, there := bob.token("gala"), ada.token("gala"); here == "" || here != there {
		t.Errorf("one address, two places: %s and %s", here, there)
	}

	// Where it is opened last, it goes in.
	eve := newBrowser(t, p.base)
	eve.excuse("403 (Forbidden)")
	eve.open("/events/gala")
	eve.fill("Mail address", "ada@example.org")
	eve.click("button", "Mail me a code")
	eve.sees("We have mailed six digits to a…@example.org.")
	eve.fill("Code from the mail", code) // the same within its ten minutes
	eve.press("Enter")
	eve.sees("until the draw")
	var device string
	eve.set(eve.js(`localStorage.getItem("fs_device")`, &device))
	c := newClient(p.base)
	c.bearer = eve.token("gala")
	c.refused(t, 409, "other-device", "POST", "/api/v1/events/gala/queue/admission", nil, "Fairseat-Device", "another")
	c.refused(t, 409, "not-open", "POST", "/api/v1/events/gala/queue/admission", nil, "Fairseat-Device", device)
}

// mailedPass is what stands in the link of the one code that was mailed to an address.
func (p *process) mailedPass(t testing.TB, address string) string {
	t.Helper()
	p.mailedCode(t, address, 1)
	files, _ := filepath.Glob(filepath.Join(p.dir, "outbox", "*.eml"))
	for _, file := range files {
		mail, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(string(mail)) // quoted-printable
		if m := regexp.MustCompile(`/events/gala#m=([\w-]+)\s`).FindStringSubmatch(text); m != nil && strings.Contains(text, "<"+address+">") {
			return m[1]
		}
	}
	t.Fatal("no link was mailed")
	return ""
}

// announceMailLine makes an event whose line asks for mailed codes, and whose waiting room is not open yet.
func announceMailLine(t *testing.T, p *process) (staff *client) {
	t.Helper()
	staff = signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, time.Hour, map[string]any{
		"queue": map[string]any{"identity": "email"}, "prequeue_at": time.Now().Add(30 * time.Minute).UTC().Format(time.RFC3339Nano)})
	return staff
}

// The link of a mail stands for its digits: it confirms early, joins later, and stays in no address bar.
func TestBrowserJoinsByTheLinkOfAMail(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := announceMailLine(t, p)
	newClient(p.base).refused(t, 403, "code-required", "POST", "/api/v1/events/gala/queue", map[string]any{"email": "ada@example.org"})
	pass := p.mailedPass(t, "ada@example.org")
	stripped := func(b *browser) {
		t.Helper()
		var hash string
		if b.set(b.js(`location.hash`, &hash)); hash != "" {
			t.Errorf("the address bar keeps %q", hash)
		}
	}

	ada := newBrowser(t, p.base, phone)
	ada.excuse("403 (Forbidden)", "409 (Conflict)")
	ada.open("/events/gala#m=" + pass[:len(pass)-1])
	ada.sees("This link joins nothing here.")
	stripped(ada)
	ada.axe()
	ada.fits()
	ada.set(ada.js(`location.hash = "m=`+pass+`"`, nil)) // the page is open when the mail's link is opened
	ada.sees("Your address is confirmed.")
	stripped(ada)
	ada.axe()
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/gala", map[string]any{"prequeue_at": time.Now().UTC().Format(time.RFC3339Nano)}, nil)
	ada.until("the waiting room opens", func() bool {
		var event struct{ Phase string }
		newClient(p.base).must(t, 200, "GET", "/api/v1/events/gala", nil, &event)
		return event.Phase == "prequeue"
	})
	var places []string
	for range 2 { // two other devices, without another mail
		b := newBrowser(t, p.base)
		b.open("/events/gala#m=" + pass)
		b.sees("until the draw")
		stripped(b)
		places = append(places, b.token("gala"))
	}
	if places[0] == "" || places[0] != places[1] {
		t.Errorf("one address, two places: %v", places)
	}
}

// An address is confirmed before the waiting room opens; then joining is one click. Without a connection it says so, and
// what was typed stands.
func TestBrowserConfirmsEarly(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := announceMailLine(t, p)
	ada := newBrowser(t, p.base, phone)
	ada.excuse("403 (Forbidden)", "409 (Conflict)", "ERR_INTERNET_DISCONNECTED")
	ada.open("/events/gala")
	ada.sees("The waiting room opens")
	ada.fill("Mail address", "ada@example.org")
	ada.online(false)
	ada.click("button", "Mail me a code")
	ada.sees("We can't answer right now.")
	ada.online(true)
	ada.click("button", "Mail me a code")
	ada.sees("We have mailed six digits")
	ada.fill("Code from the mail", p.mailedCode(t, "ada@example.org", 1))
	ada.click("button", "Join the line")
	ada.sees("Your address is confirmed.")
	ada.axe()
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/gala", map[string]any{"prequeue_at": time.Now().UTC().Format(time.RFC3339Nano)}, nil)
	ada.until("the waiting room opens", func() bool {
		var event struct{ Phase string }
		newClient(p.base).must(t, 200, "GET", "/api/v1/events/gala", nil, &event)
		return event.Phase == "prequeue"
	})
	ada.until("one can join", func() bool { // an hour before, a page looks seldom, and what it sees may be a second old
		return ada.has("button", "Join the line") || ada.js(`dispatchEvent(new Event("online"))`, nil) != nil
	})
	ada.click("button", "Join the line")
	ada.sees("until the draw")
	if files, _ := filepath.Glob(filepath.Join(p.dir, "outbox", "*.eml")); len(files) != 1 {
		t.Errorf("%d mails for one code", len(files))
	}
}

// Work is done by the browser; whoever runs no script joins by a code instead.
func TestBrowserDoesTheWork(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 20*time.Minute, map[string]any{"queue": map[string]any{"proof_of_work": true}})

	ada := newBrowser(t, p.base, phone)
	ada.excuse("403 (Forbidden)") // a step that is missing
	ada.open("/events/gala")
	ada.click("button", "Join the line")
	ada.sees("until the draw", "You can close this page.")

	bob := newBrowser(t, p.base, phone, noScript)
	bob.excuse("403 (Forbidden)")
	bob.open("/events/gala")
	bob.click("button", "Join the line")
	bob.arrives("/events/gala/join")
	bob.sees("yours runs no script here", "Join by a code in a mail instead:")
	bob.axe()
	bob.fits()
	bob.fill("Mail address", "bob@example.org")
	bob.click("button", "Mail me a code")
	bob.sees("We have mailed six digits")
	bob.fill("Code from the mail", "12 34")
	bob.click("button", "Join the line")
	bob.sees("This code is not right.")
	bob.touches()
	var typed string
	if bob.set(bob.js(`document.getElementById("join-code").value`, &typed)); typed != "12 34" {
		t.Errorf("what was typed wrongly is now %q", typed)
	}
	bob.fill("Code from the mail", p.mailedCode(t, "bob@example.org", 1))
	bob.click("button", "Join the line")
	bob.arrives("/events/gala/place")

	// How fast this browser works, and that what it finds is what was asked.
	eve := newBrowser(t, p.base)
	eve.excuse("403 (Forbidden)")
	eve.open("/events/gala/join")
	challenge := newClient(p.base).must(t, 403, "POST", "/api/v1/events/gala/queue", object{}, nil)
	var problem struct{ Challenge map[string]any }
	if err := json.Unmarshal(challenge.Body, &problem); err != nil || problem.Challenge["salt"] == nil {
		t.Fatalf("%s", challenge.Body)
	}
	given, _ := json.Marshal(problem.Challenge)
	var found struct {
		Number int
		Took   float64
		Hash   string
		Rate   float64
	}
	eve.set(eve.js(`(async () => { `+assetOf+`
		const page = new DOMParser().parseFromString(await (await fetch("/events/gala/join", {method: "POST", body: new URLSearchParams()})).text(), "text/html");
		const address = page.getElementById("work").dataset.worker, challenge = `+string(given)+`;
		const solve = (c) => new Promise((found, failed) => {
			const worker = new Worker(address, {type: "module"});
			worker.onerror = failed;
			worker.onmessage = ({data}) => data.number !== undefined && found(data);
			worker.postMessage(c);
		});
		const {number, took} = await solve(challenge);
		const { sha256, hex } = await import(await assetOf("sha256.js", address));
		const hash = hex(sha256(new TextEncoder().encode(challenge.salt + number)));
		const begun = performance.now(); // one that has no answer is tried to the end
		await solve({...challenge, challenge: "0".repeat(64), maxnumber: 300000});
		return {number, took, hash, rate: 300000 / (performance.now() - begun) * 1000};
	})()`, &found))
	if found.Hash != problem.Challenge["challenge"] {
		t.Errorf("%d hashes to %s, asked was %v", found.Number, found.Hash, problem.Challenge["challenge"])
	}
	t.Logf("number %d took %.0f ms; %.0f numbers a second", found.Number, found.Took, found.Rate)
	if found.Rate < 20_000 {
		t.Errorf("only %.0f numbers a second", found.Rate)
	}
}

// A code that came by a link stands in the form, and not in the address.
func TestBrowserJoinsByAnAccessCode(t *testing.T) {
	t.Parallel()
	const key = "FAIRSEAT_KEYS__ACCESS=a1:9f2ce7a10b4d6e8835c1f07a92bd64e3187a5c0d2f9e4b6370d8a1c5e6f2b493"
	p := startProcess(t, key)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 20*time.Minute, map[string]any{"queue": map[string]any{"identity": "access_code"}})
	out, exit := p.run(nil, "codes", "--event", "gala", "--count", "1")
	code := regexp.MustCompile(`[0-9A-Z]{6}-[0-9A-Z]{6}-[0-9A-Z]{6}`).FindString(out)
	if exit != 0 || code == "" {
		t.Fatalf("codes ended with %d: %s", exit, out)
	}

	ada := newBrowser(t, p.base, phone)
	ada.excuse("403 (Forbidden)") // a step that is missing
	ada.open("/events/gala")
	ada.fill("Access code", "let me in")
	ada.click("button", "Join the line")
	ada.sees("This is not a code for this event.")
	ada.axe()
	ada.fits()
	ada.open("about:blank")
	ada.open(p.base + "/events/gala#c=" + code)
	ada.until("the code stands in the form", func() bool {
		var typed string
		ada.set(ada.js(`document.getElementById("join-access").value`, &typed))
		return typed == code && !strings.Contains(ada.at(), "#c=")
	})
	ada.click("button", "Join the line")
	ada.sees("until the draw")
	createEvent(t, staff, "plain", importStadium(t, staff), stadiumPrices, 20*time.Minute, nil)
	ada.open(p.base + "/events/plain#c=" + code)
	ada.sees("This event takes no access codes.")

	bob := newBrowser(t, p.base, noScript)
	bob.excuse("403 (Forbidden)")
	bob.open("/events/gala")
	bob.fill("Access code", strings.ToLower(code))
	bob.click("button", "Join the line")
	bob.arrives("/events/gala/place")
	if here, there := bob.token("gala"), ada.token("gala"); here == "" || here != there {
		t.Errorf("one code, two places: %s and %s", here, there)
	}
}
