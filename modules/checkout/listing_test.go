package checkout

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// mustList gives the order's n-th valid ticket back and answers its id.
func (k *kit) mustList(v View, n int) uuid.UUID {
	k.T.Helper()
	ticket := uuid.MustParse(v.Tickets[n].ID)
	if _, err := k.List(context.Background(), uuid.MustParse(v.ID), ticket); err != nil {
		k.T.Fatalf("give back: %v", err)
	}
	return ticket
}

// letters are the mails about tickets given back and money, oldest first.
func (k *kit) letters() string {
	k.T.Helper()
	var all []string
	must(k.T, k.Kit.DB.Raw(`SELECT kind || ': ' || subject FROM mails WHERE kind IN ('listed','kept','refund','refund-sent') ORDER BY created_at`).Scan(&all).Error)
	return strings.Join(all, "; ")
}

func (k *kit) euros() Money {
	k.T.Helper()
	sums, err := k.Money(context.Background(), k.Kit.DB)
	must(k.T, err)
	return sums["EUR"]
}

// The whole story: a seller with two tickets and an invoice, a buyer of one, the processor's ledger equal to the cent.
func TestATicketGivenBackIsPaidByTheNext(t *testing.T) {
	t.Parallel()
	w, ctx := newWeb(t), context.Background()
	w.Seller = Seller{Name: "Old Hall Ltd", Prefix: "A-"} // check adds its papers up
	placed, _ := w.placed(t, 0, 1)
	w.pay(placed.Order.ID, provider.Authorized, 0)
	v := w.shown(placed.Order.ID)
	path := "/api/v1/orders/" + v.ID + "/tickets/" + v.Tickets[0].ID + "/listing"
	own := []string{"Authorization", "Bearer " + placed.Token}
	w.want(t, w.do("POST", path, `{}`), 404, "not-found") // a stranger
	w.want(t, w.do("POST", "/api/v1/orders/"+v.ID+"/tickets/x/listing", `{}`, own...), 404, "not-found")
	w.want(t, w.do("POST", "/api/v1/orders/"+v.ID+"/tickets/"+uuid.NewString()+"/listing", `{}`, own...), 404, "not-found")
	w.want(t, w.do("POST", path, `{"x":1}`, own...), 400, "bad-body")
	for range 2 { // again changes nothing
		w.want(t, w.do("POST", path, `{}`, own...), 200, "")
	}
	now := w.shown(v.ID)
	if now.Status != shownPaid || len(now.Tickets) != 1 || len(now.Listed) != 1 || now.Listed[0].Seat.N != 0 || now.Listed[0].Price != 4200 {
		t.Fatalf("given back: %+v", now)
	}
	w.check()
	if err := w.atTheDoor(v, 0); !is(err, "ticket-listed") {
		t.Errorf("at the door: %v", err)
	}
	secret := v.Tickets[0].URL[strings.LastIndex(v.Tickets[0].URL, "/"):]
	w.want(t, w.do("GET", "/t"+secret, ""), 409, "ticket-listed")
	w.want(t, w.do("GET", "/t"+secret+".pdf", ""), 409, "ticket-listed")
	if points, err := w.SoldOverTime(ctx, w.event); err != nil || points[len(points)-1].Sold != 1 {
		t.Errorf("sold: %+v, %v", points, err)
	}

	// Somebody buys the seat, for more than was paid for it. Before anybody looks the money is owed already.
	w.room.price = 5000
	buyer := w.sold(0)
	if got := w.euros(); got != (Money{Captured: 13400, Delivered: 9200, Owed: 4200}) {
		t.Errorf("right after the sale: %+v", got)
	}
	if owed, err := w.OwedMoney(ctx, w.Kit.DB, 10); err != nil || len(owed) != 1 || owed[0].Amount != 4200 || owed[0].Reason != reasonResold || owed[0].Code != v.Code {
		t.Errorf("owed: %+v, %v", owed, err)
	}
	w.want(t, w.do("DELETE", path, "", own...), 409, "listing-taken")
	w.check()
	w.quiet(w.Service)
	if got := w.euros(); got != (Money{Captured: 13400, Delivered: 9200, Refunded: 4200}) {
		t.Errorf("in the end: %+v", got)
	}
	now = w.shown(v.ID)
	if now.Status != shownPartRefunded || len(now.Tickets) != 1 || len(now.Listed) != 0 || now.Refunded != 4200 {
		t.Errorf("the seller has %+v", now)
	}
	w.want(t, w.do("DELETE", path, "", own...), 410, "ticket-void")
	w.want(t, w.do("POST", path, `{}`, own...), 409, "not-listable")
	if got := w.letters(); got != "listed: 4200 Row A, seat 1; refund: 4200 resold void [0]" {
		t.Error(got)
	}
	if got := w.papers(v.ID); got != "invoice A-000001 8400, credit A-000003 4200" {
		t.Error(got)
	}
	must(t, w.atTheDoor(buyer, 0))
	w.check()
	// The buyer may do the same, and the seller sell the other one: nothing is left of the first order then.
	w.mustList(v, 1)
	w.sold(1)
	w.quiet(w.Service)
	w.kit.want(v.ID, shownRefunded)
	w.check()
}

