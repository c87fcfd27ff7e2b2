package document

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	ics "github.com/arran4/golang-ical"
	"golang.org/x/net/html"

	"fairseat/app/testkit"
)

func mustPage(t *testing.T, of Ticket) string {
	t.Helper()
	var b bytes.Buffer
	if err := Page(&b, of); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func mustCalendar(t *testing.T, ts ...Ticket) []byte {
	t.Helper()
	entry, err := Calendar(ts...)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func TestPageIsAsPictured(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "ticket.html", []byte(mustPage(t, ticket())))
	trial := Ticket{ID: "1", URL: "http://127.0.0.1:8080/t/x", Code: "C", EventName: "דנה & <b>Friends</b>", SeatName: "A-1", Holder: "دانا", Test: true}
	testkit.Golden(t, "ticket-trial.html", []byte(mustPage(t, trial)))
}

func TestPageCodeReadsBack(t *testing.T) {
	t.Parallel()
	page := mustPage(t, ticket())
	g, err := encode(code)
	if err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile(`<path fill="#000" d="([^"]+)"`).FindStringSubmatch(page)
	if path == nil || scan(t, paint(t, path[1], g.side())) != code {
		t.Errorf("the code in the page is not the ticket's")
	}
	side, alone, err := QR(code)
	if err != nil || scan(t, paint(t, alone, side)) != code {
		t.Errorf("the code by itself is not the ticket's: %v", err)
	}
	if !strings.Contains(string(Style()), "width: 72mm") || 72.0*21/(21+2*quiet) < 40 {
		t.Error("even the smallest code must be 40 mm wide in print")
	}
}

// The page has to stand under a policy without inline style, script, or anything from elsewhere.
func TestPageNeedsNothingInline(t *testing.T) {
	t.Parallel()
	hostile := ticket()
	hostile.Test = true
	for _, s := range []*string{&hostile.EventName, &hostile.Venue, &hostile.Holder, &hostile.SeatName, &hostile.Category, &hostile.Contact} {
		*s = `"><script>alert(1)</script><img src=x onerror=alert(1)> style="`
	}
	hostile.TermsURL = "javascript:alert(1)"
	doc, err := html.Parse(strings.NewReader(mustPage(t, hostile)))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "script" || n.Data == "style" || n.Data == "img" || n.Data == "iframe" {
			t.Errorf("<%s> in the page", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
			if (a.Key == "src" || n.Data == "link" && a.Key == "href") && a.Val != StylePath {
				t.Errorf("<%s> loads %q", n.Data, a.Val)
			}
		}
	}
	if bytes.Contains(Style(), []byte("url(")) || bytes.Contains(Style(), []byte("@import")) {
		t.Error("the style sheet loads something")
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	second := ticket()
	second.ID, second.SeatName, second.URL = "0198c0de-0000-7000-8000-000000000002", "F 13; left", "https://tickets.example.org/t/other"
	first := ticket()
	first.EventName = "Gala, Teil 2; \\ " + strings.Repeat("Übergänge ", 12)
	raw := mustCalendar(t, first, second)
	if !bytes.Equal(raw, mustCalendar(t, first, second)) {
		t.Error("two drawings differ")
	}
	for _, line := range strings.SplitAfter(string(raw), "\n") {
		if line != "" && (!strings.HasSuffix(line, "\r\n") || len(line) > 77) {
			t.Errorf("line %q is not as RFC 5545 has it", line)
		}
	}
	cal, err := ics.ParseCalendar(bytes.NewReader(raw))
	if err != nil || len(cal.Events()) != 1 {
		t.Fatalf("%v in\n%s", err, raw)
	}
	entry := cal.Events()[0]
	start, err := entry.GetStartAt()
	if err != nil || !start.Equal(ticket().StartsAt) {
		t.Errorf("starts at %v, %v", start, err)
	}
	if id := entry.Id(); id != ticket().ID+"@tickets.example.org" {
		t.Errorf("UID %q", id)
	}
	// The parser gives values unescaped.
	if got := entry.GetProperty(ics.ComponentPropertySummary).Value; got != clean(first.EventName) {
		t.Errorf("summary %q", got)
	}
	description := entry.GetProperty(ics.ComponentPropertyDescription).Value
	for _, want := range []string{"Row F, seat 12 · Parkett\nhttps://tickets.example.org/t/s3cr3t\n", "F 13; left", "K7QX2M4P", "19:30 (Europe/Berlin)"} {
		if !strings.Contains(description, want) {
			t.Errorf("%q is missing in %q", want, description)
		}
	}
}

func TestNoStartNoCalendar(t *testing.T) {
	t.Parallel()
	open := ticket()
	open.StartsAt = Ticket{}.StartsAt
	if mustCalendar(t, open) != nil || mustCalendar(t) != nil {
		t.Error("a calendar entry without a date")
	}
	page := mustPage(t, open)
	if strings.Contains(page, ".ics") || strings.Contains(page, "<time") {
		t.Error("the page offers a date nobody knows")
	}
}

func TestUnknownZoneIsUTC(t *testing.T) {
	t.Parallel()
	lost := ticket()
	lost.Timezone = "Mars/Olympus"
	if page := mustPage(t, lost); !strings.Contains(page, ">Tuesday 9 March 2027, 18:30 (UTC)<") {
		t.Error(page)
	}
}

// A ticket to a place of an area does not send anybody to look for a seat.
func TestPlaceIsNoSeat(t *testing.T) {
	t.Parallel()
	floor := ticket()
	floor.SeatName, floor.Category, floor.AnyPlace = "Floor 17", "Standing", true
	bar := floor
	bar.SeatName, bar.Category = "Bar 2", ""
	for what, said := range map[string][2]string{
		"page":     {mustPage(t, floor), "Place, no numbered seat"},
		"PDF":      {textOf(t, mustPDF(t, floor)), "Place, no numbered seat"},
		"calendar": {strings.ReplaceAll(string(mustCalendar(t, floor, bar)), "\r\n ", ""), `Floor 17 · Standing\, no numbered seat`},
		"entry":    {strings.ReplaceAll(string(mustCalendar(t, floor, bar)), "\r\n ", ""), `Bar 2\, no numbered seat`},
	} {
		if !strings.Contains(said[0], said[1]) {
			t.Errorf("the %s does not say %q: %s", what, said[1], said[0])
		}
	}
}
