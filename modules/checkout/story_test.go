package checkout

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// pay lets the fan pay the order's open attempt and lets the webhook and its job run.
func (k *kit) pay(id string, to provider.Status, extra int64) {
	k.T.Helper()
	p := k.payment(id)
	if !k.bank.click(p.ID, to, extra) {
		k.T.Fatalf("the processor has no open payment %s", p.ID)
	}
	must(k.T, k.keepEvent(context.Background(), "sandbox", k.bank.event(p.ID)))
	k.runJobs(k.Service)
}

func TestOneOrderFromBasketToTicket(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	f := k.fan(3, 4)
	placed := k.mustPlace(f)
	o := placed.Order
	if !placed.New || o.Status != "pending" || o.Total != 8400 || o.Payment == nil || o.Payment.URL == nil || len(o.Seats) != 2 || o.Seats[0].Label != "A-4" {
		t.Fatalf("placed %+v", placed)
	}
	if want := k.Kit.Clock.Now().Add(15 * time.Minute); !time.Time(o.ExpiresAt).Equal(want) {
		t.Errorf("expires %v, want %v", time.Time(o.ExpiresAt), want)
	}
	again := k.mustPlace(f)
	if again.New || again.Order.ID != o.ID || again.Token == "" {
		t.Fatalf("a second order: %+v", again)
	}
	k.pay(o.ID, provider.Authorized, 0)
	v := k.shown(o.ID)
	if v.Status != "paid" || len(v.Tickets) != 2 || v.Payment != nil || v.Mail.Status != "queued" {
		t.Fatalf("after paying: %+v", v)
	}
	code, err := VerifyTicketCode(k.Keys, v.Tickets[1].Code)
	if err != nil || code.Seat != 4 || code.EventID != k.event || code.Ticket.String() != v.Tickets[1].ID {
		t.Errorf("ticket code: %+v, %v", code, err)
	}
	if len(k.room.finished) != 1 || k.room.finished[0] != f.place.Key {
		t.Errorf("admissions ended: %v", k.room.finished)
	}
	if err := k.GiveUp(context.Background(), uuid.MustParse(o.ID)); !is(err, "already-paid") {
		t.Errorf("gave up a paid order: %v", err)
	}
	if _, err := k.PayAgain(context.Background(), uuid.MustParse(o.ID), ""); !is(err, "not-payable") {
		t.Errorf("paid twice: %v", err)
	}
	if k.bank.times("capture") != 1 || k.bank.times("create") != 1 {
		t.Errorf("calls: %v", k.bank.calls)
	}
	k.quiet(k.Service)
	k.check()
}

func TestFreeOrderIsPaidAtOnce(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 0, 2)
	k.bank.setDown(true) // nothing to pay, so nobody to wait for
	placed := k.mustPlace(k.fan(1))
	if placed.Order.Status != "paid" || len(placed.Order.Tickets) != 1 || placed.Order.Payment != nil {
		t.Fatalf("placed %+v", placed.Order)
	}
	if len(k.bank.calls) != 0 {
		t.Errorf("the processor was asked: %v", k.bank.calls)
	}
	k.check()
}

func TestDeclinedThenPaidOnTheSameClock(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.pay(o.ID, provider.Declined, 0)
	k.want(o.ID, "declined")
	first := k.payment(o.ID)
	if first.Status != PaymentFailed || first.Problem != "declined" {
		t.Errorf("payment %+v", first)
	}
	k.Kit.Clock.Advance(time.Minute)
	v, err := k.PayAgain(context.Background(), uuid.MustParse(o.ID), "")
	must(t, err)
	second := k.payment(o.ID)
	if v.Status != "pending" || v.ExpiresAt != o.ExpiresAt || second.ID == first.ID || v.Payment == nil || v.Payment.URL == nil {
		t.Fatalf("second attempt: %+v", v)
	}
	same, err := k.PayAgain(context.Background(), uuid.MustParse(o.ID), "")
	must(t, err)
	if *same.Payment.URL != *v.Payment.URL {
		t.Error("asking again opened a third attempt")
	}
	k.pay(o.ID, provider.Authorized, 0)
	k.want(o.ID, "paid")
	k.quiet(k.Service)
	k.check()
}

