package document

import (
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode/utf8"
)

// Page writes the ticket as an HTML page that needs no script and nothing from elsewhere but StylePath, so that it
// stands under `default-src 'none'; style-src 'self'; img-src 'self' data:`. It writes nothing when it fails to encode
// the code. The template is parsed anew each time: a third of what drawing the QR code costs, and nothing shared.
func Page(w io.Writer, t Ticket) error {
	l, err := newLexicon()
	if err != nil {
		return err
	}
	return l.page(w, t)
}

func (l *lexicon) page(w io.Writer, t Ticket) error {
	g, err := encode(t.Code)
	if err != nil {
		return err
	}
	page, err := template.New("page.html").Funcs(template.FuncMap{"t": l.Say}).ParseFS(files, "page.html")
	if err != nil {
		return fmt.Errorf("ticket page: %w", err)
	}
	t = t.cleaned()
	title := l.say("title", "seat", t.SeatName, "event", t.EventName)
	if t.Test {
		title = l.say("test.title", "title", title)
	}
	when := l.when(t)
	if l.err != nil {
		return l.err
	}
	return page.Execute(w, map[string]any{
		"Lang": language, "Title": title, "T": t, "When": when, "Seat": seatParts(t.SeatName), "Size": seatSize(t.SeatName),
		"Side": g.side(), "Path": g.path(), "Band": t.band(), "Style": StylePath, "PDF": t.URL + ".pdf", "Calendar": t.URL + ".ics",
	})
}

// seatParts are the pieces of a long seat label, "Balcony 2, row 14, seat 123", that had better not be torn.
func seatParts(label string) []string { return strings.SplitAfter(label, ", ") }

// seatSize is the class of the seat's letters: as large as a label of its length can be without filling the page.
func seatSize(label string) string {
	switch n := utf8.RuneCountInString(label); {
	case n <= 7:
		return "short"
	case n <= 14:
		return "medium"
	}
	return "long"
}