// Until somebody has chosen the seat the ticket can be had again, and is as good as before: the same code.
func TestATicketGivenBackIsTakenBack(t *testing.T) {
	t.Parallel()
	w, ctx := newWeb(t), context.Background()
	placed, _ := w.placed(t, 0)
	w.pay(placed.Order.ID, provider.Authorized, 0)
	v := w.shown(placed.Order.ID)
	path, own := "/api/v1/orders/"+v.ID+"/tickets/"+v.Tickets[0].ID+"/listing", []string{"Authorization", "Bearer " + placed.Token}
	w.mustList(v, 0)
	other := w.fan(0)
	w.want(t, w.do("DELETE", path, "", own...), 409, "listing-taken") // somebody chose it
	buys := w.mustPlace(other).Order
	w.room.put(other.place.Key, nil)
	w.want(t, w.do("DELETE", path, "", own...), 409, "listing-taken") // and pays
	must(t, w.GiveUp(ctx, uuid.MustParse(buys.ID)))
	for range 2 {
		w.want(t, w.do("DELETE", path, "", own...), 204, "")
	}
	now := w.shown(v.ID)
	if len(now.Listed) != 0 || len(now.Tickets) != 1 || now.Tickets[0].Code != v.Tickets[0].Code {
		t.Fatalf("taken back: %+v", now)
	}
	if _, err := w.PlaceOrder(ctx, w.fan(0).place, w.fan(0).buyer); !is(err, "seats-taken") {
		t.Errorf("sold twice: %v", err)
	}
	must(t, w.atTheDoor(v, 0))
	if got := w.letters(); got != "listed: 4200 Row A, seat 1" {
		t.Error(got)
	}
	w.check()
}

func TestWhatCannotBeGivenBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code string
		make func(k *kit, v View)
	}{
		"somebody came in":     {"not-listable", func(k *kit, v View) { must(k.T, k.atTheDoor(v, 0)) }},
		"it costs less by now": {"not-listable", func(k *kit, v View) { k.room.price = 4100 }},
		"it was returned": {"not-listable", func(k *kit, v View) {
			_, err := k.Return(context.Background(), staffAda(), "", uuid.MustParse(v.ID), nil, "x")
			must(k.T, err)
		}},
		"the organiser wants none":  {"listing-closed", func(k *kit, v View) { must(k.T, k.Kit.DB.Exec(`UPDATE events SET returns = false`).Error) }},
		"the sale is over":          {"listing-closed", func(k *kit, v View) { k.room.ended = true }},
		"it starts within the hour": {"listing-closed", func(k *kit, v View) { k.room.startsIn = time.Hour }},
		"the database was restored": {"listing-closed", func(k *kit, v View) { k.restored.Store(&Reconciliation{}) }},
		"the payment is disputed":   {"disputed", func(k *kit, v View) { p := k.payment(v.ID); k.bank.dispute(p.ID, provider.DisputeOpen); k.hears(p) }},
		"it is being swapped": {"swap-under-way", func(k *kit, v View) {
			k.room.cheap, k.room.cheapPrice = 8, 5000
			_, _, err := k.Swap(context.Background(), uuid.MustParse(v.ID), uuid.MustParse(v.Tickets[0].ID), 8)
			must(k.T, err)
		}},
		"it is asked too often": {"slow-down", func(k *kit, v View) { k.Limits = &limits{left: map[string]int{"listing:" + v.ID: 0}} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			v := k.sold(0)
			if r, err := k.Returnable(context.Background(), k.order(v.ID)); err != nil || len(r.Tickets) != 1 || r.Tickets[0].Seat.Price != 4200 {
				t.Fatalf("%+v, %v", r, err)
			}
			c.make(k, v)
			if _, err := k.List(context.Background(), uuid.MustParse(v.ID), uuid.MustParse(v.Tickets[0].ID)); !is(err, c.code) {
				t.Errorf("%v", err)
			}
			if r, err := k.Returnable(context.Background(), k.order(v.ID)); err != nil || len(r.Tickets) != 0 && c.code != "slow-down" {
				t.Errorf("%+v, %v", r, err)
			}
			if k.count(`SELECT count(*) FROM seat_claims WHERE status = 'listed'`) != 0 || strings.Contains(k.letters(), "listed") {
				t.Error("a refusal changed something")
			}
		})
	}
}

