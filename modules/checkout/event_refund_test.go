package checkout

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/request"
	"fairseat/modules/checkout/provider"
)

func staffBob() request.Staff {
	return request.Staff{ID: 2, Email: "bob@fairseat.test", Role: "owner"}
}

func (k *kit) gala() request.Event { return request.Event{ID: k.event, Slug: "gala"} }

func (k *kit) refundOfEvent(id uuid.UUID) EventRefund {
	k.T.Helper()
	r, err := k.EventRefund(context.Background(), k.event, id)
	must(k.T, err)
	return *r
}

// A refund of an event returns every paid order, ends those that are being paid, and goes on returning what is paid late.
func TestEventRefundLeavesNobodyOut(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	if _, err := k.RefundEvent(ctx, staffAda(), "", k.gala(), WhyRefund{Reason: "rain"}, true); !is(err, "nothing-to-return") || k.room.ended {
		t.Fatalf("an event nobody bought for: %v", err)
	}
	whole, part := k.sold(0), k.sold(1, 2)
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(part.ID), []uuid.UUID{uuid.MustParse(part.Tickets[0].ID)}, "ill")
	must(t, err)
	_, err = k.Move(ctx, staffAda(), "", uuid.MustParse(part.ID), uuid.MustParse(part.Tickets[1].ID), 1) // to the seat that was given back
	must(t, err)
	open, paying := k.mustPlace(k.fan(3)).Order, k.mustPlace(k.fan(4)).Order
	if _, err := k.RefundEvent(ctx, staffAda(), "", k.gala(), WhyRefund{Reason: "rain"}, false); !is(err, "sale-not-ended") {
		t.Fatalf("a sale that is on: %v", err)
	}
	r, err := k.RefundEvent(ctx, staffAda(), "", k.gala(), WhyRefund{Reason: "rain"}, true)
	must(t, err)
	if r.Status != EventRefundRunning || !k.room.ended || r.Left != 2 || r.Unpaid != 2 || r.ToGo != 8400 {
		t.Fatalf("begun: %+v", r)
	}
	if _, err := k.RefundEvent(ctx, staffBob(), "", k.gala(), WhyRefund{Reason: "rain"}, true); !is(err, "refund-under-way") {
		t.Errorf("a second one: %v", err)
	}
	k.bank.click(k.payment(paying.ID).ID, provider.Authorized, 0) // in this very moment
	k.quiet(k.Service)
	k.want(whole.ID, shownRefunded)
	k.want(part.ID, shownRefunded)
	k.want(open.ID, shownExpired)
	if !k.shown(open.ID).EventRefunded || !k.shown(whole.ID).EventRefunded || k.count(`SELECT count(*) FROM mails WHERE kind = 'event-refunded' AND order_id = ?`, open.ID) != 1 {
		t.Errorf("who could not pay any more is not told why: %+v", k.shown(open.ID))
	}
	if shown := k.shown(paying.ID).Status; shown != shownRefunded && shown != shownExpired {
		t.Errorf("paid in the moment of the refund: %s", shown)
	}
	k.quiet(k.Service)
	if now := k.refundOfEvent(r.ID); now.Status != EventRefundDone || now.EndedAt == nil || now.Left != 0 || now.Owed != 0 || now.Done < 2 {
		t.Errorf("at the end: %+v", now)
	}
	// Money that comes after everything is over finds its seat free, and goes back all the same.
	late := k.payment(open.ID)
	k.bank.mu.Lock()
	a := k.bank.accounts[late.ID.String()]
	a.Status, a.Authorized, a.Captured = provider.Captured, a.amount, a.amount
	k.bank.mu.Unlock()
	must(t, k.Settle(ctx, late.ID))
	k.quiet(k.Service)
	k.Tick(ctx)
	k.quiet(k.Service)
	k.want(open.ID, shownRefunded)
	if n := k.count(`SELECT count(*) FROM tickets WHERE status = 'valid'`); n != 0 {
		t.Errorf("%d tickets are still good", n)
	}
	k.check()
}

