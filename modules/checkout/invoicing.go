package checkout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/modules/checkout/invoice"
)

// An invoice is made in the transaction that makes an order paid, a credit note in the one that promises its money back: so
// each has the next number, or none is used. What stands on it never changes; to whom it is addressed may, until somebody
// has had it in hands. After that the old one is credited in full and a new one made.

// Seller is who stands on invoices; without a name there are none.
type Seller struct {
	Name     string   `json:"name"`
	Address  []string `json:"address"`
	VATID    string   `json:"vat_id"`
	Register string   `json:"register"`
	Prefix   string   `json:"-"` // before every number: one series for each
}

// Billing is to whom an invoice is addressed.
type Billing struct {
	Name    string   `json:"name"`
	Company string   `json:"company"`
	Address []string `json:"address"`
	VATID   string   `json:"vat_id"`
}

// Invoice is one document: an invoice, or a credit note that refers to one.
type Invoice struct {
	ID       uuid.UUID
	Number   string
	Kind     string // "invoice" or "credit"
	OrderID  uuid.UUID
	RefersTo *uuid.UUID
	Content  InvoiceContent
	Billing  Billing
	Total    int64
	Currency string
	MadeAt   time.Time
	IssuedAt *time.Time
}

// InvoiceContent is what stands on it for ever. Seats are named by the plan, which never changes either.
type InvoiceContent struct {
	Seller   Seller         `json:"seller"`
	Event    string         `json:"event"`
	Venue    string         `json:"venue"`
	Timezone string         `json:"timezone"`
	StartsAt *time.Time     `json:"starts_at"`
	Order    string         `json:"order"` // its code
	Lines    []invoice.Line `json:"lines"`
	Refers   string         `json:"refers,omitempty"` // the number of the invoice that is credited
	Test     bool           `json:"test,omitempty"`
}

const (
	kindInvoice = "invoice"
	kindCredit  = "credit"

	mostReissues   = 5 // of one order: a series of numbers is not a playground
	longestLine    = 200
	mostAddress    = 6
	longestVATID   = 40
	longestTaxName = 60
)

// ErrBadBilling has the fact "fields".
var ErrBadBilling = fault.New(fault.Invalid, "bad-billing", "The address of the invoice cannot be printed; see fields.")

// ErrBillingLocked is about an address that was changed too often.
var ErrBillingLocked = fault.New(fault.Conflict, "invoice-locked", "This invoice was changed as often as it can be here. Ask the organiser to help.")

// bill makes the invoice of an order that is being paid for. An order that cost nothing has none.
func (s *Service) bill(ctx context.Context, tx *gorm.DB, o Order) error {
	if s.Seller.Name == "" || o.Amount == 0 {
		return nil
	}
	content, err := s.store.invoiceContent(ctx, tx, o)
	if err != nil {
		return err
	}
	if content.Lines, err = s.store.soldLines(ctx, tx, o, s.Tax); err != nil {
		return err
	}
	if len(content.Lines) == 0 {
		return nil
	}
	invoice.Tax(content.Lines)
	content.Seller, content.Test = s.Seller, s.Trial
	return s.writeInvoice(ctx, tx, o, Invoice{Kind: kindInvoice, Content: content, Billing: Billing{Name: o.Name}}, nil)
}

// writeInvoice gives a document the next number and keeps it, last in its transaction: the number's row keeps everybody else
// of the seller waiting until the commit.
func (s *Service) writeInvoice(ctx context.Context, tx *gorm.DB, o Order, v Invoice, refund *uuid.UUID) error {
	v.ID, v.OrderID, v.Currency = newID(), o.ID, o.Currency
	v.Total, _ = invoice.Total(v.Content.Lines)
	serial, err := s.store.nextNumber(ctx, tx, s.Seller.Prefix)
	if err != nil {
		return err
	}
	v.Number = fmt.Sprintf("%s%06d", s.Seller.Prefix, serial)
	if err := s.store.insertInvoice(ctx, tx, v, s.Seller.Prefix, serial, refund); err != nil {
		return err
	}
	return s.store.note(ctx, tx, o.ID, v.Kind, map[string]any{"number": v.Number, "amount": v.Total})
}

