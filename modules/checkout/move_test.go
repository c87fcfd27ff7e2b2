package checkout

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// sold is a paid order over those seats.
func (k *kit) sold(seats ...int) View {
	k.T.Helper()
	placed := k.mustPlace(k.fan(seats...))
	p := k.payment(placed.Order.ID)
	k.bank.click(p.ID, provider.Authorized, 0)
	must(k.T, k.Settle(context.Background(), p.ID))
	k.want(placed.Order.ID, shownPaid)
	return k.shown(placed.Order.ID)
}

func TestStaffMovesATicket(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	v, taken := w.sold(0, 1), w.sold(5)
	path := "/api/v1/admin/orders/" + v.ID + "/move"
	move := func(ticket string, to int) answer {
		return w.do("POST", path, fmt.Sprintf(`{"ticket":%q,"to":%d}`, ticket, to))
	}
	for body, code := range map[string]string{
		`{}`: "bad-field", `{"ticket":"x","to":3}`: "bad-field", `{"ticket":"` + v.Tickets[0].ID + `"}`: "bad-field",
		`{"ticket":"` + taken.Tickets[0].ID + `","to":3}`: "bad-field", `{"ticket":"` + v.Tickets[0].ID + `","to":0}`: "bad-field",
		`{"ticket":"` + v.Tickets[0].ID + `","to":99}`: "bad-field",
	} {
		w.want(t, w.do("POST", path, body), 422, code)
	}
	w.want(t, move(v.Tickets[0].ID, 5), 409, "seats-taken")
	w.want(t, move(v.Tickets[0].ID, 1), 409, "seats-taken") // the other seat of the same order
	w.want(t, w.do("POST", "/api/v1/admin/orders/"+uuid.NewString()+"/move", `{"ticket":"`+v.Tickets[0].ID+`","to":3}`), 404, "not-found")
	w.check()

	w.want(t, move(v.Tickets[0].ID, 3), 200, "")
	after := w.shown(v.ID)
	if after.Status != shownPaid || after.Total != v.Total || len(after.Seats) != 2 || after.Seats[1].N != 3 || len(after.Tickets) != 2 {
		t.Fatalf("after the move: %+v", after)
	}
	// Repeated, with a key or without, it is done already; and the mail went once.
	a := move(v.Tickets[0].ID, 3)
	w.want(t, a, 200, "")
	if w.shown(v.ID).Tickets[1].ID != after.Tickets[1].ID || w.count(`SELECT count(*) FROM mails WHERE kind = 'seat-changed'`) != 1 {
		t.Error("a repeated move did something")
	}
	var staff StaffView
	if a.into(t, &staff); len(staff.Returned) != 0 {
		t.Errorf("a moved ticket counts as returned: %+v", staff.Returned)
	}
	w.want(t, move(v.Tickets[0].ID, 4), 409, "not-movable")

	// The old code opens nothing, the new one the door; whoever is inside stays where they sit.
	scan := func(code string) answer {
		return w.do("POST", "/api/v1/admin/events/gala/checkins", fmt.Sprintf(`{"code":%q,"gate":"B"}`, code))
	}
	w.want(t, scan(v.Tickets[0].Code), 422, "bad-code")
	w.want(t, scan(after.Tickets[1].Code), 201, "")
	w.want(t, move(after.Tickets[1].ID, 4), 409, "not-movable")
	// The seat that was given back is anybody's.
	w.sold(0)
	// And a refund returns what was paid.
	_, err := w.Return(context.Background(), staffAda(), "", uuid.MustParse(v.ID), nil, "rain")
	must(t, err)
	w.quiet(w.Service)
	w.kit.want(v.ID, shownRefunded)
	w.check()
}

// Of many moves to one seat one gets there, and nobody has two tickets or none.
func TestManyMovesToOneSeat(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 4200, 1)
	var orders []View
	for n := range 6 {
		orders = append(orders, k.sold(n))
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for _, v := range orders {
		all.Go(func() {
			_, err := k.Move(context.Background(), staffAda(), "", uuid.MustParse(v.ID), uuid.MustParse(v.Tickets[0].ID), 9)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !is(err, "seats-taken") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d have seat 9", won)
	}
	for _, v := range orders {
		if n := len(k.shown(v.ID).Tickets); n != 1 {
			t.Errorf("order %s has %d tickets", v.ID, n)
		}
	}
	k.check()
}

// Cut at any step, a move has happened or it has not.
func TestMoveCutAnywhere(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 4200, 1)
	g := &guillotine{}
	s := k.service(k.victimDB(g))
	from, to := k.sold(0), 1
	for at := 1; ; at++ {
		ticket := k.shown(from.ID).Tickets[0]
		g.raise(at)
		_, err := s.Move(context.Background(), staffAda(), "", uuid.MustParse(from.ID), uuid.MustParse(ticket.ID), to)
		dead := g.dead()
		now := k.shown(from.ID)
		if len(now.Tickets) != 1 || len(now.Seats) != 1 || now.Tickets[0].Seat.N != now.Seats[0].N {
			t.Fatalf("cut at %d: %+v", at, now)
		}
		k.check()
		if !dead {
			must(t, err)
			if at < 12 {
				t.Errorf("only %d cuts", at)
			}
			return
		}
		if now.Seats[0].N == to { // committed, and the answer lost: the same again changes nothing
			g.raise(0)
			_, err := s.Move(context.Background(), staffAda(), "", uuid.MustParse(from.ID), uuid.MustParse(ticket.ID), to)
			must(t, err)
			to = (to + 1) % testSeats
		}
	}
}
