package document

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"golang.org/x/net/html"
)

// In a made-up language no plain letter is left in a ticket but those of the ticket's own data, which here has Greek
// ones: whatever a person reads comes from the catalogue.
func TestEveryWordComesFromTheCatalogue(t *testing.T) {
	t.Parallel()
	l, err := newLexicon()
	if err != nil {
		t.Fatal(err)
	}
	l.Catalogue = l.Pseudo()
	greek := Ticket{
		ID: "1", URL: "https://x.example/t/1", Code: "ΚΩΔ", EventName: "ΓΑΛΑ", Venue: "ΑΘΗΝΑ", Timezone: "Europe/Berlin",
		StartsAt: time.Date(2027, 3, 9, 18, 30, 0, 0, time.UTC), SeatName: "Φ 12", Category: "ΠΑΡΤΕΡ", Holder: "ΕΛΕΝΗ",
		OrderCode: "7", Price: "42.50 €", Contact: "0221", TermsURL: "https://x.example/terms", Test: true,
	}
	foreign := func(where, text string) {
		t.Helper()
		for _, data := range []string{greek.TermsURL, greek.URL, greek.Timezone} {
			text = strings.ReplaceAll(text, data, "")
		}
		if word := regexp.MustCompile(`[A-Za-z]+`).FindString(text); word != "" {
			t.Errorf("%s says %q, which is in no catalogue:\n%s", where, word, text)
		}
		if !strings.ContainsAny(text, "жЖ") {
			t.Errorf("%s says nothing of the catalogue's: %q", where, text)
		}
	}
	var page bytes.Buffer
	if err := l.page(&page, greek); err != nil {
		t.Fatal(err)
	}
	foreign("the page", readable(t, page.String()))
	doc, err := l.pdf([]Ticket{greek, greek})
	if err != nil {
		t.Fatal(err)
	}
	foreign("the PDF", textOf(t, doc))
	for _, credit := range []bool{false, true} {
		paper, err := l.invoice(Invoice{Credit: credit, Number: "7", Refers: "6", Made: greek.StartsAt, Timezone: greek.Timezone, Seller: []string{"ΓΑΛΑ"}, SellerID: "1",
			Buyer: []string{"ΕΛΕΝΗ"}, BuyerID: "2", EventName: "ΓΑΛΑ", Venue: "ΑΘΗΝΑ", StartsAt: greek.StartsAt, OrderCode: "7",
			Lines: []InvoiceLine{{"Φ 12", "ΠΑΡΤΕΡ", "ΦΠΑ", "9 €"}}, Taxes: []InvoiceTax{{"ΦΠΑ", "8 €", "1 €", "9 €"}}, Total: "9 €", Test: true})
		if err != nil {
			t.Fatal(err)
		}
		foreign("the invoice", textOf(t, paper))
	}
	entry, err := l.calendar([]Ticket{greek})
	if err != nil {
		t.Fatal(err)
	}
	cal, err := ics.ParseCalendar(bytes.NewReader(entry))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []ics.ComponentProperty{ics.ComponentPropertySummary, ics.ComponentPropertyDescription} {
		foreign("the calendar's "+string(name), cal.Events()[0].GetProperty(name).Value)
	}
}

// readable is all that a page says to a person, on paper or aloud.
func readable(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			out = append(out, n.Data)
		}
		for _, a := range n.Attr {
			if slices.Contains([]string{"aria-label", "title", "alt"}, a.Key) {
				out = append(out, a.Val)
			}
		}
	}
	return strings.Join(out, "\n")
}

// What the catalogue has, somebody says: a sentence nobody asks for is one more to translate.
func TestCatalogueHoldsNothingElse(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, name := range []string{"page.html", "page.go", "pdf.go", "invoice.go", "calendar.go", "words.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(source)
	}
	raw, err := files.ReadFile("words." + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	for key := range texts {
		if strings.HasPrefix(key, "day.") || strings.HasPrefix(key, "month.") {
			continue // asked for by the calendar
		}
		if !strings.Contains(sources.String(), `"`+key+`"`) {
			t.Errorf("nobody says %q", key)
		}
	}
}
