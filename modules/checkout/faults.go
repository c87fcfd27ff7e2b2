package checkout

import "fairseat/app/fault"

// What a stranger can be refused for. The first four come from whoever keeps the seats, and are named here so that
// errors.Is can ask for them by their code.
var (
	ErrHoldExpired = fault.New(fault.Conflict, "hold-expired", "Your time ran out and the seats went back. Choose again.")
	ErrSeatsTaken  = fault.New(fault.Conflict, "seats-taken", "Some of these seats have just been taken.")
	ErrAccessCode  = fault.New(fault.Forbidden, "access-code-required", "Some of these seats are only for those who have a code; see categories. Order with it.")
	ErrBuyerLimit  = fault.New(fault.Conflict, "buyer-limit", "This buyer already has as many seats as one buyer may have.")

	// ErrBadBuyer has the fact "fields".
	ErrBadBuyer = fault.New(fault.Invalid, "bad-buyer", "The name or the mail address cannot be used; see fields.")
	// ErrBadPromo has the fact "reason", and with not-yet "from".
	ErrBadPromo = fault.New(fault.Invalid, "bad-promo", "This code cannot be used; see reason.")
	// ErrPriceChanged has the fact "total": nothing was made, because the buyer had agreed to another sum.
	ErrPriceChanged = fault.New(fault.Conflict, "price-changed", "The price has changed meanwhile; nothing was ordered. Look at total, and order again if it suits you.")
	// ErrPaymentsDown has the fact "safe_until": nothing was made, and the seats are held at least that long.
	ErrPaymentsDown = fault.New(fault.Unavailable, "payments-down",
		"The payment processor does not answer. Your seats stay yours and the clock stands; try again in a few seconds.")
	// ErrReconciling refuses what would sell a seat while a restored database is held against the processors' ledgers.
	ErrReconciling = fault.New(fault.Unavailable, "reconciling",
		"The sale pauses for a moment while we make sure that nothing is sold twice. Your place in line is safe, and so is every order; try again in a few seconds.")
	// ErrNotFound hides whether there is something a stranger may not see.
	ErrNotFound = fault.New(fault.NotFound, "not-found", "There is nothing at this address.")
	// ErrBadMethod has the fact "methods": how this event may be paid.
	ErrBadMethod = fault.New(fault.Invalid, "bad-method", "This event cannot be paid that way; see methods.")
	// ErrWrongSum has the fact "due": less came than that.
	ErrWrongSum       = fault.New(fault.Conflict, "wrong-sum", "That is less than the order costs; see due. Nothing was written down: say return_all if all of it is to go back.")
	ErrNotCorrectable = fault.New(fault.Conflict, "not-correctable", "This money was sent back already, or there were tickets for it.")
	// ErrNotPayable has the fact "status".
	ErrNotPayable  = fault.New(fault.Conflict, "not-payable", "This order cannot be paid now; see status.")
	ErrAlreadyPaid = fault.New(fault.Conflict, "already-paid", "This order is paid. To give a ticket back, ask the organiser.")
	// ErrDisputed is for the door; refunds say it in words of their own.
	ErrDisputed = fault.New(fault.Conflict, "disputed",
		"The buyer's bank is asked to take the payment for this ticket back. Send its holder to the box office.")
	ErrNotBarred = fault.New(fault.Conflict, "not-barred", "The tickets of this order are not barred: its payment is not disputed.")
	// ErrOfferOver is for who answers too late.
	ErrOfferOver = fault.New(fault.Conflict, "offer-over", "The seats that were offered have gone back, and your money is on its way back to you.")
	// ErrNotRefundable has the fact "status".
	ErrNotRefundable = fault.New(fault.Conflict, "not-refundable", "This order has no ticket to give back; see status.")
	// ErrNotMovable says why in its sentence.
	ErrNotMovable = fault.New(fault.Conflict, "not-movable", "This ticket is not valid any more, so its seat cannot be changed.")
	ErrSwapClosed = fault.New(fault.Conflict, "swap-closed", "Seats of this event can no longer be swapped here. Ask the organiser.")
	// ErrSwapDearer has the fact "difference".
	ErrSwapDearer = fault.New(fault.Conflict, "swap-dearer",
		"That seat costs more than yours; see difference. This event takes no payment for it here: choose one that costs as much or less.")
	// ErrSwapUnderWay has the facts "ticket" and "to".
	ErrSwapUnderWay = fault.New(fault.Conflict, "swap-under-way", "A change of seat is being paid for already. Pay for it or give it up, then change another.")
	ErrSwapOver     = fault.New(fault.Conflict, "swap-over", "The time to pay for this change of seat is up. Your ticket is as it was.")
	ErrSwapPaid     = fault.New(fault.Conflict, "swap-paid", "The difference is paid, so the seat changes.")
	// ErrSwapOften says with Retry-After when the next may be begun.
	ErrSwapOften = fault.New(fault.TooMany, "swap-often",
		"Seats that cost more were kept for this order time and again, and were not paid for. Choose one that costs as much or less, or come back tomorrow.")
	errSwapDown = ErrPaymentsDown.Say("The payment processor does not answer, so nothing has changed. Your ticket is as it was; try again in a few seconds.")
	// ErrTicketVoid is about a ticket that was good once.
	ErrTicketVoid = fault.New(fault.Gone, "ticket-void", "This ticket was given back and is no longer valid.")
	// ErrTicketListed is about a ticket that is good again if its holder takes it back.
	ErrTicketListed = fault.New(fault.Conflict, "ticket-listed",
		"This ticket was given back and its seat is on sale again, so it lets nobody in. Until the seat is sold, whoever gave it back can take it back on the page of the order.")
	// ErrNotListable says why in its sentence, and for programs in the fact "reason": void, inside, cheaper or settling.
	ErrNotListable = fault.New(fault.Conflict, "not-listable", "This ticket is not valid any more, so it cannot be given back.")
	// ErrListingClosed is for who comes too late, or where the organiser wants none of it.
	ErrListingClosed = fault.New(fault.Conflict, "listing-closed", "Tickets for this event cannot be given back here any more. Ask the organiser.")
	// ErrListingTaken is for a holder who wants a ticket back that somebody else is about to have, or has.
	ErrListingTaken = fault.New(fault.Conflict, "listing-taken",
		"Somebody has chosen this seat and may be paying right now. If they do not buy it, you can take it back in a few minutes.")
	ErrBadCode = fault.New(fault.Invalid, "bad-code", "This is no valid ticket of this event.")
	// ErrAlreadyIn has the facts "at" and "gate".
	ErrAlreadyIn = fault.New(fault.Conflict, "already-in", "Somebody came in with this ticket already; see at and gate.")
	ErrSlowDown  = fault.New(fault.TooMany, "slow-down", "That is too often. Wait a moment.")
)
