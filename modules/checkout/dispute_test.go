package checkout

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// bought is a paid order of some seats, with its payment.
func (k *kit) bought(seats ...int) (View, Payment) {
	k.T.Helper()
	o := k.mustPlace(k.fan(seats...)).Order
	k.pay(o.ID, provider.Authorized, 0)
	k.want(o.ID, "paid")
	return k.shown(o.ID), k.payment(o.ID)
}

// hears lets a webhook tell that something about a payment is news.
func (k *kit) hears(p Payment) {
	k.T.Helper()
	must(k.T, k.keepEvent(context.Background(), "sandbox", k.bank.event(p.ID)))
	k.runJobs(k.Service)
}

func (k *kit) atTheDoor(v View, i int) error {
	_, err := k.CheckIn(context.Background(), k.event, v.Tickets[i].Code, "A")
	return err
}

func TestDisputeBarsTheDoorUntilItIsWon(t *testing.T) {
	t.Parallel()
	for _, end := range []provider.Dispute{provider.DisputeWon, provider.NoDispute} {
		k := newKit(t)
		ctx := context.Background()
		v, p := k.bought(0, 1)
		must(t, k.atTheDoor(v, 0)) // went in before
		k.bank.dispute(p.ID, provider.DisputeOpen)
		k.hears(p)
		if err := k.atTheDoor(v, 1); !is(err, "disputed") {
			t.Errorf("let in: %v", err)
		}
		if err := k.atTheDoor(v, 0); !is(err, "already-in") {
			t.Errorf("who is inside: %v", err)
		}
		if _, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), nil, "x"); !is(err, "disputed") {
			t.Errorf("returned beside a dispute: %v", err)
		}
		if s, err := k.StaffOrder(ctx, uuid.MustParse(v.ID)); err != nil || !s.Barred || s.Payments[0].Dispute != "open" {
			t.Errorf("staff see %+v, %v", s, err)
		}
		if open, err := k.Disputes(ctx); err != nil || len(open) != 1 || open[0].Code != v.Code {
			t.Errorf("the desk sees %+v, %v", open, err)
		}
		k.check()
		k.bank.dispute(p.ID, end)
		k.hears(p)
		must(t, k.atTheDoor(v, 1))
		k.want(v.ID, "paid")
		if _, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), nil, "x"); err != nil {
			t.Errorf("return after a dispute: %v", err)
		}
		k.quiet(k.Service)
		k.check()
	}
}

func TestLostDisputeTakesTicketsAndSeats(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	v, p := k.bought(0, 1)
	first := uuid.MustParse(v.Tickets[0].ID)
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), []uuid.UUID{first}, "ill") // and not sent yet
	must(t, err)
	k.bank.dispute(p.ID, provider.DisputeOpen)
	k.hears(p)
	k.Kit.Clock.Advance(time.Minute)
	_ = k.beatAndTick(time.Second)
	if k.bank.times("refund") != 0 {
		t.Error("money was sent that the bank may return too")
	}
	k.bank.dispute(p.ID, provider.DisputeLost)
	for range 3 {
		k.hears(p)
	}
	k.want(v.ID, "refunded")
	if n := k.count(`SELECT count(*) FROM refunds WHERE reason = 'dispute' AND status = 'done' AND amount = 4200`); n != 1 {
		t.Errorf("%d refunds by the bank: %s", n, k.dump())
	}
	if k.count(`SELECT count(*) FROM tickets WHERE status = 'valid'`) != 0 || k.count(`SELECT count(*) FROM seat_claims WHERE status <> 'released'`) != 0 {
		t.Error("tickets or seats are left")
	}
	if err := k.atTheDoor(v, 1); !is(err, "bad-code") {
		t.Errorf("let in: %v", err)
	}
	if n := k.count(`SELECT count(*) FROM mails WHERE kind = 'refund' AND subject LIKE '4200 dispute void %'`); n != 1 {
		t.Errorf("%d mails", n)
	}
	k.mustPlace(k.fan(0)) // somebody else
	k.quiet(k.Service)
	if k.bank.times("refund") != 0 {
		t.Error("paid a second time")
	}
	k.check()
}

// A swap for a cheaper seat would return money that the bank may return too.
func TestNoMoneyBackForASwapBesideADispute(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	v, p := k.bought(0)
	k.bank.dispute(p.ID, provider.DisputeOpen)
	k.hears(p)
	k.room.cheap, k.room.cheapPrice = 5, 3000
	if _, _, err := k.Swap(context.Background(), uuid.MustParse(v.ID), uuid.MustParse(v.Tickets[0].ID), 5); !is(err, "disputed") {
		t.Errorf("swapped: %v", err)
	}
	k.check()
}

// Every webhook is lost: the ledger tells of a dispute, and of its end the payment itself, which is asked about.
func TestDisputeIsNoticedWithoutWebhooks(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	v, p := k.bought(0)
	k.bank.dispute(p.ID, provider.DisputeOpen)
	if _, err := k.MatchLedger(context.Background(), LedgerSpan); err != nil {
		t.Fatal(err)
	}
	if err := k.atTheDoor(v, 0); !is(err, "disputed") {
		t.Errorf("let in: %v", err)
	}
	k.bank.dispute(p.ID, provider.DisputeLost)
	must(t, k.beatAndTick(5*time.Minute))
	k.want(v.ID, "refunded")
	k.check()
}

