// Package transfer is the provider "transfer": the buyer sends money to a bank account, and staff say when it has come.
// Its ledger is a table of ours that is read like any other processor's; nothing here is authorised first, and whatever
// comes is taken.
package transfer

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/modules/checkout/provider"
)

// Config is what a Client needs.
type Config struct {
	DB      *gorm.DB
	Clock   clock.Clock
	Account provider.Account
	Days    int // that a buyer has
}

// Client is the provider. Safe for concurrent use.
type Client struct{ config Config }

// New makes a client.
func New(config Config) *Client { return &Client{config} }

// Name is "transfer".
func (c *Client) Name() string { return "transfer" }

// Account is where the money goes, and Time how long a buyer has for it.
func (c *Client) Account() provider.Account { return c.config.Account }

// Time is how long a buyer has.
func (c *Client) Time() time.Duration { return time.Duration(c.config.Days) * 24 * time.Hour }

type row struct {
	PaymentID uuid.UUID
	OrderID   uuid.UUID
	Amount    int64
	Currency  string
	Status    provider.Status
	Received  int64
	Refunded  int64
}

const selectRows = `SELECT t.*, coalesce((SELECT sum(r.amount) FROM transfer_refunds r WHERE r.payment_id = t.payment_id), 0)::bigint AS refunded FROM transfers t `

// Create opens a transfer; there is no page to pay it at.
func (c *Client) Create(ctx context.Context, r provider.CreateRequest) (provider.State, error) {
	err := c.config.DB.WithContext(ctx).Exec(`INSERT INTO transfers (payment_id, order_id, amount, currency, created_at)
		VALUES (?, ?, ?, ?, coalesce(?::timestamptz, now())) ON CONFLICT DO NOTHING`, r.Payment, r.Order, r.Amount, r.Currency, c.now()).Error
	if err != nil {
		return provider.State{}, fmt.Errorf("open transfer: %w", err)
	}
	return c.Find(ctx, r.Payment)
}

func (c *Client) now() *time.Time { return clock.SQLArg(c.config.Clock) }

// Read is the record; the reference is our id.
func (c *Client) Read(ctx context.Context, ref string) (provider.State, error) {
	id, err := uuid.Parse(ref)
	if err != nil {
		return provider.State{}, provider.ErrUnknownPayment
	}
	return c.Find(ctx, id)
}

// Find is the record.
func (c *Client) Find(ctx context.Context, payment uuid.UUID) (provider.State, error) {
	db := c.config.DB.WithContext(ctx)
	var rows []row
	if err := db.Raw(selectRows+`WHERE payment_id = ?`, payment).Scan(&rows).Error; err != nil {
		return provider.State{}, fmt.Errorf("read transfer: %w", err)
	}
	if len(rows) == 0 {
		return provider.State{}, provider.ErrUnknownPayment
	}
	r := rows[0]
	st := provider.State{Ref: payment.String(), Payment: payment.String(), Status: r.Status, Currency: r.Currency,
		Authorized: r.Received, Captured: r.Received, Refunded: r.Refunded}
	if err := db.Raw(`SELECT key, amount FROM transfer_refunds WHERE payment_id = ? ORDER BY sent_at, key`, payment).Scan(&st.Refunds).Error; err != nil {
		return st, fmt.Errorf("read refunds of transfer: %w", err)
	}
	return st, nil
}

// Capture has nothing to do: what came is taken.
func (c *Client) Capture(ctx context.Context, ref, _ string) (provider.State, error) {
	st, err := c.Read(ctx, ref)
	if err == nil && st.Status != provider.Captured {
		return st, provider.ErrWrongState
	}
	return st, err
}

// Cancel stops waiting for a transfer. Nobody can keep the buyer from sending it all the same: then staff say so, and it is
// late money.
func (c *Client) Cancel(ctx context.Context, ref, _ string) (provider.State, error) {
	if err := c.config.DB.WithContext(ctx).Exec(`UPDATE transfers SET status = 'cancelled' WHERE payment_id = ?::uuid AND status = 'open'`, ref).Error; err != nil {
		return provider.State{}, fmt.Errorf("cancel transfer: %w", err)
	}
	st, err := c.Read(ctx, ref)
	if err == nil && st.Status == provider.Captured {
		return st, provider.ErrWrongState
	}
	return st, err
}

