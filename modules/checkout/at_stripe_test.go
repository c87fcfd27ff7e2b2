package checkout

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
	"fairseat/modules/checkout/provider/providertest"
	"fairseat/modules/checkout/provider/stripe"
	"fairseat/modules/checkout/provider/stripe/stripetest"
)

// till is a kit whose payments are with Stripe, over a line that can break.
type till struct {
	*kit
	stripe *stripetest.Fake
	line   providertest.Line
	web    http.Handler
}

const whsec = "whsec_test"

func newTill(t *testing.T) *till {
	t.Helper()
	k := &till{kit: newKit(t)}
	// The ids of payments are of the real time, and so are Stripe's lists by which one is found again.
	k.stripe = stripetest.New(clock.System{}, "sk_test_1")
	srv := httptest.NewServer(k.line.Before(k.stripe))
	t.Cleanup(srv.Close)
	k.Providers = []provider.Provider{stripe.New(stripe.Config{SecretKey: "sk_test_1", WebhookSecrets: []string{whsec}, URL: srv.URL, Clock: clock.System{}})}
	e := echo.New()
	e.HTTPErrorHandler = problemOf
	e.POST("/api/v1/payments/:provider/webhook", func(c echo.Context) error {
		k.Kit.Clock.Advance(time.Millisecond)
		return (&handler{k.Service}).webhook(c)
	})
	k.web = e
	return k
}

func (k *till) ref(order string) string {
	k.T.Helper()
	ref, n := k.stripe.Ref(k.payment(order).ID.String())
	if n != 1 {
		k.T.Fatalf("%d sessions for one payment", n)
	}
	return ref
}

// heal mends the line, and waits for the breaker, which lives by the real clock.
func (k *till) heal() {
	k.T.Helper()
	k.line.Heal()
	testkit.Eventually(k.T, 10*time.Second, "Stripe is back", func() bool {
		k.usual().Probe(context.Background())
		return !k.usual().Health().Down
	})
}

// tell posts a webhook about an order's payment.
func (k *till) tell(order, kind, event string, want int) {
	k.T.Helper()
	body := k.stripe.Webhook(k.ref(order), kind, event, "2019-12-03")
	k.post(body, k.stripe.Sign(whsec, body), want)
}

