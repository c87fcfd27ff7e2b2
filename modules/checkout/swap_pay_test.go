package checkout

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/fault"
	"fairseat/modules/checkout/invoice"
	"fairseat/modules/checkout/provider"
)

const dearSeat = 8

// dear is a kit with a paid order of seats, a dearer seat beside, and a seller.
func dear(t *testing.T, seats ...int) (*kit, View) {
	t.Helper()
	k := newKitWith(t, 4200, 3)
	k.Seller, k.Tax = Seller{Name: "Old Hall Ltd", Prefix: "A-"}, invoice.Rate{Points: 1900, Name: "VAT 19 %"}
	v := k.sold(seats...)
	k.room.cheap, k.room.cheapPrice = dearSeat, 7000
	return k, v
}

// wish asks for the dear seat instead of the order's ticket in a seat.
func (k *kit) wish(v View, seat int) (View, error) {
	got, pay, err := k.Swap(context.Background(), uuid.MustParse(v.ID), ticketIn(v, seat), dearSeat)
	if err == nil && !pay {
		k.T.Error("nothing to pay")
	}
	return got, err
}

func ticketIn(v View, seat int) uuid.UUID {
	for _, t := range v.Tickets {
		if t.Seat.N == seat {
			return uuid.MustParse(t.ID)
		}
	}
	return uuid.Nil
}

// swapped is an order whose seat was changed for the dear one, which is paid.
func (k *kit) swapped(v View, seat int) View {
	k.T.Helper()
	_, err := k.wish(v, seat)
	must(k.T, err)
	k.pay(v.ID, provider.Authorized, 0)
	return k.shown(v.ID)
}

func (k *kit) claimOf(seat int) (status string) {
	k.T.Helper()
	must(k.T, k.Kit.DB.Raw(`SELECT status FROM seat_claims WHERE seat_id = ? AND status <> 'released'`, seat).Scan(&status).Error)
	return status
}

// The difference is paid first. Until then both seats are the buyer's, and the old ticket is good; then there is one ticket, for
// the new seat.
func TestADearerSeatIsPaidForFirst(t *testing.T) {
	t.Parallel()
	k, v := dear(t, 0, 1)
	got, err := k.wish(v, 1)
	must(t, err)
	w := got.Swap
	if w == nil || w.Difference != 2800 || w.Status != shownPending || w.From.N != 1 || w.From.Price != 4200 || w.To.N != dearSeat || w.To.Price != 7000 || w.Payment == nil || w.Payment.URL == nil {
		t.Fatalf("%+v", w)
	}
	if got.Status != shownPaid || got.Total != 8400 || len(got.Tickets) != 2 || len(got.Seats) != 2 || got.Payment != nil {
		t.Errorf("while it is paid: %+v", got)
	}
	if k.claimOf(1) != claimSold || k.claimOf(dearSeat) != claimCheckout {
		t.Errorf("claims are %s and %s", k.claimOf(1), k.claimOf(dearSeat))
	}
	if _, err := k.PlaceOrder(context.Background(), k.fan(dearSeat).place, Buyer{Name: "Bob", Email: "bob@example.org"}); !is(err, "seats-taken") {
		t.Errorf("somebody else: %v", err)
	}
	// The same again goes on with it; anything else has to wait.
	if again, err := k.wish(v, 1); err != nil || *again.Swap.Payment.URL != *w.Payment.URL {
		t.Errorf("again: %+v, %v", again.Swap, err)
	}
	if _, err := k.wish(v, 0); !is(err, "swap-under-way") {
		t.Errorf("another ticket: %v", err)
	}
	if _, err := k.Move(context.Background(), staffAda(), "", uuid.MustParse(v.ID), ticketIn(v, 1), 5); !is(err, "swap-under-way") {
		t.Errorf("staff: %v", err)
	}
	k.check()

	k.pay(v.ID, provider.Authorized, 0)
	now := k.shown(v.ID)
	if now.Status != shownPaid || now.Total != 11200 || now.Swap != nil || now.Refunded != 0 || len(now.Tickets) != 2 || now.Tickets[1].Seat.N != dearSeat || now.Seats[1].Price != 7000 {
		t.Fatalf("after it is paid: %+v", now)
	}
	if k.claimOf(1) != "" || k.claimOf(dearSeat) != claimSold {
		t.Errorf("claims are %q and %s", k.claimOf(1), k.claimOf(dearSeat))
	}
	if n := k.count(`SELECT count(*) FROM mails WHERE kind = 'seat-changed' AND subject = 'Row A, seat 2 → Row A, seat 9'`); n != 1 {
		t.Errorf("%d mails", n)
	}
	if _, pay, err := k.Swap(context.Background(), uuid.MustParse(v.ID), ticketIn(v, 1), dearSeat); err != nil || pay {
		t.Errorf("the same once more: %v, %v", pay, err)
	}
	if got := k.papers(v.ID); got != "invoice A-000001 8400, credit A-000002 8400, invoice A-000003 11200" {
		t.Error(got)
	}
	k.quiet(k.Service)
	k.check()
}

