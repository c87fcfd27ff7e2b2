package checkout

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/idempotency"
	"fairseat/app/request"
)

// The refund of a whole event:
//
//	asked for ─┬─ no more than one owner may return ─────▶ running ⇄ paused
//	           └─▶ asked ─ another owner agrees ─────────▶    │ every paid order is returned
//	                 ├─ another refuses ──▶ refused           ▼
//	                 └─ taken back ───────▶ withdrawn        done (an order that is paid after all is returned too)
//
// Which orders are left to return is read from the orders, and each is returned in a transaction of its own: whoever dies
// in the middle leaves the rest to the next look, and nothing is returned twice.

// EventRefundStatus is a state of the drawing above.
type EventRefundStatus string

// The states.
const (
	EventRefundAsked     EventRefundStatus = "asked"
	EventRefundRunning   EventRefundStatus = "running"
	EventRefundPaused    EventRefundStatus = "paused"
	EventRefundDone      EventRefundStatus = "done"
	EventRefundRefused   EventRefundStatus = "refused"
	EventRefundWithdrawn EventRefundStatus = "withdrawn"
)

// EventRefund is one, with how far it is. Money in minor units.
type EventRefund struct {
	ID           uuid.UUID
	EventID      int64
	Reason       string // for the house
	PublicReason string // for buyers and whoever opens the event's page; "" for nothing
	Status       EventRefundStatus
	AskedBy      int64
	AskedEmail   string
	AskedAt      time.Time
	AgreedEmail  string
	AgreedAt     *time.Time
	EndedAt      *time.Time

	Left    int // orders to return, those that failed too
	Done    int
	Failed  int
	Unpaid  int   // orders that are not paid yet; they are ended, or returned
	ToGo    int64 // what the buyers of those orders have paid
	Owed    int64 // promised to the others, and not there yet
	Back    int64 // returned by the processor
	Refused int64 // of Owed: what the processor refuses at the moment
}

// What the refund of an event can be refused for.
var (
	ErrSaleNotEnded    = fault.New(fault.Conflict, "sale-not-ended", "The sale is still on. End it first, or say end_sale.")
	ErrNothingToReturn = fault.New(fault.Conflict, "nothing-to-return", "Nobody has a ticket for this event, and nobody is paying for one.")
	// ErrRefundUnderWay has the fact "id".
	ErrRefundUnderWay = fault.New(fault.Conflict, "refund-under-way", "This event is being refunded already, or it is asked for; see id.")
	// ErrRefundMoved has the fact "status".
	ErrRefundMoved = fault.New(fault.Conflict, "refund-moved", "This cannot be done to the refund as it is now; see status.")
	ErrSecondOwner = fault.New(fault.Forbidden, "second-owner-needed", "Somebody else must agree: another owner, signed in with an account of their own.")
)

// WhyRefund is why a whole event is refunded: Reason for the house, Public, if anything, for everybody to read.
type WhyRefund struct{ Reason, Public string }

// RefundEvent asks for the refund of a whole event, and begins it unless a second owner must agree. A sale that is still
// on is ended with the beginning if endSale says so; it can never be opened again.
func (s *Service) RefundEvent(ctx context.Context, who request.Staff, ip string, event request.Event, why WhyRefund, endSale bool) (*EventRefund, error) {
	phase, err := s.Sale.Phase(ctx, event.ID)
	if err != nil {
		return nil, err
	}
	if phase != phaseEnded && !endSale {
		return nil, ErrSaleNotEnded
	}
	r := EventRefund{ID: newID(), EventID: event.ID, Reason: why.Reason, PublicReason: why.Public, AskedBy: who.ID, AskedEmail: who.Email, Status: EventRefundRunning}
	if second, err := s.secondNeeded(ctx, s.DB, event.ID); err != nil {
		return nil, err
	} else if second {
		r.Status = EventRefundAsked
	}
	if err := s.refuseSecondRefund(ctx, event.ID); err != nil { // before a sale is ended for nothing
		return nil, err
	}
	if r.Status == EventRefundRunning {
		if err := s.Sale.End(ctx, event, who, ip, why.Public); err != nil { // for good: a closing could be moved
			return nil, err
		}
	}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if second, err := s.secondNeeded(ctx, tx, event.ID); err != nil {
			return err
		} else if second { // somebody bought meanwhile
			r.Status = EventRefundAsked
		}
		if err := s.store.insertEventRefund(ctx, tx, r); err != nil {
			return err
		}
		if err := s.Journal.Note(ctx, tx, who, ip, "event.refund", "event:"+event.Slug, map[string]any{"refund": r.ID, "reason": why.Reason, "public_reason": why.Public, "status": r.Status}); err != nil {
			return err
		}
		return idempotency.Record(ctx, tx, http.StatusAccepted, newEventRefundView(r, "", s.SecondAbove))
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		if err := s.refuseSecondRefund(ctx, event.ID); err != nil {
			return nil, err
		}
		return nil, ErrRefundUnderWay // and over again by now
	}
	if err != nil {
		return nil, err
	}
	return s.EventRefund(ctx, event.ID, r.ID)
}

