package notification

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

func TestTicketsAreMailedOnceHoweverOftenTheJobRuns(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	order := k.order()
	id := k.ready(order)
	if status, _, err := k.StatusOf(t.Context(), order); err != nil || status != "queued" {
		t.Fatalf("promised, it is %s, %v", status, err)
	}
	if at, err := k.SentAt(t.Context(), order); err != nil || !at.IsZero() {
		t.Fatalf("promised, it was sent at %v, %v", at, err)
	}
	for range 3 {
		if d := k.attempt(id); d != 0 {
			t.Fatalf("snoozes %v", d)
		}
	}
	k.ready(order) // and promising it again makes no second one
	if got := k.mailer.messages(); len(got) != 1 || got[0].ID != id.String()+"@example.org" || got[0].To.Address != ada {
		t.Fatalf("sent %+v", got)
	}
	if rows, jobs := k.count(`SELECT count(*) FROM mails`), k.jobs(); rows != 1 || jobs != 1 {
		t.Fatalf("%d rows, %d jobs", rows, jobs)
	}
	r := k.row(id)
	if r.Status != "sent" || r.Subject != "Your 2 tickets for Spring Gala · order K7QX2M4P" || r.SentAt == nil || !r.SentAt.Equal(k.Kit.Clock.Now()) {
		t.Errorf("the outbox says %+v", r)
	}
	if status, why, err := k.StatusOf(t.Context(), order); err != nil || status != "sent" || why != "" {
		t.Errorf("status %s %q, %v", status, why, err)
	}
	if at, err := k.SentAt(t.Context(), order); err != nil || !at.Equal(k.Kit.Clock.Now()) {
		t.Errorf("sent at %v, %v", at, err)
	}
}

// A crash after the server's 250 and before our commit: the mail goes out again, and everybody can see that it is one.
func TestMailSentTwiceHasOneMessageID(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	id := k.ready(k.order())
	k.attempt(id)
	if err := k.Kit.DB.Exec(`UPDATE mails SET status = 'queued' WHERE id = ?`, id).Error; err != nil { // as if the commit was lost
		t.Fatal(err)
	}
	if d := k.attempt(id); d <= 0 || d > leaseTime {
		t.Fatalf("somebody may still be sending it, and it snoozes %v", d)
	}
	k.Kit.Clock.Advance(leaseTime)
	k.attempt(id)
	got := k.mailer.messages()
	if len(got) != 2 || got[0].ID != got[1].ID || !got[0].At.Equal(got[1].At) {
		t.Fatalf("sent %d", len(got))
	}
}

func TestTwoJobsForOneMailTakeTurns(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	id := k.ready(k.order())
	k.mailer.hold, k.mailer.began = make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() { done <- k.deliver(t.Context(), id) }()
	select {
	case <-k.mailer.began:
	case err := <-done:
		t.Fatalf("the first job did not send: %v", err)
	}
	if d := k.attempt(id); d != leaseTime {
		t.Errorf("the second job snoozes %v", d)
	}
	close(k.mailer.hold)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if d := k.attempt(id); d != 0 || len(k.mailer.messages()) != 1 {
		t.Errorf("afterwards it snoozes %v, %d sent", d, len(k.mailer.messages()))
	}
}

func TestPromiseFollowsItsTransaction(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	changed := errors.New("changed our mind")
	err := k.Kit.DB.Transaction(func(tx *gorm.DB) error {
		if err := k.TicketsReady(t.Context(), tx, k.order(), ada); err != nil {
			return err
		}
		return changed
	})
	if !errors.Is(err, changed) || k.count(`SELECT count(*) FROM mails`) != 0 || k.jobs() != 0 {
		t.Error("a promise outlived its transaction")
	}
}

func TestServerAwayKeepsTheMail(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	order := k.order()
	id := k.ready(order)
	k.mailer.answer(errors.New("dial tcp 10.1.2.3:25: connection refused"))
	last := time.Duration(0)
	for n := range 12 {
		d := k.attempt(id)
		if most := min(longestWait, time.Second/2<<n); d > most || d < most*4/5 {
			t.Errorf("attempt %d waits %v", n+1, d)
		}
		if early := k.attempt(id); early <= 0 || early > d {
			t.Errorf("too early it waits %v of %v", early, d)
		}
		last = d
		k.Kit.Clock.Advance(d)
	}
	if last < longestWait*4/5 {
		t.Errorf("in the end it waits %v", last)
	}
	status, why, err := k.StatusOf(t.Context(), order)
	if err != nil || status != "queued" || why == "" || strings.Contains(why, "10.1.2.3") {
		t.Errorf("%s %q, %v", status, why, err)
	}
	k.mailer.answer(nil)
	if d := k.attempt(id); d != 0 || k.row(id).Status != "sent" || k.row(id).Attempts != 13 {
		t.Errorf("back again: %+v", k.row(id))
	}
}

