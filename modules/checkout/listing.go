package checkout

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// A ticket given back: its seat is on sale again, at the price of today, and whoever gave it back has what they paid for it
// as soon as somebody buys the seat. Until then they can take it back.
//
//	valid, sold ──given back──▶ listed ──somebody has the seat──▶ void, released: what was paid is owed
//	     ▲                        │
//	     └── taken back, or the sale is over and nobody came ──┘
//
// Two orders are about one seat then, and no transaction ever locks both: who buys it does so as for any free seat and
// touches nothing of the first order, while what follows for that is read from the tables a moment later (listing_run.go).
// So neither waits for the other, whatever the order of their steps. In between the money of the first order counts as
// owed. What decides between the buyer and a holder who wants the ticket back is the index of live claims.

const (
	listingsPerMinute = 12        // of one order: what a person does who cannot decide
	listingMargin     = time.Hour // before the start: then whoever sold nothing must know that they can come
)

// ListingOpen tells whether tickets of an event may be given back: while it sells, and until an hour before it starts.
func (s *Service) ListingOpen(ctx context.Context, event Event) (bool, error) {
	if _, closed := s.Reconciling(); closed || !event.Returns {
		return false, nil
	}
	return s.stillSells(ctx, event)
}

// stillSells tells whether somebody may yet come who buys a seat that was given back.
func (s *Service) stillSells(ctx context.Context, event Event) (bool, error) {
	if !event.StartsAt.IsZero() && !s.Clock.Now().Before(event.StartsAt.Add(-listingMargin)) {
		return false, nil
	}
	phase, err := s.Sale.Phase(ctx, event.ID)
	return phase == phaseOpen || phase == phasePaused || phase == phaseSoldOut, err
}

// List gives a ticket back, to be sold to whoever comes next: it is good for nobody from now on. What had cost nothing is void
// at once. ErrNotListable says why it cannot be, ErrListingClosed that it is too late. Repeating it changes nothing.
func (s *Service) List(ctx context.Context, id, ticket uuid.UUID) (View, error) {
	if err := s.budget(ctx, "listing:"+id.String(), listingsPerMinute, s.PerPlace); err != nil {
		return View{}, err
	}
	t, seat, err := s.ticketSeat(ctx, id, ticket)
	if err != nil {
		return View{}, err
	}
	if t.Status == TicketValid {
		event, err := s.Events.Event(ctx, t.EventID)
		if err != nil {
			return View{}, err
		}
		if open, err := s.ListingOpen(ctx, event); err != nil {
			return View{}, err
		} else if !open {
			return View{}, ErrListingClosed
		}
	}
	if err := s.list(ctx, id, t, seat); err != nil {
		return View{}, err
	}
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, o)
}

// givenSeat is the seat of a ticket: what was paid for it, and what it costs now.
type givenSeat struct {
	Seat
	Paid int64
}

// ticketSeat is a ticket of an order with its seat; ErrNotFound.
func (s *Service) ticketSeat(ctx context.Context, id, ticket uuid.UUID) (t Ticket, seat givenSeat, err error) {
	tickets, err := s.store.ticketsOf(ctx, s.DB, id)
	if err != nil {
		return t, seat, err
	}
	for _, t = range tickets {
		if t.ID != ticket {
			continue
		}
		if seat.Paid, err = s.store.pricesOf(ctx, s.DB, []int64{t.ClaimID}); err != nil {
			return t, seat, err
		}
		found, err := s.Seats.SeatInfo(ctx, t.EventID, []int{t.SeatID})
		if err == nil && len(found) == 1 {
			seat.Seat = found[0]
		}
		return t, seat, err
	}
	return Ticket{}, seat, ErrNotFound
}

// list does it, with the order locked.
func (s *Service) list(ctx context.Context, id uuid.UUID, t Ticket, seat givenSeat) error {
	done := false
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if t, err = s.store.ticket(ctx, tx, t.ID); err != nil || t.Status == TicketListed {
			return err
		}
		if err := s.mayList(ctx, tx, o, t, seat); err != nil {
			return err
		}
		done = true
		if seat.Paid == 0 {
			_, err = s.takeBackTickets(ctx, tx, o, []uuid.UUID{t.ID}, reasonFree, map[string]any{"reason": "given back by the buyer"})
			return err
		}
		return s.putOnSale(ctx, tx, o, t, seat)
	})
	if err == nil && done {
		s.metrics.orders.WithLabelValues("listed").Inc()
		s.syncSoon(ctx, t.EventID, t.ClaimID)
	}
	return err
}

var errCameIn = ErrNotListable.Say("Somebody has come in with this ticket, so it cannot be given back.").With("reason", "inside")

// errSettling is for a seat whose holder before has not been paid out yet, which takes a moment, or as long as a dispute: two
// who wait for one sale could not be told apart.
var errSettling = ErrNotListable.Say("Whoever had this seat before has not got their money yet, so it cannot be given back right now. Try again later.").With("reason", "settling")

