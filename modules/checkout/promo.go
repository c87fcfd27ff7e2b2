package checkout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/limit"
	"fairseat/app/request"
	"fairseat/modules/checkout/promotion"
)

// Codes are words that people can guess, so trying one has budgets of its own: of the place, and of its network.
const (
	promosPerMinute        = 20
	promosPerMinuteNetwork = 300
)

// Why a code was refused, as ErrBadPromo's fact "reason". PromoReasons are all of them.
const (
	promoUnknown  = "unknown"
	promoNotYet   = "not-yet"
	promoOver     = "over"
	promoUsedUp   = "used-up"
	promoUsed     = "used-by-you"
	promoNotThese = "not-for-these-seats"
	promoTooFew   = "too-few-uses"
)

// promoSaid says each reason to a stranger, and what to do about it.
var promoSaid = map[string]string{
	promoUnknown:  "There is no such code for this event. Look at it again: capitals, spaces and dashes do not matter, letters and digits do.",
	promoNotYet:   "This code is not good yet; see from.",
	promoOver:     "This code is no longer good. Order without it, or try another.",
	promoUsedUp:   "This code has been used as often as it may be. Order without it, or try another.",
	promoUsed:     "You have used this code as often as one buyer may. Order without it, or try another.",
	promoTooFew:   "This code opens fewer seats than you hold; see left. Give the others back, then order.",
	promoNotThese: "This code takes nothing off these seats. Choose others, order without it, or try another.",
}

// PromoReasons are the reasons, for whoever has words of their own for each.
func PromoReasons() []string { return slices.Sorted(maps.Keys(promoSaid)) }

func badPromo(reason string) *fault.Error {
	return ErrBadPromo.Say(promoSaid[reason]).With("reason", reason)
}

// Offer is a basket at the prices that a code gives it.
type Offer struct {
	Code      string // as it is printed; "" for none
	Seats     []Seat // at what the buyer pays
	Full      []int64
	Total     int64
	FullTotal int64
	Currency  string
	ExpiresAt time.Time
	Unlocked  []string // categories that the code opens, by their ids
	used      []bool   // by seat: it has a use of the code
}

// Saved is what the code takes off.
func (o Offer) Saved() int64 { return o.FullTotal - o.Total }

// promoCode is a code with the terms of its promotion.
type promoCode struct {
	ID          int64
	Shown       string
	Terms       promotion.Terms
	MaxUses     *int
	MaxPerBuyer *int
	StartsAt    *time.Time
	Early       bool // it is not good yet
	Late        bool // it is no longer good
}

// TryPromo is what the basket of a place would cost with a code. It promises nothing: others may use the code up before
// the order is made. The seats that the code opens may be held by the place from then on; an empty basket will do for that.
func (s *Service) TryPromo(ctx context.Context, place request.Place, typed string) (Offer, error) {
	basket, err := s.Seats.Basket(ctx, place.EventID, place.Key)
	if err != nil {
		return Offer{}, err
	}
	p, err := s.promoOf(ctx, s.DB, place.EventID, typed, "")
	if err != nil {
		return Offer{}, err
	}
	left, err := s.store.promoLeft(ctx, s.DB, p)
	if err != nil {
		return Offer{}, err
	}
	opens := len(p.Terms.Unlocks) > 0
	switch {
	case len(basket.Seats) == 0 && !opens:
		return Offer{}, ErrHoldExpired
	case opens && left == 0:
		return Offer{}, badPromo(promoUsedUp)
	case opens:
		if err := s.Locks.Unlock(ctx, place.EventID, place.Key, p.Terms.Unlocks, p.Shown); err != nil {
			return Offer{}, err
		}
	}
	o, err := reduce(p, basket, left, left)
	if f := fault.As(err); opens && f != nil && f.Facts["reason"] == promoNotThese {
		o, err = newOffer(p, basket), nil // good for seats that are still to be chosen
	}
	return o, err
}

