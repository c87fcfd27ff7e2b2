package checkout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/promotion"
	"fairseat/modules/checkout/provider"
)

func (k *kit) promote(d Draft) *Promotion {
	k.T.Helper()
	p, err := k.MakePromotion(context.Background(), staffAda(), "", k.event, d)
	if err != nil {
		k.T.Fatalf("make promotion: %v", err)
	}
	return p
}

// uses is how the desk counts a promotion.
func (k *kit) uses(id uuid.UUID) Promotion {
	k.T.Helper()
	all, err := k.Promotions(context.Background(), k.event)
	must(k.T, err)
	i := slices.IndexFunc(all, func(p Promotion) bool { return p.ID == id })
	if i < 0 {
		k.T.Fatal("the promotion is not listed")
	}
	return all[i]
}

func reasonOf(err error) string {
	if f := fault.As(err); f != nil && errors.Is(err, ErrBadPromo) {
		reason, _ := f.Facts["reason"].(string)
		return reason
	}
	return ""
}

func ptr[T any](v T) *T { return &v }

// The price of a code is what is agreed, charged, delivered and given back.
func TestACodeLowersThePriceFromBasketToRefund(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	p := k.promote(Draft{Code: "Spring 26", Terms: promotion.Terms{Percent: 25}})
	f := k.fan(0, 1)
	offer, err := k.TryPromo(ctx, f.place, "spring-26")
	must(t, err)
	if offer.Total != 6300 || offer.FullTotal != 8400 || offer.Code != "Spring 26" || offer.Seats[0].Price != 3150 {
		t.Fatalf("%+v", offer)
	}
	f.buyer.Promo, f.buyer.Agreed = "SPRING26", ptr(int64(6300))
	o := k.mustPlace(f).Order
	if o.Total != 6300 || o.Seats[1].Price != 3150 || o.Promo == nil || *o.Promo != (PromoView{"Spring 26", 2100}) {
		t.Fatalf("%+v %+v", o, o.Promo)
	}
	if a := k.bank.accounts[k.payment(o.ID).ID.String()]; a.amount != 6300 {
		t.Errorf("the bank was asked for %d", a.amount)
	}
	k.pay(o.ID, provider.Authorized, 0)
	k.want(o.ID, "paid")
	if u := k.uses(p.ID); u.Uses != 2 || u.Saved != 2100 || u.State != "on" {
		t.Errorf("%+v", u)
	}
	k.check()
	// Another seat keeps the price, and the use that goes with it.
	_, err = k.Move(ctx, staffAda(), "", uuid.MustParse(o.ID), uuid.MustParse(k.shown(o.ID).Tickets[1].ID), 7)
	must(t, err)
	if u := k.uses(p.ID); u.Uses != 2 || u.Saved != 2100 {
		t.Errorf("after an exchange: %+v", u)
	}
	if v := k.shown(o.ID); v.Promo.Saved != 2100 {
		t.Errorf("the order saved %d after an exchange", v.Promo.Saved)
	}
	v, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), []uuid.UUID{uuid.MustParse(k.shown(o.ID).Tickets[0].ID)}, "ill")
	must(t, err)
	if v.Refunds[0].Amount != 3150 {
		t.Errorf("gave back %d", v.Refunds[0].Amount)
	}
	if u := k.uses(p.ID); u.Uses != 1 {
		t.Errorf("%d uses after one ticket went back", u.Uses)
	}
	k.quiet(k.Service)
	k.check()
}

// However many order at one moment, a code lowers the price of as many seats as it says.
func TestACodeIsUsedNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.promote(Draft{Code: "five", Terms: promotion.Terms{Amount: 1000}, MaxUses: ptr(5)})
	var all sync.WaitGroup
	var placed, refused, seats atomic.Int32
	for i := range 6 {
		f := k.fan(2*i, 2*i+1)
		f.buyer.Promo = "five"
		all.Go(func() {
			o, err := k.PlaceOrder(context.Background(), f.place, f.buyer)
			switch {
			case reasonOf(err) == promoUsedUp:
				refused.Add(1)
			case err != nil:
				t.Errorf("%v", err)
			default:
				placed.Add(1)
				seats.Add(int32(8400-o.Order.Total) / 1000)
			}
		})
	}
	all.Wait()
	// Two, two and what is left of it: one of two seats.
	if placed.Load() != 3 || refused.Load() != 3 || seats.Load() != 5 {
		t.Errorf("%d orders, %d refused, %d seats reduced", placed.Load(), refused.Load(), seats.Load())
	}
	if u := k.uses(p.ID); u.Uses != 5 {
		t.Errorf("%d uses", u.Uses)
	}
	k.check()
	// What ends unpaid is free for others: the hole is found though the last slot is taken.
	k.Kit.Clock.Advance(16 * time.Minute)
	k.quiet(k.Service)
	f := k.fan(0, 1)
	f.buyer.Promo = "five"
	if o := k.mustPlace(f).Order; o.Total != 6400 {
		t.Errorf("costs %d after the others ended", o.Total)
	}
	k.check()
}

