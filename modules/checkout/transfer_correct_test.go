package checkout

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// Who sends a cent too much keeps the seats, and has the cent back.
func TestWhatIsTooMuchOfATransferGoesBack(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	o := k.transferred(0)
	v, err := k.mark(o, 4300)
	if err != nil || v.Status != "paid" || len(v.Tickets) != 1 || len(v.Refunds) != 1 || v.Refunds[0].Amount != 100 || v.Refunds[0].Reason != reasonOverpaid {
		t.Fatalf("%+v, %v", v, err)
	}
	k.check()
	if _, err := k.mark(o, 4200); !is(err, "already-paid") {
		t.Errorf("the same money twice: %v", err)
	}
	if v, err = k.MarkSent(ctx, staffAda(), "", uuid.MustParse(o.ID), uuid.MustParse(v.Refunds[0].ID)); err != nil || v.Status != "paid" || v.Refunds[0].Status != RefundDone {
		t.Errorf("%+v, %v", v, err)
	}
	k.check()
}

// Less than the price is asked about first, and nothing is lost by the question.
func TestLessThanThePriceIsAskedAbout(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	o := k.transferred(0)
	if _, err := k.MarkPaid(ctx, staffAda(), "", uuid.MustParse(o.ID), provider.Receipt{Amount: 420}, false); !is(err, "wrong-sum") {
		t.Errorf("written down: %v", err)
	}
	if v, err := k.mark(o, 4200); err != nil || v.Status != "paid" {
		t.Errorf("%+v, %v", v, err)
	}
	k.check()
}

// A slip that was saved is mended until the money was sent back: the true sum counts, and the log says who mended it.
func TestASlipIsCorrected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		first, true int64
		status      string
		owed        int64
	}{
		{"a digit was forgotten", 420, 4200, "paid", 0},
		{"another sum, and still not enough", 420, 4000, "declined", 4000},
		{"more than the price", 420, 4250, "paid", 50},
		{"nothing came", 4000, 0, "declined", 0},
	} {
		k, ctx := withTransfers(t), context.Background()
		o := k.transferred(0)
		id := uuid.MustParse(o.ID)
		v, err := k.mark(o, c.first)
		must(t, err)
		refund := uuid.MustParse(v.Refunds[0].ID)
		if v, err = k.CorrectTransfer(ctx, staffAda(), "", id, refund, provider.Receipt{Amount: c.true}); err != nil || v.Status != c.status {
			t.Fatalf("%s: %+v, %v", c.name, v, err)
		}
		if m, err := k.Money(ctx, k.Kit.DB); err != nil || m["EUR"].Owed != c.owed {
			t.Errorf("%s: %+v owed, %v", c.name, m, err)
		}
		if n := k.count(`SELECT count(*) FROM staff_log WHERE action = 'order.correct-paid'`); n != 1 {
			t.Errorf("%s: %d notes in the journal", c.name, n)
		}
		if _, err := k.CorrectTransfer(ctx, staffAda(), "", id, refund, provider.Receipt{Amount: 1}); !is(err, "not-found") {
			t.Errorf("%s: corrected twice: %v", c.name, err)
		}
		k.check()
	}
}

// What too much came of may be the slip: the price was paid all the same.
func TestASurplusThatNeverCame(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	o := k.transferred(0)
	v, err := k.mark(o, 42000)
	must(t, err)
	if v, err = k.CorrectTransfer(ctx, staffAda(), "", uuid.MustParse(o.ID), uuid.MustParse(v.Refunds[0].ID), provider.Receipt{}); err != nil || v.Status != "paid" || len(v.Refunds) != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if m, err := k.Money(ctx, k.Kit.DB); err != nil || m["EUR"].Owed != 0 || m["EUR"].Captured != 4200 {
		t.Errorf("%+v, %v", m, err)
	}
	k.check()
}

// What was sent back, or bought tickets, is no slip any more.
func TestNoCorrectionAfterTheMoneyWasUsed(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	wrong, right := k.transferred(0), k.transferred(1)
	v, err := k.mark(wrong, 4000)
	must(t, err)
	sent := uuid.MustParse(v.Refunds[0].ID)
	_, err = k.MarkSent(ctx, staffAda(), "", uuid.MustParse(wrong.ID), sent)
	must(t, err)
	if _, err := k.CorrectTransfer(ctx, staffAda(), "", uuid.MustParse(wrong.ID), sent, provider.Receipt{Amount: 4200}); !is(err, "not-correctable") {
		t.Errorf("after it was sent: %v", err)
	}
	_, err = k.mark(right, 4200)
	must(t, err)
	if v, err = k.Return(ctx, staffAda(), "", uuid.MustParse(right.ID), nil, "ill"); err != nil {
		t.Fatal(err)
	}
	ticket := uuid.MustParse(v.Refunds[0].ID)
	if _, err := k.CorrectTransfer(ctx, staffAda(), "", uuid.MustParse(right.ID), ticket, provider.Receipt{Amount: 100}); !is(err, "not-correctable") {
		t.Errorf("after it bought a ticket: %v", err)
	}
	if _, err := k.CorrectTransfer(ctx, staffAda(), "", uuid.MustParse(wrong.ID), ticket, provider.Receipt{Amount: 100}); !is(err, "not-found") {
		t.Errorf("of another order: %v", err)
	}
	k.check()
}
