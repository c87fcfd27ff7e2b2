// Package stripe is the provider "stripe": the fan pays on Stripe's own page (a hosted Checkout Session), by card or wallet,
// and the money is authorised there and captured by us.
//
//	Create   a session whose intent is captured by hand; Ref is the session's id
//	Read     the session with its intent and charge; what is true about money stands in the intent
//	Cancel   the session expired, or the intent let go, so that nobody can pay any more
//
// Every call pins the API version this package was written for, whatever the account's is.
package stripe

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v85"

	"fairseat/app/clock"
	"fairseat/modules/checkout/provider"
)

// Our ids travel in the metadata of whatever we open at Stripe.
const (
	metaPayment = "fairseat_payment"
	metaOrder   = "fairseat_order"
	metaRefund  = "fairseat_refund"
	metaHouse   = "fairseat_installation"
)

// Config is what a Client needs.
type Config struct {
	SecretKey      string
	WebhookSecrets []string // any of them will do, so that one can be rolled
	URL            string   // "" is Stripe's own
	Installation   string   // by which payments of ours are known from those of others on the same account
	Clock          clock.Clock
	Log            *slog.Logger
}

// Client is the provider. Safe for concurrent use.
type Client struct {
	*provider.Caller
	config Config
	api    *stripe.Client
	books  *provider.Caller // for reading ledgers: long pages say nothing about how long a fan waits
}

// New makes a client; it connects with the first call.
func New(config Config) *Client {
	backend := &stripe.BackendConfig{
		// Trying again is the Caller's, which knows how long a fan waits and when to stop.
		MaxNetworkRetries: stripe.Int64(0), EnableTelemetry: stripe.Bool(false), LeveledLogger: quiet{config.Log},
		HTTPClient: &http.Client{Transport: &replays{&http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second,
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}}},
	}
	if config.URL != "" {
		backend.URL = stripe.String(strings.TrimSuffix(config.URL, "/"))
	}
	return &Client{
		Caller: provider.NewCaller(config.Clock), books: provider.NewCaller(config.Clock), config: config,
		api: stripe.NewClient(config.SecretKey, stripe.WithBackends(stripe.NewBackendsWithConfig(backend))),
	}
}

// Name is "stripe".
func (c *Client) Name() string { return "stripe" }

// A session lives for sessionLife at most, in whole steps from the moment its payment was made: whoever repeats the call
// must say the very same, or Stripe takes it for another one. It is not the order's clock, as Stripe allows no less than
// half an hour: when that clock runs out, the session is expired by Cancel.
const (
	sessionLife  = 3 * time.Hour
	sessionLeast = 35 * time.Minute
)

func (c *Client) expiry(payment uuid.UUID) time.Time {
	least := c.config.Clock.Now().Add(sessionLeast)
	made := provider.Made(payment)
	if made.IsZero() {
		made = least.Truncate(sessionLife)
	}
	steps := max(1, (least.Sub(made)+sessionLife-1)/sessionLife)
	return made.Add(steps * sessionLife)
}

// plainAddress is an address that Stripe takes for one too; others are left to the fan to type.
var plainAddress = regexp.MustCompile(`^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}$`)

// Create opens a session; the key is the payment's id, so that a repeat opens no second one.
func (c *Client) Create(ctx context.Context, r provider.CreateRequest) (provider.State, error) {
	amount, err := toStripe(r.Amount, r.Currency)
	if err != nil {
		return provider.State{}, err
	}
	meta := map[string]string{metaPayment: r.Payment.String(), metaOrder: r.Order.String(), metaHouse: c.config.Installation}
	var s *stripe.CheckoutSession
	err = c.keyed(ctx, r.Payment.String(), func(ctx context.Context, key *string) (err error) {
		params := &stripe.CheckoutSessionCreateParams{
			Mode:               stripe.String(stripe.CheckoutSessionModePayment),
			PaymentMethodTypes: stripe.StringSlice([]string{"card"}), // money that takes days would keep seats for days
			ClientReferenceID:  stripe.String(r.Payment.String()),
			Metadata:           meta,
			SuccessURL:         stripe.String(r.ReturnURL),
			CancelURL:          stripe.String(r.ReturnURL),
			ExpiresAt:          stripe.Int64(c.expiry(r.Payment).Unix()),
			AdaptivePricing:    &stripe.CheckoutSessionCreateAdaptivePricingParams{Enabled: stripe.Bool(false)}, // the price is the price
			LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
				Quantity: stripe.Int64(1),
				PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
					Currency: stripe.String(strings.ToLower(r.Currency)), UnitAmount: stripe.Int64(amount),
					ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String(shortened(r.Description))},
				},
			}},
			PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{
				CaptureMethod: stripe.String(stripe.PaymentIntentCaptureMethodManual),
				Description:   stripe.String(shortened(r.Description)), Metadata: meta,
			},
		}
		if plainAddress.MatchString(r.Email) {
			params.CustomerEmail = stripe.String(r.Email)
		}
		params.IdempotencyKey = key
		params.AddExpand("payment_intent.latest_charge")
		s, err = c.api.V1CheckoutSessions.Create(ctx, params)
		return err
	})
	if err != nil {
		return provider.State{}, err
	}
	return c.state(ctx, s)
}