// Of an order that was paid twice over, each ticket goes back with what it cost, to the cent, from whichever payment has it.
func TestWhatADearerSeatCostGoesBackOfBothPayments(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		back   []int // the seats, one after another
		main   string
		second string
		papers string
	}{
		"the dear one first":  {[]int{dearSeat, 0, 2}, "7000 4200 1400", "2800", "7000, credit A-000005 4200, credit A-000006 4200"},
		"the dear one last":   {[]int{0, 2, dearSeat}, "4200 4200 4200", "2800", "4200, credit A-000005 4200, credit A-000006 7000"},
		"the dear one second": {[]int{0, dearSeat, 2}, "4200 7000 1400", "2800", "4200, credit A-000005 7000, credit A-000006 4200"},
		"all at once":         {[]int{-1}, "12600", "2800", "15400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, v := dear(t, 0, 1, 2)
			main := k.payment(v.ID)
			k.swapped(v, 1)
			for _, seat := range c.back {
				var tickets []uuid.UUID
				if seat >= 0 {
					tickets = []uuid.UUID{ticketIn(k.shown(v.ID), seat)}
				}
				_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), tickets, "ill")
				must(t, err)
				k.quiet(k.Service)
				k.check()
			}
			k.want(v.ID, shownRefunded)
			sums := func(of uuid.UUID) (out string) {
				var rows []int64
				must(t, k.Kit.DB.Raw(`SELECT amount FROM refunds WHERE payment_id = ? ORDER BY created_at, id`, of).Scan(&rows).Error)
				for _, n := range rows {
					out += fmt.Sprint(" ", n)
				}
				return out
			}
			if got := sums(main.ID); got != " "+c.main {
				t.Errorf("of the order's payment:%s, want %s", got, c.main)
			}
			if got := sums(k.payment(v.ID).ID); got != " "+c.second {
				t.Errorf("of the swap's payment:%s, want %s", got, c.second)
			}
			if got := k.papers(v.ID); got != "invoice A-000001 12600, credit A-000002 12600, invoice A-000003 15400, credit A-000004 "+c.papers {
				t.Error(got)
			}
			if n := k.count(`SELECT count(*) FROM payments WHERE status <> 'refunded'`); n != 0 {
				t.Errorf("%d payments are not closed: %s", n, k.dump())
			}
			net, tax := int64(0), int64(0)
			all, err := k.store.taxesOf(ctx, []uuid.UUID{uuid.MustParse(v.ID)})
			must(t, err)
			for _, o := range all {
				net, tax = o.Net, o.Tax
			}
			if net != 0 || tax != 0 {
				t.Errorf("net %d and tax %d are left on paper", net, tax)
			}
		})
	}
}

// A cheaper seat after a dearer one: the difference may be more than one payment has left.
func TestACheaperSeatAfterADearerOne(t *testing.T) {
	t.Parallel()
	k, v := dear(t, 0)
	v = k.swapped(v, 0)
	k.room.cheap, k.room.cheapPrice = 3, 1500
	k.room.price = 7000
	if _, pay, err := k.Swap(context.Background(), uuid.MustParse(v.ID), ticketIn(v, dearSeat), 3); err != nil || pay {
		t.Fatal(pay, err)
	}
	k.quiet(k.Service)
	now := k.shown(v.ID)
	if now.Total != 7000 || now.Refunded != 5500 || now.Seats[0].Price != 1500 {
		t.Errorf("%+v", now)
	}
	if n := k.count(`SELECT count(*) FROM refunds WHERE status = 'done' AND amount IN (4200, 1300)`); n != 2 {
		t.Error(k.dump())
	}
	k.check()
}

