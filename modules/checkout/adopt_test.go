package checkout

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// What was returned in the processor's dashboard counts as the refund that the desk makes of it afterwards: all of it, more
// than it, or a part.
func TestWhatWasReturnedByHandIsNotReturnedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		byHand int64
		first  bool // only the first ticket is returned at the desk
		ours   int  // refunds that we send
		mails  int
	}{
		{"all of it", 8400, false, 0, 1},
		{"a part of it", 1000, false, 1, 1},
		{"that ticket", 4200, true, 0, 1},
		{"more than that ticket", 5000, true, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k, ctx := newKit(t), context.Background()
			v, p := k.bought(0, 1)
			k.bank.returns(p.ID, "re_dashboard", c.byHand)
			var tickets []uuid.UUID
			if c.first {
				tickets = []uuid.UUID{uuid.MustParse(v.Tickets[0].ID)}
			}
			_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), tickets, "ill")
			must(t, err)
			k.quiet(k.Service)
			if c.byHand == 5000 { // and the rest of it as the refund of the other
				if k.bank.times("refund") != 0 {
					t.Error("money went twice")
				}
				_, err = k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), nil, "ill")
				must(t, err)
				k.quiet(k.Service)
				c.ours, c.mails = 1, 2
			}
			if n := k.bank.times("refund"); n != c.ours {
				t.Errorf("%d refunds sent, want %d: %s", n, c.ours, k.dump())
			}
			if n := k.count(`SELECT count(*) FROM mails WHERE kind = 'refund'`); n != c.mails {
				t.Errorf("%d mails, want %d", n, c.mails)
			}
			k.hears(p) // and none of it came back
			if n := k.count(`SELECT count(*) FROM refunds WHERE status <> 'done' OR came_back`); n != 0 {
				t.Errorf("%d refunds are owed: %s", n, k.dump())
			}
			k.check()
		})
	}
}

// Late money of which the processor has returned a part, or all, before we heard of it.
func TestLateMoneyThatTheProcessorReturned(t *testing.T) {
	t.Parallel()
	for _, returned := range []int64{1000, 4200} {
		k, ctx := newKit(t), context.Background()
		o := k.mustPlace(k.fan(0)).Order
		must(t, k.GiveUp(ctx, uuid.MustParse(o.ID)))
		k.pay(k.mustPlace(k.fan(0)).Order.ID, provider.Authorized, 0)
		p := k.payment(o.ID)
		k.bank.mu.Lock()
		a := k.bank.accounts[p.ID.String()]
		a.Status, a.Authorized, a.Captured = provider.Captured, 4200, 4200
		k.bank.mu.Unlock()
		k.bank.returns(p.ID, "re_by_itself", returned)
		must(t, k.Settle(ctx, p.ID))
		k.quiet(k.Service)
		if st := k.held(p.ID); st.Refunded != 4200 || k.payment(o.ID).Status != PaymentRefunded {
			t.Errorf("returned %d: %+v, %s", returned, st, k.dump())
		}
		k.check()
	}
}

// A refund by hand that its bank sends back is owed, and then ours to send.
func TestARefundByHandThatComesBack(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	v, p := k.bought(0)
	k.bank.returns(p.ID, "re_dashboard", 4200)
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), nil, "ill")
	must(t, err)
	k.quiet(k.Service)
	k.bank.sendBack(p.ID)
	k.hears(p)
	k.quiet(k.Service)
	if st := k.held(p.ID); len(st.Refunds) != 1 || st.Refunds[0].Key == "re_dashboard" {
		t.Errorf("%+v", st)
	}
	k.check()
}