func (k *till) post(body []byte, header http.Header, want int) {
	k.T.Helper()
	// The signature's age is judged by the kit's clock, which stands elsewhere in time.
	now := k.Kit.Clock.Now()
	k.Kit.Clock.Set(clock.System{}.Now())
	defer k.Kit.Clock.Set(now)
	r := httptest.NewRequest("POST", "/api/v1/payments/stripe/webhook", bytes.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	k.web.ServeHTTP(w, r)
	if w.Code != want {
		k.T.Fatalf("webhook answered %d %s, want %d", w.Code, w.Body, want)
	}
}

// At Stripe, with an answer lost at every step: the same books in the end.
func TestAgainstStripe(t *testing.T) {
	t.Parallel()
	for _, lossy := range []bool{false, true} {
		k, ctx := newTill(t), context.Background()
		maybe := func(work func()) {
			if lossy {
				k.line.LoseAnswer()
			}
			work()
			k.heal()
		}
		var paid, never, back View
		maybe(func() {
			paid, never, back = k.mustPlace(k.fan(0)).Order, k.mustPlace(k.fan(1)).Order, k.mustPlace(k.fan(2)).Order
		})
		for range 3 { // whoever lost an answer finds the session again
			_ = k.beatAndTick(10 * time.Second)
		}
		for _, o := range []View{paid, back} {
			if v := k.shown(o.ID); v.Payment == nil || v.Payment.URL == nil || v.Payment.Provider != "stripe" {
				t.Fatalf("nowhere to pay: %+v", v.Payment)
			}
			if !k.stripe.Pay(k.ref(o.ID), 0) {
				t.Fatal("nobody can pay")
			}
		}
		maybe(func() {
			k.tell(paid.ID, "payment_intent", "payment_intent.amount_capturable_updated", 200)
			k.tell(paid.ID, "checkout.session", "checkout.session.completed", 200)
			k.runJobs(k.Service)
		})
		for range 6 { // the other one's webhooks are lost
			_ = k.beatAndTick(30 * time.Second)
			k.runJobs(k.Service)
		}
		k.want(paid.ID, "paid")
		k.want(back.ID, "paid")
		maybe(func() {
			if _, err := k.Return(ctx, staffAda(), "", uuid.MustParse(back.ID), nil, "ill"); err != nil {
				t.Fatal(err)
			}
			k.runJobs(k.Service)
		})
		ref := k.ref(never.ID)
		maybe(func() {
			if err := k.GiveUp(ctx, uuid.MustParse(never.ID)); err != nil {
				t.Fatal(err)
			}
		})
		k.quiet(k.Service)
		k.want(never.ID, "cancelled")
		k.want(back.ID, "refunded")
		if k.stripe.Pay(ref, 0) {
			t.Error("an order that was given up can still be paid")
		}
		k.settled(t)
	}
}

// settled compares Stripe's ledger with our books.
func (k *till) settled(t *testing.T) {
	t.Helper()
	ledger, err := k.usual().Charges(context.Background(), clock.System{}.Now().Add(-time.Hour))
	must(t, err)
	kept := int64(0)
	for _, c := range ledger {
		kept += c.Captured - c.Refunded
	}
	sums, err := k.Money(context.Background(), k.Kit.DB)
	must(t, err)
	if m := sums["EUR"]; kept != m.Delivered || m.Captured != m.Delivered+m.Refunded || m.Owed != 0 || m.InFlight != 0 {
		t.Errorf("Stripe keeps %d, books say %+v", kept, m)
	}
}

// A fan who pays at Stripe after the order has ended, while the seat is still free, gets it.
func TestLateMoneyAtStripe(t *testing.T) {
	t.Parallel()
	k := newTill(t)
	o := k.mustPlace(k.fan(0)).Order
	k.line.Away()
	k.Kit.Clock.Advance(40 * time.Minute) // silence: the seats go back, the session stays open
	must(t, k.Kit.DB.Exec(`INSERT INTO heartbeats (name, at) VALUES ('checkout', ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at`, k.Kit.Clock.Now()).Error)
	_ = k.beatAndTick(time.Second)
	_ = k.beatAndTick(10 * time.Second)
	k.want(o.ID, "expired")
	if !k.stripe.Pay(k.ref(o.ID), 0) {
		t.Fatal("the session is closed")
	}
	k.heal()
	k.quiet(k.Service)
	k.want(o.ID, "paid")
	k.settled(t)
}

func TestStripeWebhooksThatAreNotOurs(t *testing.T) {
	t.Parallel()
	k := newTill(t)
	o := k.mustPlace(k.fan(0)).Order
	foreign := []byte(`{"id":"evt_x","type":"customer.created","data":{"object":{"id":"cus_1","object":"customer"}}}`)
	k.post(foreign, k.stripe.Sign(whsec, foreign), 200)
	k.post(foreign, k.stripe.Sign("whsec_guess", foreign), 401)
	if n := k.count(`SELECT count(*) FROM psp_events`); n != 0 {
		t.Fatalf("%d events kept", n)
	}
	k.stripe.Pay(k.ref(o.ID), 0)
	must(t, k.Settle(context.Background(), k.payment(o.ID).ID))
	k.want(o.ID, "paid")
	k.tell(o.ID, "dispute", "charge.dispute.created", 200) // it names the intent alone: Stripe knows whose it is
	k.runJobs(k.Service)
	if n := k.count(`SELECT count(*) FROM psp_events WHERE processed_at IS NULL`); n != 0 {
		t.Error("a dispute's webhook was not acted on")
	}
}
