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
func Calendar(ts ...Ticket) ([]byte, error) {
	l, err := newLexicon()
	if err != nil {
		return nil, err
	}
	return l.calendar(ts)
}

func (l *lexicon) calendar(ts []Ticket) ([]byte, error) {
	if len(ts) == 0 || ts[0].StartsAt.IsZero() {
		return nil, nil
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
		summary = l.say("test.title", "title", summary)
	}
	entry.SetSummary(summary)
	if first.Venue != "" {
		entry.SetLocation(first.Venue)
	}
	entry.SetDescription(strings.Join(l.describe(ts), "\n"))
	entry.SetURL(first.URL)
	return []byte(cal.Serialize(ics.WithNewLineWindows)), l.err
}

// seat names what a ticket is for.
func (l *lexicon) seat(t Ticket) string {
	switch {
	case t.AnyPlace && t.Category != "":
		return l.say("calendar.place.category", "place", t.SeatName, "category", t.Category)
	case t.AnyPlace:
		return l.say("calendar.place", "place", t.SeatName)
	case t.Category != "":
		return l.say("calendar.seat.category", "seat", t.SeatName, "category", t.Category)
	}
	return l.say("calendar.seat", "seat", t.SeatName)
}

// describe is the entry's text: each seat with its ticket, then what else a person needs on the way.
func (l *lexicon) describe(ts []Ticket) []string {
	var lines []string
	for _, t := range ts {
		t = t.cleaned()
		lines = append(lines, l.seat(t), t.URL)
	}
	first := ts[0].cleaned()
	if when := l.when(first); when != "" {
		lines = append(lines, when)
	}
	if first.OrderCode != "" {
		lines = append(lines, l.say("calendar.order", "code", first.OrderCode))
	}
	if first.Contact != "" {
		lines = append(lines, l.say("contact", "contact", first.Contact))
	}
	if first.Test {
		lines = append(lines, l.say("test.notice"))
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