// Whoever sold nothing has the ticket again when nobody can buy it any more, and is told; who is paying at that moment wins.
func TestAnUnsoldTicketIsItsHoldersAgain(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(k *kit){
		"the sale ends":  func(k *kit) { k.room.ended = true },
		"an hour before": func(k *kit) { k.room.startsIn = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, ctx := newKit(t), context.Background()
			first, second := k.sold(0), k.sold(1)
			k.mustList(first, 0)
			k.mustList(second, 0)
			must(t, k.Tick(ctx))
			if n := len(k.shown(first.ID).Listed); n != 1 {
				t.Fatalf("%d are listed while it sells", n)
			}
			k.fan(0) // only chooses
			paying := k.mustPlace(k.fan(1)).Order
			end(k)
			must(t, k.Tick(ctx))
			if now := k.shown(first.ID); len(now.Listed) != 0 || len(now.Tickets) != 1 {
				t.Errorf("the unsold one: %+v", now)
			}
			if now := k.shown(second.ID); len(now.Listed) != 1 {
				t.Errorf("the one somebody pays for: %+v", now)
			}
			must(t, k.atTheDoor(first, 0))
			k.check()
			must(t, k.GiveUp(ctx, uuid.MustParse(paying.ID)))
			must(t, k.Tick(ctx))
			must(t, k.atTheDoor(second, 0))
			if got := k.letters(); strings.Count(got, "kept") != 2 {
				t.Error(got)
			}
			k.check()
		})
	}
}

// A replica from before the upgrade returned an order's money and passed its listed ticket over: that is nobody's again.
func TestAListedTicketOfARefundedOrderStaysNobodys(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	v := k.sold(0)
	ticket := k.mustList(v, 0)
	must(t, k.Kit.DB.Exec(`UPDATE orders SET status = 'refunded' WHERE id = ?`, v.ID).Error)
	if err := k.Unlist(ctx, uuid.MustParse(v.ID), ticket); !is(err, "ticket-void") {
		t.Errorf("taken back: %v", err)
	}
	k.room.ended = true
	must(t, k.Tick(ctx))
	if n := k.count(`SELECT count(*) FROM tickets WHERE status = 'listed'`); n != 1 {
		t.Error(k.dump())
	}
}

// What had cost nothing is void at once: there is nothing to wait for.
func TestAFreeTicketIsSimplyReturned(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 0, 2)
	v := k.mustPlace(k.fan(0, 1)).Order
	k.mustList(v, 0)
	if now := k.shown(v.ID); now.Status != shownPartRefunded || len(now.Tickets) != 1 || len(now.Listed) != 0 {
		t.Errorf("%+v", now)
	}
	k.mustPlace(k.fan(0))
	if got := k.letters(); got != "refund: 0 free void [0]" {
		t.Error(got)
	}
	k.check()
}

// A listed ticket goes wherever the others of its order go; its seat cannot be changed meanwhile.
func TestAListedTicketIsReturnedLikeAnyOther(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, back := range map[string]func(k *kit, v View){
		"by staff": func(k *kit, v View) {
			_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), nil, "x")
			must(k.T, err)
		},
		"by the bank": func(k *kit, v View) {
			p := k.payment(v.ID)
			k.bank.dispute(p.ID, provider.DisputeLost)
			k.hears(p)
		},
	} {
		for _, sold := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				k := newKit(t)
				v := k.sold(0, 1)
				ticket := k.mustList(v, 0)
				if _, err := k.Move(ctx, staffAda(), "", uuid.MustParse(v.ID), ticket, 5); !is(err, "not-movable") {
					t.Errorf("moved: %v", err)
				}
				if sold {
					k.sold(0)
				}
				back(k, v)
				k.quiet(k.Service)
				k.want(v.ID, shownRefunded)
				if !sold {
					k.sold(0)
				}
				k.sold(1)
				if now := k.euros(); now.Owed != 0 || now.Refunded != 8400 || now.Delivered != 8400 {
					t.Errorf("%+v", now)
				}
				k.check()
			})
		}
	}
}

