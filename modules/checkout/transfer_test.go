package checkout

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
	"fairseat/modules/checkout/provider/transfer"
)

// withTransfers is a kit whose event takes cards and bank transfers.
func withTransfers(t *testing.T) *kit {
	t.Helper()
	k := newKit(t)
	k.Providers = append(k.Providers, transfer.New(transfer.Config{DB: k.Kit.DB, Clock: k.Kit.Clock, Days: 7,
		Account: provider.Account{Holder: "Old Hall e.V.", IBAN: "DE89 3704 0044 0532 0130 00", BIC: "COBADEFFXXX"}}))
	k.Events = cardOrTransfer{k.Events}
	k.room.startsIn = 30 * 24 * time.Hour
	return k
}

// cardOrTransfer says of every event that it takes both.
type cardOrTransfer struct{ Events }

func (e cardOrTransfer) Event(ctx context.Context, id int64) (Event, error) {
	ev, err := e.Events.Event(ctx, id)
	ev.Methods = []string{"sandbox", "transfer"}
	return ev, err
}

// transferred is an order that waits for a bank transfer.
func (k *kit) transferred(seats ...int) View {
	k.T.Helper()
	f := k.fan(seats...)
	f.buyer.Method = "transfer"
	return k.mustPlace(f).Order
}

// days lets days pass in which we run: no outage of ours.
func (k *kit) days(n int) {
	k.T.Helper()
	k.Kit.Clock.Advance(time.Duration(n) * 24 * time.Hour)
	must(k.T, k.Kit.DB.Exec(`INSERT INTO heartbeats (name, at) VALUES ('checkout', ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at`, k.Kit.Clock.Now()).Error)
}

func (k *kit) mark(o View, amount int64) (*StaffView, error) {
	return k.MarkPaid(context.Background(), staffAda(), "", uuid.MustParse(o.ID), provider.Receipt{Amount: amount, Reference: "from Ada"}, true)
}

func TestATransferIsASaleWhenStaffSaySo(t *testing.T) {
	t.Parallel()
	k := withTransfers(t)
	o := k.transferred(0)
	if v := o.Payment; v == nil || v.Provider != "transfer" || v.URL != nil || v.Transfer == nil || v.Transfer.Reference != o.Code || v.Transfer.Amount != 4200 {
		t.Fatalf("the buyer is told %+v", o.Payment)
	}
	if left := k.order(o.ID).ExpiresAt.Sub(k.Kit.Clock.Now()); left != 7*24*time.Hour {
		t.Errorf("the buyer has %v", left)
	}
	if k.count(`SELECT count(*) FROM mails WHERE kind = 'transfer'`) != 1 {
		t.Error("nothing was mailed")
	}
	if len(k.room.finished) != 1 {
		t.Error("who has days to pay still stands inside")
	}
	if places, err := k.LivePlaces(context.Background(), k.event); err != nil || len(places) != 0 {
		t.Errorf("%v come back inside, %v", places, err)
	}
	k.days(5)
	must(t, k.Tick(context.Background()))
	k.want(o.ID, "pending")
	v, err := k.mark(o, 4200)
	if err != nil || v.Status != "paid" || len(v.Tickets) != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	if _, err := k.mark(o, 4200); !is(err, "already-paid") {
		t.Errorf("the same money twice: %v", err)
	}
	if n := k.count(`SELECT count(*) FROM staff_log WHERE action = 'order.mark-paid'`); n != 1 {
		t.Errorf("%d notes in the journal", n)
	}
	k.check()
}

// Seats that nobody has paid for are on sale again before the event starts, however many days a transfer may take.
func TestATransferKeepsNoSeatPastTheStart(t *testing.T) {
	t.Parallel()
	k := withTransfers(t)
	k.room.startsIn = 48 * time.Hour
	o, declined := k.transferred(0), k.mustPlace(k.fan(1)).Order
	k.pay(declined.ID, provider.Declined, 0)
	_, err := k.PayAgain(context.Background(), uuid.MustParse(declined.ID), "transfer")
	must(t, err)
	for _, id := range []string{o.ID, declined.ID} {
		if left := k.order(id).ExpiresAt.Sub(k.Kit.Clock.Now()); left != 46*time.Hour {
			t.Errorf("the buyer has %v", left)
		}
	}
}

