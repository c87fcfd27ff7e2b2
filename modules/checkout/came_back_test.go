package checkout

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/clock"
	"fairseat/modules/checkout/invoice"
	"fairseat/modules/checkout/provider"
)

// A refund that the buyer's bank sends back days later is owed once more and sent again, whole or in part, with no second
// mail and no second credit note.
func TestARefundThatComesBackIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{true, false} {
		k, ctx := newKit(t), context.Background()
		k.Seller, k.Tax = Seller{Name: "Old Hall Ltd", Prefix: "A-"}, invoice.Rate{Points: 1900, Name: "VAT 19 %"}
		v, p := k.bought(0, 1)
		var tickets []uuid.UUID
		if !whole {
			tickets = []uuid.UUID{uuid.MustParse(v.Tickets[0].ID)}
		}
		_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), tickets, "ill")
		must(t, err)
		k.quiet(k.Service)
		k.bank.sendBack(p.ID)
		k.hears(p)
		if n := k.count(`SELECT count(*) FROM refunds WHERE status = 'failed' AND came_back AND problem <> ''`); n != 1 {
			t.Fatalf("whole %v: %d refunds are owed again: %s", whole, n, k.dump())
		}
		if m, err := k.Money(ctx, k.Kit.DB); err != nil || m["EUR"].Owed == 0 {
			t.Errorf("owed: %+v, %v", m, err)
		}
		if whole {
			k.want(v.ID, shownRefundPending)
		}
		k.check()
		k.quiet(k.Service)
		k.hears(p)
		if whole {
			k.want(v.ID, shownRefunded)
		}
		if st := k.held(p.ID); len(st.Refunds) != 1 || k.payment(v.ID).Status == PaymentRefundDue {
			t.Errorf("whole %v: the bank has %+v: %s", whole, st, k.dump())
		}
		if mails, credits := k.count(`SELECT count(*) FROM mails WHERE kind = 'refund'`), k.count(`SELECT count(*) FROM invoices WHERE kind = 'credit'`); mails != 1 || credits != 1 {
			t.Errorf("whole %v: %d mails, %d credit notes", whole, mails, credits)
		}
		k.check()
	}
}

// Whoever read the processor before a refund was made does not take it for one that came back.
func TestARefundOfAMomentAgoDidNotComeBack(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	v, p := k.bought(0)
	c, err := k.store.payment(ctx, p.ID)
	must(t, err)
	before := k.held(p.ID)
	_, err = k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), nil, "ill")
	must(t, err)
	k.quiet(k.Service)
	must(t, k.followRefunds(ctx, c, before))
	if n := k.count(`SELECT count(*) FROM refunds WHERE status = 'done' AND NOT came_back`); n != 1 {
		t.Errorf("taken up again: %s", k.dump())
	}
	// Nor does the second of two who saw it undo what the first has done about it since.
	stale, err := k.store.sentRefunds(ctx, p.ID)
	must(t, err)
	k.bank.sendBack(p.ID)
	k.hears(p)
	k.quiet(k.Service)
	if mine, err := k.store.reopenRefund(ctx, k.Kit.DB, stale[0]); err != nil || mine {
		t.Errorf("undone: %v, %v", mine, err)
	}
	k.check()
}

// What a bank took in a dispute was never sent by us, and does not come back.
func TestWhatTheBankTookDoesNotComeBack(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	v, p := k.bought(0, 1)
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(v.ID), []uuid.UUID{uuid.MustParse(v.Tickets[0].ID)}, "ill")
	must(t, err)
	k.bank.dispute(p.ID, provider.DisputeOpen)
	k.hears(p)
	k.bank.dispute(p.ID, provider.DisputeLost)
	for range 3 {
		k.hears(p)
	}
	if n := k.count(`SELECT count(*) FROM refunds WHERE status <> 'done' OR came_back`); n != 0 {
		t.Errorf("%d refunds are owed again: %s", n, k.dump())
	}
	k.check()
}

// At Stripe the retry has a key of its own: Stripe would answer the old one with the old failure.
func TestARefundThatComesBackAtStripe(t *testing.T) {
	t.Parallel()
	k, ctx := newTill(t), context.Background()
	o := k.mustPlace(k.fan(0)).Order
	k.stripe.Pay(k.ref(o.ID), 0)
	must(t, k.Settle(ctx, k.payment(o.ID).ID))
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill")
	must(t, err)
	k.quiet(k.Service)
	k.stripe.FailRefunds(k.ref(o.ID))
	k.tell(o.ID, "refund", "refund.failed", 200)
	k.runJobs(k.Service)
	k.want(o.ID, shownRefundPending)
	k.quiet(k.Service)
	k.want(o.ID, shownRefunded)
	k.settled(t)
	charges, err := k.usual().Charges(ctx, clock.System{}.Now().Add(-time.Hour))
	must(t, err)
	if len(charges) != 1 || charges[0].Refunded != 4200 {
		t.Errorf("Stripe has %+v", charges)
	}
}