// SpendPromo takes one try from the budgets, right or wrong: an answer that comes only to who is right is one, too.
// Whoever lets a fan try a code, or order with one, asks it first.
func (s *Service) SpendPromo(ctx context.Context, place request.Place, ip, typed string) error {
	if typed == "" {
		return nil
	}
	if err := s.budget(ctx, fmt.Sprintf("promo:%d:%s", place.EventID, place.Key), promosPerMinute, s.PerPlace); err != nil {
		return err
	}
	return s.budget(ctx, "promo-network:"+limit.Network(ip), promosPerMinuteNetwork, s.PerIP)
}

// promoOf is the code that was typed, if it is good now. lock keeps it so for the rest of a transaction.
func (s *Service) promoOf(ctx context.Context, db *gorm.DB, eventID int64, typed, lock string) (promoCode, error) {
	code, ok := promotion.Normal(typed)
	if !ok {
		return promoCode{}, badPromo(promoUnknown)
	}
	p, found, err := s.store.promoCode(ctx, db, eventID, code, lock)
	switch {
	case err != nil:
		return p, err
	case !found:
		return p, badPromo(promoUnknown)
	case p.Late:
		return p, badPromo(promoOver)
	case p.Early:
		return p, badPromo(promoNotYet).With("from", clock.Time(*p.StartsAt))
	}
	return p, nil
}

// reduce applies a code to a basket. left is how many seats may still have its price, of which one buyer has mine.
func reduce(p promoCode, b Basket, left, mine int) (Offer, error) {
	seats := make([]promotion.Seat, len(b.Seats))
	for i, seat := range b.Seats {
		seats[i] = promotion.Seat{Category: seat.Category, Price: seat.Price}
	}
	a := p.Terms.Apply(seats, min(left, mine))
	switch {
	case a.Good == 0:
		return Offer{}, badPromo(promoNotThese)
	case left == 0:
		return Offer{}, badPromo(promoUsedUp)
	case mine == 0:
		return Offer{}, badPromo(promoUsed)
	case min(left, mine) < a.Opened:
		return Offer{}, badPromo(promoTooFew).With("left", min(left, mine))
	}
	o := newOffer(p, b)
	o.used, o.Total = a.Used, 0
	for i := range o.Seats {
		o.Seats[i].Price = a.Prices[i]
		o.Total += a.Prices[i]
	}
	return o, nil
}

// newOffer is a basket at what it costs without the code.
func newOffer(p promoCode, b Basket) Offer {
	o := Offer{Code: p.Shown, Seats: slices.Clone(b.Seats), Total: b.Total, FullTotal: b.Total, Currency: b.Currency, ExpiresAt: b.ExpiresAt, Unlocked: p.Terms.Unlocks}
	for _, seat := range b.Seats {
		o.Full = append(o.Full, seat.Price)
	}
	return o
}

// priced is the basket at the buyer's prices inside T1. With a code the code is locked, so that its uses are counted one
// order after another; the order's row was there first, and its claims come after.
func (s *Service) priced(ctx context.Context, tx *gorm.DB, o *Order, b Buyer, basket Basket) (Basket, *promoUses, error) {
	var uses *promoUses
	if b.Promo != "" {
		p, err := s.promoOf(ctx, tx, o.EventID, b.Promo, promoLock)
		if err != nil {
			return basket, nil, err
		}
		offer, slots, err := s.offerFor(ctx, tx, p, o.BuyerKey, basket)
		if err != nil {
			return basket, nil, err
		}
		uses = &promoUses{code: p, slots: slots, full: map[int]int64{}}
		for i, seat := range offer.Seats {
			if offer.used[i] {
				uses.full[seat.N] = offer.Full[i]
			}
		}
		basket.Seats, basket.Total = offer.Seats, offer.Total
		if err := s.store.reduceOrder(ctx, tx, o, offer.Total, p.ID); err != nil {
			return basket, nil, err
		}
	}
	if b.Agreed != nil && *b.Agreed != basket.Total {
		return basket, nil, ErrPriceChanged.With("total", basket.Total)
	}
	return basket, uses, nil
}