func TestACodeHasALimitForEachBuyer(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 4200, 4)
	k.promote(Draft{Code: "one each", Terms: promotion.Terms{Prices: map[string]int64{"Stalls": 100}}, MaxPerBuyer: ptr(1)})
	f := k.fan(0, 1)
	f.buyer.Promo = "one each"
	if o := k.mustPlace(f).Order; o.Total != 4300 {
		t.Errorf("two seats cost %d", o.Total)
	}
	again := k.fan(2)
	again.buyer = f.buyer
	if _, err := k.PlaceOrder(context.Background(), again.place, again.buyer); reasonOf(err) != promoUsed {
		t.Errorf("the same buyer from another place: %v", err)
	}
	other := k.fan(3)
	other.buyer.Promo = "one each"
	if o := k.mustPlace(other).Order; o.Total != 100 {
		t.Errorf("another buyer pays %d", o.Total)
	}
	k.check()
}

func TestACodeThatTakesAllIsPaidAtOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.promote(Draft{Code: "guest", Terms: promotion.Terms{Percent: 100}})
	f := k.fan(0)
	f.buyer.Promo = "guest"
	o := k.mustPlace(f).Order
	if o.Status != "paid" || o.Total != 0 || len(o.Tickets) != 1 || len(k.bank.calls) != 0 {
		t.Errorf("%+v, the bank was asked %v", o, k.bank.calls)
	}
	k.check()
}

// Late money takes its code's uses anew; where others have used it up meanwhile the money goes back.
func TestLateMoneyForACode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		usedUp bool
		want   string
	}{{"still left", false, "paid"}, {"used up", true, "refunded"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			p := k.promote(Draft{Code: "last", Terms: promotion.Terms{Percent: 50}, MaxUses: ptr(1)})
			f := k.fan(5)
			f.buyer.Promo = "last"
			o := k.mustPlace(f).Order
			k.Kit.Clock.Advance(16 * time.Minute)
			must(t, k.Tick(context.Background()))
			k.want(o.ID, "expired")
			if c.usedUp {
				other := k.fan(6)
				other.buyer.Promo = "last"
				k.mustPlace(other)
			}
			must(t, k.EndPromotion(context.Background(), staffAda(), "", k.event, p.ID)) // what was agreed stays so
			k.bank.mu.Lock()
			a := k.bank.accounts[k.payment(o.ID).ID.String()]
			a.Status, a.Authorized, a.Captured = provider.Captured, a.amount, a.amount
			k.bank.mu.Unlock()
			k.match()
			k.quiet(k.Service)
			k.want(o.ID, c.want)
			if u := k.uses(p.ID); u.Uses > 1 || u.State != "off" {
				t.Errorf("%+v", u)
			}
			k.check()
		})
	}
}

