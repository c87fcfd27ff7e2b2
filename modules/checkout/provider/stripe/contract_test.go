package stripe

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"fairseat/app/clock"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider/providertest"
	"fairseat/modules/checkout/provider/stripe/stripetest"
)

const (
	testKey = "sk_test_key"
	secret  = "whsec_new"
	older   = "whsec_old"
)

// account is a client with a Stripe of its own.
type account struct {
	*Client
	*stripetest.Fake
	line  providertest.Line
	clock *clock.Manual
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{clock: clock.NewManual(testkit.Start)}
	a.Fake = stripetest.New(a.clock, testKey)
	web := httptest.NewServer(a.line.Before(a.Fake))
	t.Cleanup(web.Close)
	a.Client = New(Config{SecretKey: testKey, WebhookSecrets: []string{secret, older}, URL: web.URL, Clock: a.clock, Installation: "house"})
	return a
}

func TestStripeKeepsTheContract(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) *providertest.Bench {
		a := newAccount(t)
		return &providertest.Bench{
			Provider: a.Client, Clock: a.clock, LoseAnswer: a.line.LoseAnswer, Heal: a.line.Heal, Away: a.line.Away,
			Pay: func(_ *testing.T, ref string) bool { return a.Pay(ref, 0) },
			Webhook: func(_ *testing.T, ref string) (http.Header, []byte) {
				body := a.Webhook(ref, "checkout.session", "checkout.session.completed", "2019-12-03")
				return a.Sign(older, body), body
			},
			Forge: func(body []byte) http.Header { return a.Sign(secret, body) },
		}
	})
}
