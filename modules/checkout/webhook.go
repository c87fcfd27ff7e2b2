package checkout

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/request"
)

const (
	webhookLimit     = 64 << 10
	webhookTolerance = 300 * time.Second
	signatureHeader  = "Fairseat-Signature"
)

// webhook answers POST /payments/:provider/webhook. 2xx means that the event is durable, and nothing else: it is acted
// on by a job, so that a slow sale never makes the processor believe that we are away.
func (h *handler) webhook(c echo.Context) error {
	s := h.s
	if c.Param("provider") != s.Provider.Name() {
		return ErrNotFound
	}
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, webhookLimit))
	if err != nil {
		return request.BodyError(err)
	}
	event, err := s.Provider.Event(r.Header, body, s.Clock.Now())
	if err != nil {
		return err
	}
	if err := s.keepEvent(r.Context(), event); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}

// keepEvent writes a webhook down with the job that acts on it; one that is known changes nothing.
func (s *Service) keepEvent(ctx context.Context, e ProviderEvent) error {
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		first, err := s.store.insertEvent(ctx, tx, s.Provider.Name(), e)
		if err != nil || !first {
			return err
		}
		return s.enqueue(ctx, tx, eventArgs{Provider: s.Provider.Name(), EventID: e.ID}, time.Time{})
	})
}

// processEvent looks at the payment a webhook is about. What the webhook claims is not believed: it says where to look.
func (s *Service) processEvent(ctx context.Context, e dueEvent) error {
	ref, body, open, err := s.store.event(ctx, e)
	if err != nil || !open {
		return err
	}
	payment, found, err := s.store.paymentByRef(ctx, e.Provider, ref)
	if err != nil {
		return err
	}
	if !found { // the answer that told us the reference may have been lost: the event has our id, too
		var kept ProviderEvent
		if json.Unmarshal([]byte(body), &kept) == nil {
			payment, err = uuid.Parse(kept.Payment)
			found = err == nil
		}
	}
	if !found {
		s.Log.Error("webhook about a payment that is not ours", "provider", e.Provider, "event", e.EventID)
		return s.store.eventProcessed(ctx, e)
	}
	switch err := s.Settle(ctx, payment); {
	case errors.Is(err, ErrNotFound):
		s.Log.Error("webhook about a payment that is not ours", "provider", e.Provider, "event", e.EventID, "payment", payment)
	case err != nil:
		return fmt.Errorf("event %s: %w", e.EventID, err)
	}
	return s.store.eventProcessed(ctx, e)
}

// checkSignature takes "t=<unix>,v1=<hex>[,v1=<hex>…]", the HMAC-SHA256 of "<t>.<body>" under any of the secrets, at
// most webhookTolerance off our clock. ErrBadSignature for everything else.
func checkSignature(secrets [][]byte, header string, body []byte, now time.Time) error {
	at, signatures := "", []string{}
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if at != "" {
				return ErrBadSignature
			}
			at = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || len(signatures) == 0 || len(signatures) > 8 {
		return ErrBadSignature
	}
	// In whole seconds, so that no time far away can overflow a duration.
	if off := now.Unix() - seconds; off > int64(webhookTolerance/time.Second) || off < -int64(webhookTolerance/time.Second) {
		return ErrBadSignature
	}
	for _, signature := range signatures {
		given, err := hex.DecodeString(signature)
		if err != nil {
			continue
		}
		for _, secret := range secrets {
			mac := hmac.New(sha256.New, secret)
			fmt.Fprintf(mac, "%s.", at)
			mac.Write(body)
			if hmac.Equal(given, mac.Sum(nil)) {
				return nil
			}
		}
	}
	return ErrBadSignature
}
