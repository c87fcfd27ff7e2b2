package stripe

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v85/webhook"

	"fairseat/app/address"
	"fairseat/modules/checkout/provider"
)

const tolerance = 300 * time.Second

// event is what we read of a webhook: ids alone. The rest has the shape of whatever API version the account sends, and
// the truth is read back under ours.
type event struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		Object struct {
			ID                string            `json:"id"`
			Object            string            `json:"object"`
			ClientReferenceID string            `json:"client_reference_id"`
			Metadata          map[string]string `json:"metadata"`
			PaymentIntent     json.RawMessage   `json:"payment_intent"` // an id, or the object
		} `json:"object"`
	} `json:"data"`
}

// Event reads a webhook signed with any of our secrets. What is not about a payment of ours comes back without one.
func (c *Client) Event(h http.Header, body []byte, now time.Time) (provider.Event, error) {
	if !c.signed(h.Get("Stripe-Signature"), body, now) {
		return provider.Event{}, provider.ErrBadSignature
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return provider.Event{}, provider.ErrBadEvent.Wrap(err)
	}
	out := provider.Event{ID: e.ID, Type: e.Type}
	object := e.Data.Object
	if house := object.Metadata[metaHouse]; house != "" && house != c.config.Installation && c.config.Installation != "" {
		return provider.Event{ID: e.ID, Type: e.Type}, nil // of another installation with the same account
	}
	payment := object.Metadata[metaPayment]
	if _, err := uuid.Parse(payment); err == nil {
		out.Payment = payment
	}
	if object.Object == "checkout.session" && out.Payment != "" {
		out.Ref = object.ID
	}
	if strings.HasPrefix(e.Type, "charge.dispute.") && out.Payment == "" {
		out.Ref = idIn(object.PaymentIntent) // a dispute carries no metadata of ours
	}
	for i, s := range []string{out.ID, out.Type, out.Ref, out.Payment} {
		if (s == "" && i < 2) || len(s) > 255 || !address.Printable(s) {
			return provider.Event{}, provider.ErrBadEvent
		}
	}
	return out, nil
}

func idIn(raw json.RawMessage) string {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return id
	}
	var object struct{ ID string }
	_ = json.Unmarshal(raw, &object) // none is an answer as well
	return object.ID
}

// signed checks the signature with each secret, and its age by our clock.
func (c *Client) signed(header string, body []byte, now time.Time) bool {
	at := int64(0)
	for part := range strings.SplitSeq(header, ",") {
		if text, ok := strings.CutPrefix(part, "t="); ok {
			var err error
			if at, err = strconv.ParseInt(text, 10, 64); err != nil {
				return false
			}
		}
	}
	// In whole seconds, so that no time far away can overflow a duration.
	if off := now.Unix() - at; off > int64(tolerance/time.Second) || off < -int64(tolerance/time.Second) {
		return false
	}
	for _, secret := range c.config.WebhookSecrets {
		if webhook.ValidatePayloadIgnoringTolerance(body, header, secret) == nil {
			return true
		}
	}
	return false
}