// With less than a day left nobody is told to send a transfer, unless there is no other way to pay.
func TestNoTransferIsOfferedTooNearTheStart(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	declined := k.mustPlace(k.fan(1)).Order
	k.pay(declined.ID, provider.Declined, 0)
	k.room.startsIn = HandLead - time.Minute
	f := k.fan(0)
	f.buyer.Method = "transfer"
	if _, err := k.PlaceOrder(ctx, f.place, f.buyer); !is(err, "bad-method") {
		t.Errorf("ordered: %v", err)
	}
	if _, err := k.PayAgain(ctx, uuid.MustParse(declined.ID), "transfer"); !is(err, "bad-method") {
		t.Errorf("paid again: %v", err)
	}
	if names, err := k.Methods(ctx, k.event); err != nil || len(names) != 1 || names[0] != "sandbox" {
		t.Errorf("offered: %v, %v", names, err)
	}
	k.Providers = k.Providers[1:]
	if left := k.order(k.transferred(2).ID).ExpiresAt.Sub(k.Kit.Clock.Now()); left != 23*time.Hour+59*time.Minute {
		t.Errorf("who can pay by nothing else has %v", left)
	}
}

func TestTheWrongSumGoesBackByHand(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	o := k.transferred(0)
	v, err := k.mark(o, 4000)
	if err != nil || len(v.Refunds) != 1 || v.Refunds[0].Amount != 4000 || v.Refunds[0].Reason != reasonWrongAmount || len(v.Tickets) != 0 {
		t.Fatalf("%+v, %v", v, err)
	}
	refund := uuid.MustParse(v.Refunds[0].ID)
	for range 5 {
		_ = k.beatAndTick(10 * time.Second)
	}
	_, send, err := k.Transfers(ctx, o.Code)
	if err != nil || len(send) != 1 || send[0].RefundID != refund || send[0].Amount != 4000 {
		t.Fatalf("to send: %+v, %v", send, err)
	}
	if m, err := k.Money(ctx, k.Kit.DB); err != nil || m["EUR"].Owed != 4000 {
		t.Errorf("owed: %+v, %v", m, err)
	}
	other := k.transferred(1)
	if _, err := k.MarkSent(ctx, staffAda(), "", uuid.MustParse(other.ID), refund); !is(err, "not-found") {
		t.Errorf("the refund of another order: %v", err)
	}
	for range 2 {
		if v, err = k.MarkSent(ctx, staffAda(), "", uuid.MustParse(o.ID), refund); err != nil || v.Refunds[0].Status != RefundDone {
			t.Fatalf("%+v, %v", v, err)
		}
	}
	if k.count(`SELECT count(*) FROM mails WHERE kind = 'refund'`) != 1 || k.count(`SELECT count(*) FROM staff_log WHERE action = 'refund.mark-sent'`) != 1 {
		t.Error("not one mail and one note")
	}
	// The same seats, and days to send the right sum.
	k.want(o.ID, "declined")
	if _, err := k.PayAgain(ctx, uuid.MustParse(o.ID), "transfer"); err != nil {
		t.Fatal(err)
	}
	if v, err = k.mark(o, 4200); err != nil || v.Status != "paid" {
		t.Errorf("%+v, %v", v, err)
	}
	k.check()
}

func TestATransferThatComesTooLate(t *testing.T) {
	t.Parallel()
	k := withTransfers(t)
	free, gone := k.transferred(0), k.transferred(1)
	k.days(7)
	k.Kit.Clock.Advance(time.Second)
	for range 3 {
		_ = k.beatAndTick(3 * time.Second)
	}
	k.want(free.ID, "expired")
	k.want(gone.ID, "expired")
	k.mustPlace(k.fan(1))
	if v, err := k.mark(free, 4200); err != nil || v.Status != "paid" {
		t.Errorf("the seats are free: %+v, %v", v, err)
	}
	if v, err := k.mark(gone, 4200); err != nil || v.Status == "paid" {
		t.Errorf("the seats are gone: %+v, %v", v, err)
	}
	k.check()
}