// A bank that declines costs nothing but time: the same seat, the same clock, another try.
func TestADeclinedSwapIsPaidAgain(t *testing.T) {
	t.Parallel()
	k, v := dear(t, 0)
	w, err := k.wish(v, 0)
	must(t, err)
	k.pay(v.ID, provider.Declined, 0)
	if got := k.shown(v.ID).Swap; got == nil || got.Status != shownDeclined || got.Payment != nil {
		t.Fatalf("%+v", got)
	}
	k.Kit.Clock.Advance(time.Minute)
	again, err := k.wish(v, 0)
	must(t, err)
	if again.Swap.Status != shownPending || again.Swap.ExpiresAt != w.Swap.ExpiresAt {
		t.Errorf("%+v", again.Swap)
	}
	k.pay(v.ID, provider.Captured, 0)
	if now := k.shown(v.ID); now.Total != 7000 || now.Tickets[0].Seat.N != dearSeat {
		t.Errorf("%+v", now)
	}
	k.check()
}

func TestASwapIsGivenUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k, v := dear(t, 0)
	id := uuid.MustParse(v.ID)
	must(t, k.GiveUpSwap(ctx, id)) // there is none
	_, err := k.wish(v, 0)
	must(t, err)
	must(t, k.GiveUpSwap(ctx, id))
	must(t, k.GiveUpSwap(ctx, id))
	if now := k.shown(v.ID); now.Swap != nil || now.Total != 4200 || now.Tickets[0].Seat.N != 0 || k.claimOf(dearSeat) != "" {
		t.Fatalf("%+v", now)
	}
	if k.bank.times("cancel") == 0 {
		t.Error("the processor was not asked")
	}
	k.check()
	// Declined, then given up; then paid in the very moment.
	_, err = k.wish(v, 0)
	must(t, err)
	k.pay(v.ID, provider.Declined, 0)
	must(t, k.GiveUpSwap(ctx, id))
	k.check()
	_, err = k.wish(v, 0)
	must(t, err)
	k.bank.click(k.payment(v.ID).ID, provider.Captured, 0)
	if err := k.GiveUpSwap(ctx, id); !is(err, "swap-paid") {
		t.Errorf("paid meanwhile: %v", err)
	}
	k.quiet(k.Service)
	if now := k.shown(v.ID); now.Tickets[0].Seat.N != dearSeat {
		t.Errorf("%+v", now)
	}
	k.check()
}

// Who gives up in the moment in which they pay is told that the seat changes, also while the processor has yet to say that it
// took the money.
func TestASwapIsGivenUpWhileItIsPaid(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k, v := dear(t, 0)
	_, err := k.wish(v, 0)
	must(t, err)
	k.bank.click(k.payment(v.ID).ID, provider.Authorized, 0)
	k.bank.before = func(op string) error {
		if op == "capture" {
			return errLine
		}
		return nil
	}
	if err := k.GiveUpSwap(ctx, uuid.MustParse(v.ID)); !is(err, "swap-paid") {
		t.Errorf("while it is taken: %v", err)
	}
	if p := k.payment(v.ID); p.Status != PaymentAuthorized {
		t.Fatalf("%+v", p)
	}
	k.bank.before = nil
	must(t, k.beatAndTick(time.Minute))
	k.quiet(k.Service)
	if now := k.shown(v.ID); now.Tickets[0].Seat.N != dearSeat || now.Total != 7000 {
		t.Errorf("%+v", now)
	}
	k.check()
}

// Nobody keeps dear seats off sale by asking for them again and again and never paying.
func TestUnpaidSwapsAreCounted(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k, v := dear(t, 0)
	k.room.startsIn = 90 * 24 * time.Hour
	for n := range unpaidSwaps {
		_, err := k.wish(v, 0)
		must(t, err)
		if n == 0 {
			_ = k.beatAndTick(16 * time.Minute)
			k.quiet(k.Service)
		} else {
			must(t, k.GiveUpSwap(ctx, uuid.MustParse(v.ID)))
		}
		k.Kit.Clock.Advance(time.Minute)
	}
	_, err := k.wish(v, 0)
	if f := fault.As(err); f == nil || f.Code != "swap-often" || f.RetryAfter < 23*time.Hour || f.RetryAfter > 24*time.Hour || k.claimOf(dearSeat) != "" {
		t.Fatalf("one more: %v, the seat is %q", err, k.claimOf(dearSeat))
	}
	k.check()
	k.Kit.Clock.Advance(24 * time.Hour)
	if v = k.swapped(v, 0); v.Total != 7000 {
		t.Errorf("a day later: %+v", v)
	}
	k.check()
}

