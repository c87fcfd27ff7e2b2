package checkout

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/idempotency"
	"fairseat/app/limit"
	"fairseat/modules/checkout/provider"
)

const (
	attemptsPerMinute = 10 // of one order; stolen cards are tried in series
	mailsPerMinute    = 5
)

// Look is an order as its owner sees it now. While money may be on its way the processor is asked once, briefly and
// not at each poll, so that a lost webhook costs a waiting fan seconds, not minutes.
func (s *Service) Look(ctx context.Context, o Order) (View, error) {
	v, _, err := s.look(ctx, o, "")
	return v, err
}

// LookBack is Look for a fan who has just come back from paying. Sure says that the processor was asked, and so that an
// order which is still open has not been paid.
func (s *Service) LookBack(ctx context.Context, o Order) (v View, sure bool, err error) {
	return s.look(ctx, o, "back")
}

func (s *Service) look(ctx context.Context, o Order, why string) (v View, sure bool, err error) {
	if o.Status == OrderPending || o.Status.delivered() {
		if p, found, err := s.store.paying(ctx, o); err == nil && found && !s.Health(p.Provider).Down && s.glance(p.ID, why) {
			var answered atomic.Bool
			s.inTime(ctx, glanceBudget, func(ctx context.Context) {
				err := s.Settle(ctx, p.ID)
				if answered.Store(err == nil); err != nil {
					s.Log.Debug("payment not settled while its fan waits", "order", p.OrderID, "payment", p.ID, "error", err)
				}
			})
			if o, err = s.store.order(ctx, s.DB, o.ID, ""); err != nil {
				return View{}, false, err
			}
			sure = answered.Load()
		}
	}
	v, err = s.view(ctx, o)
	return v, sure, err
}

// glance is the budget of Look: true at most once in pagesPerOrder for a payment and a reason, on this replica.
func (s *Service) glance(payment uuid.UUID, why string) bool {
	now, key := s.Clock.Now(), why+payment.String()
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.glanced[key]; ok && now.Sub(last) < pagesPerOrder {
		return false
	}
	if len(s.glanced) > 10_000 { // forgetting costs one question each
		clear(s.glanced)
	}
	s.glanced[key] = now
	return true
}

// PayAgain opens a new attempt for an order whose last one failed: the same seats, and the same clock, unless the new one
// takes days. An attempt that is
// open is simply shown again. ErrNotPayable tells the status of an order that has no more to pay; ErrPaymentsDown says
// that nothing was made, and that the clock stands.
func (s *Service) PayAgain(ctx context.Context, id uuid.UUID, method string) (View, error) {
	if err := s.budget(ctx, "pay:"+id.String(), attemptsPerMinute, s.PerPlace); err != nil {
		return View{}, err
	}
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return View{}, err
	}
	kept, err := s.view(ctx, o) // before the transaction: it asks others, who need connections of their own
	if err != nil {
		return View{}, err
	}
	event, err := s.Events.Event(ctx, o.EventID)
	if err != nil {
		return View{}, err
	}
	by, err := s.method(event, method)
	if err != nil {
		return View{}, err
	}
	if health := by.Health(); health.Down && kept.Status == shownDeclined {
		return View{}, ErrPaymentsDown.With("safe_until", kept.ExpiresAt).After(max(health.Retry, time.Second))
	}
	p := Payment{ID: newID(), OrderID: id, Provider: by.Name(), Amount: o.Amount, Currency: o.Currency, Status: PaymentCreated}
	opened, before := false, o.ExpiresAt
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) (err error) {
		if o, err = s.store.order(ctx, tx, id, "FOR UPDATE"); err != nil {
			return err
		}
		live, found, err := s.store.livePayment(ctx, tx, id)
		if err != nil {
			return err
		}
		if o.Status != OrderPending || o.ClockOut || (found && live.Status != PaymentCreated) {
			return errMoved
		}
		if found {
			return nil
		}
		opened = true
		if _, slow := by.(provider.ByHand); slow {
			if o.ExpiresAt, err = s.store.extend(ctx, tx, id, s.payTime(event, by)); err != nil {
				return err
			}
			kept.ExpiresAt = clock.Time(o.ExpiresAt)
		}
		if err := s.openAttempt(ctx, tx, o, p); err != nil {
			return err
		}
		kept.Status, kept.Payment, kept.DeclinedFor = shownPending, &PaymentView{Provider: p.Provider}, ""
		kept.Payment.Transfer = s.transferOf(o, kept.Payment)
		return idempotency.Record(ctx, tx, 200, kept)
	})
	if errors.Is(err, errMoved) {
		return View{}, s.notPayable(ctx, o)
	}
	if err != nil {
		return View{}, err
	}
	if opened {
		s.letOutEarly(ctx, o, p.Provider)
		if !o.ExpiresAt.Equal(before) { // the map keeps the seats as long
			s.retake(ctx, movedClock{ID: o.ID, EventID: o.EventID, PlaceKey: o.PlaceKey, ExpiresAt: o.ExpiresAt})
		}
		s.createNow(ctx, caseFile{Order: o, Payment: p})
	}
	return s.view(ctx, o)
}

