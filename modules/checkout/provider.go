package checkout

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
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
)

// Provider is what a payment processor must do. Every call is keyed, so that repeating it has no second effect; none
// is ever made inside a database transaction.
type Provider interface {
	// Name is the provider's word in URLs and tables.
	Name() string
	// Create opens a payment where the fan can pay; its key is the payment's id.
	Create(ctx context.Context, r CreateRequest) (PaymentState, error)
	// Read is the processor's own record, by its reference; ErrUnknownPayment.
	Read(ctx context.Context, ref string) (PaymentState, error)
	// Find is the same by our id, for a reference that was lost on its way; ErrUnknownPayment.
	Find(ctx context.Context, payment uuid.UUID) (PaymentState, error)
	// Capture takes what was authorised; ErrWrongState.
	Capture(ctx context.Context, ref, key string) (PaymentState, error)
	// Cancel makes sure that nothing will be taken; ErrWrongState if it was taken already, or never can be.
	Cancel(ctx context.Context, ref, key string) (PaymentState, error)
	// Refund gives money back; ErrRefused, ErrWrongState.
	Refund(ctx context.Context, ref, key string, amount int64) (PaymentState, error)
	// Charges is the processor's whole ledger.
	Charges(ctx context.Context) ([]Charge, error)
	// Event checks the signature of a webhook and reads it; ErrBadSignature, ErrBadEvent.
	Event(h http.Header, body []byte, now time.Time) (ProviderEvent, error)
	// Health is how the last minute went.
	Health() Health
	// Probe asks the processor a harmless question, to find out whether it is back.
	Probe(ctx context.Context)
}

// ProviderStatus is where a payment stands at the processor.
type ProviderStatus string

// The states; ProviderUnknown is ours, for a payment the processor has never heard of.
const (
	ProviderUnknown    ProviderStatus = "unknown"
	ProviderOpen       ProviderStatus = "open"
	ProviderAuthorized ProviderStatus = "authorized"
	ProviderCaptured   ProviderStatus = "captured"
	ProviderDeclined   ProviderStatus = "declined"
	ProviderCancelled  ProviderStatus = "cancelled"
)

// CreateRequest is what the processor needs to open a payment. Amount in minor units.
type CreateRequest struct {
	Payment     uuid.UUID
	Order       uuid.UUID
	Amount      int64
	Currency    string
	Description string
	ReturnURL   string
}

// PaymentState is the processor's record of a payment: the truth about money. Amounts in minor units.
type PaymentState struct {
	Ref        string
	Payment    string // our id
	Status     ProviderStatus
	Currency   string
	Authorized int64
	Captured   int64
	Refunded   int64
	URL        string
	Refunds    []RefundState
}

// RefundState is one refund at the processor; Key is the key it was asked for with.
type RefundState struct {
	Key    string
	Amount int64
}

// money is what the processor has taken, or could take.
func (st PaymentState) money() int64 {
	if st.Status == ProviderCaptured {
		return st.Captured
	}
	return st.Authorized
}

// refunded tells whether the refund with this key has happened.
func (st PaymentState) refunded(key string) bool {
	for _, r := range st.Refunds {
		if r.Key == key {
			return true
		}
	}
	return false
}

// Charge is one line of the processor's ledger; Payment and Order are our ids.
type Charge struct {
	Payment  string
	Order    string
	Status   string
	Amount   int64
	Currency string
	Captured int64
	Refunded int64
}

// ProviderEvent is a webhook, read. It is a hint to look, never a fact.
type ProviderEvent struct {
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