// Refund is made by hand: it is refused here until MarkSent says that it was.
func (c *Client) Refund(ctx context.Context, ref, key string, _ int64) (provider.State, error) {
	st, err := c.Read(ctx, ref)
	if err == nil && !st.HasRefund(key) {
		return st, fmt.Errorf("%w: somebody has to send it back by hand", provider.ErrRefused)
	}
	return st, err
}

// Charges are the transfers opened since that moment.
func (c *Client) Charges(ctx context.Context, since time.Time) ([]provider.Charge, error) {
	var rows []row
	if err := c.config.DB.WithContext(ctx).Raw(selectRows+`WHERE created_at >= ? ORDER BY created_at`, since).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read transfers: %w", err)
	}
	charges := make([]provider.Charge, len(rows))
	for i, r := range rows {
		charges[i] = provider.Charge{Payment: r.PaymentID.String(), Order: r.OrderID.String(), Status: r.Status, Amount: r.Amount, Currency: r.Currency,
			Captured: r.Received, Refunded: r.Refunded}
	}
	return charges, nil
}

// Event refuses: nobody tells us anything.
func (c *Client) Event(http.Header, []byte, time.Time) (provider.Event, error) {
	return provider.Event{}, provider.ErrBadSignature
}

// Health is always good: where our own database is away, nothing is asked.
func (c *Client) Health() provider.Health { return provider.Health{Healthy: true} }

// Probe has nobody to ask.
func (c *Client) Probe(context.Context) {}

// MarkPaid writes down that money came, in the caller's transaction, once; ErrWrongState if it is written down already,
// ErrUnknownPayment. Money for a transfer nobody waits for any more is money too.
func (c *Client) MarkPaid(ctx context.Context, tx *gorm.DB, payment uuid.UUID, r provider.Receipt) error {
	res := tx.WithContext(ctx).Exec(`UPDATE transfers SET status = 'captured', received = ?, reference = ?, value_date = ? WHERE payment_id = ? AND status <> 'captured'`,
		r.Amount, r.Reference, r.ValueDate, payment)
	if res.Error != nil {
		return fmt.Errorf("mark transfer as paid: %w", res.Error)
	}
	if res.RowsAffected == 1 {
		return nil
	}
	if _, err := c.Find(ctx, payment); err != nil {
		return err
	}
	return provider.ErrWrongState
}

// Surplus writes down money that came beyond what was asked for, as a payment of its own.
func (c *Client) Surplus(ctx context.Context, tx *gorm.DB, payment, order uuid.UUID, currency string, r provider.Receipt) error {
	err := tx.WithContext(ctx).Exec(`INSERT INTO transfers (payment_id, order_id, amount, currency, status, received, reference, value_date, created_at)
		VALUES (?, ?, ?, ?, 'captured', ?, ?, ?, coalesce(?::timestamptz, now()))`, payment, order, r.Amount, currency, r.Amount, r.Reference, r.ValueDate, c.now()).Error
	if err != nil {
		return fmt.Errorf("write surplus down: %w", err)
	}
	return nil
}

// Unmark takes back that money came, unless some of it was sent back.
func (c *Client) Unmark(ctx context.Context, tx *gorm.DB, payment uuid.UUID) error {
	res := tx.WithContext(ctx).Exec(`UPDATE transfers t SET status = 'cancelled', received = 0, reference = '', value_date = NULL WHERE payment_id = ? AND status = 'captured'
		AND NOT EXISTS (SELECT 1 FROM transfer_refunds r WHERE r.payment_id = t.payment_id)`, payment)
	if res.Error != nil {
		return fmt.Errorf("take back that a transfer came: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return provider.ErrWrongState
	}
	return nil
}

// MarkSent writes down that a refund was sent back, in the caller's transaction, once however often it is said.
func (c *Client) MarkSent(ctx context.Context, tx *gorm.DB, payment uuid.UUID, key string, amount int64) error {
	err := tx.WithContext(ctx).Exec(`INSERT INTO transfer_refunds (payment_id, key, amount, sent_at) VALUES (?, ?, ?, coalesce(?::timestamptz, now()))
		ON CONFLICT DO NOTHING`, payment, key, amount, c.now()).Error
	if err != nil {
		return fmt.Errorf("mark refund as sent: %w", err)
	}
	return nil
}
