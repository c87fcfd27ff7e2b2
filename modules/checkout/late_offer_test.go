package checkout

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/promotion"
	"fairseat/modules/checkout/provider"
)

// offering is a kit whose event offers other seats for ten minutes, and an order that expired, lost its seats to somebody
// else, and is paid after all.
func offering(t *testing.T, says provider.Status, seats ...int) (*kit, View, Payment) {
	t.Helper()
	k := newKit(t)
	k.offers(600)
	o := k.mustPlace(k.fan(seats...)).Order
	return k, o, k.late(o, says, seats...)
}

func (k *kit) offers(seconds int) {
	k.T.Helper()
	must(k.T, k.Kit.DB.Exec(`UPDATE events SET late_offer_seconds = ?`, seconds).Error)
}

// late lets an order expire and some seats go to others; then its money comes.
func (k *kit) late(o View, says provider.Status, gone ...int) Payment {
	k.T.Helper()
	p := k.payment(o.ID)
	k.Kit.Clock.Advance(16 * time.Minute)
	must(k.T, k.Tick(context.Background()))
	k.want(o.ID, "expired")
	for _, n := range gone {
		k.pay(k.mustPlace(k.fan(n)).Order.ID, provider.Authorized, 0)
	}
	k.bank.mu.Lock()
	a := k.bank.accounts[p.ID.String()]
	a.Status, a.Authorized = says, a.amount
	if says == provider.Captured {
		a.Captured = a.amount
	}
	k.bank.mu.Unlock()
	must(k.T, k.Settle(context.Background(), p.ID))
	return p
}

var bothWays = []provider.Status{provider.Authorized, provider.Captured}

func TestLateMoneyIsOfferedOtherSeats(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, says := range bothWays {
		t.Run(string(says), func(t *testing.T) {
			t.Parallel()
			k, o, p := offering(t, says, 3, 4)
			id := uuid.MustParse(o.ID)
			v := k.shown(o.ID)
			if v.Status != "swap-offered" || v.Payment != nil || v.Offer == nil || v.Offer.Price != 8400 || len(v.Offer.Seats) != 2 ||
				v.Offer.Seats[0].N != 0 || len(v.Seats) != 2 || v.Seats[0].N != 3 || len(v.Tickets) != 0 {
				t.Fatalf("offered: %+v %+v", v, v.Offer)
			}
			if until := time.Time(v.Offer.ExpiresAt); !until.Equal(k.Kit.Clock.Now().Add(10 * time.Minute)) {
				t.Errorf("held until %v", until)
			}
			if n := k.count(`SELECT count(*) FROM mails WHERE kind = 'swap-offer' AND subject = '[Row A, seat 4 Row A, seat 5] [Row A, seat 1 Row A, seat 2]'`); n != 1 {
				t.Errorf("%d mails about the offer", n)
			}
			if _, err := k.PlaceOrder(ctx, k.fan(0).place, Buyer{Name: "Eve", Email: "eve@example.org"}); !is(err, "seats-taken") {
				t.Errorf("an offered seat was sold: %v", err)
			}
			for range 3 { // nothing happens by itself, however often anybody looks
				must(t, k.beatAndTick(10*time.Second))
			}
			k.want(o.ID, "swap-offered")
			if k.bank.times("capture") != 2 || k.payment(o.ID).Status != PaymentAuthorized {
				t.Errorf("taken without the fan's word: %v", k.bank.calls)
			}
			for range 2 {
				if v, err := k.AcceptOffer(ctx, id); err != nil || v.Status != "paid" {
					t.Fatalf("accepted: %+v, %v", v, err)
				}
			}
			v = k.shown(o.ID)
			if len(v.Seats) != 2 || v.Seats[0].N != 0 || v.Seats[1].N != 1 || len(v.Tickets) != 2 || v.Offer != nil || v.Total != 8400 {
				t.Errorf("after accepting: %+v", v)
			}
			if err := k.DeclineOffer(ctx, id); !is(err, "already-paid") {
				t.Errorf("declined what is paid: %v", err)
			}
			k.quiet(k.Service)
			k.check()
			if f, _ := k.store.payment(ctx, p.ID); f.Payment.Status != PaymentCaptured || k.count(`SELECT count(*) FROM refunds`) != 0 {
				t.Errorf("payment %+v", f.Payment)
			}
			if found, err := k.Search(ctx, Wanted{Text: v.Code}); err != nil || len(found) != 1 || fmt.Sprint(found[0].Seats) != "[A-1 A-2]" {
				t.Errorf("the desk finds %+v, %v", found, err)
			}
		})
	}
}

