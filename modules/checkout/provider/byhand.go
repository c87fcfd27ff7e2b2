package provider

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// ByHand is a provider whose money people move: staff say what came and what went back, and buyers have days. Its refunds
// are owed until somebody has sent them.
type ByHand interface {
	Provider
	// Account is where the money goes, Time how long a buyer has.
	Account() Account
	Time() time.Duration
	// MarkPaid writes down in the caller's transaction that money came; ErrWrongState if that is known.
	MarkPaid(ctx context.Context, tx *gorm.DB, payment uuid.UUID, r Receipt) error
	// Surplus writes down in the caller's transaction money that came beyond what was asked for, as a payment of its own.
	Surplus(ctx context.Context, tx *gorm.DB, payment, order uuid.UUID, currency string, r Receipt) error
	// Unmark takes back in the caller's transaction that money came; ErrWrongState if some of it was sent back, or none came.
	Unmark(ctx context.Context, tx *gorm.DB, payment uuid.UUID) error
	// MarkSent writes down in the caller's transaction that a refund went back; repeating it changes nothing.
	MarkSent(ctx context.Context, tx *gorm.DB, payment uuid.UUID, key string, amount int64) error
}

// Account is a bank account, as a buyer has to type it.
type Account struct{ Holder, IBAN, BIC string }

// Receipt is money that came: Amount in minor units of the payment's currency, the rest as the bank statement has it.
type Receipt struct {
	Amount    int64
	Reference string
	ValueDate *time.Time
}