func (s *Service) offerFor(ctx context.Context, tx *gorm.DB, p promoCode, buyer []byte, basket Basket) (Offer, promoSlots, error) {
	slots, err := s.store.promoSlots(ctx, tx, p, buyer, len(basket.Seats))
	if err != nil {
		return Offer{}, slots, err
	}
	offer, err := reduce(p, basket, slots.left(p.MaxUses, slots.all, len(basket.Seats)), slots.left(p.MaxPerBuyer, slots.buyers, len(basket.Seats)))
	return offer, slots, err
}

// promoUses are the uses of a code that an order's claims are about to make.
type promoUses struct {
	code  promoCode
	slots promoSlots
	full  map[int]int64 // seat → what it costs without the code, of the seats that use it
}

// opened are the categories that the code opens.
func (u *promoUses) opened() []string {
	if u == nil {
		return nil
	}
	return u.code.Terms.Unlocks
}

// codeOf is the code that a place gave for the locked seats of its basket, which its order goes by unless the buyer says
// another; "" for none.
func (s *Service) codeOf(ctx context.Context, place request.Place, b Basket) (string, error) {
	if !slices.ContainsFunc(b.Seats, func(seat Seat) bool { return seat.Locked }) {
		return "", nil
	}
	codes, err := s.Locks.Unlocked(ctx, place.EventID, place.Key)
	return codeFor(b, codes), err
}

// CodeOf is codeOf the basket that the place has now.
func (s *Service) CodeOf(ctx context.Context, place request.Place) (string, error) {
	codes, err := s.Locks.Unlocked(ctx, place.EventID, place.Key)
	if err != nil || len(codes) == 0 {
		return "", err
	}
	basket, err := s.Seats.Basket(ctx, place.EventID, place.Key)
	if err != nil {
		return "", err
	}
	return codeFor(basket, codes), nil
}

// codeFor is the code of the first locked seat.
func codeFor(b Basket, codes map[string]string) string {
	for _, seat := range b.Seats {
		if seat.Locked {
			return codes[seat.Category]
		}
	}
	return ""
}

// use ties the uses to the claims that were made for them.
func (s *Service) use(ctx context.Context, tx *gorm.DB, o Order, claims []Claim, u *promoUses) error {
	if u == nil {
		return nil
	}
	n := 0
	for _, c := range claims {
		full, reduced := u.full[c.Seat]
		if !reduced {
			continue
		}
		if err := s.store.insertUse(ctx, tx, c.ID, full, o.BuyerKey, u, n); err != nil {
			return err
		}
		n++
	}
	return s.store.note(ctx, tx, o.ID, "promotion", map[string]any{"code": u.code.Shown, "uses": n})
}

// usesAgain are the uses of an order's earlier claims, to be tied to new ones for late money: the same seats at the same
// prices, or those that stand for them; errRefused if the code was used up meanwhile. It locks the code.
func (s *Service) usesAgain(ctx context.Context, tx *gorm.DB, o Order, standsFor map[int]int) (*promoUses, error) {
	if o.PromotionCodeID == nil {
		return nil, nil
	}
	p, full, err := s.store.promoOfOrder(ctx, tx, o)
	if err != nil || len(full) == 0 {
		return nil, err
	}
	slots, err := s.store.promoSlots(ctx, tx, p, o.BuyerKey, len(full))
	if err != nil {
		return nil, err
	}
	if slots.left(p.MaxUses, slots.all, len(full)) < len(full) || slots.left(p.MaxPerBuyer, slots.buyers, len(full)) < len(full) {
		return nil, errRefused
	}
	if standsFor != nil {
		was := full
		full = map[int]int64{}
		for n, lost := range standsFor {
			if price, reduced := was[lost]; reduced {
				full[n] = price
			}
		}
	}
	return &promoUses{code: p, slots: slots, full: full}, nil
}
