package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// paper is what a PDF says.
func paper(t *testing.T, doc []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "paper.pdf")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// One price, from the list of events to the invoice: the same figure on every page, in every answer, at the bank, in the mail's
// tickets, and nothing comes on top. Then the invoice is addressed, and what goes back has a credit note.
func TestOnePriceFromTheEventToTheInvoice(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "FAIRSEAT_SELLER__NAME=Old Hall Ltd", "FAIRSEAT_SELLER__ADDRESS=Ring 1; 50667 Köln", "FAIRSEAT_SELLER__VAT_ID=DE123",
		"FAIRSEAT_SELLER__INVOICE_PREFIX=OH-", "FAIRSEAT_TAX__RATE=1900")
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 0, map[string]any{"max_per_buyer": 2, "queue": nil})
	o := newOrganiser(t, p.base)
	o.open("/admin")
	o.signIn(ownerPassword, 200)
	const taxes = "/admin/events/gala/taxes"
	o.open(taxes)
	o.sees("Invoices are written by Old Hall Ltd", "Tax 19 %")
	o.post(422, taxes, "rate_all", "lots")
	o.sees("Must be a percentage such as 19 or 5.5.")
	o.post(200, taxes, "rate_all", "7", "name_all", "VAT 7 %")
	o.sees("Saved.")

	var events struct {
		Events []struct {
			Categories []struct {
				Name  string
				Price *int64
			}
		}
	}
	newClient(p.base).must(t, 200, "GET", "/api/v1/events", nil, &events)
	cost := int64(0)
	for _, one := range events.Events[0].Categories {
		if one.Name == "Category I" {
			cost = *one.Price
		}
	}
	if cost != 9900 {
		t.Fatalf("the list says %d", cost)
	}
	const price, both = "99.00 EUR", "198.00 EUR"
	r := inside(t, p.base, "gala")
	r.get("/events/gala", price)
	r.get("/events/gala/place/seats", price)
	r.send("/events/gala/place/seats", "/events/gala/place/seats#yours", "quantity", "2")
	r.get("/events/gala/place/seats", price, both)
	r.get("/events/gala/place/checkout", price, both, "Pay "+both)
	order := r.send("/events/gala/place/checkout", "/orders/", "name", "Åsa Ünlü", "email", "asa@example.org", "total", "19800").to
	path, _, _ := strings.Cut(order, "?")
	open := r.seesSoon(path, "Pay "+both, price)
	pay := open.find(t, `id="pay" href="([^"]+)"`)
	r.get(pay, both)
	r.send(pay, path, "outcome", "paid")
	paid := r.seesSoon(path, "Here are your tickets.", both, "Invoice OH-000001 (PDF)", "Change who the invoice is for")
	ticket := paid.find(t, `href="([^"]+/t/[^"]+\.pdf)"`)
	if text := paper(t, []byte(r.get(ticket).body)); !strings.Contains(text, price) {
		t.Errorf("the ticket says:\n%s", text)
	}

	r.refused(422, path+"/billing", []string{"company", strings.Repeat("x", 300)}, "This cannot be printed on an invoice")
	r.refused(422, path+"/billing", []string{"company", "Ünlü AG", "vat_id", "DE98"}, "This is no VAT ID of that country.", `value="Ünlü AG"`, `value="DE98"`)
	r.send(path+"/billing", path+"#papers", "company", "Ünlü AG", "name", "Åsa Ünlü", "address", "Weg 2\r\n10115 Berlin", "vat_id", "DE987654321")
	sheet := paper(t, []byte(r.get("/api/v1"+path+"/invoice.pdf").body))
	// 198.00 with 7 % inside is 185.05 and 12.95.
	for _, want := range []string{"Invoice OH-000001", "Old Hall Ltd", "50667 Köln", "VAT ID DE123", "Ünlü AG", "Weg 2", "10115 Berlin", "VAT ID DE987", "Spring Gala",
		price, both, "VAT 7 %", "185.05 EUR", "12.95 EUR", "TEST"} {
		if !strings.Contains(sheet, want) {
			t.Errorf("the invoice lacks %q:\n%s", want, sheet)
		}
	}
	// A stranger has no business with it.
	if s := newReader(t, p.base).ask("GET", "/api/v1"+path+"/invoice.pdf", nil); s.status != 404 {
		t.Errorf("a stranger: %d", s.status)
	}
	// Once it was opened, another address is another invoice.
	r.send(path+"/billing", path+"#papers", "company", "Other AG", "name", "Åsa Ünlü")
	again := r.get(path, "Credit note OH-000002 (PDF)", "Invoice OH-000003 (PDF)")
	credit := paper(t, []byte(r.get(again.find(t, `href="([^"]+)">Credit note`)).body))
	for _, want := range []string{"Credit note OH-000002", "OH-000001", both, "12.95 EUR", "Ünlü AG"} {
		if !strings.Contains(credit, want) {
			t.Errorf("the credit note lacks %q:\n%s", want, credit)
		}
	}

	testkit.Eventually(t, 20*time.Second, "the mail that names the invoice", func() bool {
		files, _ := filepath.Glob(filepath.Join(p.dir, "outbox", "*.eml"))
		for _, file := range files {
			if mail, _ := os.ReadFile(file); strings.Contains(string(mail), "OH-000001") {
				return true
			}
		}
		return false
	})
	id := strings.TrimPrefix(path, "/orders/")
	var whole struct {
		Invoices []struct{ ID, Kind, Number string }
	}
	staff.must(t, 200, "POST", "/api/v1/admin/orders/"+id+"/refund", map[string]any{"reason": "cancelled"}, &whole)
	if n := len(whole.Invoices); n != 4 || whole.Invoices[3].Kind != "credit" || whole.Invoices[3].Number != "OH-000004" {
		t.Errorf("%+v", whole.Invoices)
	}
	o.open("/admin/orders/" + id)
	o.sees("Credit note OH-000004", "Invoice written", "Credit note written")
	a := staff.must(t, 200, "GET", "/api/v1/admin/orders/"+id+"/invoices/"+whole.Invoices[3].ID+".pdf", nil, nil)
	if text := paper(t, a.Body); !strings.Contains(text, "OH-000003") || !strings.Contains(text, "Other AG") {
		t.Errorf("the last credit note says:\n%s", text)
	}
	testkit.Eventually(t, 20*time.Second, "clean books", func() bool {
		var audit struct{ OK bool }
		staff.must(t, 200, "GET", "/api/v1/admin/audit", nil, &audit)
		return audit.OK
	})
}