func TestFiveDaysAreEnough(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	id := k.ready(k.order())
	k.mailer.answer(&busyError{reply: "452 4.2.2 mailbox full"})
	k.attempt(id)
	k.Kit.Clock.Advance(patience + time.Second)
	if d := k.attempt(id); d != 0 {
		t.Errorf("still tries, in %v", d)
	}
	if r := k.row(id); r.Status != "failed" || r.LastError != "not delivered within five days: 452 4.2.2 mailbox full" {
		t.Errorf("%+v", r)
	}
}

func TestRefusedMailIsGivenUpAndMayBeResent(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	order := k.order()
	id := k.ready(order)
	k.mailer.answer(&RefusedError{Reply: "550 5.1.1 no such user"})
	if d := k.attempt(id); d != 0 {
		t.Errorf("tries again in %v", d)
	}
	if status, why, err := k.StatusOf(t.Context(), order); err != nil || status != "failed" || why != "550 5.1.1 no such user" {
		t.Errorf("%s %q, %v", status, why, err)
	}
	k.mailer.answer(nil)
	k.attempt(id)
	if len(k.mailer.messages()) != 0 {
		t.Error("a mail given up was sent")
	}
	k.Kit.Clock.Advance(time.Second)
	k.promise(func(tx *gorm.DB) error { return k.Resend(t.Context(), tx, order, "ada.new@example.org") })
	if again := k.latest(order); again == id || k.attempt(again) != 0 || k.row(again).Recipient != "ada.new@example.org" {
		t.Errorf("%+v", k.row(again))
	}
	if status, _, _ := k.StatusOf(t.Context(), order); status != "sent" {
		t.Errorf("the latest mail counts, and it is %s", status)
	}
}

// No address may undo a sale: what cannot be mailed stands in the outbox.
func TestBadAddressNeverFailsThePromise(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, address := range []string{
		"nobody", "a@x.org\r\nBcc: all@x.org", "a@x.org\x00", "Ada <ada@x.org>", "a@x.org, b@x.org", `"a> ORCPT=x"@x.org`, "a@", "@x.org",
		"a b@x.org", strings.Repeat("a", 65) + "@x.org", "a@" + strings.Repeat("b", 64) + ".org", "\xff@x.org",
	} {
		order := k.order()
		k.promise(func(tx *gorm.DB) error { return k.TicketsReady(t.Context(), tx, order, address) })
		if status, why, err := k.StatusOf(t.Context(), order); err != nil || status != "failed" || why != errAddress.Error() {
			t.Errorf("%q is %s %q, %v", address, status, why, err)
		}
	}
	if k.jobs() != 0 {
		t.Error("jobs for mails that cannot be sent")
	}
}

func TestAddressesPeopleHave(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.org": "ada@example.org", " ada@example.org ": "ada@example.org", "o'brien+gala@example.co.uk": "o'brien+gala@example.co.uk",
		"Ada@Example.org": "Ada@example.org", "ada@bücher.example": "ada@xn--bcher-kva.example", "ada@localhost": "ada@localhost",
		"dörte@example.org": "dörte@example.org",
	} {
		if got, err := parseAddress(in); err != nil || got != want {
			t.Errorf("parseAddress(%q) = %q, %v", in, got, err)
		}
	}
}

func TestNoAddressMeansTheOrdersOwn(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	order := k.order()
	k.promise(func(tx *gorm.DB) error { return k.TicketsReady(t.Context(), tx, order, "") })
	id := k.latest(order)
	k.attempt(id)
	if r := k.row(id); r.Recipient != ada || r.Status != "sent" {
		t.Errorf("%+v", r)
	}
}

