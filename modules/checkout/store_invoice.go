package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/invoice"
)

// nextNumber takes the next number of a series. Its row is locked until the transaction ends; if that rolls back the number was
// never taken.
func (s store) nextNumber(ctx context.Context, tx *gorm.DB, prefix string) (serial int64, err error) {
	_, err = one(tx.WithContext(ctx), &serial, `INSERT INTO invoice_series (prefix, last) VALUES (?, 1)
		ON CONFLICT (prefix) DO UPDATE SET last = invoice_series.last + 1 RETURNING last`, prefix)
	if err != nil {
		return 0, fmt.Errorf("next number: %w", err)
	}
	return serial, nil
}

func (s store) insertInvoice(ctx context.Context, tx *gorm.DB, v Invoice, prefix string, serial int64, refund *uuid.UUID) error {
	content, err := json.Marshal(v.Content)
	if err != nil {
		return err
	}
	billing, err := json.Marshal(v.Billing)
	if err != nil {
		return err
	}
	if err := tx.WithContext(ctx).Exec(`INSERT INTO invoices (id, prefix, serial, number, kind, order_id, refers_to, refund_id, content, billing, total, currency, made_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, `+now+`)`, v.ID, prefix, serial, v.Number, v.Kind, v.OrderID, v.RefersTo, refund,
		string(content), string(billing), v.Total, v.Currency, s.now()).Error; err != nil {
		return fmt.Errorf("insert %s: %w", v.Kind, err)
	}
	return nil
}

// invoiceContent is what an invoice says of the order and its event. It asks the tables alone: the transaction holds locks.
func (s store) invoiceContent(ctx context.Context, tx *gorm.DB, o Order) (c InvoiceContent, err error) {
	var row struct {
		Name, Venue, Timezone string
		StartsAt              *time.Time
	}
	if _, err = one(tx.WithContext(ctx), &row, `SELECT name, venue, timezone, starts_at FROM events WHERE id = ?`, o.EventID); err != nil {
		return c, fmt.Errorf("read event of invoice: %w", err)
	}
	return InvoiceContent{Event: row.Name, Venue: row.Venue, Timezone: row.Timezone, StartsAt: row.StartsAt, Order: o.Code}, nil
}

