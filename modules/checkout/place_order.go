package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/failpoint"
	"fairseat/app/fault"
	"fairseat/app/idempotency"
	"fairseat/app/request"
	"fairseat/modules/checkout/provider"
)

// errTaken says that T1 wrote nothing: the place has an open order, or the code is in use.
var errTaken = errors.New("an order is in the way")

// Placed is an order with its credential; New is false when the place had it already.
type Placed struct {
	Order View   `json:"order"`
	Token string `json:"token"`
	New   bool   `json:"-"`
}

// ordersPerMinute is how often one place may ask for its order: far above what a hand or a patient script does, as every
// answer costs Postgres something. Whoever asks each second while payments are down, as they are told to, never meets it.
// An installation that allows a place more changes of its basket allows it as many orders.
const ordersPerMinute = 60

// Spend takes one from a place's budget of orders; ErrSlowDown when there is none left. Whoever lets a fan order asks it
// first.
func (s *Service) Spend(ctx context.Context, place request.Place) error {
	return s.budget(ctx, fmt.Sprintf("order:%d:%s", place.EventID, place.Key), max(ordersPerMinute, s.PerPlace), s.PerPlace)
}

// PlaceOrder turns the place's basket into an order. A place with an open order gets that one again. When it returns
// an order the seats are claimed in Postgres: nothing but the buyer's own choice or the clock gives them back.
func (s *Service) PlaceOrder(ctx context.Context, place request.Place, b Buyer) (*Placed, error) {
	if o, found, err := s.store.openOrder(ctx, place.EventID, place.Key); err != nil || found {
		return s.placedBefore(ctx, o, err)
	}
	event, err := s.Events.Event(ctx, place.EventID)
	if err != nil {
		return nil, err
	}
	by, err := s.method(event, b.Method)
	if err != nil {
		return nil, err
	}
	basket, err := s.pin(ctx, place, by)
	if err != nil {
		if errors.Is(err, ErrHoldExpired) {
			// The same request may have been a moment faster, and taken the basket with it.
			if o, found, e := s.store.openOrder(ctx, place.EventID, place.Key); e == nil && found {
				return s.placedBefore(ctx, o, nil)
			}
		}
		return nil, err
	}
	if b.Promo == "" {
		if b.Promo, err = s.codeOf(ctx, place, basket); err != nil {
			return nil, err
		}
	}
	failpoint.Hit("K2")
	for range 3 { // a code in use is rare, three in a row do not happen
		placed, err := s.write(ctx, event, by, place, b, basket)
		if !errors.Is(err, errTaken) {
			return placed, err
		}
		if o, found, err := s.store.openOrder(ctx, place.EventID, place.Key); err != nil || found {
			return s.placedBefore(ctx, o, err)
		}
	}
	return nil, fmt.Errorf("place order: %w", errTaken)
}

// OpenOrder is the order that a place has still to pay, if there is one.
func (s *Service) OpenOrder(ctx context.Context, eventID int64, place string) (id uuid.UUID, found bool, err error) {
	o, found, err := s.store.openOrder(ctx, eventID, place)
	return o.ID, found, err
}

