// Package providertest is the story that every payment provider must be able to tell: what checkout relies on. A provider
// that passes keeps the promise that money taken is a ticket or money returned.
package providertest

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/clock"
	"fairseat/modules/checkout/provider"
)

// Bench is a provider with its processor, and what a test may do to both.
type Bench struct {
	Provider provider.Provider
	Clock    clock.Clock
	// Pay does what a fan does to pay a payment in full; false if that cannot be done any more. Taken tells that this
	// processor takes the money at once: there is nothing to capture.
	Pay   func(t *testing.T, ref string) bool
	Taken bool
	// LoseAnswer lets the next call that changes something have its effect and its answer be lost, each try of it; nil
	// if answers cannot be lost.
	LoseAnswer func()
	// Heal ends that, and whatever Away began.
	Heal func()
	// Away lets the processor fail every call; nil if it cannot be away.
	Away func()
	// Webhook is what the processor tells us about a payment, signed; nil if it tells nothing.
	Webhook func(t *testing.T, ref string) (http.Header, []byte)
	// Forge signs any body as the processor would.
	Forge func(body []byte) http.Header
	// ByHand: refunds are not made by calling the provider. Always: nobody can keep a fan from paying what was let go.
	ByHand, Always bool
}

const price = 4200

// Run holds a provider to the contract; each story gets a bench of its own.
func Run(t *testing.T, make func(t *testing.T) *Bench) {
	t.Helper()
	for name, story := range map[string]func(*testing.T, *Bench){
		"opens one payment however often it is asked": opens,
		"knows nothing of strangers":                  strangers,
		"takes what was authorised, once":             captures,
		"lets go":                                     letsGo,
		"gives back, once a key":                      refunds,
		"loses answers and nothing else":              lostAnswers,
		"shows its ledger":                            ledger,
		"signs what it tells":                         webhooks,
		"says when it is away, and when it is back":   away,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, make(t))
		})
	}
}

// id is one as checkout makes them, of the bench's time.
func (b *Bench) id() uuid.UUID {
	id := uuid.New()
	ms := b.Clock.Now().UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	return id
}

func (b *Bench) request() provider.CreateRequest {
	return provider.CreateRequest{Payment: b.id(), Order: b.id(), Amount: price, Currency: "EUR", Description: "Spring Gala · ABCDEF",
		ReturnURL: "http://tickets.test/orders/1", Email: "ada@example.org", Until: b.Clock.Now().Add(15 * time.Minute)}
}

func (b *Bench) open(t *testing.T) provider.State {
	t.Helper()
	st, err := b.Provider.Create(context.Background(), b.request())
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return st
}

// paid is a payment whose fan has paid, and that was captured.
func (b *Bench) paid(t *testing.T) provider.State {
	t.Helper()
	st := b.open(t)
	if !b.Pay(t, st.Ref) {
		t.Fatal("nobody can pay")
	}
	if b.Taken {
		return b.read(t, st.Ref)
	}
	st, err := b.Provider.Capture(context.Background(), st.Ref, st.Payment+":capture")
	if err != nil {
		t.Fatalf("capture: %v", err)
	}
	return st
}

func (b *Bench) read(t *testing.T, ref string) provider.State {
	t.Helper()
	st, err := b.Provider.Read(context.Background(), ref)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return st
}

func want(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v, want %v", what, err, target)
	}
}

// unknown holds that an error leaves open what happened.
func unknown(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
	}
	for _, known := range []error{provider.ErrUnknownPayment, provider.ErrWrongState, provider.ErrRefused} {
		if errors.Is(err, known) {
			t.Errorf("%s: an unknown outcome is taken for %v", what, err)
		}
	}
}

