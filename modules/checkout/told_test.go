package checkout

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// told are the mails about money of an order, as "kind: what it says", oldest first.
func (k *kit) told(id string) (mails []string) {
	k.T.Helper()
	must(k.T, k.Kit.DB.Raw(`SELECT kind || ': ' || subject FROM mails WHERE order_id = ? AND kind LIKE 'refund%' ORDER BY ctid`, id).Scan(&mails).Error)
	return mails
}

func (k *kit) wantTold(id string, want ...string) {
	k.T.Helper()
	got := k.told(id)
	if len(got) != len(want) {
		k.T.Fatalf("told %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			k.T.Errorf("told %q, want %q", got, want)
		}
	}
}

// Whoever's ticket is void hears of it in that moment, not when a bank has moved the money; and once is enough.
func TestVoidTicketsAreToldAtOnceAndOnce(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	o := k.sold(0, 1)
	first := uuid.MustParse(k.shown(o.ID).Tickets[0].ID)
	for range 2 {
		_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), []uuid.UUID{first}, "ill")
		must(t, err)
	}
	k.wantTold(o.ID, "refund: 4200 staff void [0]")
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill")
	must(t, err)
	k.quiet(k.Service)
	k.want(o.ID, "refunded")
	k.wantTold(o.ID, "refund: 4200 staff void [0]", "refund: 4200 staff void [1]")
	if back := k.shown(o.ID).Back; len(back) != 2 || !back[0].Done || back[0].ByHand || back[0].Reason != reasonStaff || back[0].Amount != 4200 {
		t.Errorf("the buyer's page: %+v", back)
	}
}

// A processor that keeps the money for hours is worth a second word when it lets go.
func TestMoneyThatTookLongIsToldTwice(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	o := k.sold(0)
	k.bank.before = func(call string) error {
		if call == "refund" {
			return provider.ErrRefused
		}
		return nil
	}
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill")
	must(t, err)
	k.runJobs(k.Service)
	k.wantTold(o.ID, "refund: 4200 staff void [0]")
	k.Kit.Clock.Advance(toldInTime + time.Second)
	k.bank.before = nil
	k.quiet(k.Service)
	k.wantTold(o.ID, "refund: 4200 staff void [0]", "refund-sent: 4200 staff")
}

// What people send from the bank is told as promised first, and as sent when somebody says so.
func TestRefundsByHandAreToldAsPromisedThenAsSent(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	o := k.transferred(0)
	v, err := k.mark(o, 4200)
	if err != nil || v.Status != "paid" {
		t.Fatalf("%+v, %v", v, err)
	}
	v, err = k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill")
	must(t, err)
	k.wantTold(o.ID, "refund: 4200 staff by hand void [0]")
	if back := k.shown(o.ID).Back; len(back) != 1 || back[0].Done || !back[0].ByHand {
		t.Errorf("the buyer's page: %+v", back)
	}
	for range 2 {
		_, err = k.MarkSent(ctx, staffAda(), "", uuid.MustParse(o.ID), uuid.MustParse(v.Refunds[0].ID))
		must(t, err)
	}
	k.wantTold(o.ID, "refund: 4200 staff by hand void [0]", "refund-sent: 4200 staff by hand")
	if back := k.shown(o.ID).Back; len(back) != 1 || !back[0].Done {
		t.Errorf("the buyer's page: %+v", back)
	}
}

// A refund that a program of before wrote down, which told at the end, is not forgotten by one that tells at the beginning.
func TestARefundOfBeforeIsTold(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	o := k.sold(0)
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill")
	must(t, err)
	must(t, k.Kit.DB.Exec(`DELETE FROM mails WHERE kind = 'refund'`).Error)
	must(t, k.Kit.DB.Exec(`UPDATE refunds SET told = false`).Error)
	k.quiet(k.Service)
	k.wantTold(o.ID, "refund: 4200 staff")
}

// Free tickets are void like any other.
func TestVoidFreeTicketsAreTold(t *testing.T) {
	t.Parallel()
	k, ctx := newKitWith(t, 0, 2), context.Background()
	o := k.mustPlace(k.fan(0)).Order
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill")
	must(t, err)
	k.wantTold(o.ID, "refund: 0 staff void [0]")
}