// soldLines are the seats of an order that has just been sold, each with the tax that is in its price: of its category, else of its
// event, else of the installation.
func (s store) soldLines(ctx context.Context, tx *gorm.DB, o Order, otherwise invoice.Rate) (lines []invoice.Line, err error) {
	var rows []struct {
		ID, Price int64
		Seat      int
		Category  string
		Rate      *int
		Name      *string
	}
	err = tx.WithContext(ctx).Raw(`SELECT c.id, c.seat_id AS seat, c.price, s.category, t.rate, t.name
		FROM seat_claims c JOIN seats s ON s.event_id = c.event_id AND s.seat_id = c.seat_id
		LEFT JOIN LATERAL (SELECT rate, name FROM event_taxes t WHERE t.event_id = c.event_id AND t.category IN ('', s.category)
			ORDER BY t.category DESC LIMIT 1) t ON true
		WHERE c.order_id = ? AND c.status IN ('sold','listed') AND c.price > 0 ORDER BY c.seat_id`, o.ID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read lines: %w", err)
	}
	for _, r := range rows {
		l := invoice.Line{Claim: r.ID, Seat: &r.Seat, Category: r.Category, Rate: otherwise, Gross: r.Price}
		if r.Rate != nil {
			l.Rate = invoice.Rate{Points: *r.Rate, Name: *r.Name}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// releasedClaims are the claims of an order that ended, and with each those it took the place of: an invoice knows a seat
// that was exchanged by the claim it was first sold under.
func (s store) releasedClaims(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) (map[int64]bool, error) {
	var rows []int64
	err := tx.WithContext(ctx).Raw(`WITH RECURSIVE chain AS (
		SELECT c.id, c.replaces FROM seat_claims c WHERE c.order_id = ? AND c.status = 'released'
			AND NOT EXISTS (SELECT 1 FROM seat_claims r WHERE r.replaces = c.id)
		UNION SELECT c.id, c.replaces FROM seat_claims c JOIN chain ON c.id = chain.replaces) SELECT id FROM chain`, orderID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read returned claims: %w", err)
	}
	out := map[int64]bool{}
	for _, id := range rows {
		out[id] = true
	}
	return out, nil
}

// lineage are a claim and those it took the place of.
func (s store) lineage(ctx context.Context, tx *gorm.DB, claim int64) (map[int64]bool, error) {
	var rows []int64
	err := tx.WithContext(ctx).Raw(`WITH RECURSIVE chain AS (SELECT id, replaces FROM seat_claims WHERE id = ?
		UNION SELECT c.id, c.replaces FROM seat_claims c JOIN chain ON c.id = chain.replaces) SELECT id FROM chain`, claim).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read lineage of claim: %w", err)
	}
	out := map[int64]bool{}
	for _, id := range rows {
		out[id] = true
	}
	return out, nil
}

// validWorth is what the tickets of an order that are not void cost.
func (s store) validWorth(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) (sum int64, err error) {
	if _, err = one(tx.WithContext(ctx), &sum, `SELECT coalesce(sum(c.price), 0)::bigint FROM tickets t JOIN seat_claims c ON c.id = t.claim_id
		WHERE c.order_id = ? AND t.status <> 'void'`, orderID); err != nil {
		return 0, fmt.Errorf("worth of tickets: %w", err)
	}
	return sum, nil
}

type invoiceRow struct {
	ID, OrderID            uuid.UUID
	Number, Kind, Currency string
	RefersTo               *uuid.UUID
	Content, Billing       string
	Total                  int64
	MadeAt                 time.Time
	IssuedAt               *time.Time
}

const invoiceColumns = `id, order_id, number, kind, currency, refers_to, content, billing, total, made_at, issued_at`

func (r invoiceRow) invoice() (Invoice, error) {
	v := Invoice{ID: r.ID, Number: r.Number, Kind: r.Kind, OrderID: r.OrderID, RefersTo: r.RefersTo, Total: r.Total, Currency: r.Currency, MadeAt: r.MadeAt, IssuedAt: r.IssuedAt}
	if err := json.Unmarshal([]byte(r.Content), &v.Content); err != nil {
		return v, fmt.Errorf("invoice %s: %w", r.Number, err)
	}
	if err := json.Unmarshal([]byte(r.Billing), &v.Billing); err != nil {
		return v, fmt.Errorf("invoice %s: %w", r.Number, err)
	}
	return v, nil
}

// invoicesOf are an order's documents in the order of their numbers.
func (s store) invoicesOf(ctx context.Context, db *gorm.DB, orderID uuid.UUID) ([]Invoice, error) {
	var rows []invoiceRow
	if err := db.WithContext(ctx).Raw(`SELECT `+invoiceColumns+` FROM invoices WHERE order_id = ? ORDER BY made_at, serial`, orderID).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read invoices: %w", err)
	}
	out := make([]Invoice, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.invoice(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addressInvoice addresses an invoice that nobody has had in hands, and its credit notes; false if somebody has.
func (s store) addressInvoice(ctx context.Context, tx *gorm.DB, id uuid.UUID, b Billing) (bool, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return false, err
	}
	n, err := changed(tx.WithContext(ctx), `UPDATE invoices SET billing = ?::jsonb WHERE id = ? AND issued_at IS NULL`, string(text), id)
	if err != nil {
		return false, fmt.Errorf("address invoice: %w", err)
	}
	if n == 0 {
		return false, nil
	}
	if _, err := changed(tx.WithContext(ctx), `UPDATE invoices SET billing = ?::jsonb WHERE refers_to = ? AND issued_at IS NULL`, string(text), id); err != nil {
		return false, fmt.Errorf("address credit notes: %w", err)
	}
	return true, nil
}

// issueInvoice writes down that somebody has a document in hands, and answers it as it is then.
func (s store) issueInvoice(ctx context.Context, orderID, id uuid.UUID) (v Invoice, found bool, err error) {
	var row invoiceRow
	db := s.db.WithContext(ctx)
	if _, err = changed(db, `UPDATE invoices SET issued_at = `+now+` WHERE id = ? AND order_id = ? AND issued_at IS NULL`, s.now(), id, orderID); err != nil {
		return v, false, fmt.Errorf("issue invoice: %w", err)
	}
	if found, err = one(db, &row, `SELECT `+invoiceColumns+` FROM invoices WHERE id = ? AND order_id = ?`, id, orderID); err != nil || !found {
		return v, false, err
	}
	v, err = row.invoice()
	return v, true, err
}

func (s store) countInvoices(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) (n int, err error) {
	_, err = one(tx.WithContext(ctx), &n, `SELECT count(*) FROM invoices WHERE order_id = ? AND kind = 'invoice'`, orderID)
	return n, err
}

// orderTax is what an order's documents say in the end: net and tax of its invoices less its credit notes, and the number of the
// newest invoice.
type orderTax struct {
	OrderID  uuid.UUID
	Net, Tax int64
	Number   string
}

func (s store) taxesOf(ctx context.Context, orders []uuid.UUID) (map[uuid.UUID]orderTax, error) {
	var rows []orderTax
	err := s.db.WithContext(ctx).Raw(`SELECT i.order_id, sum(sign * (l.gross - l.tax))::bigint AS net, sum(sign * l.tax)::bigint AS tax,
			(array_agg(i.number ORDER BY i.serial DESC) FILTER (WHERE i.kind = 'invoice'))[1] AS number
		FROM (SELECT *, CASE kind WHEN 'credit' THEN -1 ELSE 1 END AS sign FROM invoices WHERE order_id IN ?) i
		CROSS JOIN LATERAL (SELECT sum((l->>'gross')::bigint) AS gross, sum((l->>'tax')::bigint) AS tax FROM jsonb_array_elements(i.content->'lines') l) l
		GROUP BY i.order_id`, orders).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read taxes: %w", err)
	}
	out := map[uuid.UUID]orderTax{}
	for _, r := range rows {
		out[r.OrderID] = r
	}
	return out, nil
}
