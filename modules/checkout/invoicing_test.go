package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/invoice"
	"fairseat/modules/checkout/promotion"
	"fairseat/modules/checkout/provider"
)

// newSeller is a kit whose orders get invoices, with 19 % inside.
func newSeller(t *testing.T, price int64, perBuyer int) *kit {
	t.Helper()
	k := newKitWith(t, price, perBuyer)
	k.Seller = Seller{Name: "Old Hall Ltd", Address: []string{"Ring 1"}, VATID: "DE1", Prefix: "A-"}
	k.Service.Tax = invoice.Rate{Points: 1900, Name: "VAT 19 %"}
	return k
}

// papers says an order's documents in short.
func (k *kit) papers(id string) string {
	k.T.Helper()
	var out []string
	for _, v := range k.shown(id).Invoices {
		out = append(out, fmt.Sprintf("%s %s %d", v.Kind, v.Number, v.Total))
	}
	return strings.Join(out, ", ")
}

func (k *kit) download(id string, n int) string {
	k.T.Helper()
	doc, _, err := k.InvoicePDF(context.Background(), k.order(id), uuid.MustParse(k.shown(id).Invoices[n].ID))
	must(k.T, err)
	return string(doc)
}

// The agreed price from the code to the credit note: every document adds up, and each ticket takes its own tax back.
func TestInvoiceAndItsCreditNotes(t *testing.T) {
	t.Parallel()
	k, ctx := newSeller(t, 3334, 3), context.Background()
	k.promote(Draft{Code: "half", Terms: promotion.Terms{Amount: 1}, MaxUses: ptr(1)})
	f := k.fan(0, 1, 2)
	f.buyer.Promo = "half"
	o := k.mustPlace(f).Order
	if k.papers(o.ID) != "" {
		t.Error("an invoice before the money")
	}
	k.pay(o.ID, provider.Authorized, 0)
	if got := k.papers(o.ID); got != "invoice A-000001 10001" {
		t.Fatalf("%s", got)
	}
	all, err := k.store.invoicesOf(ctx, k.Kit.DB, uuid.MustParse(o.ID))
	must(t, err)
	first := all[0]
	if gross, tax := invoice.Total(first.Content.Lines); gross != 10001 || tax != 1597 || first.Content.Seller.Name != "Old Hall Ltd" || first.Content.Event != "Spring Gala" {
		t.Errorf("%d with %d tax: %+v", gross, tax, first)
	}
	if got := k.download(o.ID, 0); got != "%PDF invoice A-000001 to Ada , 3 lines" {
		t.Error(got)
	}
	// Staff exchange one seat and return it later: the invoice knows it by the claim it was sold under.
	id := uuid.MustParse(o.ID)
	_, err = k.Move(ctx, staffAda(), "", id, uuid.MustParse(k.shown(o.ID).Tickets[1].ID), 9)
	must(t, err)
	for _, ticket := range k.shown(o.ID).Tickets {
		if ticket.Seat.N == 9 {
			_, err = k.Return(ctx, staffAda(), "", id, []uuid.UUID{uuid.MustParse(ticket.ID)}, "ill")
			must(t, err)
		}
	}
	_, err = k.Return(ctx, staffAda(), "", id, nil, "cancelled")
	must(t, err)
	k.quiet(k.Service)
	if got := k.papers(o.ID); got != "invoice A-000001 10001, credit A-000002 3334, credit A-000003 6667" {
		t.Error(got)
	}
	var taxes int64
	all, err = k.store.invoicesOf(ctx, k.Kit.DB, id)
	must(t, err)
	for _, v := range all[1:] {
		_, tax := invoice.Total(v.Content.Lines)
		if taxes += tax; v.Content.Refers != "A-000001" || *v.RefersTo != first.ID {
			t.Errorf("%+v", v)
		}
	}
	if taxes != 1597 {
		t.Errorf("%d tax went back", taxes)
	}
	var out bytes.Buffer
	must(t, k.ExportOrders(ctx, k.event, &out))
	if !strings.Contains(out.String(), ",id,promo,net,tax,invoice\n") || !strings.Contains(out.String(), ",half,0.00,0.00,A-000001\n") {
		t.Error(out.String())
	}
	out.Reset()
	must(t, k.ExportInvoices(ctx, k.event, &out))
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(rows) != 4 || !strings.HasSuffix(rows[1], ",Ada,,,EUR,84.04,15.97,100.01,VAT 19 %: 15.97") || !strings.HasPrefix(rows[2], "A-000002,credit,A-000001,") ||
		!strings.Contains(rows[2], ",-33.34,") {
		t.Error(out.String())
	}
	k.check()
}

