// Package provider is what a payment provider must do, and what those who speak HTTP share. docs/payments.md tells how to
// add one; providertest holds each to the same story.
package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"fairseat/app/fault"
)

// Errors of a Provider besides "the outcome is unknown", which is every other error: a call that failed so may have
// had its effect, and is repeated under the same key or read back, never taken for a failure.
var (
	// ErrUnknownPayment says that the processor has no such payment.
	ErrUnknownPayment = errors.New("the processor does not know this payment")
	// ErrWrongState says that the payment is past the point where this could be done; read it again.
	ErrWrongState = errors.New("the payment is past this step")
	// ErrRefused says that the processor understood and will not; nothing happened.
	ErrRefused = errors.New("the processor refused")

	// ErrBadSignature and ErrBadEvent are what a webhook is answered with.
	ErrBadSignature = fault.New(fault.Unauthorized, "bad-signature", "The signature is missing, wrong or too old.")
	ErrBadEvent     = fault.New(fault.Bad, "bad-body", "The body is not an event.")
)

// Provider takes payments. Every call that changes something is keyed, so that repeating it has no second effect; none
// is ever made inside a database transaction. Safe for concurrent use.
type Provider interface {
	// Name is the provider's word in URLs and tables; it never changes.
	Name() string
	// Create opens a payment where the fan can pay; its key is the payment's id.
	Create(ctx context.Context, r CreateRequest) (State, error)
	// Read is the processor's own record, by its reference; ErrUnknownPayment.
	Read(ctx context.Context, ref string) (State, error)
	// Find is the same by our id, for a reference that was lost on its way; ErrUnknownPayment. Made tells when the id
	// was made, for processors that can only list what is new.
	Find(ctx context.Context, payment uuid.UUID) (State, error)
	// Capture takes what was authorised; ErrWrongState.
	Capture(ctx context.Context, ref, key string) (State, error)
	// Cancel makes sure that nothing will be taken; ErrWrongState if it was taken already, or never can be.
	Cancel(ctx context.Context, ref, key string) (State, error)
	// Refund gives money back; ErrRefused, ErrWrongState. The state shows the refund under its key from then on.
	Refund(ctx context.Context, ref, key string, amount int64) (State, error)
	// Charges is the processor's ledger: every payment opened since that moment, and older ones if it likes.
	Charges(ctx context.Context, since time.Time) ([]Charge, error)
	// Event checks the signature of a webhook and reads it; ErrBadSignature, ErrBadEvent.
	Event(h http.Header, body []byte, now time.Time) (Event, error)
	// Health is how the last minute went.
	Health() Health
	// Probe asks the processor a harmless question, to find out whether it is back.
	Probe(ctx context.Context)
}

// Status is where a payment stands at the processor.
type Status string

// The states; Unknown is ours, for a payment the processor has never heard of.
const (
	Unknown    Status = "unknown"
	Open       Status = "open"
	Authorized Status = "authorized"
	Captured   Status = "captured"
	Declined   Status = "declined"
	Cancelled  Status = "cancelled"
)

// Dispute is whether the payer wants captured money back through their bank.
type Dispute string

// The states of a dispute. Won means that the money stays with us.
const (
	NoDispute   Dispute = ""
	DisputeOpen Dispute = "open"
	DisputeWon  Dispute = "won"
	DisputeLost Dispute = "lost"
)

// DeclineReason is why a bank refused, as far as that helps the payer; a provider gives its own reasons these names.
type DeclineReason string

// The reasons; "" is every other, and a bank that does not say.
const (
	InsufficientFunds DeclineReason = "insufficient-funds"
	ExpiredCard       DeclineReason = "expired-card"
	NotAuthenticated  DeclineReason = "authentication-failed"
)

// CreateRequest is what the processor needs to open a payment. Amount in minor units.
type CreateRequest struct {
	Payment     uuid.UUID
	Order       uuid.UUID
	Amount      int64
	Currency    string
	Description string
	ReturnURL   string
	Email       string    // of the buyer, for a form that would ask for it
	Until       time.Time // the order's deadline, which may move on
}

// State is the processor's record of a payment: the truth about money. Amounts in minor units.
type State struct {
	Ref        string
	Payment    string // our id
	Status     Status
	Currency   string
	Authorized int64
	Captured   int64
	Refunded   int64
	URL        string
	Refunds    []Refund
	Dispute    Dispute
	Disputed   int64         // how much of the money that is about; 0: all of it, or nobody says
	Declined   DeclineReason // of the last refusal
}

// Refund is one refund at the processor; Key is the key it was asked for with. One that failed is none.
type Refund struct {
	Key    string
	Amount int64
}

// Money is what the processor has taken, or could take.
func (st State) Money() int64 {
	if st.Status == Captured {
		return st.Captured
	}
	return st.Authorized
}

// HasRefund tells whether the refund with this key has happened.
func (st State) HasRefund(key string) bool {
	for _, r := range st.Refunds {
		if r.Key == key {
			return true
		}
	}
	return false
}

// Charge is one line of the processor's ledger; Payment and Order are our ids. Ours tells for certain that this very
// installation opened it: an account may serve others too, and only what is ours may ever be sent back by itself.
type Charge struct {
	Payment  string
	Order    string
	Status   Status
	Amount   int64
	Currency string
	Captured int64
	Refunded int64
	Dispute  Dispute // a ledger that does not tell how one stands says that it is open
	Ours     bool
}

// Event is a webhook, read. It is a hint to look, never a fact; without Ref and Payment there is nothing to look at.
type Event struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Ref     string `json:"ref"`     // the processor's name for the payment
	Payment string `json:"payment"` // our id, "" if the processor does not tell
}

// Health is how the processor does, as this replica sees it.
type Health struct {
	Down      bool          // the breaker is open: calls are not even tried
	Retry     time.Duration // when trying again is worth it
	Healthy   bool
	P95MS     int
	ErrorRate float64 // of the last minute's calls
	Trend     float64 // the same, the latest counting most
}

// Made is when a payment's id was made: ours are of version 7. The zero time if this one is not.
func Made(payment uuid.UUID) time.Time {
	if payment.Version() != 7 {
		return time.Time{}
	}
	return time.Unix(payment.Time().UnixTime()).UTC()
}