func (s *Service) placedBefore(ctx context.Context, o Order, err error) (*Placed, error) {
	if err != nil {
		return nil, err
	}
	v, err := s.view(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Placed{Order: v, Token: orderToken(s.Keys, o.ID)}, nil
}

// pin makes the basket safe for T1. While the processor is down nothing is made, but the seats stay.
func (s *Service) pin(ctx context.Context, place request.Place, by provider.Provider) (Basket, error) {
	health, hold := by.Health(), pinFor
	if health.Down {
		hold = pinWhileDown
	}
	basket, err := s.Seats.Pin(ctx, place.EventID, place.Key, hold, health.Down)
	if err == nil && health.Down && basket.Total > 0 {
		return basket, ErrPaymentsDown.With("safe_until", clock.Time(basket.ExpiresAt)).After(max(health.Retry, time.Second))
	}
	return basket, err
}

// write is T1 and what follows it: order, claims, payment, jobs and the kept answer in one transaction; then the map
// is told and the processor asked, both of which others repeat if we die here.
func (s *Service) write(ctx context.Context, event Event, by provider.Provider, place request.Place, b Buyer, basket Basket) (*Placed, error) {
	o := Order{
		ID: newID(), EventID: place.EventID, Code: newOrderCode(), PlaceKey: place.Key, Name: b.Name, Email: b.Email,
		BuyerKey: buyerKey(s.Keys, b.Email), Amount: basket.Total, Currency: basket.Currency, Status: OrderPending,
	}
	p := Payment{ID: newID(), OrderID: o.ID, Provider: by.Name(), Amount: o.Amount, Currency: o.Currency, Status: PaymentCreated}
	placed := &Placed{Token: orderToken(s.Keys, o.ID), New: true}
	var claims []Claim
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) (err error) {
		if claims, err = s.claim(ctx, tx, s.payTime(event, by), &o, b, &basket); err != nil {
			return err
		}
		p.Amount = o.Amount
		if o.Amount == 0 {
			if err := s.deliver(ctx, tx, o, claims); err != nil {
				return err
			}
		} else if err := s.openAttempt(ctx, tx, o, p); err != nil {
			return err
		}
		placed.Order = s.newView(o, event, p, basket.Seats)
		if placed.Order.Payment != nil {
			placed.Order.Payment.Transfer = s.transferOf(o, placed.Order.Payment)
		}
		if placed.Order.Promo, err = s.store.promoView(ctx, tx, o); err != nil {
			return err
		}
		failpoint.Hit("K3")
		return idempotency.Record(ctx, tx, 201, placed)
	})
	if err == nil {
		err = failpoint.Err("K16")
	}
	if err != nil && fault.As(err) == nil && !errors.Is(err, errTaken) {
		err = s.committedAfterAll(ctx, o.ID, err)
	}
	if err != nil {
		return nil, err
	}
	s.metrics.orders.WithLabelValues("placed").Inc()
	failpoint.Hit("K4")
	s.afterPlacing(ctx, o, p, claims)
	if now, err := s.store.order(ctx, s.DB, o.ID, ""); err == nil {
		if v, err := s.view(ctx, now); err == nil {
			placed.Order = v // with the page to pay on, if the processor was quick
		}
	}
	return placed, nil
}

// claim writes the order and ties the seats to it, at this buyer's prices, which it leaves in basket.
func (s *Service) claim(ctx context.Context, tx *gorm.DB, pay time.Duration, o *Order, b Buyer, basket *Basket) ([]Claim, error) {
	inserted, err := s.store.insertOrder(ctx, tx, o, pay)
	if err != nil {
		return nil, err
	}
	if !inserted {
		return nil, errTaken
	}
	var uses *promoUses
	if *basket, uses, err = s.priced(ctx, tx, o, b, *basket); err != nil {
		return nil, err
	}
	seats, prices := make([]int, len(basket.Seats)), make([]int64, len(basket.Seats))
	for i, seat := range basket.Seats {
		seats[i], prices[i] = seat.N, seat.Price
	}
	claims, err := s.Seats.Claim(ctx, tx, ClaimRequest{EventID: o.EventID, OrderID: o.ID, BuyerKey: o.BuyerKey, Place: o.PlaceKey, Seats: seats, Prices: prices, Opened: uses.opened()})
	if err != nil {
		return nil, err
	}
	if err := s.store.note(ctx, tx, o.ID, "placed", map[string]any{"seats": seats, "total": o.Amount}); err != nil {
		return nil, err
	}
	if err := s.use(ctx, tx, *o, claims, uses); err != nil {
		return nil, err
	}
	return claims, s.enqueue(ctx, tx, expireArgs{OrderID: o.ID}, o.ExpiresAt)
}

// openAttempt writes a payment with the job that creates it at the processor should the request not get to it.
func (s *Service) openAttempt(ctx context.Context, tx *gorm.DB, o Order, p Payment) error {
	if err := s.store.insertPayment(ctx, tx, p); err != nil {
		return err
	}
	if err := s.store.note(ctx, tx, o.ID, "payment-opened", map[string]any{"payment": p.ID}); err != nil {
		return err
	}
	if t := s.transferOf(o, &PaymentView{Provider: p.Provider}); t != nil {
		if err := s.Mails.TransferAwaited(ctx, tx, o.ID, *t); err != nil {
			return err
		}
	}
	return s.enqueue(ctx, tx, createArgs{PaymentID: p.ID}, s.Clock.Now().Add(createBudget))
}

// committedAfterAll looks what became of a commit whose answer was lost. Never retried blindly: the id tells.
func (s *Service) committedAfterAll(ctx context.Context, id uuid.UUID, cause error) error {
	ctx, cancel := aside(ctx, 2*time.Second)
	defer cancel()
	if _, err := s.store.order(ctx, s.DB, id, ""); err != nil {
		return cause
	}
	return nil
}

