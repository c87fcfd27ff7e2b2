package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/failpoint"
	"fairseat/app/request"
	"fairseat/modules/checkout/provider"
)

const webhookLimit = 64 << 10

// webhook answers POST /payments/:provider/webhook. 2xx means that the event is durable, and nothing else: it is acted
// on by a job, so that a slow sale never makes the processor believe that we are away.
func (h *handler) webhook(c echo.Context) error {
	s := h.s
	from, err := s.providerOf(c.Param("provider"))
	if err != nil {
		return ErrNotFound
	}
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, webhookLimit))
	if err != nil {
		return request.BodyError(err)
	}
	event, err := from.Event(r.Header, body, s.Clock.Now())
	if err != nil {
		return err
	}
	if event.Ref == "" && event.Payment == "" {
		return c.JSON(http.StatusOK, struct{}{}) // of a kind that says nothing about payments
	}
	failpoint.Hit("K7")
	if err := s.keepEvent(r.Context(), from.Name(), event); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}

// keepEvent writes a webhook down with the job that acts on it; one that is known changes nothing.
func (s *Service) keepEvent(ctx context.Context, from string, e provider.Event) error {
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		first, err := s.store.insertEvent(ctx, tx, from, e)
		if err != nil || !first {
			return err
		}
		return s.enqueue(ctx, tx, eventArgs{Provider: from, EventID: e.ID}, time.Time{})
	})
}

// processEvent looks at the payment a webhook is about. What the webhook claims is not believed: it says where to look.
func (s *Service) processEvent(ctx context.Context, e dueEvent) error {
	ref, body, open, err := s.store.event(ctx, e)
	if err != nil || !open {
		return err
	}
	failpoint.Hit("K8")
	payment, found, err := s.meant(ctx, e.Provider, ref, body)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.EventID, err)
	}
	if !found {
		s.Log.Error("webhook about a payment that is not ours", "provider", e.Provider, "event", e.EventID)
		return s.store.eventProcessed(ctx, e)
	}
	switch err := s.Settle(ctx, payment); {
	case errors.Is(err, ErrNotFound):
		s.Log.Error("webhook about a payment that is not ours", "provider", e.Provider, "event", e.EventID, "payment", payment)
		// If there is money under it, the ledger tells: soon, not in an hour, however many such webhooks come.
		if err := s.store.hastenTurn(ctx, turnRecent, matchEvery, matchLeast); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("event %s: %w", e.EventID, err)
	}
	return s.store.eventProcessed(ctx, e)
}

// meant is the payment of ours that a webhook is about. The answer that told us its reference may have been lost: then
// the event has our id, too; or it names something else that belongs to the payment, and the provider tells us whose it is.
func (s *Service) meant(ctx context.Context, from, ref, body string) (payment uuid.UUID, found bool, err error) {
	if payment, found, err = s.store.paymentByRef(ctx, from, ref); err != nil || found {
		return payment, found, err
	}
	var kept provider.Event
	if json.Unmarshal([]byte(body), &kept) == nil && kept.Payment != "" {
		payment, err := uuid.Parse(kept.Payment)
		return payment, err == nil, nil
	}
	at, err := s.providerOf(from)
	if err != nil {
		return payment, false, err
	}
	st, err := at.Read(ctx, ref)
	if errors.Is(err, provider.ErrUnknownPayment) {
		return payment, false, nil
	}
	if err != nil {
		return payment, false, err
	}
	payment, err = uuid.Parse(st.Payment)
	return payment, err == nil, nil
}
