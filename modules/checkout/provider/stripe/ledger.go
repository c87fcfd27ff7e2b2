package stripe

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v85"

	"fairseat/modules/checkout/provider"
)

const (
	pageSize = 100             // Stripe's most
	atOnce   = 8               // pages asked for at the same time: far below what an account may ask a second
	shortest = 2 * time.Second // Stripe's lists know whole seconds: what is shorter is paged through, not split
)

// span is from a moment on, to before another.
type span struct{ from, to time.Time }

func (s span) query() *stripe.RangeQueryParams {
	return &stripe.RangeQueryParams{GreaterThanOrEqual: s.from.Unix(), LesserThan: s.to.Unix()}
}

// page reads what was created within a span, newest first, after an id if there is one; more tells of older ones.
type page[T any] func(ctx context.Context, s span, after string) (items []T, more bool, err error)

// walk reads everything created within a span. A list can only be paged from end to end, which takes minutes for a
// night's sale: so a span that has more than one page is halved, and its halves are read at the same time.
func walk[T any](ctx context.Context, all span, read page[T], see func(T)) error {
	w := &walker[T]{read: read, see: see, free: make(chan struct{}, atOnce)}
	all.from = all.from.Truncate(time.Second)
	if !all.from.Before(all.to) {
		return nil
	}
	w.in(ctx, all)
	w.running.Wait()
	return w.err
}

type walker[T any] struct {
	read    page[T]
	see     func(T)
	free    chan struct{}
	running sync.WaitGroup
	mu      sync.Mutex
	err     error
}

func (w *walker[T]) in(ctx context.Context, s span) {
	w.running.Go(func() {
		items, more, ok := w.one(ctx, s, "")
		if !ok {
			return
		}
		if more && s.to.Sub(s.from) > shortest {
			half := s.from.Add(s.to.Sub(s.from) / 2).Truncate(time.Second)
			w.in(ctx, span{s.from, half})
			w.in(ctx, span{half, s.to})
			return
		}
		w.take(items)
		for more && ok {
			if items, more, ok = w.one(ctx, s, idOf(items[len(items)-1])); ok {
				w.take(items)
			}
		}
	})
}

// one reads a page, unless something has gone wrong before.
func (w *walker[T]) one(ctx context.Context, s span, after string) (items []T, more, ok bool) {
	w.free <- struct{}{}
	defer func() { <-w.free }()
	w.mu.Lock()
	failed := w.err != nil
	w.mu.Unlock()
	if failed {
		return nil, false, false
	}
	items, more, err := w.read(ctx, s, after)
	if err != nil {
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
		return nil, false, false
	}
	return items, more && len(items) > 0, true
}

func (w *walker[T]) take(items []T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, item := range items {
		w.see(item)
	}
}

func idOf(item any) string {
	switch i := item.(type) {
	case *stripe.CheckoutSession:
		return i.ID
	case *stripe.PaymentIntent:
		return i.ID
	}
	return ""
}

// sessions is a page of sessions with their intents.
func (c *Client) sessions(ctx context.Context, s span, after string) (items []*stripe.CheckoutSession, more bool, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		params := &stripe.CheckoutSessionListParams{CreatedRange: s.query()}
		params.Expand = stripe.StringSlice([]string{"data.payment_intent.latest_charge"})
		params.Limit, params.Single = stripe.Int64(pageSize), true
		if after != "" {
			params.StartingAfter = stripe.String(after)
		}
		list := c.api.V1CheckoutSessions.List(ctx, params)
		if err := list.Err(); err != nil {
			return err
		}
		items, more = list.Data(), list.Meta().HasMore
		return nil
	})
	return items, more, err
}

// intents is a page of intents with their charges.
func (c *Client) intents(ctx context.Context, s span, after string) (items []*stripe.PaymentIntent, more bool, err error) {
	err = named(c.books.Do(ctx, func(ctx context.Context) (bool, error) {
		params := &stripe.PaymentIntentListParams{CreatedRange: s.query()}
		params.Expand = stripe.StringSlice([]string{"data.latest_charge"})
		params.Limit, params.Single = stripe.Int64(pageSize), true
		if after != "" {
			params.StartingAfter = stripe.String(after)
		}
		list := c.api.V1PaymentIntents.List(ctx, params)
		if err := list.Err(); err != nil {
			return sorted(err)
		}
		items, more = list.Data(), list.Meta().HasMore
		return false, nil
	}))
	return items, more, err
}

// Charges are the intents created since that moment: every payment that somebody tried to pay has one.
func (c *Client) Charges(ctx context.Context, since time.Time) ([]provider.Charge, error) {
	var charges []provider.Charge
	var odd error
	err := walk(ctx, span{since, c.config.Clock.Now().Add(time.Minute)}, c.intents, func(i *stripe.PaymentIntent) {
		if charge, err := chargeOf(i); err != nil {
			odd = err
		} else {
			charge.Ours = c.config.Installation != "" && i.Metadata[metaHouse] == c.config.Installation
			charges = append(charges, charge)
		}
	})
	if err == nil {
		err = odd
	}
	return charges, err
}

func chargeOf(i *stripe.PaymentIntent) (provider.Charge, error) {
	code := strings.ToUpper(string(i.Currency))
	c := provider.Charge{Payment: i.Metadata[metaPayment], Order: i.Metadata[metaOrder], Status: provider.Open, Currency: code}
	var err error
	if c.Amount, err = fromStripe(i.Amount, code); err != nil {
		return c, err
	}
	switch i.Status {
	case stripe.PaymentIntentStatusRequiresCapture:
		c.Status = provider.Authorized
	case stripe.PaymentIntentStatusCanceled:
		c.Status = provider.Cancelled
	case stripe.PaymentIntentStatusSucceeded:
		c.Status = provider.Captured
		if c.Captured, err = fromStripe(i.AmountReceived, code); err == nil && i.LatestCharge != nil {
			c.Refunded, err = fromStripe(i.LatestCharge.AmountRefunded, code)
			if i.LatestCharge.Disputed {
				c.Dispute = provider.DisputeOpen // or was: reading the payment tells
			}
		}
	}
	return c, err
}
