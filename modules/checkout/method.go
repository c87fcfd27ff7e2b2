package checkout

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/provider"
)

// methods are how an event may be paid: the providers it names that are configured, else the usual one.
func (s *Service) methods(e Event) []provider.Provider {
	var all []provider.Provider
	for _, name := range e.Methods {
		if p, err := s.providerOf(name); err == nil {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return s.Providers[:1]
	}
	return s.inTimeFor(e, all)
}

// inTimeFor leaves out by whom money would not come before the event; none, if nobody would be left.
func (s *Service) inTimeFor(e Event, all []provider.Provider) []provider.Provider {
	if e.StartsAt.IsZero() || e.StartsAt.Sub(s.Clock.Now()) >= HandLead {
		return all
	}
	fast := slices.DeleteFunc(slices.Clone(all), func(p provider.Provider) bool { _, slow := p.(provider.ByHand); return slow })
	if len(fast) == 0 {
		return all
	}
	return fast
}

// method is who a buyer pays by, "" being the event's first; ErrBadMethod with the fact "methods".
func (s *Service) method(e Event, name string) (provider.Provider, error) {
	all := s.methods(e)
	if name == "" {
		return all[0], nil
	}
	names := []string{}
	for _, p := range all {
		if p.Name() == name {
			return p, nil
		}
		names = append(names, p.Name())
	}
	return nil, ErrBadMethod.With("methods", names)
}

// Methods are the names of how an event may be paid, the usual one first.
func (s *Service) Methods(ctx context.Context, eventID int64) ([]string, error) {
	e, err := s.Events.Event(ctx, eventID)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range s.methods(e) {
		names = append(names, p.Name())
	}
	return names, nil
}

// handMargin is how long before the start whoever pays by hand must have paid: what has not come by then others may buy.
const handMargin = 2 * time.Hour

// HandLead is how long before the start paying by hand is offered last: less than a day is no time for a transfer.
const HandLead = handMargin + 24*time.Hour

// payTime is how long a buyer has who pays by p: days by hand, but never so long that the seats stay empty at the start.
func (s *Service) payTime(e Event, p provider.Provider) time.Duration {
	by, ok := p.(provider.ByHand)
	switch {
	case !ok:
		return e.PayTime
	case e.StartsAt.IsZero():
		return by.Time()
	}
	return max(e.PayTime, min(by.Time(), e.StartsAt.Sub(s.Clock.Now())-handMargin))
}

// byHand are the names of the providers whose money people move.
func (s *Service) byHand() []string {
	names := []string{}
	for _, p := range s.Providers {
		if _, ok := p.(provider.ByHand); ok {
			names = append(names, p.Name())
		}
	}
	return names
}

// letOutEarly ends the admission of a place that has days to pay: it need not stand inside, where others want to be. It
// is called before the map hears of the claims, which would make the admission last as long as the order.
func (s *Service) letOutEarly(ctx context.Context, o Order, by string) {
	if !slices.Contains(s.byHand(), by) {
		return
	}
	ctx, cancel := aside(ctx, afterBudget)
	defer cancel()
	if err := s.Admissions.Finish(ctx, o.EventID, o.PlaceKey); err != nil {
		s.Log.Debug("admission not ended yet; it will be", "order", o.ID, "error", err)
	}
}

// slowPlaces are the places of fresh orders that are paid by hand.
func (s store) slowPlaces(ctx context.Context, by []string) (orders []paidOrder, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT DISTINCT o.id, o.event_id, o.place_key FROM orders o JOIN payments p ON p.order_id = o.id
		WHERE o.status = 'pending' AND p.provider IN ? AND p.status = 'created' AND p.created_at > `+now+` - interval '1 minute'`, by, s.now()).Scan(&orders).Error
	return orders, err
}

// extend gives an order that is now paid by hand the days it takes. The caller holds its lock.
func (s store) extend(ctx context.Context, tx *gorm.DB, id uuid.UUID, by time.Duration) (expires time.Time, err error) {
	_, err = one(tx.WithContext(ctx), &expires, `UPDATE orders SET expires_at = greatest(expires_at, `+now+` + ?::float8 * interval '1 s')
		WHERE id = ? AND status = 'pending' RETURNING expires_at`, s.now(), by.Seconds(), id)
	return expires, err
}
