package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"fairseat/app/fault"
)

// paymentRow is a row of sandbox.payments.
type paymentRow struct {
	ID          string
	Payment     string
	OrderID     string
	Amount      int64
	Currency    string
	Description string
	ReturnURL   string
	WebhookURL  string
	Status      Status
	Authorized  int64
	Captured    int64
	Refunded    int64
	Challenged  bool
	DeclinedFor string
	Dispute     string
}

const paymentColumns = `id, payment, order_id, amount, currency, description, return_url, webhook_url, status, authorized, captured, refunded, challenged, declined_for, dispute`

// find reads one payment; ErrNoPayment if there is none.
func find(db *gorm.DB, id string) (paymentRow, error) {
	var row paymentRow
	if !isPaymentID(id) {
		return row, ErrNoPayment
	}
	res := db.Raw(`SELECT `+paymentColumns+` FROM sandbox.payments WHERE id = ?`, id).Scan(&row)
	if res.Error != nil {
		return row, fmt.Errorf("read sandbox payment: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return row, ErrNoPayment
	}
	return row, nil
}

// show is a payment as the merchant sees it, with its refunds.
func (p *Processor) show(db *gorm.DB, row paymentRow) (Payment, error) {
	shown := Payment{
		ID: row.ID, Payment: row.Payment, Order: row.OrderID, Status: row.Status, Amount: row.Amount, Currency: row.Currency,
		Authorized: row.Authorized, Captured: row.Captured, Refunded: row.Refunded,
		URL: strings.TrimSuffix(p.deps.PublicURL(), "/") + "/sandbox/pay/" + row.ID, DeclinedFor: row.DeclinedFor, Dispute: row.Dispute, Refunds: []Refund{},
	}
	if row.Refunded == 0 {
		return shown, nil
	}
	if err := db.Raw(`SELECT id, key, amount FROM sandbox.refunds WHERE payment_id = ? ORDER BY n`, row.ID).Scan(&shown.Refunds).Error; err != nil {
		return shown, fmt.Errorf("read sandbox refunds: %w", err)
	}
	return shown, nil
}

// get is the payment with this id.
func (p *Processor) get(ctx context.Context, id string) (Payment, error) {
	db := p.deps.DB.WithContext(ctx)
	row, err := find(db, id)
	if err != nil {
		return Payment{}, err
	}
	return p.show(db, row)
}

// byMerchant lists every payment that carries the merchant's id, oldest first.
func (p *Processor) byMerchant(ctx context.Context, payment string) ([]Payment, error) {
	db := p.deps.DB.WithContext(ctx)
	var rows []paymentRow
	if err := db.Raw(`SELECT `+paymentColumns+` FROM sandbox.payments WHERE payment = ? ORDER BY n`, payment).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list sandbox payments: %w", err)
	}
	shown := make([]Payment, len(rows))
	for i, row := range rows {
		var err error
		if shown[i], err = p.show(db, row); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

// charges is the whole ledger, oldest first.
func (p *Processor) charges(ctx context.Context) ([]Charge, error) {
	all := []Charge{}
	if err := p.deps.DB.WithContext(ctx).Raw(`SELECT payment, order_id AS "order", status, amount, currency, captured, refunded, dispute
		FROM sandbox.payments ORDER BY n`).Scan(&all).Error; err != nil {
		return nil, fmt.Errorf("list sandbox charges: %w", err)
	}
	return all, nil
}

// create opens a payment. No webhook tells of it: the merchant has the answer.
func (p *Processor) create(tx *gorm.DB, r createRequest) (id string, err error) {
	id = newID("pay_")
	err = tx.Exec(`INSERT INTO sandbox.payments (id, payment, order_id, amount, currency, description, return_url, webhook_url, created_at, changed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, coalesce(?::timestamptz, now()), coalesce(?::timestamptz, now()))`,
		id, r.Payment, r.Order, r.Amount, r.Currency, r.Description, r.ReturnURL, r.WebhookURL, p.now(), p.now()).Error
	if err != nil {
		return "", fmt.Errorf("open sandbox payment: %w", err)
	}
	return id, nil
}

// move makes one step of the drawing in payment.go and tells the merchant. The statement names the states it may
// leave, so two at once cannot both succeed; reached already, it does nothing.
func (p *Processor) move(tx *gorm.DB, id string, to Status) error {
	if !isPaymentID(id) {
		return ErrNoPayment
	}
	var set string
	var from []Status
	var args []any
	switch to {
	case Authorized:
		f, err := readFaults(tx)
		if err != nil {
			return err
		}
		set, from = `authorized = amount + ?`, []Status{Open}
		args = append(args, f.surcharge())
	case Declined:
		set, from = `authorized = 0`, []Status{Open}
	case Captured:
		set, from = `captured = authorized`, []Status{Authorized}
	case Cancelled:
		set, from = `captured = 0`, []Status{Open, Authorized}
	}
	args = append(args, to, p.now(), id, from)
	res := tx.Exec(`UPDATE sandbox.payments SET `+set+`, status = ?, changed_at = coalesce(?::timestamptz, now())
		WHERE id = ? AND status IN ?`, args...)
	if res.Error != nil {
		return fmt.Errorf("sandbox payment to %s: %w", to, res.Error)
	}
	row, err := find(tx, id)
	if err != nil {
		return err
	}
	if res.RowsAffected == 1 {
		return p.tell(tx, row, "payment."+string(to))
	}
	if row.Status != to {
		return ErrWrongState.With("payment_status", row.Status)
	}
	return nil
}

// decide is the fan's click. A payment that was captured since was paid all the same.
func (p *Processor) decide(ctx context.Context, id string, click outcome) error {
	err := p.transact(ctx, func(tx *gorm.DB) error {
		if click.challenge {
			return p.challenge(tx, id)
		}
		err := p.move(tx, id, click.to)
		if f := fault.As(err); click.to == Authorized && f != nil && f.Facts["payment_status"] == Captured {
			return nil
		}
		if err != nil || click.to != Declined {
			return err
		}
		// The first answer stays: a click that is repeated changes nothing.
		return tx.Exec(`UPDATE sandbox.payments SET declined_for = ? WHERE id = ? AND declined_for = ''`, click.reason, id).Error
	})
	p.poke()
	return err
}

// challenge lets the bank ask who is paying. No webhook tells of it: nothing is decided.
func (p *Processor) challenge(tx *gorm.DB, id string) error {
	row, err := find(tx, id)
	if err != nil {
		return err
	}
	res := tx.Exec(`UPDATE sandbox.payments SET challenged = true, changed_at = coalesce(?::timestamptz, now()) WHERE id = ? AND status = 'open'`, p.now(), id)
	if res.Error != nil {
		return fmt.Errorf("challenge sandbox payment: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrWrongState.With("payment_status", row.Status)
	}
	return nil
}

// refund gives money back. A key that refunded this payment once never does so again, however old it is.
func (p *Processor) refund(tx *gorm.DB, id, key string, amount int64) error {
	row, err := find(tx, id)
	if err != nil {
		return err
	}
	var earlier int64
	if res := tx.Raw(`SELECT amount FROM sandbox.refunds WHERE payment_id = ? AND key = ?`, id, key).Scan(&earlier); res.Error != nil {
		return fmt.Errorf("look for sandbox refund: %w", res.Error)
	} else if res.RowsAffected == 1 {
		if earlier != amount {
			return ErrKeyReused
		}
		return nil
	}
	if row.Status != Captured || row.Dispute == disputeOpen || row.Dispute == disputeLost {
		return ErrWrongState.With("payment_status", row.Status)
	}
	if f, err := readFaults(tx); err != nil {
		return err
	} else if f.RefuseRefunds {
		return ErrNoFunds
	}
	res := tx.Exec(`UPDATE sandbox.payments SET refunded = refunded + ?, changed_at = coalesce(?::timestamptz, now())
		WHERE id = ? AND status = 'captured' AND refunded + ? <= captured`, amount, p.now(), id, amount)
	if res.Error != nil {
		return fmt.Errorf("refund sandbox payment: %w", res.Error)
	}
	if row, err = find(tx, id); err != nil {
		return err
	}
	if res.RowsAffected == 0 {
		return ErrRefundTooLarge.With("left", row.Captured-row.Refunded)
	}
	if err := tx.Exec(`INSERT INTO sandbox.refunds (id, payment_id, key, amount, created_at) VALUES (?, ?, ?, ?, coalesce(?::timestamptz, now()))`,
		newID("ref_"), id, key, amount, p.now()).Error; err != nil {
		return fmt.Errorf("note sandbox refund: %w", err)
	}
	return p.tell(tx, row, "payment.refunded")
}

// retention is how long answers and delivered webhooks are kept; payments and refunds are kept for ever.
const retention = 30 * 24 * time.Hour

// Purge forgets what no merchant asks for any more; Run calls it every hour.
func (p *Processor) Purge(ctx context.Context) error {
	for _, q := range []string{
		`DELETE FROM sandbox.idempotency WHERE created_at < coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s'`,
		`DELETE FROM sandbox.webhooks WHERE status <> 'due' AND created_at < coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s'`,
	} {
		if err := p.deps.DB.WithContext(ctx).Exec(q, p.now(), retention.Seconds()).Error; err != nil {
			return fmt.Errorf("purge sandbox: %w", err)
		}
	}
	return nil
}