func TestExpiryAsksTheProcessorFirst(t *testing.T) {
	t.Parallel()
	for name, expire := range map[string]func(k *kit) error{
		"by the reaper": func(k *kit) error { return k.Tick(context.Background()) },
		"by the job":    func(k *kit) error { k.runJobs(k.Service); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			unpaid, paid := k.mustPlace(k.fan(0)).Order, k.mustPlace(k.fan(1)).Order
			k.bank.click(k.payment(paid.ID).ID, provider.Authorized, 0) // and the webhook is lost
			k.Kit.Clock.Advance(15 * time.Minute)
			k.bank.before = func(call string) error {
				if n := k.count(`SELECT count(*) FROM seat_claims WHERE order_id = ? AND status = 'checkout'`, unpaid.ID); call == "cancel" && n != 1 {
					t.Error("the seat went back before the processor let go")
				}
				return nil
			}
			reads := k.bank.times("read")
			must(t, expire(k))
			if k.bank.times("read") < reads+2 || k.bank.times("cancel") != 1 {
				t.Errorf("calls: %v", k.bank.calls)
			}
			k.want(unpaid.ID, "expired")
			k.want(paid.ID, "paid")
			k.quiet(k.Service)
			k.check()
		})
	}
}

func TestSeatsStayWhileTheProcessorIsSilent(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.bank.before = func(string) error { return errLine }
	k.Kit.Clock.Advance(15*time.Minute + 14*time.Minute)
	for range 3 {
		_ = k.beatAndTick(10 * time.Second)
	}
	k.want(o.ID, "pending")
	if n := k.count(`SELECT count(*) FROM seat_claims WHERE status = 'checkout'`); n != 1 {
		t.Fatalf("%d claims while the processor is silent", n)
	}
	for range 12 {
		_ = k.beatAndTick(10 * time.Second)
	}
	k.want(o.ID, "expired")
	if n := k.count(`SELECT count(*) FROM seat_claims WHERE status <> 'released'`); n != 0 {
		t.Fatalf("%d claims after a quarter of an hour of silence", n)
	}
	// It had been paid all the time, and the seat is still free.
	k.bank.click(k.payment(o.ID).ID, provider.Authorized, 0)
	k.bank.before = nil
	k.quiet(k.Service)
	k.want(o.ID, "paid")
	k.check()
}

// beatAndTick lets time pass in which we were alive.
func (k *kit) beatAndTick(d time.Duration) error {
	k.Kit.Clock.Advance(d)
	must(k.T, k.Kit.DB.Exec(`UPDATE heartbeats SET at = ? WHERE name = 'checkout'`, k.Kit.Clock.Now()).Error)
	return k.Tick(context.Background())
}

func TestLateMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		says   provider.Status
		taken  bool // somebody else has the seat by now
		giveUp bool
		want   string
	}{
		{"authorised, seat free", provider.Authorized, false, false, "paid"},
		{"authorised, seat gone", provider.Authorized, true, false, "expired"},
		{"captured, seat free", provider.Captured, false, false, "paid"},
		{"captured, seat gone", provider.Captured, true, false, "refunded"},
		{"captured after giving up, seat free", provider.Captured, false, true, "paid"},
		{"captured after giving up, seat gone", provider.Captured, true, true, "refunded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			o := k.mustPlace(k.fan(5)).Order
			p := k.payment(o.ID)
			if c.giveUp {
				must(t, k.GiveUp(context.Background(), uuid.MustParse(o.ID)))
				k.want(o.ID, "cancelled")
			} else {
				k.Kit.Clock.Advance(16 * time.Minute)
				must(t, k.Tick(context.Background()))
				k.want(o.ID, "expired")
			}
			if c.taken {
				k.mustPlace(k.fan(5))
			}
			// A processor that says cancelled and takes money all the same.
			k.bank.mu.Lock()
			a := k.bank.accounts[p.ID.String()]
			a.Status, a.Authorized = c.says, a.amount
			if c.says == provider.Captured {
				a.Captured = a.amount
			}
			k.bank.mu.Unlock()
			k.match()
			k.quiet(k.Service)
			k.want(o.ID, c.want)
			k.check()
			if c.want == "refunded" && k.count(`SELECT count(*) FROM mails WHERE kind = 'refund' AND subject = '4200 late'`) != 1 {
				t.Error("nobody was told about the refund")
			}
		})
	}
}