// afterPlacing tells the map and asks the processor. A client that hung up changes nothing.
func (s *Service) afterPlacing(ctx context.Context, o Order, p Payment, claims []Claim) {
	if o.Amount > 0 {
		s.letOutEarly(ctx, o, p.Provider)
	}
	s.take(ctx, o, claims)
	if o.Amount == 0 {
		s.afterPaid(ctx, o, claims)
		return
	}
	s.tell(o, shownPending) // the basket of another tab has gone into this order
	s.createNow(ctx, caseFile{Order: o, Payment: p})
}

// take marks the order's seats on the map.
func (s *Service) take(ctx context.Context, o Order, claims []Claim) {
	ctx, cancel := aside(ctx, afterBudget)
	defer cancel()
	if err := s.Map.Take(ctx, o.EventID, o.PlaceKey, claims, o.ExpiresAt); err != nil {
		s.Log.Warn("map not told of claims; it will be repaired", "order", o.ID, "error", err)
	}
}

// createNow asks the processor while the fan waits; the job and the reconciler are there if it does not answer.
func (s *Service) createNow(ctx context.Context, c caseFile) {
	s.glance(c.Payment.ID, "") // the fan's page need not ask again at once
	s.inTime(ctx, createBudget, func(ctx context.Context) {
		if _, err := s.create(ctx, c); err != nil {
			s.Log.Warn("payment not opened yet; it will be", "order", c.Order.ID, "payment", c.Payment.ID, "error", err)
		}
	})
}

// create opens a payment at the processor and writes down its reference (T2). The answer to a repeated call may be
// as old as the first one, so it is good for the reference alone.
func (s *Service) create(ctx context.Context, c caseFile) (provider.State, error) {
	event, err := s.Events.Event(ctx, c.Order.EventID)
	if err != nil {
		return provider.State{}, err
	}
	at, err := s.providerOf(c.Payment.Provider)
	if err != nil {
		return provider.State{}, err
	}
	st, err := at.Create(ctx, provider.CreateRequest{
		Payment: c.Payment.ID, Order: c.Order.ID, Amount: c.Payment.Amount, Currency: c.Payment.Currency,
		Description: event.Name + " · " + c.Order.Code, ReturnURL: s.PublicURL() + "/orders/" + c.Order.ID.String() + "?back=1",
		Email: c.Order.Email, Until: c.until(),
	})
	if errors.Is(err, provider.ErrRefused) {
		return provider.State{Status: provider.Unknown}, s.refuseToOpen(ctx, c, err)
	}
	if err != nil {
		return st, err
	}
	failpoint.Hit("K5")
	ctx, cancel := aside(ctx, afterBudget) // the time may be up by now, the reference must not be lost for it
	defer cancel()
	wanted, err := s.store.notePayment(ctx, c.Payment.ID, st)
	failpoint.Hit("K6")
	if err == nil && !wanted {
		s.Log.Info("payment opened after it was given up; taking it back", "order", c.Order.ID, "payment", c.Payment.ID)
		return st, s.checkSoon(ctx, c.Payment.ID)
	}
	return st, err
}

// refuseToOpen ends an attempt that the processor will not open: asking again would be refused again, and its fan would wait
// for a page to pay on until the clock ends. It is declined, so that they may pay in another way.
func (s *Service) refuseToOpen(ctx context.Context, c caseFile, why error) error {
	ctx, cancel := aside(ctx, afterBudget)
	defer cancel()
	err := s.underLock(ctx, c, provider.State{Status: provider.Unknown}, stepCreate, func(ctx context.Context, tx *gorm.DB, c caseFile, _ provider.State) error {
		if c.Payment.ProviderRef != nil {
			return why // it was opened once: somebody else knows better
		}
		if err := s.store.movePayment(ctx, tx, c.Payment.ID, []PaymentStatus{PaymentCreated}, PaymentFailed, 0, why.Error()); err != nil {
			return err
		}
		return s.store.note(ctx, tx, c.Order.ID, "payment-"+string(PaymentFailed), map[string]any{"payment": c.Payment.ID, "problem": why.Error()})
	})
	if err != nil {
		return err
	}
	s.Log.Error("the processor will not open a payment", "order", c.Order.ID, "payment", c.Payment.ID, "amount", c.Payment.Amount, "currency", c.Payment.Currency, "error", why)
	if c.Swap == nil {
		s.tell(c.Order, shownDeclined)
	}
	return nil
}

// checkSoon lets the reconciler look at a payment at once, dead or alive, by a job: dead ones are not in its list.
func (s *Service) checkSoon(ctx context.Context, payment uuid.UUID) error {
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return s.enqueue(ctx, tx, settleArgs{PaymentID: payment}, time.Time{})
	})
}

// newID is a v7 uuid: unguessable enough beside a signed token, and kind to the index.
func newID() uuid.UUID {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.New() // no time: random all over
	}
	return id
}