// Nobody pays for a seat that a ticket changes to, so that is no sale of it: its holder is not paid out of nothing.
func TestAListedSeatIsNotHadByAnExchange(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, price := range map[string]int64{"for the same": 4200, "for a cheaper one": 3000, "for a dearer one": 7000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			v := k.sold(1, 8)
			if price != 4200 {
				k.room.cheap, k.room.cheapPrice = 8, max(price, 4200) // what it cost is no reason against giving it back
			}
			back := ticketIn(v, 8)
			_, err := k.List(ctx, uuid.MustParse(v.ID), back)
			must(t, err)
			k.room.cheapPrice = price
			for seat, of := range map[int]View{1: v, 5: k.sold(5)} { // their own, and an accomplice's
				id, ticket := uuid.MustParse(of.ID), ticketIn(of, seat)
				if _, _, err := k.Swap(ctx, id, ticket, 8); !is(err, "seats-taken") {
					t.Errorf("swapped: %v", err)
				}
				if _, err := k.Move(ctx, staffAda(), "", id, ticket, 8); !is(err, "seats-taken") {
					t.Errorf("moved: %v", err)
				}
			}
			k.quiet(k.Service)
			if now := k.shown(v.ID); now.Status != shownPaid || len(now.Listed) != 1 || k.count(`SELECT count(*) FROM refunds`) != 0 {
				t.Errorf("%+v", now)
			}
			must(t, k.Unlist(ctx, uuid.MustParse(v.ID), back))
			k.check()
		})
	}
}

// A staff's return of one ticket does not take the listed one beside it for gone.
func TestPartOfAListedOrderIsReturned(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	v := k.sold(0, 1)
	k.mustList(v, 0)
	_, err := k.Return(context.Background(), staffAda(), "", uuid.MustParse(v.ID), []uuid.UUID{uuid.MustParse(v.Tickets[1].ID)}, "x")
	must(t, err)
	k.quiet(k.Service)
	k.want(v.ID, shownPartRefunded)
	k.check()
	k.sold(0)
	k.quiet(k.Service)
	k.want(v.ID, shownRefunded)
	if now := k.euros(); now.Refunded != 8400 || now.Delivered != 4200 {
		t.Errorf("%+v", now)
	}
	k.check()
}

// Two holders of one seat cannot wait for the same sale: the second gives it back when the first is paid out.
func TestASeatIsGivenBackByOneAfterAnother(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	first := k.sold(0)
	k.mustList(first, 0)
	p := k.payment(first.ID)
	k.bank.dispute(p.ID, provider.DisputeOpen)
	k.hears(p)
	second := k.sold(0)
	must(t, k.Tick(ctx))
	id, ticket := uuid.MustParse(second.ID), uuid.MustParse(second.Tickets[0].ID)
	if _, err := k.List(ctx, id, ticket); !is(err, "not-listable") || !strings.Contains(err.Error(), "Whoever had this seat before") {
		t.Fatalf("while the first waits: %v", err)
	}
	k.bank.dispute(p.ID, provider.DisputeWon)
	k.hears(p)
	k.quiet(k.Service)
	if _, err := k.List(ctx, id, ticket); err != nil {
		t.Fatalf("then: %v", err)
	}
	k.check()
}

// While nobody knows whether the seat was sold no ticket becomes good again, by its holder's wish or by the clock.
func TestNoListedTicketIsTakenBackWhileReconciling(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	v := k.sold(0)
	ticket := k.mustList(v, 0)
	must(t, k.beginReconciling(ctx, "restored"))
	if err := k.Unlist(ctx, uuid.MustParse(v.ID), ticket); !is(err, "reconciling") {
		t.Errorf("taken back: %v", err)
	}
	k.room.ended = true
	must(t, k.keepListings(ctx))
	if now := k.shown(v.ID); len(now.Listed) != 1 {
		t.Errorf("by the clock: %+v", now)
	}
	must(t, k.OpenAnyway(ctx, staffAda(), ""))
	must(t, k.keepListings(ctx))
	if now := k.shown(v.ID); len(now.Tickets) != 1 {
		t.Errorf("then: %+v", now)
	}
	k.check()
}

// While the bank decides nothing goes back; what is owed waits for its word.
func TestADisputedTicketIsPaidOutWhenTheBankHasDecided(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	v := k.sold(0)
	k.mustList(v, 0)
	p := k.payment(v.ID)
	k.bank.dispute(p.ID, provider.DisputeOpen)
	k.hears(p)
	k.sold(0)
	must(t, k.Tick(context.Background()))
	if now := k.euros(); now.Owed != 4200 || now.Refunded != 0 || k.count(`SELECT count(*) FROM refunds`) != 0 {
		t.Errorf("%+v", now)
	}
	k.check()
	k.bank.dispute(p.ID, provider.DisputeWon)
	k.hears(p)
	k.quiet(k.Service)
	k.want(v.ID, shownRefunded)
	k.check()
}