// Above the set sum it begins when somebody else agrees, and never by the one who asked.
func TestEventRefundNeedsASecondOwner(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	var sold []View
	for n := range 5 { // 5 · 42.00 is more than 200.00
		sold = append(sold, w.sold(n))
	}
	path := "/api/v1/admin/events/gala/refunds"
	w.want(t, w.do("POST", path, `{}`), 422, "bad-field")
	w.want(t, w.do("POST", path, `{"reason":"rain"}`), 409, "sale-not-ended")
	a := w.do("POST", path, `{"reason":"rain","end_sale":true}`, "Idempotency-Key", "e")
	w.want(t, a, 202, "")
	var v EventRefundView
	if a.into(t, &v); v.Status != EventRefundAsked || v.Orders.Total != 5 || v.Money.Total != 5*4200 || v.Money.Currency != "EUR" || w.room.ended {
		t.Fatalf("asked: %s, sale ended %v", a.Body, w.room.ended)
	}
	w.want(t, w.do("POST", path, `{"reason":"rain","end_sale":true}`, "Idempotency-Key", "e"), 202, "")
	w.want(t, w.do("POST", path, `{"reason":"again","end_sale":true}`), 409, "refund-under-way")
	w.quiet(w.Service)
	w.kit.want(sold[0].ID, shownPaid)

	one := path + "/" + v.ID
	w.want(t, w.do("POST", one+"/agree", `{}`), 403, "second-owner-needed")
	w.want(t, w.do("POST", one+"/pause", `{}`), 409, "refund-moved")
	w.want(t, w.do("POST", one+"/burn", `{}`), 404, "not-found")
	w.want(t, w.do("GET", path+"/"+uuid.NewString(), ""), 404, "not-found")
	w.want(t, w.do("POST", one+"/withdraw", `{}`), 200, "")
	w.want(t, w.do("POST", one+"/withdraw", `{}`), 409, "refund-moved")

	a = w.do("POST", path, `{"reason":"storm","end_sale":true}`)
	w.want(t, a, 202, "")
	a.into(t, &v)
	ctx, id := context.Background(), uuid.MustParse(v.ID)
	r, err := w.StepEventRefund(ctx, staffBob(), "", w.gala(), id, "agree")
	must(t, err)
	if r.Status != EventRefundRunning || r.AgreedEmail != staffBob().Email || !w.room.ended {
		t.Errorf("agreed: %+v", r)
	}
	w.want(t, w.do("POST", path+"/"+v.ID+"/pause", `{}`), 200, "")
	w.quiet(w.Service)
	w.kit.want(sold[0].ID, shownPaid)
	w.want(t, w.do("POST", path+"/"+v.ID+"/resume", `{}`), 200, "")
	w.quiet(w.Service)
	for _, o := range sold {
		w.kit.want(o.ID, shownRefunded)
	}
	var list struct{ Refunds []EventRefundView }
	a = w.do("GET", path, "")
	if a.into(t, &list); len(list.Refunds) != 2 || list.Refunds[0].Status != EventRefundDone || list.Refunds[0].Money.Returned != 5*4200 ||
		list.Refunds[1].Status != EventRefundWithdrawn || list.Refunds[1].Orders.Total != 0 {
		t.Errorf("%s", a.Body)
	}
	var log []string
	must(t, w.Kit.DB.Raw(`SELECT email || ' ' || action FROM staff_log WHERE action LIKE 'event.refund%' ORDER BY id`).Scan(&log).Error)
	if !slices.Contains(log, staffAda().Email+" event.refund") || !slices.Contains(log, staffBob().Email+" event.refund.agree") {
		t.Errorf("the log: %v", log)
	}
	w.check()
}

// Killed at any step and begun again by another process, the refund ends, and the processor returned each cent once.
func TestEventRefundCutAnywhere(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx, g := context.Background(), &guillotine{}
	s := k.service(k.victimDB(g))
	for at := 3; ; at += 7 { // every order's return is cut somewhere, sooner or later
		orders := []View{k.sold(0), k.sold(1, 2), k.sold(3)}
		k.room.ended = false
		r, err := k.RefundEvent(ctx, staffAda(), "", k.gala(), WhyRefund{Reason: "rain"}, true)
		must(t, err)
		g.raise(at)
		k.bank.before = func(string) error { return g.step() }
		k.bank.after = k.bank.before
		for range 3 {
			_ = s.returnEvents(ctx)
			k.runJobs(s)
			_ = s.reconcile(ctx)
		}
		dead := g.dead()
		k.bank.before, k.bank.after = nil, nil
		k.Kit.Clock.Advance(11 * time.Minute) // what failed is tried again
		k.quiet(k.Service)
		k.quiet(k.Service)
		for _, o := range orders {
			k.want(o.ID, shownRefunded)
		}
		if now := k.refundOfEvent(r.ID); now.Status != EventRefundDone || now.Failed != 0 || now.Back != 4*4200 {
			t.Fatalf("cut at %d: %+v", at, now)
		}
		for _, c := range k.bank.all() {
			if c.Refunded != c.Captured {
				t.Fatalf("cut at %d: %d of %d returned", at, c.Refunded, c.Captured)
			}
		}
		if k.check(); t.Failed() {
			t.Fatalf("cut at %d", at)
		}
		k.reset()
		if !dead {
			if at < 40 {
				t.Errorf("over after %d steps: nothing happened", at)
			}
			return
		}
	}
}

// An order that cannot be returned is shown, and holds up nobody else.
func TestEventRefundShowsWhatFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	stuck, fine := k.sold(0), k.sold(1)
	must(t, k.Kit.DB.Exec(fmt.Sprintf(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF NEW.id = '%s' AND NEW.status = 'refunded' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$`, stuck.ID)).Error)
	must(t, k.Kit.DB.Exec(`CREATE TRIGGER refuse BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION refuse()`).Error)
	r, err := k.RefundEvent(ctx, staffAda(), "", k.gala(), WhyRefund{Reason: "rain"}, true)
	must(t, err)
	k.quiet(k.Service)
	k.want(fine.ID, shownRefunded)
	if now := k.refundOfEvent(r.ID); now.Status != EventRefundRunning || now.Failed != 1 || now.Done != 1 || now.Left != 1 {
		t.Errorf("%+v", now)
	}
	must(t, k.Kit.DB.Exec(`DROP TRIGGER refuse ON orders`).Error)
	k.Kit.Clock.Advance(11 * time.Minute)
	must(t, k.Tick(ctx))
	k.quiet(k.Service)
	k.want(stuck.ID, shownRefunded)
	if now := k.refundOfEvent(r.ID); now.Status != EventRefundDone || now.Failed != 0 || now.Done != 2 {
		t.Errorf("%+v", now)
	}
	k.check()
}

// Of two that are asked for at once one is refused, even if the other is over before anybody can look at it.
func TestEventRefundBesideAShortOne(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.sold(0)
	must(t, k.Kit.DB.Exec(`CREATE FUNCTION beside() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'another' USING ERRCODE = 'unique_violation'; END $$`).Error)
	must(t, k.Kit.DB.Exec(`CREATE TRIGGER beside BEFORE INSERT ON event_refunds FOR EACH ROW EXECUTE FUNCTION beside()`).Error)
	if r, err := k.RefundEvent(context.Background(), staffAda(), "", k.gala(), WhyRefund{Reason: "rain"}, true); r != nil || !is(err, "refund-under-way") {
		t.Errorf("%+v, %v", r, err)
	}
}
