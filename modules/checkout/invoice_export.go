package checkout

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/money"
	"fairseat/modules/checkout/invoice"
)

// ExportInvoices writes every invoice and credit note of an event as CSV, oldest first, in batches: one row a document, with
// what is credited below zero, so that a column's sum is what stands in the books.
func (s *Service) ExportInvoices(ctx context.Context, eventID int64, w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"number", "kind", "refers_to", "made_at", "order", "name", "company", "vat_id", "currency", "net", "tax", "gross", "taxes"}); err != nil {
		return err
	}
	var after time.Time
	var last uuid.UUID
	for {
		batch, err := s.store.invoicesAfter(ctx, eventID, after, last, exportBatch)
		if err != nil {
			return err
		}
		for _, v := range batch {
			if err := out.Write(invoiceCSV(v)); err != nil {
				return fmt.Errorf("export invoices: %w", err)
			}
		}
		if out.Flush(); out.Error() != nil {
			return fmt.Errorf("export invoices: %w", out.Error())
		}
		if len(batch) < exportBatch {
			return nil
		}
		after, last = batch[len(batch)-1].MadeAt, batch[len(batch)-1].ID
	}
}

func invoiceCSV(v Invoice) []string {
	sign := int64(1)
	if v.Kind == kindCredit {
		sign = -1
	}
	amount := func(minor int64) string { return money.Plain(sign*minor, v.Currency) }
	var taxes []string
	for _, sum := range invoice.Sums(v.Content.Lines) {
		if sum.Points > 0 {
			taxes = append(taxes, sum.Name+": "+amount(sum.Tax))
		}
	}
	gross, tax := invoice.Total(v.Content.Lines)
	return []string{csvText(v.Number), v.Kind, csvText(v.Content.Refers), clock.Format(v.MadeAt), v.Content.Order, csvText(v.Billing.Name), csvText(v.Billing.Company),
		csvText(v.Billing.VATID), v.Currency, amount(gross - tax), amount(tax), amount(gross), csvText(strings.Join(taxes, "; "))}
}

// invoicesAfter pages through an event's documents.
func (s store) invoicesAfter(ctx context.Context, event int64, after time.Time, last uuid.UUID, limit int) ([]Invoice, error) {
	var rows []invoiceRow
	err := s.db.WithContext(ctx).Raw(`SELECT i.id, i.order_id, i.number, i.kind, i.currency, i.refers_to, i.content, i.billing, i.total, i.made_at, i.issued_at
		FROM invoices i JOIN orders o ON o.id = i.order_id WHERE o.event_id = ? AND (i.made_at, i.id) > (?::timestamptz, ?::uuid)
		ORDER BY i.made_at, i.id LIMIT ?`, event, after, last, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	out := make([]Invoice, len(rows))
	for i, r := range rows {
		if out[i], err = r.invoice(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// exportInvoices answers GET /admin/events/:event/invoices.csv.
func (h *handler) exportInvoices(c echo.Context) error {
	return h.download(c, "invoices", h.s.ExportInvoices)
}