// shortened keeps a text within what Stripe takes as a name.
func shortened(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:199]) + "…"
	}
	return s
}

// Read is the record of a session, or of an intent: webhooks about disputes name nothing else.
func (c *Client) Read(ctx context.Context, ref string) (provider.State, error) {
	if strings.HasPrefix(ref, "pi_") {
		intent, err := c.intent(ctx, ref)
		if err != nil {
			return provider.State{}, err
		}
		if intent.Metadata[metaPayment] == "" {
			return provider.State{}, provider.ErrUnknownPayment // of somebody else with this account
		}
		return c.state(ctx, &stripe.CheckoutSession{ID: ref, ClientReferenceID: intent.Metadata[metaPayment], PaymentIntent: intent, Currency: intent.Currency})
	}
	s, err := c.session(ctx, ref)
	if err != nil {
		return provider.State{}, err
	}
	return c.state(ctx, s)
}

func (c *Client) session(ctx context.Context, ref string) (s *stripe.CheckoutSession, err error) {
	params := &stripe.CheckoutSessionRetrieveParams{}
	params.AddExpand("payment_intent.latest_charge")
	err = c.call(ctx, func(ctx context.Context) error {
		s, err = c.api.V1CheckoutSessions.Retrieve(ctx, ref, params)
		return err
	})
	return s, err
}

func (c *Client) intent(ctx context.Context, id string) (intent *stripe.PaymentIntent, err error) {
	params := &stripe.PaymentIntentRetrieveParams{}
	params.AddExpand("latest_charge")
	err = c.call(ctx, func(ctx context.Context) error {
		intent, err = c.api.V1PaymentIntents.Retrieve(ctx, id, params)
		return err
	})
	return intent, err
}

// Find is the session that carries our id. Stripe's search is minutes behind, its lists are not: so the sessions of the
// moments around the payment's birth are listed, then all since. Of several the one with money counts.
func (c *Client) Find(ctx context.Context, payment uuid.UUID) (provider.State, error) {
	made := provider.Made(payment)
	if made.IsZero() {
		return provider.State{}, errors.New("stripe: cannot tell when this payment was made")
	}
	near := made.Add(2 * time.Minute)
	for _, span := range []span{{made.Add(-time.Minute), near}, {near, c.config.Clock.Now().Add(time.Minute)}} {
		var found []*stripe.CheckoutSession
		err := walk(ctx, span, c.sessions, func(s *stripe.CheckoutSession) {
			if s.ClientReferenceID == payment.String() {
				found = append(found, s)
			}
		})
		if err != nil {
			return provider.State{}, err
		}
		if len(found) > 0 {
			return c.best(ctx, found)
		}
	}
	return provider.State{}, provider.ErrUnknownPayment
}

func (c *Client) best(ctx context.Context, found []*stripe.CheckoutSession) (best provider.State, err error) {
	for _, s := range found {
		st, err := c.state(ctx, s)
		if err != nil {
			return st, err
		}
		if best.Ref == "" || st.Money() > best.Money() || best.Status == provider.Cancelled {
			best = st
		}
	}
	return best, nil
}

// Probe asks for the account's balance: an answer closes the breaker.
func (c *Client) Probe(ctx context.Context) {
	_ = c.Once(ctx, func(ctx context.Context) (bool, error) {
		_, err := c.api.V1Balance.Retrieve(ctx, nil)
		return sorted(err)
	})
}