func TestWrongAmountGivesNoTicket(t *testing.T) {
	t.Parallel()
	for _, says := range []provider.Status{provider.Authorized, provider.Captured} {
		t.Run(string(says), func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			o := k.mustPlace(k.fan(0)).Order
			k.pay(o.ID, says, 1)
			k.runJobs(k.Service)
			k.want(o.ID, "declined")
			if p := k.payment(o.ID); p.Problem == "" {
				t.Errorf("no word for the operator: %+v", p)
			}
			if wrong, err := k.WrongMoney(context.Background()); err != nil || len(wrong) != 1 || wrong[0].OrderID.String() != o.ID || !strings.Contains(wrong[0].Problem, "instead of") {
				t.Errorf("the desk is told of %+v, %v", wrong, err)
			}
			if n := k.count(`SELECT count(*) FROM tickets`); n != 0 {
				t.Fatalf("%d tickets", n)
			}
			_, err := k.PayAgain(context.Background(), uuid.MustParse(o.ID), "")
			must(t, err)
			k.pay(o.ID, provider.Authorized, 0)
			k.want(o.ID, "paid")
			k.quiet(k.Service)
			k.check()
		})
	}
}

// Money in another currency is no more right than a wrong sum: no ticket, and all of it back.
func TestWrongCurrencyGivesNoTicket(t *testing.T) {
	t.Parallel()
	for _, says := range []provider.Status{provider.Authorized, provider.Captured} {
		t.Run(string(says), func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			o := k.mustPlace(k.fan(0)).Order
			p := k.payment(o.ID)
			k.bank.mu.Lock()
			k.bank.accounts[p.ID.String()].Currency = "USD"
			k.bank.mu.Unlock()
			k.pay(o.ID, says, 0)
			k.runJobs(k.Service)
			k.quiet(k.Service)
			if n := k.count(`SELECT count(*) FROM tickets`); n != 0 {
				t.Fatalf("%d tickets", n)
			}
			if now := k.payment(o.ID); !strings.Contains(now.Problem, "USD") {
				t.Errorf("no word for the operator: %+v", now)
			}
			st, _ := k.bank.get(p.ID.String())
			if kept := st.Captured - st.Refunded; kept != 0 || says == provider.Authorized && st.Status != provider.Cancelled {
				t.Errorf("the processor keeps %d: %+v", kept, st)
			}
			k.check()
		})
	}
}

func TestOfTwoSuccessesOneIsKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		order []int // which attempt's money is seen first
	}{{"first before second", []int{0, 1}}, {"second before first", []int{1, 0}}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			o := k.mustPlace(k.fan(0)).Order
			k.pay(o.ID, provider.Declined, 0)
			first := k.payment(o.ID)
			_, err := k.PayAgain(context.Background(), uuid.MustParse(o.ID), "")
			must(t, err)
			attempts := []Payment{first, k.payment(o.ID)}
			k.bank.mu.Lock()
			for _, p := range attempts { // a processor that declines and takes the money all the same
				a := k.bank.accounts[p.ID.String()]
				a.Status, a.Authorized, a.Captured = provider.Captured, a.amount, a.amount
			}
			k.bank.mu.Unlock()
			for _, i := range c.order {
				must(t, k.Settle(context.Background(), attempts[i].ID))
			}
			k.quiet(k.Service)
			k.want(o.ID, "paid")
			if n := k.count(`SELECT count(*) FROM refunds WHERE reason = 'second-payment' AND status = 'done' AND amount = 4200`); n != 1 {
				t.Errorf("%d refunds of the second payment", n)
			}
			k.check()
		})
	}
}

// A bank that says why it refuses is passed on to its customer; one that does not is not made to speak.
func TestDeclineIsTold(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.bank.accounts[k.payment(o.ID).ID.String()].Declined = provider.InsufficientFunds
	k.pay(o.ID, provider.Declined, 0)
	if v := k.shown(o.ID); v.Status != "declined" || v.DeclinedFor != "insufficient-funds" {
		t.Errorf("%s for %q", v.Status, v.DeclinedFor)
	}
	if _, err := k.PayAgain(context.Background(), uuid.MustParse(o.ID), ""); err != nil {
		t.Fatal(err)
	}
	if v := k.shown(o.ID); v.DeclinedFor != "" {
		t.Errorf("a new attempt is declined for %q", v.DeclinedFor)
	}
	k.pay(o.ID, provider.Declined, 0)
	if v := k.shown(o.ID); v.Status != "declined" || v.DeclinedFor != "" {
		t.Errorf("%s for %q", v.Status, v.DeclinedFor)
	}
}