// notPayable names the state that is in the way.
func (s *Service) notPayable(ctx context.Context, o Order) error {
	v, err := s.view(ctx, o)
	if err != nil {
		return err
	}
	return ErrNotPayable.With("status", v.Status)
}

// budget takes one from a budget, unless budgets of its kind are off.
func (s *Service) budget(ctx context.Context, name string, perMinute, kind int) error {
	if kind == 0 {
		return nil
	}
	retry, err := s.Limits.Take(ctx, name, perMinute)
	if err != nil {
		return err
	}
	if retry > 0 {
		return ErrSlowDown.After(retry)
	}
	return nil
}

// Resend mails the tickets of a paid order once more, and the link to any other.
func (s *Service) Resend(ctx context.Context, o Order) error {
	if err := s.budget(ctx, "mail:"+o.ID.String(), mailsPerMinute, s.PerPlace); err != nil {
		return err
	}
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return s.mailAgain(ctx, tx, o) })
}

func (s *Service) mailAgain(ctx context.Context, tx *gorm.DB, o Order) error {
	send := s.Mails.OrderLink
	if o.Status == OrderPaid || o.Status == OrderPartRefunded {
		tickets, err := s.store.ticketsOf(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(tickets, func(t Ticket) bool { return t.Status == TicketValid }) {
			send = s.Mails.TicketsAgain
		}
	}
	if err := send(ctx, tx, o.ID); err != nil {
		return err
	}
	if err := s.store.note(ctx, tx, o.ID, "mail-resent", nil); err != nil {
		return err
	}
	return idempotency.Record(ctx, tx, 202, struct{}{})
}

// Find mails the link to an order to whoever knows its code and its address, and tells nobody whether it did.
func (s *Service) Find(ctx context.Context, ip, code, email string) error {
	if err := s.budget(ctx, "find:"+limit.Network(ip), s.PerIP, s.PerIP); err != nil {
		return err
	}
	code = normalCode(code)
	if len(code) != codeLength || !printable(code) {
		return nil
	}
	o, found, err := s.store.orderByCode(ctx, code)
	if err != nil {
		return err
	}
	// Compared always, so that the time tells nothing; by address, because keys may have changed since.
	same := subtle.ConstantTimeCompare([]byte(normalEmail(o.Email)), []byte(normalEmail(email))) == 1
	if !found || !same {
		return nil
	}
	if s.budget(ctx, "mail:"+o.ID.String(), mailsPerMinute, s.PerIP) != nil {
		return nil // the answer stays the same
	}
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := s.Mails.OrderLink(ctx, tx, o.ID); err != nil {
			return err
		}
		return s.store.note(ctx, tx, o.ID, "link-mailed", nil)
	})
}

// Link is the private address of an order: the token is a fragment, which no server and no log ever sees.
func (s *Service) Link(id uuid.UUID) string {
	return s.PublicURL() + "/orders/" + id.String() + "#t=" + orderToken(s.Keys, id)
}