// A swap ends with its clock, the processor being asked first; what is paid later goes back, and the ticket was good all along.
func TestASwapEndsWithItsClock(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k, v := dear(t, 0)
	_, err := k.wish(v, 0)
	must(t, err)
	must(t, k.beatAndTick(14*time.Minute))
	if k.claimOf(dearSeat) != claimCheckout {
		t.Fatal("ended too early")
	}
	k.bank.before = func(string) error { return errLine }
	_ = k.beatAndTick(2 * time.Minute)
	if k.claimOf(dearSeat) != claimCheckout {
		t.Fatal("the processor was not asked first")
	}
	for range 20 {
		_ = k.beatAndTick(time.Minute)
	}
	if k.claimOf(dearSeat) != "" {
		t.Fatal("a processor that is silent for a quarter of an hour keeps the seat")
	}
	k.bank.before = nil
	k.room.cheap = 0
	k.mustPlace(k.fan(dearSeat))
	k.bank.click(k.payment(v.ID).ID, provider.Captured, 0)
	k.quiet(k.Service)
	if now := k.shown(v.ID); now.Swap != nil || now.Status != shownPaid || now.Tickets[0].Seat.N != 0 || now.Refunded != 0 {
		t.Errorf("%+v", now)
	}
	if n := k.count(`SELECT count(*) FROM refunds WHERE reason = 'late' AND status = 'done' AND amount = 2800`); n != 1 {
		t.Error(k.dump())
	}
	k.check()
	// Nobody pays, and the processor answers.
	k.room.cheap = 9
	_, _, err = k.Swap(ctx, uuid.MustParse(v.ID), ticketIn(v, 0), 9)
	must(t, err)
	_ = k.beatAndTick(16 * time.Minute)
	k.quiet(k.Service)
	if k.claimOf(9) != "" || k.count(`SELECT count(*) FROM swaps WHERE status = 'expired'`) != 2 {
		t.Error(k.dump())
	}
	k.check()
}

// The clock of a swap stands as an order's does, while its processor or we are away.
func TestTheClockOfASwapStands(t *testing.T) {
	t.Parallel()
	k, v := dear(t, 0)
	got, err := k.wish(v, 0)
	must(t, err)
	must(t, k.beatAndTick(time.Second))
	k.Kit.Clock.Advance(20 * time.Minute) // nobody of us is alive
	must(t, k.Tick(context.Background()))
	w := k.shown(v.ID).Swap
	if w == nil || time.Time(w.ExpiresAt).Sub(time.Time(got.Swap.ExpiresAt)) != 20*time.Minute {
		t.Errorf("%+v", w)
	}
	k.bank.setDown(true)
	for range 4 {
		_ = k.beatAndTick(time.Second)
	}
	if now := k.shown(v.ID).Swap; !time.Time(now.ExpiresAt).After(time.Time(w.ExpiresAt)) {
		t.Errorf("it ran: %+v", now)
	}
	k.bank.setDown(false)
	k.pay(v.ID, provider.Authorized, 0)
	k.check()
	k.bank.setDown(true)
	k.room.cheap = 9
	k.room.cheapPrice = 9000
	if _, _, err := k.Swap(context.Background(), uuid.MustParse(v.ID), ticketIn(k.shown(v.ID), dearSeat), 9); !is(err, "payments-down") || k.claimOf(9) != "" {
		t.Errorf("%v, the seat is %q", err, k.claimOf(9))
	}
}

// Whatever makes the old ticket one that cannot be changed ends the swap, and its money goes back: when it is only open, when
// it is authorised, when it was taken.
func TestASwapEndsWithItsTicket(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ends := map[string]func(k *kit, v View){
		"returned": func(k *kit, v View) {
			_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), nil, "ill")
			must(k.T, err)
		},
		"somebody came in": func(k *kit, v View) { must(k.T, k.atTheDoor(v, 0)) },
		"the event": func(k *kit, v View) {
			_, err := k.RefundEvent(ctx, staffAda(), "", k.gala(), WhyRefund{Reason: "rain"}, true)
			must(k.T, err)
			must(k.T, k.returnEvents(ctx))
		},
		"the bank took the first payment back": func(k *kit, v View) {
			var p Payment
			must(k.T, k.Kit.DB.Raw(`SELECT * FROM payments WHERE swap_id IS NULL`).Scan(&p).Error)
			k.bank.dispute(p.ID, provider.DisputeLost)
			k.hears(p)
		},
	}
	for name, end := range ends {
		for _, says := range []provider.Status{provider.Open, provider.Authorized, provider.Captured} {
			t.Run(fmt.Sprintf("%s, %s", name, says), func(t *testing.T) {
				t.Parallel()
				k, v := dear(t, 0)
				_, err := k.wish(v, 0)
				must(t, err)
				p := k.payment(v.ID)
				k.bank.click(p.ID, says, 0)
				end(k, v)
				k.quiet(k.Service)
				if says == provider.Open {
					must(t, k.beatAndTick(16*time.Minute))
					k.quiet(k.Service)
				}
				if k.claimOf(dearSeat) != "" || k.count(`SELECT count(*) FROM swaps WHERE status NOT IN ('cancelled','expired')`) != 0 {
					t.Error(k.dump())
				}
				if st, _ := k.bank.get(p.ID.String()); st.Captured != st.Refunded || st.Status == provider.Authorized {
					t.Errorf("the processor has %+v", st)
				}
				k.check()
			})
		}
	}
}

