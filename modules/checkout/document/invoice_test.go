package document

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func bill() Invoice {
	return Invoice{
		Number: "INV-000042", Made: time.Date(2027, 2, 9, 23, 30, 0, 0, time.UTC), Timezone: "Europe/Berlin",
		Seller: []string{"Große Halle GmbH", "Ring 1", "50667 Köln"}, SellerID: "DE123456789", Register: "HRB 4711, Köln",
		Buyer: []string{"Ünlü & Söhne AG", "Åsa Ünlü", "Weg 2", "10115 Berlin"}, BuyerID: "DE987654321",
		EventName: "Spring Gala", Venue: "Große Halle", StartsAt: time.Date(2027, 3, 9, 18, 30, 0, 0, time.UTC), OrderCode: "K7QX2M4P",
		Lines: []InvoiceLine{{"Row F, seat 12", "Parkett", "VAT 19 %", "42.50 EUR"}, {"Row F, seat 13", "Parkett", "VAT 7 %", "42.50 EUR"}},
		Taxes: []InvoiceTax{{"VAT 19 %", "35.71 EUR", "6.79 EUR", "42.50 EUR"}, {"VAT 7 %", "39.72 EUR", "2.78 EUR", "42.50 EUR"}},
		Total: "85.00 EUR",
	}
}

func mustInvoice(t *testing.T, v Invoice) []byte {
	t.Helper()
	doc, err := InvoicePDF(v)
	if err != nil {
		t.Fatal(err)
	}
	if folder := os.Getenv("GALLERY"); folder != "" {
		_ = os.WriteFile(folder+"/"+strings.ReplaceAll(t.Name(), "/", "-")+".pdf", doc, 0o600)
	}
	return doc
}

func TestInvoiceSaysWhatIsOnIt(t *testing.T) {
	t.Parallel()
	text := textOf(t, mustInvoice(t, bill()))
	for _, want := range []string{"Invoice INV-000042", "Wednesday 10 February 2027", "Große Halle GmbH", "50667 Köln", "VAT ID DE123456789", "HRB 4711",
		"Ünlü & Söhne AG", "Weg 2", "VAT ID DE987654321", "K7QX2M4P", "Tuesday 9 March 2027, 19:30", "Row F, seat 13", "VAT 7 %", "35.71 EUR", "2.78 EUR", "85.00 EUR"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "TEST") {
		t.Error("a real invoice says TEST")
	}
	if !bytes.Equal(mustInvoice(t, bill()), mustInvoice(t, bill())) {
		t.Error("the same invoice, other bytes")
	}
}

// What the font has no sign for is left out: a box in its place says less than nothing.
func TestSignsThatCannotBeDrawnAreLeftOut(t *testing.T) {
	t.Parallel()
	v := bill()
	v.EventName, v.Buyer = "Party \U0001F389 Night \U0001F3F4\u200D\u2620\uFE0F", []string{"\U0001F600 \U0001F600", "Zoë \U0001F9DC\U0001F3FD"}
	text := textOf(t, mustInvoice(t, v))
	party := ticket()
	party.EventName, party.Holder = v.EventName, v.Buyer[1]
	doc, err := PDF([]Ticket{party})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{text, textOf(t, doc)} {
		if strings.ContainsAny(text, "\uFFFD\uFE0F") || !strings.Contains(text, "Party Night") || !strings.Contains(text, "Zoë") {
			t.Errorf("%q", text)
		}
	}
}

func TestCreditNoteNamesItsInvoice(t *testing.T) {
	t.Parallel()
	v := bill()
	v.Credit, v.Number, v.Refers, v.Test, v.Taxes = true, "INV-000043", "INV-000042", true, nil
	text := textOf(t, mustInvoice(t, v))
	for _, want := range []string{"Credit note INV-000043", "For invoice", "INV-000042", "Returned", "TEST – this is no invoice"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Net") || strings.Contains(text, "Tax inside") {
		t.Errorf("tax where there is none:\n%s", text)
	}
}

// Fifty seats, and names without an end, from right to left too: pages follow, and nothing is written over the foot.
func TestInvoiceOfEveryLength(t *testing.T) {
	t.Parallel()
	v := bill()
	long := strings.Repeat("The Extraordinarily Long Name of a Company ", 8)
	v.Buyer, v.Seller = []string{long, "شركة المسرح الوطني الكبير", "חברת התיאטרון"}, []string{long, long, long}
	v.EventName, v.Venue, v.Register = "مهرجان الربيع", long, long
	v.Lines = nil
	for i := range 50 {
		v.Lines = append(v.Lines, InvoiceLine{fmt.Sprintf("Floor %d, %s", i, long), long, "VAT 19 %", "4,200,000.50 EUR"})
	}
	doc := mustInvoice(t, v)
	pages := len(regexp.MustCompile(`/Type /Page\b[^s]`).FindAll(doc, -1))
	if pages < 3 || pages > 5 {
		t.Errorf("%d pages", pages)
	}
	text := textOf(t, doc)
	if got := strings.Count(text, "4,200,000.50 EUR"); got != 50 || !strings.Contains(text, fmt.Sprintf("Page %d", pages)) {
		t.Errorf("%d lines, and the last page is not numbered:\n%s", got, text)
	}
}
