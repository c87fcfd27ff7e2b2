package app

import (
	"net/http/httptest"
	"strings"
	"testing"

	"fairseat/app/clock"
	"fairseat/modules/checkout/provider/stripe/stripetest"
)

// Production asks Stripe and nobody else: it has no play money. On trial the sandbox stays beside it.
func TestWhoTakesPayments(t *testing.T) {
	t.Parallel()
	fake := stripetest.New(clock.System{}, "sk_live_1")
	web := httptest.NewServer(fake)
	t.Cleanup(web.Close)
	a := testApp(t, func(c *Config) {
		c.Mode = "production"
		c.Payments = PaymentConfig{Provider: "stripe", Stripe: StripeConfig{SecretKey: "sk_live_1", WebhookSecrets: []string{"whsec_1"}, URL: web.URL}}
	})
	if got := names(a); got != "stripe" {
		t.Errorf("production asks %s", got)
	}
	if w := send(a.echo, "GET", "/sandbox/charges", ""); w.Code != 404 {
		t.Errorf("the sandbox answers %d in production", w.Code)
	}
	if w := send(a.echo, "POST", "/api/v1/payments/sandbox/webhook", "{}", "Content-Type", "application/json"); w.Code != 404 {
		t.Errorf("a webhook of the sandbox is answered %d", w.Code)
	}
	body := `{"id":"evt_1","type":"customer.created","data":{"object":{}}}`
	signature := fake.Sign("whsec_1", []byte(body)).Get("Stripe-Signature")
	if w := send(a.echo, "POST", "/api/v1/payments/stripe/webhook", body, "Content-Type", "application/json", "Stripe-Signature", signature); w.Code != 200 {
		t.Errorf("a webhook of Stripe's is answered %d %s", w.Code, w.Body)
	}
	if w := send(a.echo, "POST", "/api/v1/payments/stripe/webhook", body, "Content-Type", "application/json", "Stripe-Signature", "t=1,v1=00"); w.Code != 401 {
		t.Errorf("a stranger's is answered %d", w.Code)
	}
	both := testApp(t, func(c *Config) {
		c.Payments = PaymentConfig{Provider: "stripe", Stripe: StripeConfig{SecretKey: "sk_test_1", WebhookSecrets: []string{"whsec_1"}}}
	})
	if got := names(both); got != "stripe sandbox" {
		t.Errorf("trial asks %s", got)
	}
}

func names(a *App) string {
	var all []string
	for _, p := range a.providers() {
		all = append(all, p.Name())
	}
	return strings.Join(all, " ")
}