// mayList says why a ticket cannot be given back.
func (s *Service) mayList(ctx context.Context, tx *gorm.DB, o Order, t Ticket, seat givenSeat) error {
	switch {
	case t.Status != TicketValid:
		return ErrNotListable.With("reason", "void")
	case t.CheckedInAt != nil:
		return errCameIn
	case seat.Price < seat.Paid:
		return ErrNotListable.Say("This seat costs less by now than was paid for it, so it cannot be sold on at what it cost. Ask the organiser.").With("reason", "cheaper")
	}
	if w, open, err := s.store.openSwap(ctx, tx, o.ID); err != nil || open && w.TicketID == t.ID {
		return cmp.Or(err, error(w.underWay()))
	}
	if waits, err := s.store.seatListed(ctx, tx, t.EventID, t.SeatID); err != nil || waits {
		return cmp.Or(err, error(errSettling))
	}
	disputed, err := s.store.disputedOf(ctx, tx, o.ID)
	if err == nil && len(disputed) > 0 {
		err = errNothingBack
	}
	return err
}

// putOnSale lets the seat be had by others. The ticket first: a claim with a valid ticket stays sold.
func (s *Service) putOnSale(ctx context.Context, tx *gorm.DB, o Order, t Ticket, seat givenSeat) error {
	if ok, err := s.store.listTicket(ctx, tx, t.ID); err != nil {
		return err
	} else if !ok {
		return errCameIn
	}
	if err := s.Seats.Move(ctx, tx, []int64{t.ClaimID}, []string{claimSold}, claimListed); err != nil {
		return err
	}
	if err := s.store.note(ctx, tx, o.ID, "listed", map[string]any{"seat": seat.Label, "amount": seat.Paid}); err != nil {
		return err
	}
	if err := s.Mails.Listed(ctx, tx, o.ID, seat.Name, seat.Paid, o.Currency); err != nil {
		return err
	}
	return s.Jobs.Insert(ctx, tx, s.Seats.SyncJob(o.EventID, []int64{t.ClaimID}), nil)
}

// Unlist gives a ticket to its holder again; ErrListingTaken once somebody has chosen its seat. Repeating it changes
// nothing; ErrReconciling while nobody knows whether its seat was sold.
func (s *Service) Unlist(ctx context.Context, id, ticket uuid.UUID) error {
	if err := s.budget(ctx, "listing:"+id.String(), listingsPerMinute, s.PerPlace); err != nil {
		return err
	}
	t, seat, err := s.ticketSeat(ctx, id, ticket)
	if err != nil {
		return err
	}
	_, err = s.unlist(ctx, id, t, seat, false)
	return err
}

// unlist makes a listed ticket valid again; false if it was not listed. At the last moment that waits for
// whoever pays, but not for whoever only chooses, and its holder is told.
func (s *Service) unlist(ctx context.Context, id uuid.UUID, t Ticket, seat givenSeat, last bool) (done bool, err error) {
	if err := s.mayTakeSeats(); err != nil {
		return false, err
	}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		t, err := s.store.ticket(ctx, tx, t.ID)
		if err != nil || t.Status == TicketValid {
			return err
		}
		if t.Status != TicketListed || o.Status == OrderRefunded { // a program that knows no listed tickets may have returned the money of all
			return ErrTicketVoid
		}
		if err := s.Seats.Unlist(ctx, tx, ListedClaim{o.EventID, t.ClaimID, t.SeatID}, last); err != nil {
			return err
		}
		if err := s.store.unlistTicket(ctx, tx, t.ID); err != nil {
			return err
		}
		done = true
		if err := s.store.note(ctx, tx, o.ID, "unlisted", map[string]any{"seat": seat.Label}); err != nil {
			return err
		}
		if last {
			if err := s.Mails.Kept(ctx, tx, o.ID, seat.Name); err != nil {
				return err
			}
		}
		return s.Jobs.Insert(ctx, tx, s.Seats.SyncJob(o.EventID, []int64{t.ClaimID}), nil)
	})
	if errors.Is(err, ErrSeatsTaken) {
		return false, ErrListingTaken
	}
	if err != nil {
		return false, err
	}
	if done {
		s.syncSoon(ctx, t.EventID, t.ClaimID)
	}
	return done, nil
}

// Returnable are the tickets of an order that may be given back; none once that is over.
func (s *Service) Returnable(ctx context.Context, o Order) (Swappable, error) {
	event, err := s.Events.Event(ctx, o.EventID)
	if err != nil {
		return Swappable{}, err
	}
	open, err := s.ListingOpen(ctx, event)
	if err != nil || !open {
		return Swappable{}, err
	}
	if disputed, err := s.store.disputedOf(ctx, s.DB, o.ID); err != nil || len(disputed) > 0 {
		return Swappable{}, err
	}
	w, swapping, err := s.store.openSwap(ctx, s.DB, o.ID)
	if err != nil {
		return Swappable{}, err
	}
	tickets, err := s.store.ticketsOf(ctx, s.DB, o.ID)
	if err != nil {
		return Swappable{}, err
	}
	var found Swappable
	if !event.StartsAt.IsZero() {
		found.Until = event.StartsAt.Add(-listingMargin)
	}
	for _, t := range tickets {
		if t.Status != TicketValid || t.CheckedInAt != nil || swapping && w.TicketID == t.ID {
			continue
		}
		_, seat, err := s.ticketSeat(ctx, o.ID, t.ID)
		if err != nil {
			return Swappable{}, err
		}
		if seat.Price >= seat.Paid {
			seat.Price = seat.Paid
			found.Tickets = append(found.Tickets, SwapTicket{t.ID, seat.Seat})
		}
	}
	return found, nil
}
