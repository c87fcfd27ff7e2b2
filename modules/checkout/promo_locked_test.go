package checkout

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"fairseat/modules/checkout/promotion"
	"fairseat/modules/checkout/provider"
)

// circle makes seat 5 the one of another category.
func (k *kit) circle() *kit {
	k.room.cheap, k.room.cheapPrice = 5, 4200
	return k
}

// A code that opens seats is given once; the order for them goes by it, and counts as a use of it, whatever it costs.
func TestACodeOpensSeatsFromBasketToRefund(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t).circle(), context.Background()
	p := k.promote(Draft{Code: "Members", Terms: promotion.Terms{Unlocks: []string{"Circle"}}, MaxUses: ptr(1)})
	if !k.room.locked["c2"] {
		t.Fatal("the category that a code opens can be had without it")
	}
	f := k.fan()
	offer, err := k.TryPromo(ctx, f.place, "members")
	must(t, err)
	if len(offer.Unlocked) != 1 || offer.Unlocked[0] != "c2" || len(offer.Seats) != 0 {
		t.Errorf("%+v", offer)
	}
	k.room.put(f.place.Key, []int{4, 5})
	if code, err := k.CodeOf(ctx, f.place); err != nil || code != "Members" {
		t.Errorf("the order would go by %q, %v", code, err)
	}
	if offer, err := k.TryPromo(ctx, f.place, "members"); err != nil || offer.Total != 8400 || offer.Saved() != 0 {
		t.Errorf("%+v, %v", offer, err)
	}
	o := k.mustPlace(f).Order
	if o.Total != 8400 || o.Promo == nil || *o.Promo != (PromoView{"Members", 0}) {
		t.Fatalf("%+v %+v", o, o.Promo)
	}
	k.pay(o.ID, provider.Authorized, 0)
	k.want(o.ID, "paid")
	if u := k.uses(p.ID); u.Uses != 1 || u.Saved != 0 {
		t.Errorf("%+v", u)
	}
	// It has no seat left to open.
	if _, err := k.TryPromo(ctx, k.fan(2).place, "members"); reasonOf(err) != promoUsedUp {
		t.Errorf("tried again: %v", err)
	}
	_, err = k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill")
	must(t, err)
	if u := k.uses(p.ID); u.Uses != 0 {
		t.Errorf("%d uses after the tickets went back", u.Uses)
	}
	k.quiet(k.Service)
	k.check()
}

// Whoever holds a locked seat, however, orders it with a code that opens it, or not at all.
func TestNoOrderOfLockedSeatsWithoutTheirCode(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t).circle(), context.Background()
	p := k.promote(Draft{Code: "Members", Terms: promotion.Terms{Unlocks: []string{"Circle"}}})
	k.promote(Draft{Code: "half", Terms: promotion.Terms{Percent: 50}})
	f := k.fan(5)
	if _, err := k.PlaceOrder(ctx, f.place, f.buyer); !errors.Is(err, ErrAccessCode) {
		t.Errorf("without: %v", err)
	}
	_, err := k.TryPromo(ctx, f.place, "members")
	must(t, err)
	f.buyer.Promo = "half"
	if _, err := k.PlaceOrder(ctx, f.place, f.buyer); !errors.Is(err, ErrAccessCode) {
		t.Errorf("with another code: %v", err)
	}
	must(t, k.EndPromotion(ctx, staffAda(), "", k.event, p.ID))
	f.buyer.Promo = ""
	if _, err := k.PlaceOrder(ctx, f.place, f.buyer); reasonOf(err) != promoUnknown {
		t.Errorf("with a code that was switched off: %v", err)
	}
	k.check()
}

func TestACodeOpensNoMoreSeatsThanItMay(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	k.promote(Draft{Code: "one", Terms: promotion.Terms{Unlocks: []string{"Stalls"}, Percent: 10}, MaxUses: ptr(1)})
	f := k.fan(0, 1)
	if _, err := k.TryPromo(ctx, f.place, "one"); reasonOf(err) != promoTooFew {
		t.Errorf("two seats: %v", err)
	}
	if _, err := k.PlaceOrder(ctx, f.place, f.buyer); reasonOf(err) != promoTooFew {
		t.Errorf("two seats ordered: %v", err)
	}
	k.room.put(f.place.Key, []int{0})
	if o := k.mustPlace(f).Order; o.Total != 3780 || o.Promo.Saved != 420 {
		t.Errorf("%+v", o)
	}
	k.check()
}

// Late money takes the seats and the use of the code again, though the category was locked before or since.
func TestLateMoneyTakesLockedSeatsAgain(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t).circle(), context.Background()
	before := k.fan(0)
	early := k.mustPlace(before).Order
	p := k.promote(Draft{Code: "Members", Terms: promotion.Terms{Unlocks: []string{"Circle", "Stalls"}}})
	f := k.fan(5)
	_, err := k.TryPromo(ctx, f.place, "members")
	must(t, err)
	o := k.mustPlace(f).Order
	k.late(early, provider.Captured)
	k.late(o, provider.Captured)
	k.want(early.ID, "paid")
	k.want(o.ID, "paid")
	if u := k.uses(p.ID); u.Uses != 1 {
		t.Errorf("%d uses", u.Uses)
	}
	k.check()
}

func TestLockedSeatsOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.circle()
	const at = "/api/v1/admin/events/gala/promotions"
	w.want(t, w.do("POST", at, `{"code":"members","unlocks":["Pit"]}`), 422, "bad-field")
	w.want(t, w.do("POST", at, `{"code":"members","percent":5,"amount":5,"unlocks":["Circle"]}`), 422, "bad-field")
	made := w.do("POST", at, `{"code":"members","unlocks":["Circle"]}`)
	w.want(t, made, 201, "")
	var p PromotionView
	if made.into(t, &p); len(p.Unlocks) != 1 || p.Unlocks[0] != "c2" || p.State != "on" {
		t.Errorf("%+v", p)
	}
	f := w.fan(5)
	refused := w.do("POST", "/api/v1/events/gala/orders", adaOrders, "X-Place", f.place.Key)
	w.want(t, refused, http.StatusForbidden, "access-code-required")
	if !strings.Contains(refused.Body.String(), `"categories":["c2"]`) {
		t.Error(refused.Body.String())
	}
	tried := w.do("POST", "/api/v1/events/gala/promo", `{"code":"MEMBERS"}`, "X-Place", f.place.Key)
	w.want(t, tried, 200, "")
	var offer OfferView
	if tried.into(t, &offer); len(offer.Unlocked) != 1 || offer.Total != 4200 || offer.FullTotal != 4200 {
		t.Errorf("%+v", offer)
	}
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", adaOrders, "X-Place", f.place.Key), 201, "")
}
