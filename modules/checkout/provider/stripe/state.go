package stripe

import (
	"context"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"fairseat/modules/checkout/provider"
)

// state is what a session and its intent say together. Money is read from the intent alone: a session is complete from
// the moment its form is, whatever became of the card.
func (c *Client) state(ctx context.Context, s *stripe.CheckoutSession) (provider.State, error) {
	st := provider.State{Ref: s.ID, Payment: s.ClientReferenceID, Status: provider.Open, Currency: currencyOf(s), URL: s.URL}
	intent := s.PaymentIntent
	if s.Status == stripe.CheckoutSessionStatusExpired {
		st.Status = provider.Cancelled
	}
	if intent == nil {
		return st, nil
	}
	var err error
	switch intent.Status {
	case stripe.PaymentIntentStatusRequiresCapture:
		st.Status = provider.Authorized
		st.Authorized, err = fromStripe(intent.AmountCapturable, st.Currency)
	case stripe.PaymentIntentStatusSucceeded:
		st.Status = provider.Captured
		st.Captured, err = fromStripe(intent.AmountReceived, st.Currency)
		st.Authorized = st.Captured
	case stripe.PaymentIntentStatusCanceled:
		st.Status = provider.Cancelled
	}
	st.Declined = declined(intent.LastPaymentError)
	if err != nil || intent.LatestCharge == nil {
		return st, err
	}
	return c.after(ctx, st, intent)
}

// after adds what happened to captured money since.
func (c *Client) after(ctx context.Context, st provider.State, intent *stripe.PaymentIntent) (_ provider.State, err error) {
	charge := intent.LatestCharge
	if st.Refunded, err = fromStripe(charge.AmountRefunded, st.Currency); err != nil {
		return st, err
	}
	if charge.AmountRefunded > 0 && st.Status == provider.Captured { // letting an authorisation go is told as a refund too
		refunds, err := c.refunds(ctx, intent.ID)
		if err != nil {
			return st, err
		}
		for _, r := range refunds {
			if failed(r) {
				continue
			}
			amount, err := fromStripe(r.Amount, st.Currency)
			if err != nil {
				return st, err
			}
			key := r.Metadata[metaRefund]
			if key == "" {
				key = r.ID // by hand, in Stripe's dashboard
			}
			st.Refunds = append(st.Refunds, provider.Refund{Key: key, Amount: amount})
		}
	}
	if st.Status != provider.Captured {
		st.Refunded = 0
	}
	if charge.Disputed {
		st.Dispute, st.Disputed, err = c.dispute(ctx, intent.ID, st.Currency)
	}
	return st, err
}

// declined is why the last try on Stripe's page was refused: the page stays open, and another card may do.
func declined(e *stripe.Error) provider.DeclineReason {
	switch {
	case e == nil:
	case e.DeclineCode == stripe.DeclineCodeInsufficientFunds:
		return provider.InsufficientFunds
	case e.Code == stripe.ErrorCodeExpiredCard:
		return provider.ExpiredCard
	case e.Code == stripe.ErrorCodePaymentIntentAuthenticationFailure, e.DeclineCode == stripe.DeclineCodeAuthenticationRequired:
		return provider.NotAuthenticated
	}
	return ""
}

func failed(r *stripe.Refund) bool {
	return r.Status == stripe.RefundStatusFailed || r.Status == stripe.RefundStatusCanceled
}

// refunds are all refunds of an intent, newest first.
func (c *Client) refunds(ctx context.Context, intent string) (all []*stripe.Refund, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		all = nil
		params := &stripe.RefundListParams{PaymentIntent: stripe.String(intent)}
		params.Limit = stripe.Int64(100)
		for r, err := range c.api.V1Refunds.List(ctx, params).All(ctx) {
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	return all, err
}

// dispute is where the newest dispute about an intent stands, and how much it is about, in that currency. A bank's mere inquiry
// is none: no money has gone.
func (c *Client) dispute(ctx context.Context, intent, currency string) (d provider.Dispute, amount int64, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		params := &stripe.DisputeListParams{PaymentIntent: stripe.String(intent)}
		params.Limit = stripe.Int64(1)
		params.Single = true
		list := c.api.V1Disputes.List(ctx, params)
		if err := list.Err(); err != nil {
			return err
		}
		d, amount = provider.NoDispute, 0
		for _, found := range list.Data() {
			if strings.EqualFold(string(found.Currency), currency) {
				if amount, err = fromStripe(found.Amount, currency); err != nil {
					return err
				}
			}
			switch found.Status {
			case stripe.DisputeStatusLost:
				d = provider.DisputeLost
			case stripe.DisputeStatusWon:
				d = provider.DisputeWon
			case stripe.DisputeStatusNeedsResponse, stripe.DisputeStatusUnderReview:
				d = provider.DisputeOpen
			}
		}
		return nil
	})
	return d, amount, err
}

func currencyOf(s *stripe.CheckoutSession) string {
	if s.PaymentIntent != nil && s.PaymentIntent.Currency != "" {
		return strings.ToUpper(string(s.PaymentIntent.Currency))
	}
	return strings.ToUpper(string(s.Currency))
}