func TestOfferThatIsNotTakenSendsTheMoneyBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, says := range bothWays {
		for name, end := range map[string]func(k *kit, id uuid.UUID) error{
			"declined": func(k *kit, id uuid.UUID) error { return k.DeclineOffer(ctx, id) },
			"given up": func(k *kit, id uuid.UUID) error { return k.GiveUp(ctx, id) },
			"lapsed": func(k *kit, id uuid.UUID) error {
				must(k.T, k.beatAndTick(10*time.Minute))
				if _, err := k.AcceptOffer(ctx, id); !is(err, "offer-over") {
					return fmt.Errorf("accepted too late: %w", err)
				}
				return nil
			},
			"lapsed, by its job": func(k *kit, id uuid.UUID) error {
				k.Kit.Clock.Advance(10 * time.Minute)
				k.runJobs(k.Service)
				return nil
			},
		} {
			t.Run(name+" "+string(says), func(t *testing.T) {
				t.Parallel()
				k, o, p := offering(t, says, 3)
				id := uuid.MustParse(o.ID)
				must(t, end(k, id))
				if n := k.count(`SELECT count(*) FROM seat_claims WHERE order_id = ? AND status <> 'released'`, id); n != 0 {
					t.Errorf("%d seats are kept from others", n)
				}
				must(t, k.DeclineOffer(ctx, id)) // once more is the same
				k.bank.before = nil
				must(t, k.beatAndTick(5*time.Second))
				k.quiet(k.Service)
				want := "expired"
				if says == provider.Captured {
					want = "refunded"
				} else if name == "declined" || name == "given up" {
					want = "cancelled"
				}
				k.want(o.ID, want)
				st, _ := k.bank.get(p.ID.String())
				if (says == provider.Captured && st.Refunded != 4200) || (says == provider.Authorized && st.Status != provider.Cancelled) {
					t.Errorf("the processor has %+v", st)
				}
				if v := k.shown(o.ID); v.Offer != nil || len(v.Seats) != 1 || v.Seats[0].N != 3 {
					t.Errorf("afterwards %+v", v)
				}
				// Not even the first seat, were it free again, brings it back.
				must(t, k.Settle(ctx, p.ID))
				k.want(o.ID, want)
				k.check()
			})
		}
	}
}

// When the bank lets the money of a taken offer go the order ends: it could only be paid again at a price that is not its
// seats'.
func TestTakenOfferEndsWithItsMoney(t *testing.T) {
	t.Parallel()
	k, o, p := offering(t, provider.Authorized, 3)
	id := uuid.MustParse(o.ID)
	k.bank.before = func(call string) error {
		if call == "capture" {
			return errLine
		}
		return nil
	}
	_, err := k.AcceptOffer(context.Background(), id)
	must(t, err)
	k.bank.mu.Lock()
	k.bank.accounts[p.ID.String()].Status = provider.Cancelled
	k.bank.mu.Unlock()
	k.bank.before = nil
	must(t, k.Settle(context.Background(), p.ID))
	k.want(o.ID, "expired")
	if _, err := k.PayAgain(context.Background(), id, ""); !is(err, "not-payable") {
		t.Errorf("paid at another price: %v", err)
	}
	k.quiet(k.Service)
	k.check()
}

// While the processor is silent nobody waits for it: the seats are free at once, and the page says what happens.
func TestDeclinedOfferDoesNotWaitForTheProcessor(t *testing.T) {
	t.Parallel()
	k, o, _ := offering(t, provider.Captured, 3)
	k.bank.before = func(string) error { return errLine }
	must(t, k.DeclineOffer(context.Background(), uuid.MustParse(o.ID)))
	k.want(o.ID, "refund-pending")
	if n := k.count(`SELECT count(*) FROM seat_claims WHERE order_id = ? AND status <> 'released'`, o.ID); n != 0 {
		t.Errorf("%d seats are kept from others", n)
	}
	k.bank.before = nil
	k.quiet(k.Service)
	k.want(o.ID, "refunded")
	k.check()
}

func TestOfferCostsNoMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		now        int64 // what seats cost by then
		kept, back int64
	}{{"cheaper", 4000, 4000, 200}, {"dearer", 9900, 4200, 0}} {
		for _, says := range bothWays {
			t.Run(c.name+" "+string(says), func(t *testing.T) {
				t.Parallel()
				k := newKit(t)
				k.offers(600)
				o := k.mustPlace(k.fan(3)).Order
				k.room.price = c.now
				k.late(o, says, 3)
				if v := k.shown(o.ID); v.Offer == nil || v.Offer.Price != c.kept || v.Total != 4200 {
					t.Fatalf("offered %+v", v)
				}
				v, err := k.AcceptOffer(context.Background(), uuid.MustParse(o.ID))
				if err != nil || v.Status != "paid" || v.Total != 4200 || v.Refunded != c.back {
					t.Fatalf("accepted %+v, %v", v, err)
				}
				k.quiet(k.Service)
				k.want(o.ID, "paid")
				if n := k.count(`SELECT coalesce(sum(amount), 0) FROM refunds WHERE reason = 'difference' AND status = 'done'`); int64(n) != c.back {
					t.Errorf("returned %d, want %d", n, c.back)
				}
				k.check()
			})
		}
	}
}

