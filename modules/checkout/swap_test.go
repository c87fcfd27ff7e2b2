package checkout

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

func TestBuyerSwapsForAFreeSeat(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.Seller = Seller{Name: "Old Hall Ltd", Prefix: "A-"} // check adds its papers up
	placed, _ := w.placed(t, 0, 1)
	w.pay(placed.Order.ID, provider.Authorized, 0)
	v := w.shown(placed.Order.ID)
	swap := func(ticket string, to int, headers ...string) answer {
		return w.do("POST", "/api/v1/orders/"+v.ID+"/swap", fmt.Sprintf(`{"ticket":%q,"to":%d}`, ticket, to), append(headers, "Authorization", "Bearer "+placed.Token)...)
	}
	w.sold(5)
	w.want(t, w.do("POST", "/api/v1/orders/"+v.ID+"/swap", `{"ticket":"`+v.Tickets[0].ID+`","to":3}`), 404, "not-found") // a stranger
	w.want(t, swap("x", 3), 422, "bad-field")
	w.want(t, swap(v.Tickets[0].ID, 0), 422, "bad-field")
	w.want(t, swap(v.Tickets[0].ID, 5), 409, "seats-taken")
	w.want(t, swap(v.Tickets[0].ID, 11), 409, "house-rule")

	// The same category costs what was paid, whatever it costs by now.
	w.room.price = 9000
	a := swap(v.Tickets[0].ID, 3, "Idempotency-Key", "s")
	w.want(t, a, 200, "")
	w.want(t, swap(v.Tickets[0].ID, 3, "Idempotency-Key", "s"), 200, "")
	w.want(t, swap(v.Tickets[0].ID, 3), 200, "")
	now := w.shown(v.ID)
	if now.Status != shownPaid || now.Refunded != 0 || now.Seats[1].N != 3 || now.Seats[1].Price != 4200 || now.Total != 8400 {
		t.Fatalf("after a swap: %+v", now)
	}
	w.check()

	// A cheaper seat gives the difference back.
	w.room.cheap, w.room.cheapPrice = 8, 3000
	w.Kit.Clock.Advance(time.Minute)
	w.want(t, swap(now.Tickets[1].ID, 8), 200, "")
	now = w.shown(v.ID)
	if now.Refunded != 1200 || now.Seats[1].N != 8 || now.Seats[1].Price != 3000 || now.Total != 8400 {
		t.Fatalf("after a swap for a cheaper seat: %+v", now)
	}
	w.quiet(w.Service)
	w.check()
	if sums, err := w.Money(context.Background(), w.Kit.DB); err != nil || sums["EUR"].Refunded != 1200 || sums["EUR"].Delivered != 4200+3000+4200 {
		t.Errorf("%+v, %v", sums, err)
	}
	// What is left goes back with the last ticket.
	_, err := w.Return(context.Background(), staffAda(), "", uuid.MustParse(v.ID), nil, "rain")
	must(t, err)
	w.quiet(w.Service)
	w.kit.want(v.ID, shownRefunded)
	if got := w.shown(v.ID).Refunded; got != 8400 {
		t.Errorf("%d of 8400 went back", got)
	}
	if got := w.papers(v.ID); got != "invoice A-000001 8400, credit A-000003 1200, credit A-000004 7200" {
		t.Error(got)
	}
	w.check()
}

// Once the sale is over, or the evening has begun, or the house does not want it, only staff change seats.
func TestSwapsEndWithTheSale(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, end := range map[string]func(k *kit){
		"the sale ended":    func(k *kit) { k.room.ended = true },
		"the show began":    func(k *kit) { k.Kit.Clock.Advance(25 * time.Hour) },
		"the house forbids": func(k *kit) { k.Swaps = false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			v := k.sold(0)
			if s, err := k.Swappable(ctx, k.order(v.ID)); err != nil || len(s.Tickets) != 1 || s.Tickets[0].Seat.Price != 4200 {
				t.Fatalf("%+v, %v", s, err)
			}
			end(k)
			if _, _, err := k.Swap(ctx, uuid.MustParse(v.ID), uuid.MustParse(v.Tickets[0].ID), 3); !is(err, "swap-closed") {
				t.Errorf("%v", err)
			}
			if s, err := k.Swappable(ctx, k.order(v.ID)); err != nil || len(s.Tickets) != 0 {
				t.Errorf("%+v, %v", s, err)
			}
			if _, err := k.Move(ctx, staffAda(), "", uuid.MustParse(v.ID), uuid.MustParse(v.Tickets[0].ID), 3); err != nil {
				t.Errorf("staff: %v", err)
			}
			k.check()
		})
	}
}