// An order with the same code, made at the same moment, locks the code and then its seats: late money does so in the same
// order, or each would wait for the other.
func TestLateMoneyWaitsForTheCodeBeforeItTakesSeats(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	k.promote(Draft{Code: "few", Terms: promotion.Terms{Percent: 50}, MaxUses: ptr(5)})
	f := k.fan(5)
	f.buyer.Promo = "few"
	o := k.mustPlace(f).Order
	p := k.payment(o.ID)
	k.Kit.Clock.Advance(16 * time.Minute)
	must(t, k.Tick(ctx))
	k.want(o.ID, "expired")
	k.bank.mu.Lock()
	a := k.bank.accounts[p.ID.String()]
	a.Status, a.Authorized, a.Captured = provider.Captured, a.amount, a.amount
	k.bank.mu.Unlock()

	other, settled := k.mustPlace(k.fan(6)).Order, make(chan error, 1)
	undone := errors.New("this order is not made after all")
	err := k.Kit.DB.Transaction(func(tx *gorm.DB) error {
		if _, err := k.promoOf(ctx, tx, k.event, "few", promoLock); err != nil {
			return err
		}
		go func() { settled <- k.Settle(ctx, p.ID) }()
		testkit.Eventually(t, 10*time.Second, "late money waits", func() bool {
			return k.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
		})
		// What T1 does next, about the very seat.
		if err := tx.Exec(`INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status)
			SELECT event_id, 5, order_id, buyer_key, 2, place_key, 2, 2, 2100, 'checkout' FROM seat_claims WHERE order_id = ?`, other.ID).Error; err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Errorf("the order: %v", err)
	}
	if err := <-settled; err != nil {
		t.Errorf("the late money: %v", err)
	}
	k.want(o.ID, "paid")
	k.check()
}

func TestWhyACodeIsRefused(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	now := k.Kit.Clock.Now()
	k.promote(Draft{Code: "soon", Terms: promotion.Terms{Percent: 10}, StartsAt: ptr(now.Add(time.Hour))})
	k.promote(Draft{Code: "past", Terms: promotion.Terms{Percent: 10}, EndsAt: ptr(now.Add(time.Second))})
	k.promote(Draft{Code: "dear", Terms: promotion.Terms{Prices: map[string]int64{"c1": 9000}}})
	off := k.promote(Draft{Code: "gone", Terms: promotion.Terms{Percent: 10}})
	must(t, k.EndPromotion(ctx, staffAda(), "", k.event, off.ID))
	must(t, k.EndPromotion(ctx, staffAda(), "", k.event, off.ID)) // again is no error
	if err := k.EndPromotion(ctx, staffAda(), "", k.event, uuid.New()); !errors.Is(err, ErrNotFound) {
		t.Errorf("a stranger's promotion: %v", err)
	}
	k.Kit.Clock.Advance(2 * time.Second)
	f := k.fan(0)
	for code, want := range map[string]string{"soon": promoNotYet, "past": promoOver, "dear": promoNotThese, "gone": promoUnknown, "none": promoUnknown, "=1": promoUnknown} {
		if _, err := k.TryPromo(ctx, f.place, code); reasonOf(err) != want {
			t.Errorf("%s tried: %v", code, err)
		}
		f.buyer.Promo = code
		if _, err := k.PlaceOrder(ctx, f.place, f.buyer); reasonOf(err) != want {
			t.Errorf("%s ordered with: %v", code, err)
		}
	}
	// Nobody pays another sum than the one they saw.
	f.buyer.Promo, f.buyer.Agreed = "", ptr(int64(4100))
	_, err := k.PlaceOrder(ctx, f.place, f.buyer)
	if fault := fault.As(err); !errors.Is(err, ErrPriceChanged) || fault.Facts["total"] != int64(4200) {
		t.Errorf("another sum: %v", err)
	}
	if n := k.count(`SELECT count(*) FROM orders`); n != 0 {
		t.Errorf("%d orders", n)
	}
	if _, err := k.MakePromotion(ctx, staffAda(), "", k.event, Draft{Code: "S-O-O-N", Terms: promotion.Terms{Percent: 10}}); !errors.Is(err, ErrPromoExists) {
		t.Errorf("a word twice: %v", err)
	}
	k.promote(Draft{Code: "gone", Terms: promotion.Terms{Percent: 20}}) // free again
}

// The tables themselves refuse a use too many, whatever the code around them does.
func TestTheTablesRefuseAUseTooMany(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.promote(Draft{Code: "one", Terms: promotion.Terms{Percent: 10}, MaxUses: ptr(1)})
	f := k.fan(0)
	f.buyer.Promo = "one"
	k.mustPlace(f)
	k.mustPlace(k.fan(1))
	for name, slot := range map[string]string{"a slot twice": "1", "a slot beyond": "2", "no slot": "NULL"} {
		err := k.Kit.DB.Exec(`INSERT INTO promotion_uses (claim_id, code_id, full_price, max_uses, slot, buyer_key)
			SELECT (SELECT max(id) FROM seat_claims), code_id, 4200, 1, ` + slot + `, 'x' FROM promotion_uses LIMIT 1`).Error
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
