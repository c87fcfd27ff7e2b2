// Package document draws tickets: as a page, as a PDF, as a calendar entry. It is told everything and asks nobody, so
// the same ticket always gives the same document.
package document

import (
	"embed"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"fairseat/app/colour"
)

// files holds the page, its style, the words and the fonts of the PDF.
//
//go:embed page.html ticket.css words.*.json fonts/*.ttf
var files embed.FS

// StylePath is where the page expects Style to be served.
const StylePath = "/assets/ticket.css"

// Ticket is all that a ticket shows. Empty fields are left out of the documents, never filled with a guess.
type Ticket struct {
	ID        string // stable; the calendar entry's identity is made of it
	URL       string // of the ticket's page; the PDF and the calendar entry stand at URL+".pdf" and URL+".ics"
	Code      string // what the QR code holds
	EventName string
	Venue     string
	Timezone  string    // IANA name of the venue's zone; unknown or empty means UTC
	StartsAt  time.Time // zero: not announced
	SeatName  string
	SeatLabel string // what staff call the seat
	AnyPlace  bool   // the name is of no seat in particular
	Category  string
	Holder    string
	OrderCode string
	Price     string // for a person: "42.50 EUR"
	Contact   string
	TermsURL  string
	Accent    string    // the event's colour as #rrggbb; "" = the house's
	Issued    time.Time // dates the documents, so that drawing twice gives the same bytes
	Test      bool      // trial mode: marked as worthless everywhere
	Barred    bool      // lets nobody in for now; the page alone says so, for what is printed cannot take it back
}

// Style is the page's style sheet, to be served at StylePath.
func Style() []byte {
	b, _ := files.ReadFile("ticket.css") // embedded: it cannot fail
	return b
}

// clean makes text fit for one line of a document: composed letters, single spaces, no control or direction marks that
// could reorder what stands beside them.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != joiner && r != nonJoiner:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

// band is the event's colour, dark enough to be seen on white paper.
func (t Ticket) band() string {
	accent, err := colour.Parse(t.Accent)
	if err != nil {
		accent, _ = colour.Parse("") // the house's own
	}
	return accent.Light
}

// cleaned is the ticket with every text a stranger may have typed fit for one line.
func (t Ticket) cleaned() Ticket { return t.with(clean) }

// with is the ticket with every text a stranger may have typed changed by a function.
func (t Ticket) with(change func(string) string) Ticket {
	for _, s := range []*string{&t.EventName, &t.Venue, &t.SeatName, &t.SeatLabel, &t.Category, &t.Holder, &t.OrderCode, &t.Price, &t.Contact} {
		*s = change(*s)
	}
	return t
}