// Seats bought with a code are offered at the price it gave, as long as the code has not been used up by others.
func TestOfferKeepsThePriceOfACode(t *testing.T) {
	t.Parallel()
	for _, most := range []int{2, 1} {
		k := newKit(t)
		k.offers(600)
		k.promote(Draft{Code: "half", Terms: promotion.Terms{Percent: 50}, MaxUses: &most})
		f := k.fan(3)
		f.buyer.Promo = "half"
		o := k.mustPlace(f).Order
		p := k.payment(o.ID)
		k.Kit.Clock.Advance(16 * time.Minute)
		must(t, k.Tick(context.Background()))
		other := k.fan(3)
		other.buyer.Promo = "half"
		k.pay(k.mustPlace(other).Order.ID, provider.Authorized, 0)
		k.bank.mu.Lock()
		a := k.bank.accounts[p.ID.String()]
		a.Status, a.Authorized = provider.Authorized, a.amount
		k.bank.mu.Unlock()
		must(t, k.Settle(context.Background(), p.ID))
		if most == 1 {
			k.want(o.ID, "expired")
			k.check()
			continue
		}
		if v := k.shown(o.ID); v.Offer == nil || v.Offer.Price != 2100 {
			t.Fatalf("offered %+v", v)
		}
		v, err := k.AcceptOffer(context.Background(), uuid.MustParse(o.ID))
		if err != nil || v.Status != "paid" || v.Total != 2100 {
			t.Fatalf("accepted %+v, %v", v, err)
		}
		k.quiet(k.Service)
		k.check()
	}
}

// The difference is promised by the transaction that delivers, and what is left goes back later, to the cent.
func TestWhatIsLeftOfADifferenceIsReturned(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.offers(600)
	o := k.mustPlace(k.fan(3)).Order
	k.room.price = 4000
	k.late(o, provider.Authorized, 3)
	_, err := k.AcceptOffer(context.Background(), uuid.MustParse(o.ID))
	must(t, err)
	_, err = k.Return(context.Background(), staffAda(), "", uuid.MustParse(o.ID), nil, "rain")
	must(t, err)
	k.quiet(k.Service)
	k.want(o.ID, "refunded")
	if n := k.count(`SELECT sum(amount) FROM refunds WHERE payment_id = ? AND status = 'done'`, k.payment(o.ID).ID); n != 4200 {
		t.Errorf("returned %d", n)
	}
	k.check()
}

// Nothing is offered where the event says never, nobody has anything free, or the place is buying other seats by now.
func TestNoOffer(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(k *kit, f fan){
		"never": func(k *kit, _ fan) { k.offers(0) },
		"sold out": func(k *kit, _ fan) {
			for n := range testSeats {
				if n != 3 {
					k.mustPlace(k.fan(n))
				}
			}
		},
		"buys others": func(k *kit, f fan) {
			k.room.put(f.place.Key, []int{7})
			k.mustPlace(f)
		},
		"has as many as it may": func(k *kit, f fan) {
			k.room.put(f.place.Key, []int{7, 8})
			k.pay(k.mustPlace(f).Order.ID, provider.Authorized, 0)
		},
		"has begun": func(k *kit, _ fan) { k.room.startsIn = -time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			k.offers(600)
			f := k.fan(3)
			o := k.mustPlace(f).Order
			p := k.payment(o.ID)
			k.Kit.Clock.Advance(16 * time.Minute)
			must(t, k.Tick(context.Background()))
			prepare(k, f)
			k.pay(k.mustPlace(k.fan(3)).Order.ID, provider.Authorized, 0)
			k.bank.mu.Lock()
			a := k.bank.accounts[p.ID.String()]
			a.Status, a.Authorized, a.Captured = provider.Captured, a.amount, a.amount
			k.bank.mu.Unlock()
			must(t, k.Settle(context.Background(), p.ID))
			if got := k.shown(o.ID).Status; got != "refund-pending" {
				t.Errorf("the order is %s", got)
			}
			if k.count(`SELECT count(*) FROM mails WHERE kind = 'swap-offer'`) != 0 {
				t.Error("an offer was mailed")
			}
			if _, err := k.AcceptOffer(context.Background(), uuid.MustParse(o.ID)); !is(err, "not-found") {
				t.Errorf("accepted no offer: %v", err)
			}
			k.Kit.Clock.Advance(20 * time.Minute)
			k.quiet(k.Service)
			k.want(o.ID, "refunded")
			k.check()
		})
	}
}