// credit makes the credit note of a refund for tickets of an order that has an invoice. The tickets are void by now, so that
// the lines can be found that are theirs; a sum that is not that of lines is taken from all that is left.
func (s *Service) credit(ctx context.Context, tx *gorm.DB, o Order, r Refund) error {
	if !creditable(r.Reason) {
		return nil
	}
	open, lines, found, err := s.openInvoice(ctx, tx, o)
	if err != nil || !found {
		return err
	}
	// Money may go back that the invoice never had: the difference to cheaper seats, say, which it was written for.
	left, _ := invoice.Total(lines)
	worth, err := s.store.validWorth(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	amount := min(r.Amount, left-worth)
	if amount <= 0 {
		return nil
	}
	returned, err := s.store.releasedClaims(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	back := slices.DeleteFunc(slices.Clone(lines), func(l invoice.Line) bool { return !returned[l.Claim] })
	if gross, _ := invoice.Total(back); gross != amount {
		back = invoice.Part(lines, amount)
	}
	return s.creditLines(ctx, tx, o, open, back, &r.ID)
}

// creditable tells refunds of what was delivered from money that never was for it.
func creditable(reason string) bool {
	return reason != reasonWrongAmount && reason != reasonSecond && reason != reasonLate && reason != reasonOverpaid
}

func (s *Service) creditLines(ctx context.Context, tx *gorm.DB, o Order, of Invoice, lines []invoice.Line, refund *uuid.UUID) error {
	content := of.Content
	content.Lines, content.Refers = lines, of.Number
	return s.writeInvoice(ctx, tx, o, Invoice{Kind: kindCredit, RefersTo: &of.ID, Content: content, Billing: of.Billing}, refund)
}

// openInvoice is the order's newest invoice, locked, and what of it is not credited: its lines, less those that were, and if a part was
// that is no line, a line for each rate with what is left.
func (s *Service) openInvoice(ctx context.Context, tx *gorm.DB, o Order) (v Invoice, lines []invoice.Line, found bool, err error) {
	all, err := s.store.invoicesOf(ctx, tx, o.ID)
	if err != nil {
		return v, nil, false, err
	}
	for _, one := range all {
		if one.Kind == kindInvoice {
			v, found = one, true
		}
	}
	if !found {
		return v, nil, false, nil
	}
	credited := map[int64]bool{}
	var parts []invoice.Line
	for _, one := range all {
		if one.RefersTo == nil || *one.RefersTo != v.ID {
			continue
		}
		for _, l := range one.Content.Lines {
			if l.Claim != 0 {
				credited[l.Claim] = true
			} else {
				parts = append(parts, l)
			}
		}
	}
	for _, l := range v.Content.Lines {
		if l.Claim == 0 || !credited[l.Claim] {
			lines = append(lines, l)
		}
	}
	return v, lessParts(lines, parts), len(lines) > 0, nil
}

// lessParts takes sums without a seat off lines, rate by rate.
func lessParts(lines, parts []invoice.Line) []invoice.Line {
	if len(parts) == 0 {
		return lines
	}
	var left []invoice.Line
	for _, sum := range invoice.Sums(lines) {
		l := invoice.Line{Rate: sum.Rate, Gross: sum.Gross, Tax: sum.Tax}
		for _, p := range parts {
			if p.Rate == sum.Rate {
				l.Gross, l.Tax = l.Gross-p.Gross, l.Tax-p.Tax
			}
		}
		if l.Gross > 0 {
			left = append(left, l)
		}
	}
	return left
}

// Bill addresses the invoice of an order: the one there is while nobody has had it, else a new one, which takes the place of what
// is left of the old. ErrNotFound if the order has none.
func (s *Service) Bill(ctx context.Context, o Order, b Billing) error {
	if err := b.check(); err != nil {
		return err
	}
	if b.Name == "" {
		b.Name = o.Name
	}
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, o.ID, "FOR UPDATE")
		if err != nil {
			return err
		}
		v, lines, found, err := s.openInvoice(ctx, tx, o)
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		if slices.Equal(v.Billing.Address, b.Address) && v.Billing.Name == b.Name && v.Billing.Company == b.Company && v.Billing.VATID == b.VATID {
			return nil
		}
		if addressed, err := s.store.addressInvoice(ctx, tx, v.ID, b); err != nil || addressed {
			return err
		}
		if n, err := s.store.countInvoices(ctx, tx, o.ID); err != nil {
			return err
		} else if n > mostReissues {
			return ErrBillingLocked
		}
		if err := s.creditLines(ctx, tx, o, v, lines, nil); err != nil {
			return err
		}
		content := v.Content
		content.Lines = lines
		return s.writeInvoice(ctx, tx, o, Invoice{Kind: kindInvoice, Content: content, Billing: b}, nil)
	})
}

// check tidies what a stranger typed, and names each field that cannot be printed.
func (b *Billing) check() error {
	fields := fault.Fields{}
	line := func(name, text string, longest int) string {
		text = strings.Join(strings.Fields(text), " ")
		if len([]rune(text)) > longest || !printable(text) {
			fields[name] = fmt.Sprintf("at most %d printable characters", longest)
		}
		return text
	}
	b.Name, b.Company = line("name", b.Name, longestLine), line("company", b.Company, longestLine)
	b.VATID = line("vat_id", b.VATID, longestVATID)
	if id, ok := invoice.VATID(b.VATID); ok {
		b.VATID = id
	} else if fields["vat_id"] == "" {
		fields["vat_id"] = "is no VAT ID, such as DE123456789"
	}
	address := []string{}
	for _, one := range b.Address {
		if one = line("address", one, longestLine); one != "" {
			address = append(address, one)
		}
	}
	if b.Address = address; len(address) > mostAddress {
		fields["address"] = fmt.Sprintf("at most %d lines", mostAddress)
	}
	if len(fields) > 0 {
		return ErrBadBilling.With("fields", fields)
	}
	return nil
}