func TestStaffLiftTheBarOfOneDispute(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	v, p := k.bought(0, 1)
	id := uuid.MustParse(v.ID)
	if _, err := k.Unbar(ctx, staffAda(), "", id); !is(err, "not-barred") {
		t.Errorf("unbarred what is not: %v", err)
	}
	k.bank.dispute(p.ID, provider.DisputeOpen)
	k.hears(p)
	for range 2 {
		if s, err := k.Unbar(ctx, staffAda(), "127.0.0.1", id); err != nil || s.Barred {
			t.Fatalf("unbarred: %+v, %v", s, err)
		}
	}
	if n := k.count(`SELECT count(*) FROM staff_log WHERE action = 'order.unbar'`); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	must(t, k.atTheDoor(v, 0))
	k.bank.dispute(p.ID, provider.DisputeWon)
	k.hears(p)
	k.bank.dispute(p.ID, provider.DisputeOpen) // the next one is another matter
	k.hears(p)
	if err := k.atTheDoor(v, 1); !is(err, "disputed") {
		t.Errorf("let in: %v", err)
	}
	k.check()
}

// What waits for a bank's decision is asked about every few minutes, and not every few seconds for weeks.
func TestADisputedRefundIsLookedAtSeldom(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	v, p := k.bought(0)
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), nil, "ill")
	must(t, err)
	k.bank.dispute(p.ID, provider.DisputeOpen)
	k.hears(p)
	for range 5 {
		_ = k.beatAndTick(10 * time.Second)
	}
	before := k.count(`SELECT checks FROM payments`)
	for range 12 {
		_ = k.beatAndTick(10 * time.Second)
	}
	if n := k.count(`SELECT checks FROM payments`) - before; n > 1 || k.payment(v.ID).Status != PaymentRefundDue {
		t.Errorf("looked at %d times in two minutes: %s", n, k.dump())
	}
	k.bank.dispute(p.ID, provider.DisputeWon)
	k.hears(p)
	for range 35 {
		_ = k.beatAndTick(10 * time.Second)
	}
	k.want(v.ID, shownRefunded)
	k.check()
}

// A bank that takes a part of a payment back does not take the tickets: they let nobody in until a person has judged. All
// that is left of a payment is no part.
func TestADisputeLostInPartIsForAPerson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		returned bool // one of the two tickets, before
		disputed int64
		want     string
	}{{false, 1000, "paid"}, {false, 8400, "refunded"}, {true, 4200, "refunded"}, {true, 1000, "part-refunded"}} {
		k, ctx := newKit(t), context.Background()
		v, p := k.bought(0, 1)
		if c.returned {
			_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), []uuid.UUID{uuid.MustParse(v.Tickets[0].ID)}, "ill")
			must(t, err)
			k.quiet(k.Service)
		}
		for _, to := range []provider.Dispute{provider.DisputeOpen, provider.DisputeLost} {
			k.bank.dispute(p.ID, to)
			k.bank.mu.Lock()
			k.bank.accounts[p.ID.String()].Disputed = c.disputed
			k.bank.mu.Unlock()
			k.hears(p)
		}
		k.want(v.ID, c.want)
		if c.want != "refunded" {
			if err := k.atTheDoor(v, 1); !is(err, "disputed") {
				t.Errorf("%+v: let in: %v", c, err)
			}
			if waiting, err := k.Disputes(ctx); err != nil || len(waiting) != 1 {
				t.Errorf("%+v: the desk sees %+v, %v", c, waiting, err)
			}
			_, err := k.Unbar(ctx, staffAda(), "", uuid.MustParse(v.ID))
			must(t, err)
			must(t, k.atTheDoor(v, 1))
			if waiting, err := k.Disputes(ctx); err != nil || len(waiting) != 0 {
				t.Errorf("%+v: the desk sees %+v, %v", c, waiting, err)
			}
			if n := k.count(`SELECT count(*) FROM order_history WHERE what = 'dispute-lost-in-part'`); n != 1 {
				t.Errorf("%+v: %d notes", c, n)
			}
		}
		k.check()
	}
}

// The bank and we return no more between us than was paid, however the rest comes back.
func TestAfterADisputeLostInPartTheRestGoesBackOnce(t *testing.T) {
	t.Parallel()
	for _, oneByOne := range []bool{false, true} {
		k, ctx := newKit(t), context.Background()
		v, p := k.bought(0, 1)
		for _, to := range []provider.Dispute{provider.DisputeOpen, provider.DisputeLost} {
			k.bank.dispute(p.ID, to)
			k.bank.mu.Lock()
			k.bank.accounts[p.ID.String()].Disputed = 1000
			k.bank.mu.Unlock()
			k.hears(p)
		}
		var tickets []uuid.UUID
		if oneByOne {
			tickets = []uuid.UUID{uuid.MustParse(v.Tickets[0].ID)}
		}
		for range 2 {
			_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), tickets, "ill")
			must(t, err)
			k.quiet(k.Service)
			tickets = nil
			if !oneByOne {
				break
			}
		}
		k.want(v.ID, shownRefunded)
		if st, _ := k.bank.get(p.ID.String()); st.Refunded != 7400 {
			t.Errorf("%d of the 7400 that the bank left went back: %s", st.Refunded, k.dump())
		}
		if got := k.shown(v.ID).Refunded; got != 8400 {
			t.Errorf("%d of 8400 are back", got)
		}
		k.check()
	}
}
