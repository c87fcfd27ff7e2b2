package app_test

import (
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// posts sends a form made of pairs.
func (p *plain) posts(path string, pairs ...string) leaf {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequest("POST", p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return leaf{res.StatusCode, res.Header, string(body), strings.TrimPrefix(res.Header.Get("Location"), p.base)}
}

// Each refusal is the page of the next step, with the status of the API and what was typed.
func TestJoiningStepByStepWithoutScript(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "FAIRSEAT_LIMITS__PER_NETWORK=2")
	staff := signIn(t, p.base)
	plan := importStadium(t, staff)
	sale := func(slug string, opensIn time.Duration, queue map[string]any) {
		createEvent(t, staff, slug, plan, stadiumPrices, opensIn, map[string]any{"queue": queue})
	}
	sale("far", 5*time.Hour, map[string]any{"identity": "email"})
	sale("mail", 20*time.Minute, map[string]any{"identity": "email"})
	sale("code", 20*time.Minute, map[string]any{"identity": "access_code"})
	sale("open", 20*time.Minute, nil)
	sale("work", 20*time.Minute, map[string]any{"proof_of_work": true})

	ada := newPlain(t, p.base)
	ada.ask("GET", "/events/mail/join").want(t, 200, "Mail address", "Mail me a code")
	ada.posts("/events/mail/join").want(t, 403, "Say your mail address.")
	kept := ada.posts("/events/mail/join", "email", "ada at <home>").want(t, 422, "This is not a mail address.", `value="ada at <home>"`)
	if kept.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("Cache-Control is %q", kept.header.Get("Cache-Control"))
	}
	ada.posts("/events/mail/join", "email", "ada@example.org").want(t, 403, "We have mailed six digits to a…@example.org.", `name="code"`)
	ada.posts("/events/mail/join", "email", "ada@example.org", "code", "12").want(t, 403, "This code is not right.", `name="code"`, `value="ada@example.org"`)
	ada.posts("/events/mail/join", "email", "ada@example.org", "code", p.mailedCode(t, "ada@example.org", 1)).want(t, 303, "/events/mail/place")
	ada.posts("/events/mail/join").want(t, 303, "/events/mail/place")
	ada.posts("/events/mail/join", "shoe", "43").want(t, 400)

	// Before the waiting room opens an address is confirmed, and the button waits.
	early := ada.ask("GET", "/events/far").want(t, 200, "Mail me a code")
	if form := regexp.MustCompile(`<form id="join"[^>]*>`).FindString(early.raw); strings.Contains(form, " hidden") {
		t.Errorf("nobody can confirm an address: %s", form)
	}
	ada.posts("/events/far/join", "email", "eve@example.org").want(t, 403, "We have mailed six digits")
	ada.posts("/events/far/join", "email", "eve@example.org", "code", p.mailedCode(t, "eve@example.org", 1)).
		want(t, 409, "Your address is confirmed.")
	ada.posts("/events/far/join").want(t, 409, "Your address is confirmed.")

	ada.posts("/events/code/join").want(t, 403, "Type the access code you were given.")
	ada.posts("/events/code/join", "access_code", "abc <def>").want(t, 403, "This is not a code for this event.", `value="abc <def>"`)

	work := ada.posts("/events/work/join").want(t, 403, "Join by a code in a mail instead:", "yours runs no script here")
	if !strings.Contains(work.raw, "data-challenge=") {
		t.Error("the page has no challenge for browsers with script")
	}

	// What staff change about who may join counts at once, for those who come.
	staff.must(t, 422, "PATCH", "/api/v1/admin/events/open", map[string]any{"queue": map[string]any{"identity": "email", "proof_of_work": true}}, nil)
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/open", map[string]any{"queue": map[string]any{"identity": "email"}}, nil)
	ada.reads("/events/open", "Mail me a code")
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/open", map[string]any{"queue": map[string]any{"identity": "none"}}, nil)
	ada.reads("/events/open", "Join the line")

	// A full network is told so, and of the other way in.
	newPlain(t, p.base).posts("/events/open/join").want(t, 303, "/events/open/place")
	newPlain(t, p.base).posts("/events/open/join").want(t, 303, "/events/open/place")
	bob := newPlain(t, p.base)
	full := bob.posts("/events/open/join").want(t, 429, "Many people joined from your network", "Mail me a code")
	if full.header.Get("Retry-After") == "" {
		t.Error("nobody knows when to try again")
	}
	bob.posts("/events/open/join", "email", "bob@example.org").want(t, 403, "We have mailed six digits")
	bob.posts("/events/open/join", "email", "bob@example.org", "code", p.mailedCode(t, "bob@example.org", 1)).want(t, 303, "/events/open/place")
}

// Whoever leaves an address gets the link to their place, and hears when it is their turn.
func TestLinkAndTurnAreMailed(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 3*time.Second, nil)
	var place struct {
		Place  string
		Mailed bool
	}
	newClient(p.base).must(t, 201, "POST", "/api/v1/events/gala/queue", object{"email": "ada@example.org"}, &place)
	link := p.base + "/events/gala#p=" + place.Place
	seen := map[string]bool{}
	testkit.Eventually(t, 2*stepLimit, "both mails are there", func() bool {
		files, _ := filepath.Glob(filepath.Join(p.dir, "outbox", "*.eml"))
		for _, file := range files {
			raw, err := os.Open(file)
			if err != nil {
				return false
			}
			mail, err := mail.ReadMessage(raw)
			body := []byte{}
			if err == nil {
				body, err = io.ReadAll(mail.Body)
			}
			raw.Close()
			if err != nil || mail.Header.Get("To") != "<ada@example.org>" {
				t.Fatalf("%s: %v, to %s", file, err, mail.Header.Get("To"))
			}
			if text := strings.ReplaceAll(strings.ReplaceAll(string(body), "=\r\n", ""), "=3D", "="); strings.Contains(text, link) {
				seen[mail.Header.Get("Subject")] = true
			}
		}
		return len(seen) >= 2
	})
	if !place.Mailed || !seen["[TEST] Your place in line for Spring Gala"] || !seen["[TEST] It's your turn: Spring Gala"] {
		t.Errorf("mailed %v: %v", place.Mailed, seen)
	}
}