func opens(t *testing.T, b *Bench) {
	ctx, r := context.Background(), b.request()
	st, err := b.Provider.Create(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if st.Ref == "" || st.Payment != r.Payment.String() || st.Status != provider.Open || st.Currency != "EUR" || st.Money() != 0 {
		t.Errorf("opened %+v", st)
	}
	again, err := b.Provider.Create(ctx, r)
	if err != nil || again.Ref != st.Ref {
		t.Errorf("asked again it opens %q, %v", again.Ref, err)
	}
	found, err := b.Provider.Find(ctx, r.Payment)
	if err != nil || found.Ref != st.Ref || found.Payment != st.Payment {
		t.Errorf("found %+v, %v", found, err)
	}
	if got := b.read(t, st.Ref); got.Status != provider.Open || got.Payment != st.Payment || got.URL != st.URL {
		t.Errorf("read %+v, created %+v", got, st)
	}
	if _, err := b.Provider.Capture(ctx, st.Ref, "k"); !b.Taken {
		want(t, "capture of what nobody has paid", err, provider.ErrWrongState)
	}
}

func strangers(t *testing.T, b *Bench) {
	ctx := context.Background()
	_, err := b.Provider.Find(ctx, b.id())
	want(t, "find", err, provider.ErrUnknownPayment)
	_, err = b.Provider.Read(ctx, "no-such-payment")
	want(t, "read", err, provider.ErrUnknownPayment)
	if b.Provider.Name() == "" {
		t.Error("it has no name")
	}
}

func captures(t *testing.T, b *Bench) {
	ctx, st := context.Background(), b.open(t)
	if !b.Pay(t, st.Ref) {
		t.Fatal("nobody can pay")
	}
	got := b.read(t, st.Ref)
	if b.Taken {
		if got.Status != provider.Captured || got.Captured != price || got.Money() != price {
			t.Errorf("paid: %+v", got)
		}
		return
	}
	if got.Status != provider.Authorized || got.Authorized != price || got.Money() != price || got.Captured != 0 {
		t.Errorf("authorised: %+v", got)
	}
	for range 2 {
		got, err := b.Provider.Capture(ctx, st.Ref, st.Payment+":capture")
		if err != nil || got.Status != provider.Captured || got.Captured != price || got.Money() != price || got.Refunded != 0 {
			t.Errorf("captured: %+v, %v", got, err)
		}
	}
	if got := b.read(t, st.Ref); got.Captured != price || got.Payment != st.Payment {
		t.Errorf("taken twice: %+v", got)
	}
	_, err := b.Provider.Cancel(ctx, st.Ref, st.Payment+":cancel")
	want(t, "cancel of what is taken", err, provider.ErrWrongState)
}

func letsGo(t *testing.T, b *Bench) {
	ctx := context.Background()
	for _, paid := range []bool{false, true} {
		if paid && b.Taken {
			continue
		}
		st := b.open(t)
		if paid {
			b.Pay(t, st.Ref)
		}
		for range 2 {
			got, err := b.Provider.Cancel(ctx, st.Ref, st.Payment+":cancel")
			if err != nil || got.Status != provider.Cancelled || got.Captured != 0 {
				t.Errorf("let go (paid %v): %+v, %v", paid, got, err)
			}
		}
		if got := b.read(t, st.Ref); got.Status != provider.Cancelled || got.Refunded != 0 {
			t.Errorf("let go, it reads %+v", got)
		}
		if !b.Always && b.Pay(t, st.Ref) {
			t.Error("a payment that was let go can be paid")
		}
		_, err := b.Provider.Capture(ctx, st.Ref, st.Payment+":capture")
		want(t, "capture of what was let go", err, provider.ErrWrongState)
	}
}

func refunds(t *testing.T, b *Bench) {
	if b.ByHand {
		t.Skip("by hand")
	}
	ctx, st := context.Background(), b.paid(t)
	for range 2 {
		got, err := b.Provider.Refund(ctx, st.Ref, "one", 1000)
		if err != nil || !got.HasRefund("one") || got.HasRefund("two") || got.Refunded != 1000 || got.Status != provider.Captured || got.Captured != price {
			t.Fatalf("refunded %+v, %v", got, err)
		}
	}
	_, err := b.Provider.Refund(ctx, st.Ref, "too-much", price)
	want(t, "refund of more than is left", err, provider.ErrRefused)
	got, err := b.Provider.Refund(ctx, st.Ref, "two", price-1000)
	if err != nil || !got.HasRefund("one") || !got.HasRefund("two") || got.Refunded != price || len(got.Refunds) != 2 {
		t.Errorf("refunded %+v, %v", got, err)
	}
}

func lostAnswers(t *testing.T, b *Bench) {
	if b.LoseAnswer == nil {
		t.Skip("its answers cannot be lost")
	}
	ctx, r := context.Background(), b.request()
	b.LoseAnswer()
	_, err := b.Provider.Create(ctx, r)
	unknown(t, "create", err)
	b.Heal()
	found, err := b.Provider.Find(ctx, r.Payment)
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	if again, err := b.Provider.Create(ctx, r); err != nil || again.Ref != found.Ref {
		t.Errorf("opened %q and %q, %v", found.Ref, again.Ref, err)
	}
	b.Pay(t, found.Ref)
	b.LoseAnswer()
	_, err = b.Provider.Capture(ctx, found.Ref, "capture")
	unknown(t, "capture", err)
	b.Heal()
	if st, err := b.Provider.Capture(ctx, found.Ref, "capture"); err != nil || st.Captured != price {
		t.Errorf("captured %+v, %v", st, err)
	}
	b.LoseAnswer()
	_, err = b.Provider.Refund(ctx, found.Ref, "refund", 700)
	unknown(t, "refund", err)
	b.Heal()
	if st, err := b.Provider.Refund(ctx, found.Ref, "refund", 700); err != nil || st.Refunded != 700 || len(st.Refunds) != 1 {
		t.Errorf("refunded %+v, %v", st, err)
	}
}

func ledger(t *testing.T, b *Bench) {
	ctx, st := context.Background(), b.paid(t)
	if !b.ByHand {
		if _, err := b.Provider.Refund(ctx, st.Ref, "k", 200); err != nil {
			t.Fatal(err)
		}
	}
	charges, err := b.Provider.Charges(ctx, b.Clock.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range charges {
		if c.Payment != st.Payment {
			continue
		}
		if c.Status != provider.Captured || c.Captured != price || c.Amount != price || c.Currency != "EUR" || c.Order == "" || (c.Refunded != 200 && !b.ByHand) {
			t.Errorf("the ledger says %+v", c)
		}
		return
	}
	t.Errorf("the ledger of %d does not have it", len(charges))
}

func webhooks(t *testing.T, b *Bench) {
	now := b.Clock.Now()
	if b.Webhook == nil {
		_, err := b.Provider.Event(http.Header{}, []byte(`{}`), now)
		want(t, "a webhook of one that sends none", err, provider.ErrBadSignature)
		return
	}
	st := b.open(t)
	h, body := b.Webhook(t, st.Ref)
	e, err := b.Provider.Event(h, body, now)
	if err != nil || e.ID == "" || (e.Ref != st.Ref && e.Payment != st.Payment) {
		t.Errorf("it tells %+v, %v", e, err)
	}
	_, err = b.Provider.Event(h, append(body, ' '), now)
	want(t, "tampered with", err, provider.ErrBadSignature)
	_, err = b.Provider.Event(h, body, now.Add(time.Hour))
	want(t, "an hour old", err, provider.ErrBadSignature)
	_, err = b.Provider.Event(http.Header{}, body, now)
	want(t, "not signed", err, provider.ErrBadSignature)
	for _, bad := range []string{``, `{`, `[]`, `{}`, `{"id":"a\u0000","type":"t"}`} {
		_, err = b.Provider.Event(b.Forge([]byte(bad)), []byte(bad), now)
		want(t, "signed nonsense "+bad, err, provider.ErrBadEvent)
	}
}

func away(t *testing.T, b *Bench) {
	if h := b.Provider.Health(); h.Down || !h.Healthy {
		t.Fatalf("away before the first call: %+v", h)
	}
	if b.Away == nil {
		return
	}
	ctx, st := context.Background(), b.open(t)
	b.Away()
	for range 8 {
		_, err := b.Provider.Read(ctx, st.Ref)
		unknown(t, "read", err)
	}
	h := b.Provider.Health()
	if !h.Down || h.Healthy || h.Retry <= 0 {
		t.Fatalf("away: %+v", h)
	}
	b.Heal()
	timer := time.NewTimer(h.Retry + 50*time.Millisecond)
	defer timer.Stop()
	<-timer.C
	b.Provider.Probe(ctx)
	if b.Provider.Health().Down {
		t.Error("it is back, and nobody notices")
	}
}
