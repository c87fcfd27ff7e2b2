package checkout

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// An order, as it is stored:
//
//	         T4: claims sold, tickets issued
//	pending ─────────────────────────────────▶ paid ──some seats returned──▶ part_refunded
//	 ▲   │                                       │                                 │
//	 │   ├─ clock ran out, payment dead ▶ expired │ all seats returned              │ the rest returned
//	 │   └─ fan gave up, payment dead ▶ cancelled ▼                                 ▼
//	 ├──── late money, same seats still free ──┤  refunded ◀────────────────────────┘
//	 └──── late money, others offered ─────────┘
//
// A bank that takes the money back (dispute.go) returns all seats at once. A pending order that offers other seats (late_offer.go) ends when its clock runs out or the fan declines, whatever the
// processor says: that money is not kept.
//
// "Payment dead" is never assumed: the processor said so, or has been silent for silenceLimit. What the API shows is
// shownStatus: a pure function of the order, its payments and its refunds, stored nowhere.

// OrderStatus is a state of the drawing above.
type OrderStatus string

// The stored states.
const (
	OrderPending      OrderStatus = "pending"
	OrderPaid         OrderStatus = "paid"
	OrderPartRefunded OrderStatus = "part_refunded"
	OrderCancelled    OrderStatus = "cancelled"
	OrderExpired      OrderStatus = "expired"
	OrderRefunded     OrderStatus = "refunded"
)

// delivered tells whether the order has, or had, tickets.
func (s OrderStatus) delivered() bool {
	return s == OrderPaid || s == OrderPartRefunded || s == OrderRefunded
}

// over tells whether the order has ended without tickets, or without any that are left.
func (s OrderStatus) over() bool {
	return s == OrderExpired || s == OrderCancelled || s == OrderRefunded
}

// Order is one purchase by one customer. Amount is in minor units.
type Order struct {
	ID        uuid.UUID
	EventID   int64
	Code      string
	PlaceKey  string
	Name      string
	Email     string
	BuyerKey  []byte
	Status    OrderStatus
	Amount    int64
	Currency  string
	ExpiresAt time.Time
	CreatedAt time.Time
	PaidAt    *time.Time
	Offer     OfferStatus
	// PromotionCodeID is the code it was made with.
	PromotionCodeID *int64
	ClockOut        bool // its deadline has passed, by the database's clock
	Overdue         bool // it passed silenceLimit ago
}

// What the API calls an order's state.
const (
	shownPending       = "pending"
	shownPaying        = "paying"
	shownDeclined      = "declined"
	shownPaid          = "paid"
	shownExpired       = "expired"
	shownCancelled     = "cancelled"
	shownRefundPending = "refund-pending"
	shownRefunded      = "refunded"
	shownPartRefunded  = "part-refunded"
	shownSwapOffered   = "swap-offered"
)

// shown is the state an order is shown in.
func (o Order) shown(payments []PaymentStatus, refunds []RefundStatus) string {
	switch o.offered() {
	case OfferOpen:
		return shownSwapOffered
	case OfferDeclined, offerLapsed:
		if o.Status == OrderPending || slices.Contains(payments, PaymentCancelling) {
			return shownRefundPending
		}
	}
	return shownStatus(o.Status, payments, refunds)
}

// shownStatus is the same of an order that has no offer. Refunds of a second payment do not touch an order that is paid by the
// first.
func shownStatus(order OrderStatus, payments []PaymentStatus, refunds []RefundStatus) string {
	switch order {
	case OrderPaid:
		return shownPaid
	case OrderPartRefunded:
		return shownPartRefunded
	case OrderRefunded:
		return moneyBack(refunds, shownRefunded)
	case OrderExpired:
		return moneyBack(refunds, shownExpired)
	case OrderCancelled:
		return moneyBack(refunds, shownCancelled)
	}
	shown := shownPending
	if len(payments) > 0 {
		shown = shownDeclined // every attempt so far is dead, unless one below is not
	}
	for _, p := range payments {
		switch p {
		case PaymentAuthorized, PaymentCaptured:
			return shownPaying
		case PaymentCreated, PaymentCancelling:
			shown = shownPending
		}
	}
	return shown
}

func moneyBack(refunds []RefundStatus, without string) string {
	for _, r := range refunds {
		if r != RefundDone {
			return shownRefundPending
		}
	}
	if len(refunds) > 0 {
		return shownRefunded
	}
	return without
}