// What was paid by bank transfer people send back: the seller is told so, and once more when it is sent.
func TestATransferIsSentBackByHandWhenItsSeatIsSold(t *testing.T) {
	t.Parallel()
	k := withTransfers(t)
	o := k.transferred(0)
	_, err := k.mark(o, 4200)
	must(t, err)
	v := k.shown(o.ID)
	k.mustList(v, 0)
	k.sold(0)
	must(t, k.Tick(context.Background()))
	var id string
	must(t, k.Kit.DB.Raw(`SELECT id FROM refunds`).Scan(&id).Error)
	_, err = k.MarkSent(context.Background(), staffAda(), "", uuid.MustParse(v.ID), uuid.MustParse(id))
	must(t, err)
	if got := k.letters(); got != "listed: 4200 Row A, seat 1; refund: 4200 resold by hand void [0]; refund-sent: 4200 resold by hand" {
		t.Error(got)
	}
	k.want(v.ID, shownRefunded)
	k.check()
}

// Two who want the seat and its holder, all at once: one has it, and every cent is somewhere.
func TestManyForOneListedTicket(t *testing.T) {
	t.Parallel()
	k, ctx := newKitWith(t, 4200, 1), context.Background()
	for round := range 6 {
		v := k.sold(round)
		ticket := k.mustList(v, 0)
		fans := []fan{k.fan(round), k.fan(round)}
		for _, f := range fans {
			k.room.put(f.place.Key, nil) // held by nobody, so that the holder has a chance
		}
		var all sync.WaitGroup
		var back error
		won := make([]*Placed, len(fans))
		all.Go(func() { back = k.Unlist(ctx, uuid.MustParse(v.ID), ticket) })
		for i, f := range fans {
			all.Go(func() {
				o := k.service(k.Kit.DB)
				o.Seats = wants{o.Seats, round}
				p, err := o.PlaceOrder(ctx, f.place, f.buyer)
				if err != nil && !is(err, "seats-taken") {
					t.Error(err)
				}
				won[i] = p
			})
		}
		all.Wait()
		if back != nil && !is(back, "listing-taken") {
			t.Error(back)
		}
		got := 0
		for _, p := range won {
			if p != nil {
				got++
				k.pay(p.Order.ID, provider.Authorized, 0)
			}
		}
		if back == nil {
			got++
		}
		if got != 1 {
			t.Fatalf("%d have the seat", got)
		}
		k.check()
		k.quiet(k.Service)
		if (back == nil) != (k.shown(v.ID).Status == shownPaid) {
			t.Errorf("taken back: %v, and the order is %s", back, k.shown(v.ID).Status)
		}
	}
	if now := k.euros(); now.Owed != 0 || now.Delivered != 6*4200 {
		t.Errorf("%+v", now)
	}
	k.check()
}

// wants has one seat in every basket.
type wants struct {
	Seats
	seat int
}

func (w wants) Pin(ctx context.Context, event int64, place string, least time.Duration, stands bool) (Basket, error) {
	seats, err := w.SeatInfo(ctx, event, []int{w.seat})
	return Basket{Currency: "EUR", Seats: seats, Total: seats[0].Price, ExpiresAt: time.Now().Add(time.Hour)}, err
}

// Cut at any step, whatever is left the next look at the tables ends it.
func TestResellingCutAnywhere(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 4200, 1)
	g := &guillotine{}
	s := k.service(k.victimDB(g))
	ctx, seat := context.Background(), 0
	for at := 1; ; at++ {
		v := k.sold(seat)
		id, ticket := uuid.MustParse(v.ID), uuid.MustParse(v.Tickets[0].ID)
		g.raise(at)
		_, _ = s.List(ctx, id, ticket)
		_ = s.Unlist(ctx, id, ticket)
		_, err := s.List(ctx, id, ticket)
		dead := g.dead()
		g.raise(0)
		k.check()
		if _, err := k.List(ctx, id, ticket); err != nil {
			t.Fatalf("cut at %d: %v", at, err)
		}
		buyer := k.sold(seat)
		g.raise(at)
		_ = s.Tick(ctx)
		dead = g.dead() || dead
		g.raise(0)
		k.check()
		k.quiet(k.Service)
		k.want(v.ID, shownRefunded)
		_, e := k.Return(ctx, staffAda(), "", uuid.MustParse(buyer.ID), nil, "again")
		must(t, e)
		k.quiet(k.Service)
		k.check()
		if !dead {
			must(t, err)
			if at < 20 {
				t.Errorf("only %d cuts", at)
			}
			return
		}
	}
}