// Until somebody has it in hands an invoice is addressed anew; after that another takes its place.
func TestInvoiceIsAddressed(t *testing.T) {
	t.Parallel()
	k, ctx := newSeller(t, 4200, 2), context.Background()
	o := k.mustPlace(k.fan(0, 1)).Order
	company := Billing{Company: "  Ünlü   AG ", Address: []string{"Weg 2", "", "Berlin"}, VATID: "de 123 456 789"}
	if err := k.Bill(ctx, k.order(o.ID), company); !errors.Is(err, ErrNotFound) {
		t.Errorf("an order without an invoice: %v", err)
	}
	k.pay(o.ID, provider.Authorized, 0)
	must(t, k.Bill(ctx, k.order(o.ID), company))
	if got := k.download(o.ID, 0); got != "%PDF invoice A-000001 to Ada Ünlü AG, 2 lines" {
		t.Error(got)
	}
	must(t, k.Bill(ctx, k.order(o.ID), company)) // nothing new
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), []uuid.UUID{uuid.MustParse(k.shown(o.ID).Tickets[0].ID)}, "ill")
	must(t, err)
	must(t, k.Bill(ctx, k.order(o.ID), Billing{Name: "Åsa", Company: "Other AG"}))
	if got := k.papers(o.ID); got != "invoice A-000001 8400, credit A-000002 4200, credit A-000003 4200, invoice A-000004 4200" {
		t.Error(got)
	}
	if got := k.download(o.ID, 3); got != "%PDF invoice A-000004 to Åsa Other AG, 1 lines" {
		t.Error(got)
	}
	_, err = k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill") // the new invoice is credited, not the old
	must(t, err)
	if got := k.papers(o.ID); !strings.HasSuffix(got, "invoice A-000004 4200, credit A-000005 4200") {
		t.Error(got)
	}
	if err := k.Bill(ctx, k.order(o.ID), Billing{Company: "Late AG"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("nothing is left to invoice: %v", err)
	}
	k.quiet(k.Service)
	k.check()
	for _, bad := range []Billing{{Company: strings.Repeat("a", 201)}, {VATID: strings.Repeat("1", 41)}, {VATID: "DE2"}, {Address: []string{"a\x00"}}, {Address: strings.Split("a,b,c,d,e,f,g", ",")}} {
		if err := k.Bill(ctx, k.order(o.ID), bad); !errors.Is(err, ErrBadBilling) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	other := k.mustPlace(k.fan(5)).Order
	k.pay(other.ID, provider.Authorized, 0)
	for n := range mostReissues {
		k.download(other.ID, len(k.shown(other.ID).Invoices)-1)
		must(t, k.Bill(ctx, k.order(other.ID), Billing{Company: fmt.Sprint("AG ", n)}))
	}
	k.download(other.ID, len(k.shown(other.ID).Invoices)-1)
	if err := k.Bill(ctx, k.order(other.ID), Billing{Company: "One more"}); !errors.Is(err, ErrBillingLocked) {
		t.Errorf("numbers are a playground: %v", err)
	}
	k.check()
}

// A number is taken with the commit alone, however many pay at once and whatever is rolled back.
func TestNumbersHaveNoGap(t *testing.T) {
	t.Parallel()
	k, ctx := newSeller(t, 4200, 1), context.Background()
	var orders []string
	for i := range 10 {
		orders = append(orders, k.mustPlace(k.fan(i)).Order.ID)
	}
	errUndone := errors.New("undone")
	var all sync.WaitGroup
	for i, id := range orders {
		all.Go(func() { k.pay(id, provider.Authorized, 0) })
		if i%3 == 0 {
			all.Go(func() {
				err := k.Kit.DB.Transaction(func(tx *gorm.DB) error {
					if _, err := k.store.nextNumber(ctx, tx, "A-"); err != nil {
						return err
					}
					return errUndone
				})
				if !errors.Is(err, errUndone) {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	k.quiet(k.Service)
	if n := k.count(`SELECT last FROM invoice_series`); n != 10 || k.count(`SELECT count(*) FROM invoices`) != 10 {
		t.Errorf("the last number is %d", n)
	}
	k.check()
	for name, statement := range map[string]string{
		"deleted": `DELETE FROM invoices WHERE serial = 3`, "renumbered": `UPDATE invoices SET number = 'x' WHERE serial = 3`,
		"rewritten": `UPDATE invoices SET content = '{}' WHERE serial = 3`, "readdressed": `UPDATE invoices SET issued_at = now() WHERE serial = 3; UPDATE invoices SET billing = '{}' WHERE serial = 3`,
	} {
		if k.Kit.DB.Exec(statement).Error == nil {
			t.Errorf("an invoice was %s", name)
		}
	}
}

// What was never for tickets has no credit note, what cost nothing no invoice, and tax is that of category or event.
func TestWhatHasNoInvoice(t *testing.T) {
	t.Parallel()
	k, ctx := newSeller(t, 4200, 2), context.Background()
	must(t, k.SetTaxes(ctx, staffAda(), "", k.event, []EventTax{{Rate: 700}, {Category: "Stalls", Rate: 550, Name: "Culture"}}))
	k.promote(Draft{Code: "free", Terms: promotion.Terms{Percent: 100}})
	f := k.fan(0)
	f.buyer.Promo = "free"
	if o := k.mustPlace(f).Order; k.papers(o.ID) != "" {
		t.Error("nothing was paid, and there is an invoice")
	}
	o := k.mustPlace(k.fan(1)).Order
	k.pay(o.ID, provider.Captured, 4300) // too much: it goes back
	k.quiet(k.Service)
	if k.count(`SELECT count(*) FROM invoices`) != 0 {
		t.Error("a credit note for what was never invoiced")
	}
	o = k.mustPlace(k.fan(2)).Order
	k.pay(o.ID, provider.Authorized, 0)
	all, err := k.store.invoicesOf(ctx, k.Kit.DB, uuid.MustParse(o.ID))
	must(t, err)
	if l := all[0].Content.Lines[0]; l.Rate != (invoice.Rate{Points: 550, Name: "Culture"}) || l.Tax != 219 {
		t.Errorf("%+v", l)
	}
	taxes, err := k.Taxes(ctx, k.event)
	must(t, err)
	if len(taxes) != 2 || taxes[0] != (EventTax{Rate: 700, Name: "Tax 7 %"}) || taxes[1].Category != "c1" {
		t.Errorf("%+v", taxes)
	}
	for _, bad := range [][]EventTax{{{Rate: -1}}, {{Rate: 10001}}, {{Category: "Pit"}}, {{}, {}}, {{Name: "a\x00"}}} {
		if err := k.SetTaxes(ctx, staffAda(), "", k.event, bad); !is(err, "bad-field") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	k.check()
}
