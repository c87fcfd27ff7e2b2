package sandbox

import "fairseat/app/fault"

// What the processor refuses, and why.
var (
	ErrBadSecret = fault.New(fault.Unauthorized, "not-signed-in", "The processor does not know this merchant. Send its secret as Authorization: Bearer.")
	ErrBadKey    = fault.New(fault.Bad, "bad-idempotency-key", "Send an Idempotency-Key of 1 to 255 visible ASCII characters.")
	ErrKeyReused = fault.New(fault.Invalid, "idempotency-key-reused", "This Idempotency-Key was used for another request. Send a new key with a new request.")
	ErrNoPayment = fault.New(fault.NotFound, "no-such-payment", "The processor knows no such payment.")
	// ErrWrongState carries the fact "payment_status".
	ErrWrongState = fault.New(fault.Conflict, "wrong-state", "The payment is past the point where this could be done.")
	// ErrRefundTooLarge carries the fact "left", minor units.
	ErrRefundTooLarge = fault.New(fault.Invalid, "refund-too-large", "A refund cannot be larger than what was captured and not yet refunded.")
	ErrNoFunds        = fault.New(fault.Invalid, "no-funds", "There is too little money in your account with the processor for this refund.")
	// ErrDown and ErrFailed are the two faults one can ask for; after ErrFailed the outcome is unknown.
	ErrDown     = fault.New(fault.Unavailable, "processor-down", "The payment processor is not answering. Nothing was charged; try again in a moment.")
	ErrFailed   = fault.New(fault.Internal, "processor-error", "The payment processor failed. Whether the request had an effect is not known; repeat it with the same key.")
	ErrNotOwner = fault.New(fault.Forbidden, "not-allowed", "Only an owner may see or change this.")
)