// Where there are no seats but places, one is as good as another: nobody is asked.
func TestLatePlaceInAnAreaIsDelivered(t *testing.T) {
	t.Parallel()
	for _, says := range bothWays {
		t.Run(string(says), func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			k.offers(600)
			k.room.floor = true
			o := k.mustPlace(k.fan(3)).Order
			k.late(o, says, 3)
			v := k.shown(o.ID)
			if v.Status != "paid" || len(v.Seats) != 1 || v.Seats[0].N != 0 || len(v.Tickets) != 1 {
				t.Errorf("delivered %+v", v)
			}
			if k.count(`SELECT count(*) FROM mails WHERE kind = 'swap-offer'`) != 0 {
				t.Error("the fan was asked")
			}
			k.quiet(k.Service)
			k.check()
		})
	}
}

// The clock of an offer stands while the processor is away, as all do.
func TestOutageStopsTheClockOfAnOffer(t *testing.T) {
	t.Parallel()
	k, o, _ := offering(t, provider.Authorized, 3)
	before := time.Time(k.shown(o.ID).Offer.ExpiresAt)
	k.bank.setDown(true)
	for range 61 {
		_ = k.beatAndTick(5 * time.Second)
	}
	if after := time.Time(k.shown(o.ID).Offer.ExpiresAt); after.Sub(before) < 5*time.Minute {
		t.Errorf("the clock went on: %v, then %v", before, after)
	}
	k.bank.setDown(false)
	k.Kit.Clock.Advance(20 * time.Minute)
	k.quiet(k.Service)
	k.check()
}

// The processor lets the money go while the fan thinks: there is nothing to keep seats for.
func TestOfferEndsWithItsMoney(t *testing.T) {
	t.Parallel()
	k, o, p := offering(t, provider.Authorized, 3)
	k.bank.mu.Lock()
	k.bank.accounts[p.ID.String()].Status = provider.Cancelled
	k.bank.mu.Unlock()
	must(t, k.beatAndTick(10*time.Second))
	k.want(o.ID, "expired")
	if _, err := k.AcceptOffer(context.Background(), uuid.MustParse(o.ID)); !is(err, "offer-over") {
		t.Errorf("accepted: %v", err)
	}
	k.check()
}

// An order has one offer in its life; a second late success of the same order goes back.
func TestOneOfferInTheLifeOfAnOrder(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.offers(600)
	o := k.mustPlace(k.fan(3)).Order
	first := k.payment(o.ID)
	k.pay(o.ID, provider.Declined, 0)
	_, err := k.PayAgain(context.Background(), uuid.MustParse(o.ID), "")
	must(t, err)
	k.late(o, provider.Captured, 3)
	k.want(o.ID, "swap-offered")
	k.bank.mu.Lock()
	a := k.bank.accounts[first.ID.String()]
	a.Status, a.Authorized, a.Captured = provider.Captured, a.amount, a.amount
	k.bank.mu.Unlock()
	must(t, k.Settle(context.Background(), first.ID)) // beside the open offer
	must(t, k.DeclineOffer(context.Background(), uuid.MustParse(o.ID)))
	k.quiet(k.Service)
	k.want(o.ID, "refunded")
	if n := k.count(`SELECT count(*) FROM refunds WHERE status = 'done' AND amount = 4200`); n != 2 {
		t.Errorf("%d refunds", n)
	}
	k.check()
}

// Many answers at the moment the clock runs out: one of them counts, and the money follows it.
func TestManyAnswersToAnOffer(t *testing.T) {
	t.Parallel()
	for round := range 6 {
		k, o, _ := offering(t, bothWays[round%2], 3)
		id := uuid.MustParse(o.ID)
		k.Kit.Clock.Advance(10*time.Minute - time.Second)
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				switch i % 4 {
				case 0:
					_, _ = k.AcceptOffer(context.Background(), id)
				case 1:
					_ = k.DeclineOffer(context.Background(), id)
				case 2:
					_ = k.Settle(context.Background(), k.payment(o.ID).ID)
				case 3:
					k.Kit.Clock.Advance(300 * time.Millisecond)
					_ = k.expire(context.Background(), id)
				}
			})
		}
		all.Wait()
		k.quiet(k.Service)
		got, accepted := k.shown(o.ID).Status, k.count(`SELECT count(*) FROM order_history WHERE order_id = ? AND what = 'offer-accepted'`, id)
		if (accepted == 1) != (got == "paid") {
			t.Errorf("accepted %d times and %s", accepted, got)
		}
		k.check()
	}
}
