package document

import (
	"net/url"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// Calendar is the event as a text/calendar file, with the seats of the given tickets, which must be of one event. The
// entry's UID is made of the first ticket's id: a file opened twice stays one entry. It is nil when there is no ticket
// or no start is announced. The end is left out, because nobody told us one.
func Calendar(ts ...Ticket) []byte {
	if len(ts) == 0 || ts[0].StartsAt.IsZero() {
		return nil
	}
	first := ts[0].cleaned()
	cal := ics.NewCalendarFor("Fairseat")
	cal.SetMethod(ics.MethodPublish)
	entry := cal.AddEvent(first.ID + "@" + host(first.URL))
	stamp := first.Issued
	if stamp.IsZero() {
		stamp = first.StartsAt // DTSTAMP is required, and must not change between two drawings
	}
	entry.SetDtStampTime(stamp.UTC())
	// In UTC: every program shows it in its own zone, and no zone table has to travel along.
	entry.SetStartAt(first.StartsAt.UTC().Truncate(time.Second))
	summary := first.EventName
	if first.Test {
		summary = "TEST · " + summary
	}
	entry.SetSummary(summary)
	if first.Venue != "" {
		entry.SetLocation(first.Venue)
	}
	entry.SetDescription(strings.Join(describe(ts), "\n"))
	entry.SetURL(first.URL)
	return []byte(cal.Serialize(ics.WithNewLineWindows))
}

// describe is the entry's text: each seat with its ticket, then what else a person needs on the way.
func describe(ts []Ticket) []string {
	var lines []string
	for _, t := range ts {
		t = t.cleaned()
		seat := "Seat " + t.SeatLabel
		if t.Category != "" {
			seat += " · " + t.Category
		}
		lines = append(lines, seat, t.URL)
	}
	first := ts[0].cleaned()
	if when := first.When(); when != "" {
		lines = append(lines, when)
	}
	if first.OrderCode != "" {
		lines = append(lines, "Order "+first.OrderCode)
	}
	if first.Contact != "" {
		lines = append(lines, "Questions: "+first.Contact)
	}
	if first.Test {
		lines = append(lines, "TEST – not valid for entry")
	}
	return lines
}

// host is the name that makes a UID unique in the world, as RFC 7986 has it.
func host(address string) string {
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "fairseat"
}
