package checkout

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/invoice"
	"fairseat/modules/checkout/promotion"
	"fairseat/modules/checkout/provider"
)

func TestRefundIsSentOnceThoughItsAnswerIsLost(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.pay(o.ID, provider.Authorized, 0)
	_, err := k.Return(context.Background(), staffAda(), "127.0.0.1", uuid.MustParse(o.ID), nil, "show moved")
	must(t, err)
	k.want(o.ID, "refund-pending")
	lost := 0
	k.bank.after = func(call string) error {
		if call == "refund" && lost < 3 {
			lost++
			return errLine
		}
		return nil
	}
	k.quiet(k.Service)
	k.want(o.ID, "refunded")
	if lost == 0 || k.payment(o.ID).Status != PaymentRefunded {
		t.Errorf("lost %d answers, payment %+v", lost, k.payment(o.ID))
	}
	k.check()
}

func TestRefusedRefundStaysOwedUntilItIsPaid(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.pay(o.ID, provider.Authorized, 0)
	k.bank.before = func(call string) error {
		if call == "refund" {
			return fmt.Errorf("%w: 422 no-funds", provider.ErrRefused)
		}
		return nil
	}
	_, err := k.Return(context.Background(), staffAda(), "", uuid.MustParse(o.ID), nil, "x")
	must(t, err)
	k.runJobs(k.Service)
	if n := k.count(`SELECT count(*) FROM refunds WHERE status = 'failed' AND problem LIKE '%no-funds%'`); n != 1 {
		t.Fatalf("the refusal is not noted: %s", k.dump())
	}
	sums, err := k.Money(context.Background(), k.Kit.DB)
	must(t, err)
	if m := sums["EUR"]; m.Owed != 4200 || m.Captured != 4200 || m.Delivered != 0 {
		t.Errorf("owed: %+v", m)
	}
	k.check()
	k.bank.before = nil
	k.quiet(k.Service)
	k.want(o.ID, "refunded")
	k.check()
}

func TestTicketsGoBackOneByOne(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 4200, 3)
	ctx := context.Background()
	o := k.mustPlace(k.fan(0, 1, 2)).Order
	id := uuid.MustParse(o.ID)
	if _, err := k.Return(ctx, staffAda(), "", id, nil, "x"); !is(err, "not-refundable") {
		t.Errorf("refunded what was not paid: %v", err)
	}
	k.pay(o.ID, provider.Authorized, 0)
	tickets := k.shown(o.ID).Tickets
	first := uuid.MustParse(tickets[0].ID)
	for range 2 { // repeated, it returns nothing twice
		v, err := k.Return(ctx, staffAda(), "", id, []uuid.UUID{first}, "ill")
		must(t, err)
		if v.Status != "part-refunded" || len(v.Tickets) != 2 || len(v.Refunds) != 1 || v.Refunds[0].Amount != 4200 || len(v.Returned) != 1 {
			t.Fatalf("after one ticket: %+v", v)
		}
	}
	k.check()
	if _, err := k.Return(ctx, staffAda(), "", id, []uuid.UUID{uuid.New()}, "x"); !is(err, "bad-field") {
		t.Errorf("a stranger's ticket: %v", err)
	}
	k.quiet(k.Service)
	k.want(o.ID, "part-refunded")
	k.mustPlace(k.fan(0)) // the seat is free again
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := k.Return(ctx, staffAda(), "", id, nil, "show cancelled"); err != nil {
				t.Errorf("return: %v", err)
			}
		})
	}
	all.Wait()
	k.quiet(k.Service)
	k.want(o.ID, "refunded")
	if n := k.count(`SELECT sum(amount) FROM refunds WHERE status = 'done'`); n != 3*4200 {
		t.Errorf("returned %d", n)
	}
	k.check()
}

func TestWebhooksTwiceLateAndInAnyOrder(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	o := k.mustPlace(k.fan(0)).Order
	p := k.payment(o.ID)
	k.bank.click(p.ID, provider.Authorized, 0)
	events := []provider.Event{k.bank.event(p.ID), k.bank.event(p.ID), k.bank.event(p.ID)}
	for _, i := range []int{2, 0, 0, 1, 2} {
		must(t, k.keepEvent(ctx, "sandbox", events[i]))
		k.runJobs(k.Service)
	}
	k.want(o.ID, "paid")
	k.Kit.Clock.Advance(72 * time.Hour)
	must(t, k.keepEvent(ctx, "sandbox", events[1]))
	late := k.bank.event(p.ID)
	must(t, k.keepEvent(ctx, "sandbox", late))
	stranger := k.bank.event(uuid.New())
	must(t, k.keepEvent(ctx, "sandbox", stranger))
	k.quiet(k.Service)
	if n := k.count(`SELECT count(*) FROM psp_events`); n != 5 {
		t.Errorf("%d events kept", n)
	}
	if n := k.count(`SELECT count(*) FROM mails`); n != 1 {
		t.Errorf("%d mails", n)
	}
	k.want(o.ID, "paid")
	k.check()
}

func TestManyHandsSettleOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	p := k.payment(o.ID)
	k.bank.click(p.ID, provider.Authorized, 0)
	other := k.service(k.Kit.DB)
	var all sync.WaitGroup
	for i := range 24 {
		s := []*Service{k.Service, other}[i%2]
		all.Go(func() { _ = s.Settle(context.Background(), p.ID) })
	}
	all.Wait()
	k.quiet(k.Service)
	k.want(o.ID, "paid")
	if n := k.count(`SELECT count(*) FROM order_history WHERE what = 'paid'`); n != 1 {
		t.Errorf("paid %d times", n)
	}
	k.check()
}

func TestOnePlaceOneOrderThoughItAsksTwentyTimes(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	f := k.fan(0)
	ids := make(chan string, 20)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if p, err := k.PlaceOrder(context.Background(), f.place, f.buyer); err != nil {
				t.Errorf("place: %v", err)
			} else {
				ids <- p.Order.ID
			}
		})
	}
	all.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("two orders: %s and %s", first, id)
		}
	}
	k.check()
}

// Many fans, few seats, two processes, a processor whose line goes dead before and after effects, fans who decline,
// pay late, pay wrong, give up or leave, webhooks lost and doubled. Then it heals, and every cent is explained.
func TestStormEndsInTicketsOrMoneyBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			random := rand.New(rand.NewPCG(seed, 7))
			var mu sync.Mutex
			chance := func(p float64) bool { mu.Lock(); defer mu.Unlock(); return random.Float64() < p }
			fail := func(string) error {
				if chance(0.15) {
					return errLine
				}
				return nil
			}
			k.bank.before, k.bank.after = fail, fail
			hands := []*Service{k.Service, k.service(k.Kit.DB)}
			for _, s := range hands {
				s.Seller, s.Tax = Seller{Name: "Old Hall Ltd", Prefix: "A-"}, invoice.Rate{Points: 1900, Name: "VAT 19 %"}
			}
			k.promote(Draft{Code: "storm", Terms: promotion.Terms{Percent: 50}, MaxUses: ptr(4), MaxPerBuyer: ptr(1)})
			var live []string
			for round := range 60 {
				s := hands[round%2]
				if chance(0.5) {
					if p, err := s.PlaceOrder(context.Background(), k.fan(round%testSeats).place, Buyer{Name: "Ada", Email: fmt.Sprintf("s%d@example.org", round), Promo: []string{"", "storm"}[round/2%2]}); err == nil {
						live = append(live, p.Order.ID)
					} else if !is(err, "seats-taken") && !is(err, "bad-promo") {
						t.Fatalf("place: %v", err)
					}
				}
				if len(live) > 0 {
					mu.Lock()
					id := live[random.IntN(len(live))]
					mu.Unlock()
					k.stormAct(s, id, chance)
				}
				k.Kit.Clock.Advance(time.Duration(round%7) * 40 * time.Second)
				must(t, k.Kit.DB.Exec(`UPDATE heartbeats SET at = ?`, k.Kit.Clock.Now()).Error)
				k.runJobs(s)
				_ = hands[(round+1)%2].Tick(context.Background())
			}
			k.bank.before, k.bank.after = nil, nil
			k.Kit.Clock.Advance(20 * time.Minute)
			k.match()
			k.quiet(k.Service)
			k.match()
			k.quiet(k.Service)
			k.check()
			if n := k.count(`SELECT count(*) FROM orders WHERE status = 'paid'`); n == 0 {
				t.Error("nobody got a ticket: the storm tested nothing")
			}
		})
	}
}

// stormAct is one thing that may happen to an order.
func (k *kit) stormAct(s *Service, id string, chance func(float64) bool) {
	ctx, oid := context.Background(), uuid.MustParse(id)
	p := k.payment(id)
	switch {
	case chance(0.5):
		k.bank.click(p.ID, provider.Authorized, 0)
		if chance(0.6) {
			e := k.bank.event(p.ID)
			_ = s.keepEvent(ctx, "sandbox", e)
			_ = s.keepEvent(ctx, "sandbox", e)
		}
	case chance(0.3):
		k.bank.click(p.ID, provider.Declined, 0)
		_ = s.Settle(ctx, p.ID)
		_, _ = s.PayAgain(ctx, oid, "")
	case chance(0.2):
		k.bank.click(p.ID, provider.Captured, 1)
	case chance(0.3):
		_ = s.GiveUp(ctx, oid)
	case chance(0.5):
		for _, t := range k.shown(id).Tickets {
			_, _ = s.List(ctx, oid, uuid.MustParse(t.ID))
		}
	case chance(0.3):
		for _, t := range k.shown(id).Listed {
			_ = s.Unlist(ctx, oid, uuid.MustParse(t.ID))
		}
	case chance(0.3):
		_, _ = s.Return(ctx, staffAda(), "", oid, nil, "storm")
	default:
		_, _ = s.Look(ctx, k.order(id))
	}
}
