package checkout

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"fairseat/app/money"
	"fairseat/modules/checkout/provider"
)

// A payment, one attempt to collect for an order:
//
//	created ──authorised, right amount: T3──▶ authorized ──captured: T4──▶ captured
//	  │  │                                        │                           │ all seats returned, or the bank took it
//	  │  ├─ declined ──────────▶ failed           │ the processor let go      ▼
//	  │  └─ clock out, given up,                  ▼                       refund_due ──▶ refunded
//	  │     wrong amount ──▶ cancelling ──▶ cancelled, failed                 ▲
//	  │                          └─ paid after all: as from created           │
//	  └──────────────── captured, but no order to keep it for ────────────────┘
//
// A refund that the buyer's bank sends back (came_back.go) takes refunded to refund_due once more.
//
// created, authorized, captured and cancelling are live: an order has at most one of these, and so has each swap for a dearer
// seat (swap_pay.go). Money on a dead payment is
// late money: it revives the payment if the order can still be delivered, else it goes back. While other seats are offered
// for it the payment is authorized, even if the processor took the money already: it is ours only with the fan's word.

// PaymentStatus is a state of the drawing above.
type PaymentStatus string

// The states.
const (
	PaymentCreated    PaymentStatus = "created"
	PaymentAuthorized PaymentStatus = "authorized"
	PaymentCaptured   PaymentStatus = "captured"
	PaymentCancelling PaymentStatus = "cancelling"
	PaymentCancelled  PaymentStatus = "cancelled"
	PaymentFailed     PaymentStatus = "failed"
	PaymentRefundDue  PaymentStatus = "refund_due"
	PaymentRefunded   PaymentStatus = "refunded"
)

// open is live and without money so far.
func (s PaymentStatus) open() bool { return s == PaymentCreated || s == PaymentCancelling }

// dead had its end without money.
func (s PaymentStatus) dead() bool { return s == PaymentFailed || s == PaymentCancelled }

// RefundStatus is how far a refund is: due → sent → done, or failed and tried again; done → failed if it comes back.
type RefundStatus string

// The states of a refund.
const (
	RefundDue    RefundStatus = "due"
	RefundSent   RefundStatus = "sent"
	RefundDone   RefundStatus = "done"
	RefundFailed RefundStatus = "failed"
)

// Payment is one attempt to collect; its ID is also the idempotency key at the processor.
type Payment struct {
	ID          uuid.UUID
	OrderID     uuid.UUID
	SwapID      *uuid.UUID // the swap it pays for; nil: the order
	Provider    string
	ProviderRef *string
	URL         *string
	Amount      int64
	Currency    string
	Received    int64
	Status      PaymentStatus
	Problem     string
	Dispute     provider.Dispute
	BarLifted   bool
	CreatedAt   time.Time
}

// Refund is money on its way back; its ID is also the idempotency key at the processor. Tries counts refusals.
type Refund struct {
	ID        uuid.UUID
	PaymentID uuid.UUID
	Reason    string
	Amount    int64
	Status    RefundStatus
	Problem   string
	Tries     int
	NextTryAt time.Time
	CreatedAt time.Time
	CameBack  bool   // it was done once, and its buyer was told
	MadeAs    string // the key the processor shows it under, where that is not its ID
	Told      bool   // its buyer has a mail that promises it
}

// position is where a payment and its order stand in our books.
type position struct {
	Order     OrderStatus
	ClockOut  bool
	Payment   PaymentStatus
	Noted     bool // we know the processor's reference and the page's address
	OtherLive bool // another attempt for the same order is live
	Offer     OfferStatus
}

// step is what to do next about a payment.
type step string

const (
	stepNone     step = ""          // nothing, until the fan, the clock or the processor moves
	stepCreate   step = "create"    // ask the processor for it
	stepNote     step = "note"      // T2: write down its reference
	stepCancel   step = "cancel"    // take it back at the processor
	stepSecure   step = "secure"    // T3
	stepCapture  step = "capture"   // take the money
	stepDeliver  step = "deliver"   // T4
	stepReclaim  step = "reclaim"   // late money: the same seats anew, or others offered, or give it back
	stepGiveBack step = "give-back" // a refund is due
	stepFail     step = "fail"      // declined
	stepBury     step = "bury"      // gone at the processor
)

// decide compares our books with what the processor says and names the one next step; right tells whether amount and
// currency are what we asked for. It is pure, and asked again under the row locks before anything is written.
func decide(at position, says provider.Status, right bool) step {
	switch says {
	case provider.Unknown, provider.Open:
		return decideUnpaid(at, says)
	case provider.Declined, provider.Cancelled:
		if at.Payment.open() || at.Payment == PaymentAuthorized {
			if says == provider.Declined {
				return stepFail
			}
			return stepBury
		}
	case provider.Authorized, provider.Captured:
		return decidePaid(at, says, right)
	}
	return stepNone
}

func decideUnpaid(at position, says provider.Status) step {
	wanted := at.Payment == PaymentCreated && at.Order == OrderPending && !at.ClockOut
	switch {
	case says == provider.Unknown && wanted:
		return stepCreate
	case says == provider.Unknown && at.Payment.open():
		return stepBury // it never came to be
	case says == provider.Open && wanted && !at.Noted:
		return stepNote
	case says == provider.Open && !wanted && (at.Payment.open() || at.Payment.dead()):
		return stepCancel
	}
	return stepNone
}

func decidePaid(at position, says provider.Status, right bool) step {
	if at.Payment == PaymentCaptured || at.Payment == PaymentRefundDue || at.Payment == PaymentRefunded {
		return stepNone
	}
	captured := says == provider.Captured
	back := stepCancel
	if captured {
		back = stepGiveBack
	}
	switch {
	case !right, at.OtherLive, at.Order.delivered(), at.Offer == OfferDeclined, at.Offer == offerLapsed:
		return back
	case at.Order != OrderPending:
		return stepReclaim
	case at.Offer == OfferOpen:
		return stepNone // the fan decides, or the clock
	case captured:
		return stepDeliver
	case at.Payment == PaymentAuthorized:
		return stepCapture
	}
	return stepSecure
}

// right tells whether the processor has, or may take, exactly what was asked for.
func (p Payment) right(st provider.State) bool {
	return st.Money() == p.Amount && st.Currency == p.Currency
}

// wrongAmountBegins is how such a sentence is found again.
const wrongAmountBegins = "wrong amount:"

// wrongAmount is the sentence for an operator about money that does not match.
func (p Payment) wrongAmount(st provider.State) string {
	return fmt.Sprintf(wrongAmountBegins+" the processor %s %s instead of %s",
		st.Status, money.Format(st.Money(), st.Currency), money.Format(p.Amount, p.Currency))
}