func TestHowAnEventMayBePaid(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	f := k.fan(0)
	f.buyer.Method = "cash"
	if _, err := k.PlaceOrder(ctx, f.place, f.buyer); !is(err, "bad-method") {
		t.Errorf("cash: %v", err)
	}
	if names, err := k.Methods(ctx, k.event); err != nil || len(names) != 2 || names[0] != "sandbox" {
		t.Errorf("%v, %v", names, err)
	}
	// A card that is declined may be followed by a transfer, which takes days; the cards being down stops no transfer.
	o := k.mustPlace(k.fan(0)).Order
	k.pay(o.ID, provider.Declined, 0)
	k.want(o.ID, "declined")
	k.bank.setDown(true)
	v, err := k.PayAgain(ctx, uuid.MustParse(o.ID), "transfer")
	if err != nil || v.Payment == nil || v.Payment.Transfer == nil || time.Time(v.ExpiresAt).Sub(k.Kit.Clock.Now()) != 7*24*time.Hour {
		t.Fatalf("%+v, %v", v, err)
	}
	if _, err := k.PlaceOrder(ctx, k.fan(1).place, Buyer{Name: "Bo", Email: "bo@example.org"}); !is(err, "payments-down") {
		t.Errorf("by card, while cards are down: %v", err)
	}
	k.transferred(2)
	come, _, err := k.Transfers(ctx, "42.00")
	if err != nil || len(come) != 2 {
		t.Errorf("awaited: %+v, %v", come, err)
	}
	if come, _, _ = k.Transfers(ctx, "100% of _"); len(come) != 0 {
		t.Errorf("a text that nobody has finds %d", len(come))
	}
}

func TestMarkingPaidWhatNeverWaited(t *testing.T) {
	t.Parallel()
	k := withTransfers(t)
	o := k.mustPlace(k.fan(0)).Order
	if _, err := k.mark(o, 4200); !is(err, "not-payable") {
		t.Errorf("an order by card: %v", err)
	}
	if _, err := k.MarkPaid(context.Background(), staffAda(), "", uuid.New(), provider.Receipt{Amount: 1}, true); !is(err, "not-found") {
		t.Errorf("an order of nobody: %v", err)
	}
}

// Refunds that people send, and that may wait for weeks, hold up neither the refund of an event nor the reconciler.
func TestRefundsByHandHoldUpNobody(t *testing.T) {
	t.Parallel()
	k, ctx := withTransfers(t), context.Background()
	by, card := k.transferred(0), k.sold(1)
	if _, err := k.mark(by, 4000); err != nil { // the wrong sum: it is to be sent back
		t.Fatal(err)
	}
	for range 5 {
		_ = k.beatAndTick(10 * time.Second)
	}
	if n, err := k.store.refundsUnderWay(ctx, k.byHand()); err != nil || n != 0 {
		t.Errorf("%d refunds hold up others, %v", n, err)
	}
	before := k.count(`SELECT checks FROM payments WHERE order_id = ?`, by.ID)
	for range 6 {
		_ = k.beatAndTick(10 * time.Second)
	}
	if n := k.count(`SELECT checks FROM payments WHERE order_id = ?`, by.ID); n != before {
		t.Errorf("looked at %d times in a minute", n-before)
	}
	r, err := k.RefundEvent(ctx, staffAda(), "", k.gala(), WhyRefund{Reason: "rain"}, true)
	must(t, err)
	for range 5 {
		_ = k.beatAndTick(10 * time.Second)
	}
	k.want(card.ID, shownRefunded)
	if now := k.refundOfEvent(r.ID); now.Status != EventRefundDone {
		t.Errorf("%+v", now)
	}
	k.check()
}
