package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v85"

	"fairseat/app/clock"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
)

func (a *account) request() provider.CreateRequest {
	id := uuid.New()
	ms := a.clock.Now().UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	return provider.CreateRequest{Payment: id, Order: uuid.New(), Amount: 4200, Currency: "EUR", Description: "Gala", ReturnURL: "http://r", Email: "ada@example.org"}
}

// opened is a session; captured is one that is paid and taken.
func (a *account) opened(t *testing.T) provider.State {
	t.Helper()
	st, err := a.Create(context.Background(), a.request())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func (a *account) captured(t *testing.T) provider.State {
	t.Helper()
	st := a.opened(t)
	a.Pay(st.Ref, 0)
	st, err := a.Capture(context.Background(), st.Ref, "capture")
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestAWrongAmountIsTold(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	st := a.opened(t)
	a.Pay(st.Ref, 1)
	if st, err := a.Read(context.Background(), st.Ref); err != nil || st.Money() != 4201 {
		t.Errorf("%+v, %v", st, err)
	}
}

// Stripe keeps its own failures under a key for a day: whoever repeats the key gets the failure again.
func TestAFailureThatStripeKeepsIsNotForever(t *testing.T) {
	t.Parallel()
	a, ctx := newAccount(t), context.Background()
	r := a.request()
	a.FailNext(1)
	st, err := a.Create(ctx, r)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if _, n := a.Ref(r.Payment.String()); n != 1 {
		t.Errorf("%d sessions", n)
	}
	a.Pay(st.Ref, 0)
	a.FailNext(1)
	if st, err = a.Capture(ctx, st.Ref, "capture"); err != nil || st.Captured != 4200 {
		t.Fatalf("capture: %+v, %v", st, err)
	}
	a.FailNext(1)
	if st, err = a.Refund(ctx, st.Ref, "refund", 300); err != nil || st.Refunded != 300 || !st.HasRefund("refund") {
		t.Fatalf("refund: %+v, %v", st, err)
	}
	if st, err = a.Refund(ctx, st.Ref, "refund", 300); err != nil || st.Refunded != 300 {
		t.Errorf("refund again: %+v, %v", st, err)
	}
	for _, call := range a.Calls() {
		if strings.HasSuffix(call, " ") {
			t.Errorf("without a key: %s", call)
		}
	}
}

func TestARefundTheBankSentBackIsMadeAgain(t *testing.T) {
	t.Parallel()
	a, ctx := newAccount(t), context.Background()
	st := a.captured(t)
	st, err := a.Refund(ctx, st.Ref, "refund", 4200)
	if err != nil || !st.HasRefund("refund") {
		t.Fatal(err)
	}
	a.FailRefunds(st.Ref)
	if st, err = a.Read(ctx, st.Ref); err != nil || st.HasRefund("refund") || st.Refunded != 0 {
		t.Fatalf("a refund that failed still counts: %+v, %v", st, err)
	}
	if st, err = a.Refund(ctx, st.Ref, "refund", 4200); err != nil || !st.HasRefund("refund") || st.Refunded != 4200 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	a, ctx := newAccount(t), context.Background()
	st := a.captured(t)
	for status, want := range map[string]provider.Dispute{
		"needs_response": provider.DisputeOpen, "under_review": provider.DisputeOpen, "won": provider.DisputeWon, "lost": provider.DisputeLost,
		"warning_needs_response": provider.NoDispute, "warning_closed": provider.NoDispute,
	} {
		a.Dispute(st.Ref, status)
		if got, err := a.Read(ctx, st.Ref); err != nil || got.Dispute != want || got.Status != provider.Captured {
			t.Errorf("%s: %+v, %v", status, got, err)
		}
	}
}

func TestWhyACardWasRefused(t *testing.T) {
	t.Parallel()
	for want, e := range map[provider.DeclineReason]*stripe.Error{
		"": nil, provider.InsufficientFunds: {Code: "card_declined", DeclineCode: "insufficient_funds"}, provider.ExpiredCard: {Code: "expired_card", DeclineCode: "expired_card"},
		provider.NotAuthenticated: {Code: "payment_intent_authentication_failure"},
	} {
		if got := declined(e); got != want {
			t.Errorf("%+v is %q", e, got)
		}
	}
	if got := declined(&stripe.Error{Code: "card_declined", DeclineCode: "stolen_card"}); got != "" {
		t.Errorf("a thief is told %q", got)
	}
}

// Paid between our look and our word: the money is let go all the same.
func TestCancelMeetsAFanWhoPays(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	st := a.opened(t)
	real := a.Fake
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/expire") {
			real.Pay(st.Ref, 0)
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	c := New(Config{SecretKey: testKey, URL: web.URL, Clock: a.clock})
	if got, err := c.Cancel(context.Background(), st.Ref, "cancel"); err != nil || got.Status != provider.Cancelled {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestASessionLivesLongEnoughAndTheSameHoweverLateItIsAskedFor(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	for _, late := range []time.Duration{0, time.Minute, 2 * time.Hour, 9 * time.Hour, 40 * time.Hour} {
		r := a.request()
		a.clock.Advance(late)
		at := a.expiry(r.Payment)
		if left := at.Sub(a.clock.Now()); left < 31*time.Minute || left > 23*time.Hour {
			t.Errorf("asked %v late: lives %v", late, left)
		}
		a.clock.Advance(time.Second)
		if again := a.expiry(r.Payment); !again.Equal(at) {
			t.Errorf("asked %v late, a second apart: %v and %v", late, at, again)
		}
	}
}

func TestErrorsAreSorted(t *testing.T) {
	t.Parallel()
	body := func(kind, code string) string {
		return fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":"so it is"}}`, kind, code)
	}
	for _, c := range []struct {
		name, body string
		status     int
		want       error // nil: the outcome is unknown
		tries      int
	}{
		{"no such", body("invalid_request_error", "resource_missing"), 404, provider.ErrUnknownPayment, 1},
		{"past it", body("invalid_request_error", "payment_intent_unexpected_state"), 400, provider.ErrWrongState, 1},
		{"taken already", body("invalid_request_error", "charge_already_captured"), 400, provider.ErrWrongState, 1},
		{"authorisation ran out", body("invalid_request_error", "charge_expired_for_capture"), 400, provider.ErrWrongState, 1},
		{"card", body("card_error", "card_declined"), 402, provider.ErrRefused, 1},
		{"too small", body("invalid_request_error", "amount_too_small"), 400, provider.ErrRefused, 1},
		{"key with other words", body("idempotency_error", ""), 400, nil, 1},
		{"first try still runs", body("invalid_request_error", "idempotency_key_in_use"), 409, nil, 1},
		{"lock", body("invalid_request_error", "lock_timeout"), 429, nil, 3},
		{"too often", body("invalid_request_error", "rate_limit"), 429, nil, 3},
		{"our key is wrong", body("invalid_request_error", ""), 401, nil, 1},
		{"our key may not", body("invalid_request_error", ""), 403, nil, 1},
		{"their fault", body("api_error", ""), 500, nil, 3},
		{"a proxy's page", "<html>", 502, nil, 3},
		{"nothing to read", "{", 200, nil, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries++
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer web.Close()
			client := New(Config{SecretKey: testKey, URL: web.URL, Clock: clock.System{}})
			_, err := client.Read(context.Background(), "cs_1")
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) {
				t.Errorf("%v", err)
			}
			for _, known := range []error{provider.ErrUnknownPayment, provider.ErrWrongState, provider.ErrRefused} {
				if c.want == nil && errors.Is(err, known) {
					t.Errorf("an unknown outcome is taken for %v", err)
				}
			}
			if tries != c.tries {
				t.Errorf("tried %d times", tries)
			}
			if strings.Contains(fmt.Sprint(err), testKey) {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
}

func TestAmountsInStripesUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code         string
		ours, theirs int64
		ok           bool
	}{
		{"EUR", 4250, 4250, true}, {"JPY", 500, 500, true}, {"KWD", 12340, 12340, true}, {"KWD", 12345, 0, false},
		{"ISK", 500, 50000, true}, {"UGX", 3, 300, true}, {"XOF", 700, 700, true}, {"HUF", 99900, 99900, true}, {"TND", 5, 0, false},
	} {
		theirs, err := toStripe(c.ours, c.code)
		if (err == nil) != c.ok || theirs != c.theirs || (err != nil && !errors.Is(err, provider.ErrRefused)) {
			t.Errorf("%d %s is %d, %v", c.ours, c.code, theirs, err)
		}
		if !c.ok {
			continue
		}
		if ours, err := fromStripe(theirs, c.code); err != nil || ours != c.ours {
			t.Errorf("%d %s comes back as %d, %v", c.ours, c.code, ours, err)
		}
	}
	if _, err := fromStripe(50050, "ISK"); err == nil {
		t.Error("half a króna is an amount")
	}
}

// A night's sale is read in pages at the same time, each payment once; a walk ends at the first error.
func TestTheWholeLedgerIsRead(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	var last string
	for i := range 730 {
		if i%50 == 0 {
			a.clock.Advance(time.Second)
		}
		st := a.opened(t)
		a.Pay(st.Ref, 0)
		last = st.Payment
	}
	charges, err := a.Charges(context.Background(), testkit.Start.Add(-24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range charges {
		seen[c.Payment] = true
	}
	if len(charges) != 730 || len(seen) != 730 {
		t.Errorf("%d charges, %d payments", len(charges), len(seen))
	}
	if st, err := a.Find(context.Background(), uuid.MustParse(last)); err != nil || st.Payment != last {
		t.Errorf("found %+v, %v", st, err)
	}
	a.line.Away()
	if _, err := a.Charges(context.Background(), testkit.Start); err == nil {
		t.Error("half a ledger passes for a whole one")
	}
	if !a.Health().Healthy {
		t.Error("reading the ledger made fans wait")
	}
}

// On one account there may be several installations, and other shops: only what this one opened is its own to send back.
func TestOnlyOurOwnPaymentsAreOurs(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	st := a.opened(t)
	a.Pay(st.Ref, 0)
	for house, ours := range map[string]bool{"house": true, "neighbour": false, "": false} {
		a.config.Installation = house
		charges, err := a.Charges(context.Background(), testkit.Start.Add(-time.Hour))
		if err != nil || len(charges) != 1 || charges[0].Ours != ours {
			t.Errorf("to %q it is %+v, %v", house, charges, err)
		}
		body := a.Webhook(st.Ref, "payment_intent", "payment_intent.succeeded", "2031-01-01.future")
		e, err := a.Event(a.Sign(secret, body), body, a.clock.Now())
		if err != nil || (e.Payment == "" && e.Ref == "") != (house == "neighbour") {
			t.Errorf("to %q its webhook is about %+v, %v", house, e, err)
		}
	}
}

func TestWebhooksAreReadForIDsAlone(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	st := a.captured(t)
	if _, err := a.Refund(context.Background(), st.Ref, "k", 1); err != nil {
		t.Fatal(err)
	}
	now := a.clock.Now()
	read := func(body []byte) provider.Event {
		t.Helper()
		e, err := a.Event(a.Sign(secret, body), body, now)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return e
	}
	for kind, event := range map[string]string{"checkout.session": "checkout.session.completed", "payment_intent": "payment_intent.amount_capturable_updated", "refund": "refund.failed"} {
		if e := read(a.Webhook(st.Ref, kind, event, "2031-01-01.future")); e.Payment != st.Payment {
			t.Errorf("%s names %+v", kind, e)
		}
	}
	e := read(a.Webhook(st.Ref, "dispute", "charge.dispute.created", "2019-12-03"))
	got, err := a.Read(context.Background(), e.Ref)
	if err != nil || got.Payment != st.Payment || got.Status != provider.Captured {
		t.Errorf("a dispute leads to %+v, %v", got, err)
	}
	for _, strange := range []string{
		`{"id":"evt_1","type":"customer.created","data":{"object":{"id":"cus_1","object":"customer"}}}`,
		`{"id":"evt_1","type":"v2.core.something","data":{}}`,
		`{"id":"evt_1","type":"checkout.session.completed","data":{"object":{"id":"cs_9","object":"checkout.session","client_reference_id":"shop-77"}}}`,
		`{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"id":"pi_9","object":"payment_intent","metadata":{"fairseat_payment":"not ours"}}}}`,
	} {
		if e := read([]byte(strange)); e.Ref != "" || e.Payment != "" {
			t.Errorf("%s is about %+v", strange, e)
		}
	}
}

func FuzzStrangersSignNothing(f *testing.F) {
	f.Add(`{"id":"evt_1","type":"t","data":{"object":{"metadata":{"fairseat_payment":"x"}}}}`, "t=1,v1=00")
	f.Add("{", "t=9223372036854775807,v1=,v1")
	a := &account{clock: clock.NewManual(testkit.Start)}
	a.Client = New(Config{SecretKey: testKey, WebhookSecrets: []string{secret}, Clock: a.clock})
	f.Fuzz(func(t *testing.T, body, header string) {
		if _, err := a.Event(http.Header{"Stripe-Signature": {header}}, []byte(body), testkit.Start); !errors.Is(err, provider.ErrBadSignature) {
			t.Errorf("%q signs: %v", header, err)
		}
	})
}