// secondNeeded tells whether more money is at stake than one owner may return alone; ErrNothingToReturn if nobody has any.
func (s *Service) secondNeeded(ctx context.Context, db *gorm.DB, eventID int64) (bool, error) {
	at, err := s.store.atStake(ctx, db, eventID)
	if err != nil {
		return false, err
	}
	if at.Orders+at.Unpaid == 0 {
		return false, ErrNothingToReturn
	}
	return s.SecondAbove >= 0 && at.Sum+at.Open > s.SecondAbove, nil
}

func (s *Service) refuseSecondRefund(ctx context.Context, eventID int64) error {
	open, found, err := s.store.openEventRefund(ctx, eventID)
	if err == nil && found {
		return ErrRefundUnderWay.With("id", open)
	}
	return err
}

// eventRefundSteps are what may be done to a refund, and what it must be for that.
var eventRefundSteps = map[string]struct{ from, to EventRefundStatus }{
	"agree":    {EventRefundAsked, EventRefundRunning},
	"refuse":   {EventRefundAsked, EventRefundRefused},
	"withdraw": {EventRefundAsked, EventRefundWithdrawn},
	"pause":    {EventRefundRunning, EventRefundPaused},
	"resume":   {EventRefundPaused, EventRefundRunning},
}

// StepEventRefund agrees to a refund, refuses, withdraws, pauses or resumes it. Whoever asked for it cannot agree to it:
// ErrSecondOwner. What is returned already stays returned.
func (s *Service) StepEventRefund(ctx context.Context, who request.Staff, ip string, event request.Event, id uuid.UUID, step string) (*EventRefund, error) {
	move, known := eventRefundSteps[step]
	if !known {
		return nil, ErrNotFound
	}
	r, err := s.EventRefund(ctx, event.ID, id)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Status != move.from:
		return nil, ErrRefundMoved.With("status", r.Status)
	case step == "agree" && r.AskedBy == who.ID:
		return nil, ErrSecondOwner
	case step == "agree":
		if err := s.Sale.End(ctx, event, who, ip, r.PublicReason); err != nil {
			return nil, err
		}
	}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := s.store.moveEventRefund(ctx, tx, id, move.from, move.to); err != nil {
			return err
		}
		if step == "agree" {
			if err := s.store.agreed(ctx, tx, id, who); err != nil {
				return err
			}
		}
		return s.Journal.Note(ctx, tx, who, ip, "event.refund."+step, "event:"+event.Slug, map[string]any{"refund": id})
	})
	if errors.Is(err, errMoved) {
		if r, e := s.EventRefund(ctx, event.ID, id); e == nil {
			return nil, ErrRefundMoved.With("status", r.Status)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.EventRefund(ctx, event.ID, id)
}

// EventRefund is one of an event, with how far it is; ErrNotFound.
func (s *Service) EventRefund(ctx context.Context, eventID int64, id uuid.UUID) (*EventRefund, error) {
	all, err := s.store.eventRefunds(ctx, eventID, &id)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, ErrNotFound
	}
	return &all[0], nil
}

// EventRefunds are all of an event, newest first.
func (s *Service) EventRefunds(ctx context.Context, eventID int64) ([]EventRefund, error) {
	return s.store.eventRefunds(ctx, eventID, nil)
}

// Refunding tells whether the refund of an event has begun, and what the organiser says of it to everybody, "" for nothing.
func (s *Service) Refunding(ctx context.Context, eventID int64) (word string, begun bool, err error) {
	return s.store.refunding(ctx, eventID)
}

// Stake is what the refund of an event is about.
type Stake struct {
	Sum    int64 // what buyers have paid
	Orders int   // of theirs
	Open   int64 // what may still be paid
	Unpaid int   // orders that wait for that
}

// AtStake is what the refund of an event would be about now.
func (s *Service) AtStake(ctx context.Context, eventID int64) (Stake, error) {
	return s.store.atStake(ctx, s.DB, eventID)
}