func TestVoidTicketsAreNotMailed(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	order := k.order()
	id := k.ready(order)
	refunded := paid()
	refunded.Tickets = nil
	k.orders.set(order, refunded)
	k.attempt(id)
	if r := k.row(id); r.Status != "failed" || len(k.mailer.messages()) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestLinkIsForgottenOnceSent(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	order := k.order()
	k.promise(func(tx *gorm.DB) error { return k.OrderLink(t.Context(), tx, order, ada, "https://x.example/o#t=key") })
	id := k.latest(order)
	k.attempt(id)
	if got := k.mailer.messages(); len(got) != 1 || !strings.Contains(got[0].Text, "https://x.example/o#t=key") || len(got[0].Files) != 0 {
		t.Fatalf("sent %+v", got)
	}
	if k.count(`SELECT count(*) FROM mails WHERE data::text LIKE '%key%'`) != 0 {
		t.Error("the key to the order is still in the outbox")
	}
	if status, _, _ := k.StatusOf(t.Context(), order); status != "none" {
		t.Errorf("only a tickets mail counts, and it is %s", status)
	}
}

func TestRefundNotice(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for i, c := range []struct {
		refund Refund
		words  []string
	}{
		{Refund{Amount: "85.00 EUR", Reason: "late"}, []string{"Your payment came after the seats were released", "85.00 EUR goes back the way you paid."}},
		{Refund{Amount: "85.00 EUR", Reason: "wrong-amount", ByHand: true}, []string{"was not its price", "sends 85.00 EUR to the account you paid from", "we write again"}},
		{Refund{Amount: "85.00 EUR", Reason: "second-payment"}, []string{"paid twice", "85.00 EUR"}},
		{Refund{Amount: "85.00 EUR", Reason: "staff", Seats: []int{3, 4}}, []string{"has taken these tickets back: seat 3; seat 4.", "Your other tickets stay good: Row F, seat 12; Row F, seat 13."}},
		{Refund{Amount: "85.00 EUR", Reason: "staff", Seats: []int{3}}, []string{"has taken your ticket back: seat 3."}},
		{Refund{Amount: "85.00 EUR", Reason: "staff"}, []string{"has taken tickets of your order back"}},
		{Refund{Reason: "event", Seats: []int{3}}, []string{"taken back every ticket", "no money has to go back"}},
		{Refund{Amount: "85.00 EUR", Reason: "new", Seats: []int{3}}, []string{"lets nobody in: seat 3."}},
		{Refund{Amount: "85.00 EUR"}, []string{"Some of your money goes back", "85.00 EUR"}},
	} {
		order := k.order()
		k.promise(func(tx *gorm.DB) error { return k.RefundDue(t.Context(), tx, order, c.refund) })
		before := len(k.mailer.messages())
		k.attempt(k.latest(order))
		got := k.mailer.messages()
		if len(got) != before+1 {
			t.Fatalf("%d: sent %+v", i, got[before:])
		}
		for _, words := range c.words {
			if !strings.Contains(got[before].Text, words) {
				t.Errorf("%d: no %q in\n%s", i, words, got[before].Text)
			}
		}
		if c.refund.ByHand && strings.Contains(got[before].Text, "on its way") {
			t.Errorf("%d: nobody has sent it yet:\n%s", i, got[before].Text)
		}
	}
	order := k.order()
	k.promise(func(tx *gorm.DB) error {
		return k.RefundSent(t.Context(), tx, order, Refund{Amount: "85.00 EUR", Reason: "staff", ByHand: true})
	})
	before := len(k.mailer.messages())
	k.attempt(k.latest(order))
	if got := k.mailer.messages(); !strings.Contains(got[before].Text, "The organiser has sent 85.00 EUR to the account you paid from.") {
		t.Errorf("sent %+v", got[before:])
	}
}

// Only who had a mail about an order is told by mail that it ended with its event, and only once.
func TestAnOrderThatEndsWithItsEventIsToldWhoKnewOfIt(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	known, unknown := k.order(), k.order()
	k.promise(func(tx *gorm.DB) error {
		return k.TransferAwaited(t.Context(), tx, known, Transfer{Amount: "85.00 EUR"})
	})
	for range 2 {
		k.promise(func(tx *gorm.DB) error { return k.EventRefunded(t.Context(), tx, known) })
		k.promise(func(tx *gorm.DB) error { return k.EventRefunded(t.Context(), tx, unknown) })
	}
	if n := k.count(`SELECT count(*) FROM mails WHERE kind = 'event-refunded'`); n != 1 {
		t.Errorf("%d mails", n)
	}
	k.attempt(k.latest(known))
	if got := k.mailer.messages(); len(got) != 1 || !strings.Contains(got[0].Text, "Please don't send any money for it.") {
		t.Errorf("sent %+v", got)
	}
}

func TestMailOfAnOrderThatCannotBeReadWaits(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	id := k.ready(uuid.New())
	if d := k.attempt(id); d == 0 || k.row(id).Status != "queued" {
		t.Errorf("waits %v: %+v", d, k.row(id))
	}
	other := k.ready(k.order())
	k.orders.fail = errors.New("no ink")
	if d := k.attempt(other); d == 0 || k.row(other).Status != "queued" {
		t.Errorf("waits %v: %+v", d, k.row(other))
	}
}

func TestUnknownMailNeedsNobody(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	if d := k.attempt(uuid.New()); d != 0 {
		t.Errorf("snoozes %v", d)
	}
}
