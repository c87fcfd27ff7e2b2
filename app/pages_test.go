package app_test

import (
	"bytes"
	"compress/gzip"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// plain is a browser without script: it keeps cookies and sends forms, and goes nowhere by itself.
type plain struct {
	t    testing.TB
	base string
	http *http.Client
}

// leaf is what one request came to.
type leaf struct {
	status   int
	header   http.Header
	raw      string
	location string
}

func newPlain(t testing.TB, base string) *plain {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &plain{t, base, &http.Client{Transport: transport, Jar: jar, Timeout: 15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (p *plain) ask(method, path string, header ...string) leaf {
	p.t.Helper()
	req, err := http.NewRequest(method, p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
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

// reads asks for a page until it has all words, and fails when it does not come to have them.
func (p *plain) reads(path string, words ...string) leaf {
	p.t.Helper()
	var last leaf
	testkit.Eventually(p.t, 20*time.Second, path+" says "+strings.Join(words, ", "), func() bool {
		last = p.ask("GET", path)
		return last.status == 200 && last.says(words...)
	})
	return last
}

func (l leaf) says(words ...string) bool {
	text := html.UnescapeString(l.raw)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// want fails unless the answer has this status, and these words or, for a redirect, this place to go.
func (l leaf) want(t testing.TB, status int, words ...string) leaf {
	t.Helper()
	switch {
	case l.status != status:
		t.Fatalf("want %d, got %d to %q:\n%s", status, l.status, l.location, l.raw)
	case status == http.StatusSeeOther:
		if l.location != words[0] {
			t.Fatalf("sent to %s, want %s", l.location, words[0])
		}
	case !l.says(words...):
		t.Fatalf("the page lacks one of %q:\n%s", words, l.raw)
	}
	return l
}

func TestPublicPagesAreTheSameForEveryone(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	plan := importStadium(t, staff)
	far := time.Now().Add(50 * 24 * time.Hour)
	createEvent(t, staff, "far", plan, stadiumPrices, 0, map[string]any{
		"opens_at": far.UTC().Format(time.RFC3339), "name": "Åsa & <Friends>", "description": "Loud.\nVery.", "contact": "box@example.org",
		"terms_url": "https://example.org/terms", "accent": "#c2185b",
	})
	createEvent(t, staff, "soon", plan, stadiumPrices, 10*time.Minute, nil)
	createEvent(t, staff, "open", plan, stadiumPrices, -time.Second, map[string]any{"max_per_buyer": 4})
	createEvent(t, staff, "over", plan, stadiumPrices, -time.Second, nil)
	staff.must(t, 200, "POST", "/api/v1/admin/events/over/queue/end", map[string]string{"reason": "done"}, nil)

	stranger, ada := newPlain(t, p.base), newPlain(t, p.base)
	ada.ask("POST", "/api/v1/events/soon/queue").want(t, 303, "/events/soon/place")
	for path, words := range map[string][]string{
		"/":            {"On sale now", "from 39.00 EUR", "Sales open at", "The sale has ended"},
		"/events/far":  {"Åsa & <Friends>", "Sales open on", "The waiting room opens on", "99.00 EUR", "369 left", "box@example.org", "Terms of sale", "One seat for each buyer.", "/assets/accent-c2185b.css"},
		"/events/soon": {"The draw is at", "Everyone here by then has the same chance", "Join the line", "Saturday, 1 May 2027, 20:00 CEST"},
		"/events/open": {"Sales are open.", "Join the line", "Up to 4 seats for each buyer."},
		"/events/over": {"The sale has ended.", "Find my order"},
	} {
		var one, other leaf
		// Figures and phases may change between two looks; then a second pair does not differ.
		testkit.Eventually(t, 10*time.Second, path+" is the same for everyone", func() bool {
			one, other = stranger.ask("GET", path, "Accept-Language", "de"), ada.ask("GET", path, "User-Agent", "other")
			return one.raw == other.raw && one.says(words...)
		})
		for _, l := range []leaf{one, other} {
			if l.header.Get("Set-Cookie") != "" {
				t.Errorf("%s sets a cookie", path)
			}
			if got := l.header.Get("Cache-Control"); got != "public, max-age=5, stale-if-error=600" {
				t.Errorf("%s: Cache-Control is %q", path, got)
			}
			if got := l.header.Values("Vary"); len(got) != 1 || got[0] != "Accept-Encoding" {
				t.Errorf("%s varies by %q", path, got)
			}
		}
	}
	form := regexp.MustCompile(`<form id="join"[^>]*>`)
	for path, open := range map[string]bool{"/events/far": false, "/events/soon": true, "/events/open": true, "/events/over": false} {
		if tag := form.FindString(stranger.ask("GET", path).raw); tag == "" || strings.Contains(tag, " hidden") == open {
			t.Errorf("%s: the form is %s", path, tag)
		}
	}
	checkFirstPage(t, stranger, "/events/soon")
}

// checkFirstPage weighs what a phone fetches before the page does all it can: itself, its style, and the modules it
// names, not those it loads once somebody has a place.
func checkFirstPage(t *testing.T, p *plain, path string) {
	t.Helper()
	const budget = 14 << 10
	seen, total := map[string]int{}, 0
	var fetch func(path string)
	fetch = func(path string) {
		if _, ok := seen[path]; ok {
			return
		}
		l := p.ask("GET", path, "Accept-Encoding", "gzip").want(t, 200)
		seen[path] = len(l.raw)
		total += len(l.raw)
		if l.header.Get("Content-Encoding") == "gzip" {
			r, err := gzip.NewReader(strings.NewReader(l.raw))
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if _, err := text.ReadFrom(r); err != nil {
				t.Fatal(err)
			}
			l.raw = text.String()
		}
		for _, m := range regexp.MustCompile(`(?:from |href=|src=)['"](/assets/[^'"]+\.(?:css|js))['"]`).FindAllStringSubmatch(l.raw, -1) {
			fetch(m[1])
		}
	}
	fetch(path)
	t.Logf("the first page weighs %d bytes: %v", total, seen)
	if total > budget {
		t.Errorf("the first page weighs %d bytes, the budget is %d: %v", total, budget, seen)
	}
	if len(seen) < 8 {
		t.Errorf("only %d files were found: %v", len(seen), seen)
	}
}

// From joining to one's turn, with forms alone.
func TestWaitingRoomWithoutScript(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	plan := importStadium(t, staff)
	createEvent(t, staff, "gala", plan, stadiumPrices, 3*time.Second, map[string]any{"queue": map[string]any{"cap": 1}})
	const place = "/events/gala/place"

	ada, bob, stranger := newPlain(t, p.base), newPlain(t, p.base), newPlain(t, p.base)
	for _, path := range []string{place, place + "/enter", place + "/leave"} {
		method := map[bool]string{true: "GET", false: "POST"}[path == place]
		stranger.ask(method, path).want(t, 303, "/events/gala")
	}
	ada.ask("POST", "/api/v1/events/gala/queue").want(t, 303, place)
	before := ada.ask("GET", place).want(t, 200, "The draw is at", "being early doesn't help", "Your place is kept", "1 person is in the draw so far.", "How the order is decided, and how to check it")
	if after, _, _ := strings.Cut(before.header.Get("Refresh"), ";"); !isSeconds(after) {
		t.Errorf("the page does not look again: Refresh is %q", before.header.Get("Refresh"))
	}
	if got := before.header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	ada.ask("POST", place+"/enter").want(t, 409, "The sale is not open yet.", "Your place is kept")

	ada.reads(place, "It's your turn.", "Go in")
	bob.ask("POST", "/api/v1/events/gala/queue").want(t, 303, place)
	bob.reads(place, "You're next.", "You are number 2 in the line.")
	bob.ask("POST", place+"/enter").want(t, 409, "It is not your turn yet.", "You're next.")
	ada.ask("POST", place+"/enter").want(t, 303, place+"/seats")
	inside := ada.ask("GET", place).want(t, 200, "You are in.", "Choose seats", "Leave")
	if inside.header.Get("Refresh") != "" {
		t.Error("a page that nobody looks at would stay inside for ever")
	}

	staff.must(t, 200, "PUT", "/api/v1/admin/events/gala/queue/message", map[string]string{"message": "Bring a <coat>."}, nil)
	staff.must(t, 200, "POST", "/api/v1/admin/events/gala/queue/pause", map[string]string{"reason": "The lift is stuck."}, nil)
	bob.reads(place, "The sale is paused.", "The lift is stuck.", "Bring a <coat>.", "Your place is kept.")
	bob.ask("POST", place+"/enter").want(t, 409, "nobody is let in", "The lift is stuck.")
	staff.must(t, 200, "POST", "/api/v1/admin/events/gala/queue/resume", map[string]string{"reason": "mended"}, nil)

	ada.ask("POST", place+"/leave").want(t, 303, place)
	ada.reads(place, "It's your turn.") // what was called once stays called
	bob.reads(place, "It's your turn.")
	bob.ask("POST", place+"/enter").want(t, 303, place+"/seats")

	staff.must(t, 200, "POST", "/api/v1/admin/events/gala/queue/end", map[string]string{"reason": "over"}, nil)
	over := ada.reads(place, "The sale has ended.", "Find my order")
	if over.header.Get("Refresh") != "" {
		t.Error("the page goes on looking after the end")
	}
	ada.ask("POST", place+"/enter").want(t, 410, "The sale has ended.")
}

func isSeconds(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= 2 && n <= 30
}
