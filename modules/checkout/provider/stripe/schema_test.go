package stripe

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"

	"fairseat/app/clock"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
)

// stripe-mock refuses what Stripe's own description of its API does not allow. It has no states, and answers with its
// samples: so every call of ours is made to it once, and what it is asked is all that counts.
func TestEveryRequestFitsStripesDescription(t *testing.T) {
	t.Parallel()
	log.SetOutput(io.Discard)
	spec, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		t.Fatal(err)
	}
	stub, err := server.NewStubServer(fixtures, spec, false, false)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked := map[string]int{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		version := r.Header.Get("Stripe-Version")
		stub.HandleRequest(rec, r)
		mu.Lock()
		asked[r.Method+" "+pathOf(r.URL.Path)]++
		if rec.Code != http.StatusOK {
			t.Errorf("%s %s: %d %s", r.Method, r.URL, rec.Code, rec.Body)
		}
		if version != stripe.APIVersion {
			t.Errorf("%s %s: asked under version %q", r.Method, r.URL, version)
		}
		mu.Unlock()
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	defer web.Close()
	c := New(Config{SecretKey: "sk_test_123", URL: web.URL, Clock: clock.NewManual(testkit.Start)})
	ctx := context.Background()
	r := provider.CreateRequest{Payment: uuid.MustParse("019a7c5e-5400-7000-8000-000000000000"), Order: uuid.New(), Amount: 4200, Currency: "JPY",
		Description: strings.Repeat("Gala ", 60), ReturnURL: "http://tickets.test/orders/1", Email: "ada@example.org"}
	// What comes of it is not ours to judge: the samples know nothing of one another.
	_, _ = c.Create(ctx, r)
	_, _ = c.Read(ctx, "cs_test_1")
	_, _ = c.Read(ctx, "pi_1")
	_, _ = c.Find(ctx, r.Payment)
	_, _ = c.Cancel(ctx, "cs_test_1", "k")
	s := &stripe.CheckoutSession{ID: "cs_test_1", PaymentIntent: &stripe.PaymentIntent{ID: "pi_1"}}
	_, _ = c.letGo(ctx, s, "k")
	_ = c.expire(ctx, s, "k")
	s.PaymentIntent = &stripe.PaymentIntent{ID: "pi_1"}
	_, _ = c.captureOf(ctx, s, "k")
	_ = c.refundOf(ctx, s, "k", 100)
	_, _ = c.refunds(ctx, "pi_1")
	_, _, _ = c.dispute(ctx, "pi_1", "EUR")
	_, _ = c.Charges(ctx, testkit.Start.Add(-time.Hour))
	_, _, _ = c.sessions(ctx, span{testkit.Start, testkit.Start.Add(time.Hour)}, "cs_test_9")
	_, _, _ = c.intents(ctx, span{testkit.Start, testkit.Start.Add(time.Hour)}, "pi_9")
	c.Probe(ctx)
	mu.Lock()
	defer mu.Unlock()
	for _, call := range []string{
		"POST /v1/checkout/sessions", "GET /v1/checkout/sessions/:id", "GET /v1/checkout/sessions", "POST /v1/checkout/sessions/:id/expire",
		"GET /v1/payment_intents/:id", "GET /v1/payment_intents", "POST /v1/payment_intents/:id/capture", "POST /v1/payment_intents/:id/cancel",
		"POST /v1/refunds", "GET /v1/refunds", "GET /v1/disputes", "GET /v1/balance",
	} {
		if asked[call] == 0 {
			t.Errorf("%s was not asked", call)
		}
		delete(asked, call)
	}
	for call := range asked {
		t.Errorf("%s is a call nobody has checked", call)
	}
}

// pathOf is a path with its ids taken out.
func pathOf(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "cs_") || strings.HasPrefix(p, "pi_") {
			parts[i] = ":id"
		}
	}
	return strings.Join(parts, "/")
}