// The bank takes one of two payments back: nothing else goes back by itself, for whoever disputes a little would have all of
// it, and the tickets let nobody in until staff have judged.
func TestADisputeOfEitherPayment(t *testing.T) {
	t.Parallel()
	for _, second := range []bool{false, true} {
		t.Run(fmt.Sprint(second), func(t *testing.T) {
			t.Parallel()
			k, v := dear(t, 0, 1)
			p := k.payment(v.ID)
			v = k.swapped(v, 1)
			other := k.payment(v.ID)
			if second {
				p, other = other, p
			}
			k.bank.dispute(p.ID, provider.DisputeOpen)
			k.hears(p)
			if err := k.atTheDoor(v, 0); !is(err, "disputed") {
				t.Errorf("let in: %v", err)
			}
			if _, err := k.Return(context.Background(), staffAda(), "", uuid.MustParse(v.ID), nil, "ill"); !is(err, "disputed") {
				t.Errorf("returned: %v", err)
			}
			if _, err := k.Unbar(context.Background(), staffAda(), "", uuid.MustParse(v.ID)); err != nil {
				t.Error(err)
			}
			k.bank.dispute(p.ID, provider.DisputeLost)
			k.hears(p)
			k.quiet(k.Service)
			k.want(v.ID, shownPaid)
			if k.bank.times("refund") != 0 {
				t.Error("money was sent that nobody decided to send")
			}
			if err := k.atTheDoor(v, 0); !is(err, "disputed") {
				t.Errorf("let in: %v", err)
			}
			k.check()
			_, err := k.Return(context.Background(), staffAda(), "", uuid.MustParse(v.ID), nil, "the bank took a part")
			must(t, err)
			k.quiet(k.Service)
			k.want(v.ID, shownRefunded)
			if st, _ := k.bank.get(p.ID.String()); st.Refunded != 0 {
				t.Errorf("sent what the bank took: %+v", st)
			}
			if st, _ := k.bank.get(other.ID.String()); st.Refunded != st.Captured {
				t.Errorf("%+v", st)
			}
			if got := k.shown(v.ID).Refunded; got != 11200 {
				t.Errorf("%d of 11200 went back", got)
			}
			k.check()
		})
	}
}

// A free ticket is swapped for one that costs something: its first payment, and its first invoice.
func TestAFreeTicketIsSwappedForADearerSeat(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 0, 2)
	k.Seller = Seller{Name: "Old Hall Ltd", Prefix: "A-"}
	v := k.mustPlace(k.fan(0, 1)).Order
	v = k.shown(v.ID)
	k.room.cheap, k.room.cheapPrice = dearSeat, 7000
	v = k.swapped(v, 0)
	if v.Total != 7000 || v.Tickets[1].Seat.N != dearSeat {
		t.Fatalf("%+v", v)
	}
	if got := k.papers(v.ID); got != "invoice A-000001 7000" {
		t.Error(got)
	}
	_, err := k.Return(context.Background(), staffAda(), "", uuid.MustParse(v.ID), nil, "ill")
	must(t, err)
	k.quiet(k.Service)
	k.want(v.ID, shownRefunded)
	k.check()
}

// A transfer would keep both seats for days: where nothing else is taken a dearer seat is refused with what it costs more.
func TestNoTransferForADearerSeat(t *testing.T) {
	t.Parallel()
	k := withTransfers(t)
	v := k.sold(0)
	k.room.cheap, k.room.cheapPrice = dearSeat, 7000
	got, err := k.wish(v, 0)
	must(t, err)
	if got.Swap.Payment.Provider != "sandbox" {
		t.Errorf("%+v", got.Swap)
	}
	must(t, k.GiveUpSwap(context.Background(), uuid.MustParse(v.ID)))
	k.Events = onlyTransfers{k.Events}
	if _, err := k.wish(v, 0); !is(err, "swap-dearer") {
		t.Errorf("%v", err)
	}
	k.check()
}

type onlyTransfers struct{ Events }

func (e onlyTransfers) Event(ctx context.Context, id int64) (Event, error) {
	ev, err := e.Events.Event(ctx, id)
	ev.Methods = []string{"transfer"}
	return ev, err
}
