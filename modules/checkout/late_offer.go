package checkout

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"

	"fairseat/modules/checkout/provider"
)

// The offer of other seats for money that came when an order's own had gone, once in the life of an order:
//
//	(none) ──late money, others as good are free──▶ open ──the fan takes them──▶ accepted: secured and paid as ever
//	                                                  ├─ the fan does not ─────▶ declined: the money goes back
//	                                                  └─ the clock runs out ───▶ lapsed:   the money goes back
//
// While it is open the order is pending and its clock is the offer's; the seats are claimed. Lapsed is not stored.

// OfferStatus is a state of the drawing above; "" is none.
type OfferStatus string

// The states.
const (
	OfferOpen     OfferStatus = "open"
	OfferAccepted OfferStatus = "accepted"
	OfferDeclined OfferStatus = "declined"
	offerLapsed   OfferStatus = "lapsed"
)

// offered is where the order's offer stands by its clock.
func (o Order) offered() OfferStatus {
	if o.Offer == OfferOpen && (o.Status != OrderPending || o.ClockOut) {
		return offerLapsed
	}
	return o.Offer
}

// offerTries is how often other seats are looked for when the last ones found have gone as well.
const offerTries = 3

// offerOthers deals with money for an order some of whose seats are gone: others as good are claimed and offered, and
// where nobody can tell the difference, as in an area without seats, simply delivered. errRefused when there are none,
// the event offers none, or this order had its offer.
func (s *Service) offerOthers(ctx context.Context, c caseFile, st provider.State, gone []int) (settled, error) {
	event, err := s.Events.Event(ctx, c.Order.EventID)
	if err != nil {
		return settled{}, err
	}
	begun := !event.StartsAt.IsZero() && !event.StartsAt.After(s.Clock.Now().Add(event.LateOffer))
	if event.LateOffer <= 0 || begun || c.Order.Offer != "" {
		return settled{}, errRefused
	}
	lost, err := s.seatsOf(ctx, c.Order)
	if err != nil {
		return settled{}, err
	}
	for range offerTries {
		found, to, err := s.alike(ctx, c.Order, lost, gone)
		if err != nil {
			return settled{}, err
		}
		got, err := s.claimOthers(ctx, c, st, event, lost, found, to)
		var more *goneError
		if !errors.As(err, &more) {
			return got, err
		}
		gone = append(gone, more.seats...)
	}
	return settled{}, errRefused
}

// alike are seats to offer for those that were lost, each at what it costs now, or at what was agreed if that is less.
// While the map cannot be read there are none: money must not wait for it.
func (s *Service) alike(ctx context.Context, o Order, lost []Seat, gone []int) (found []Seat, to wish, err error) {
	numbers := make([]int, len(lost))
	for i, seat := range lost {
		numbers[i] = seat.N
	}
	found, err = s.Seats.Alike(ctx, o.EventID, o.PlaceKey, numbers, gone)
	if err != nil {
		s.Log.Warn("no other seats looked for", "order", o.ID, "error", err)
	}
	if len(found) != len(lost) || len(found) == 0 {
		return nil, to, errRefused
	}
	now, err := s.Seats.SeatInfo(ctx, o.EventID, numbers)
	if err != nil {
		return nil, to, err
	}
	if len(now) != len(found) {
		return nil, to, errRefused // some of its own are none any more
	}
	agreed, byPrice := byNumber(lost), func(a, b Seat) int { return cmp.Compare(a.Price, b.Price) }
	slices.SortStableFunc(now, byPrice) // they cost the same, one by one: so each stands for one
	slices.SortStableFunc(found, byPrice)
	to.standsFor = map[int]int{}
	for i, seat := range found {
		to.seats, to.prices = append(to.seats, seat.N), append(to.prices, min(seat.Price, agreed[now[i].N].Price))
		to.standsFor[seat.N] = now[i].N
	}
	slices.SortFunc(found, func(a, b Seat) int { return a.N - b.N })
	return found, to, nil
}

// claimOthers takes the order up again with other seats: offered, or as its own if nobody can tell the difference.
func (s *Service) claimOthers(ctx context.Context, c caseFile, st provider.State, event Event, lost, found []Seat, to wish) (got settled, err error) {
	got.offered = !sameToAFan(lost, found)
	clock := lateClock
	if got.offered {
		clock = event.LateOffer
	}
	err = s.underLock(ctx, c, st, stepReclaim, func(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State) error {
		if got.claims, err = s.claimAnew(ctx, tx, &c.Order, to, clock); err != nil {
			return err
		}
		c.Order.Offer = OfferAccepted
		if got.offered {
			c.Order.Offer = OfferOpen
		}
		if err := s.store.offer(ctx, tx, c.Order.ID, c.Order.Offer, got.claims); err != nil {
			return err
		}
		got.order = c.Order
		if !got.offered {
			return s.keepOrSecure(ctx, tx, c, st, got.claims)
		}
		if err := s.store.movePayment(ctx, tx, c.Payment.ID, unsettled(), PaymentAuthorized, 0, ""); err != nil {
			return err
		}
		if err := s.store.note(ctx, tx, c.Order.ID, "swap-offered", map[string]any{"seats": to.seats, "until": c.Order.ExpiresAt}); err != nil {
			return err
		}
		if err := s.Mails.SwapOffered(ctx, tx, c.Order.ID, names(lost), names(found), c.Order.ExpiresAt); err != nil {
			return err
		}
		return s.enqueue(ctx, tx, expireArgs{OrderID: c.Order.ID}, c.Order.ExpiresAt)
	})
	return got, err
}

// sameToAFan tells whether all that changes is which number a place without a seat has.
func sameToAFan(lost, found []Seat) bool {
	had := byNumber(lost)
	return !slices.ContainsFunc(found, func(seat Seat) bool {
		_, kept := had[seat.N]
		return !kept && !seat.AnyPlace
	})
}

func names(seats []Seat) []string {
	out := make([]string, len(seats))
	for i, seat := range seats {
		out[i] = seat.Name
	}
	return out
}
