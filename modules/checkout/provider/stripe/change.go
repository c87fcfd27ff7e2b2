package stripe

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripe/stripe-go/v85"

	"fairseat/modules/checkout/provider"
)

// Capture takes what was authorised, all of it.
func (c *Client) Capture(ctx context.Context, ref, key string) (provider.State, error) {
	s, err := c.session(ctx, ref)
	if err != nil {
		return provider.State{}, err
	}
	if s.PaymentIntent == nil {
		return provider.State{}, provider.ErrWrongState // nobody has paid
	}
	if s.PaymentIntent.Status == stripe.PaymentIntentStatusSucceeded {
		return c.state(ctx, s) // by us, a moment ago
	}
	return c.captureOf(ctx, s, key)
}

func (c *Client) captureOf(ctx context.Context, s *stripe.CheckoutSession, key string) (provider.State, error) {
	err := c.keyed(ctx, key, func(ctx context.Context, key *string) error {
		params := &stripe.PaymentIntentCaptureParams{}
		params.IdempotencyKey = key
		params.AddExpand("latest_charge")
		intent, err := c.api.V1PaymentIntents.Capture(ctx, s.PaymentIntent.ID, params)
		if err == nil {
			s.PaymentIntent = intent
		}
		return err
	})
	if err != nil {
		return provider.State{}, err
	}
	return c.state(ctx, s)
}

// Cancel makes sure that nothing will be taken: an open session is expired, an authorisation let go.
func (c *Client) Cancel(ctx context.Context, ref, key string) (provider.State, error) {
	for range 2 { // paid between our look and our word: then there is an intent to let go
		s, err := c.session(ctx, ref)
		if err != nil {
			return provider.State{}, err
		}
		st, err := c.state(ctx, s)
		if err != nil {
			return st, err
		}
		switch {
		case st.Status == provider.Cancelled:
			return st, nil
		case st.Status == provider.Captured:
			return st, provider.ErrWrongState
		case st.Status == provider.Authorized:
			return c.letGo(ctx, s, key)
		case s.Status != stripe.CheckoutSessionStatusOpen:
			return st, fmt.Errorf("stripe: session is %s and its money still on the way", s.Status)
		}
		err = c.expire(ctx, s, key)
		if err == nil {
			return c.state(ctx, s)
		}
		if !errors.Is(err, provider.ErrRefused) {
			return st, err
		}
	}
	return provider.State{}, provider.ErrWrongState
}

func (c *Client) expire(ctx context.Context, s *stripe.CheckoutSession, key string) error {
	return c.keyed(ctx, key+":expire", func(ctx context.Context, key *string) error {
		params := &stripe.CheckoutSessionExpireParams{}
		params.IdempotencyKey = key
		params.AddExpand("payment_intent.latest_charge")
		got, err := c.api.V1CheckoutSessions.Expire(ctx, s.ID, params)
		if err == nil {
			*s = *got
		}
		return err
	})
}

func (c *Client) letGo(ctx context.Context, s *stripe.CheckoutSession, key string) (provider.State, error) {
	err := c.keyed(ctx, key+":let-go", func(ctx context.Context, key *string) error {
		params := &stripe.PaymentIntentCancelParams{}
		params.IdempotencyKey = key
		params.AddExpand("latest_charge")
		intent, err := c.api.V1PaymentIntents.Cancel(ctx, s.PaymentIntent.ID, params)
		if err == nil {
			s.PaymentIntent = intent
		}
		return err
	})
	if err != nil {
		return provider.State{}, err
	}
	return c.state(ctx, s)
}

// Refund gives captured money back. A refund that failed later, at the buyer's bank, is no refund: it is asked for anew,
// under a key that counts the failures, as Stripe would answer the old key with the old failure.
func (c *Client) Refund(ctx context.Context, ref, key string, amount int64) (provider.State, error) {
	s, err := c.session(ctx, ref)
	if err != nil {
		return provider.State{}, err
	}
	if s.PaymentIntent == nil {
		return provider.State{}, provider.ErrWrongState
	}
	minor, err := toStripe(amount, currencyOf(s))
	if err != nil {
		return provider.State{}, err
	}
	if err := c.refundOf(ctx, s, key, minor); err != nil {
		return provider.State{}, err
	}
	return c.Read(ctx, ref)
}

// refundOf makes a refund unless there is one under this key. What failed at Stripe may have had its effect, so it is
// looked for before each next key.
func (c *Client) refundOf(ctx context.Context, s *stripe.CheckoutSession, key string, minor int64) error {
	for n := range generations {
		have, err := c.refunds(ctx, s.PaymentIntent.ID)
		if err != nil {
			return err
		}
		failures, done := attempts(have, key)
		if done {
			return nil
		}
		once := generation(key, n)
		if failures > 0 {
			once = fmt.Sprintf("%s:after-%d", once, failures)
		}
		over, err := c.once(ctx, once, func(ctx context.Context, once *string) error {
			params := &stripe.RefundCreateParams{
				PaymentIntent: stripe.String(s.PaymentIntent.ID), Amount: stripe.Int64(minor),
				Metadata: map[string]string{metaRefund: key, metaPayment: s.ClientReferenceID},
			}
			params.IdempotencyKey = once
			_, err := c.api.V1Refunds.Create(ctx, params)
			return err
		})
		if !over || n == generations-1 {
			return err
		}
	}
	return nil
}

// attempts tells how often the refund with this key failed, and whether one of them is good.
func attempts(refunds []*stripe.Refund, key string) (failures int, done bool) {
	for _, r := range refunds {
		if r.Metadata[metaRefund] == key {
			if !failed(r) {
				return failures, true
			}
			failures++
		}
	}
	return failures, false
}
