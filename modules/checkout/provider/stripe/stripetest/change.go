package stripetest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

func (f *Fake) id(prefix string) string {
	f.serial++
	return fmt.Sprintf("%s_test_%d", prefix, f.serial)
}

// change is what a POST does.
func (f *Fake) change(path string, form url.Values) (any, *problem) {
	switch {
	case path == "checkout/sessions":
		return f.open(form)
	case path == "refunds":
		return f.giveBack(form)
	case strings.HasSuffix(path, "/expire"):
		s := f.session(strings.TrimSuffix(strings.TrimPrefix(path, "checkout/sessions/"), "/expire"))
		if s == nil {
			return nil, missing
		}
		if s.Status != "open" {
			return nil, refuse("", `Only Checkout Sessions with a status in ["open"] can be expired`)
		}
		s.Status, s.URL = "expired", ""
		return s, nil
	}
	name, verb, _ := strings.Cut(strings.TrimPrefix(path, "payment_intents/"), "/")
	i := f.intent(name)
	switch {
	case i == nil:
		return nil, missing
	case i.Status != "requires_capture":
		return nil, refuse("payment_intent_unexpected_state", "This PaymentIntent could not be "+verb+"d: it has a status of "+i.Status)
	case verb == "capture":
		i.Status, i.Received, i.Capturable = "succeeded", i.Capturable, 0
	case verb == "cancel":
		i.Status, i.Capturable = "canceled", 0
		i.Charge.Refunded = i.Amount // that is how Stripe tells it
	default:
		return nil, missing
	}
	return i, nil
}

func (f *Fake) open(form url.Values) (any, *problem) {
	now := f.Clock.Now().Unix()
	expires, _ := strconv.ParseInt(form.Get("expires_at"), 10, 64)
	amount, _ := strconv.ParseInt(form.Get("line_items[0][price_data][unit_amount]"), 10, 64)
	switch {
	case expires < now+30*60 || expires > now+24*3600:
		return nil, refuse("", "expires_at must be between 30 minutes and 24 hours from now")
	case form.Get("mode") != "payment" || form.Get("success_url") == "" || amount <= 0:
		return nil, refuse("parameter_missing", "Missing required param")
	}
	s := &session{
		ID: f.id("cs"), Object: "checkout.session", Reference: form.Get("client_reference_id"), Status: "open", Created: now, ExpiresAt: expires,
		Currency: form.Get("line_items[0][price_data][currency]"), Total: amount, Metadata: metadata(form, "metadata"),
		manual: form.Get("payment_intent_data[capture_method]") == "manual",
	}
	s.URL = "https://checkout.stripe.test/" + s.ID
	f.sessions = append(f.sessions, s)
	return s, nil
}

func metadata(form url.Values, prefix string) map[string]string {
	m := map[string]string{}
	for name := range form {
		if key, ok := strings.CutPrefix(name, prefix+"["); ok {
			m[strings.TrimSuffix(key, "]")] = form.Get(name)
		}
	}
	return m
}

func (f *Fake) giveBack(form url.Values) (any, *problem) {
	i := f.intent(form.Get("payment_intent"))
	amount, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
	switch {
	case i == nil:
		return nil, missing
	case i.Status != "succeeded":
		return nil, refuse("payment_intent_unexpected_state", "This PaymentIntent does not have a successful charge to refund.")
	case i.Charge.Refunded+amount > i.Received:
		return nil, refuse("charge_already_refunded", "Refund amount is greater than unrefunded amount on charge")
	}
	r := &refund{ID: f.id("re"), Object: "refund", Amount: amount, Status: "succeeded", Metadata: metadata(form, "metadata"), Intent: i.ID}
	f.refunds = append(f.refunds, r)
	i.Charge.Refunded += amount
	return r, nil
}

// Pay does what a fan does on Stripe's page, for an amount that is extra more than asked for; false if the page is closed.
func (f *Fake) Pay(session string, extra int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.session(session)
	if s == nil || s.Status != "open" || f.Clock.Now().Unix() >= s.ExpiresAt {
		return false
	}
	s.Status, s.URL = "complete", ""
	s.Intent = &intent{ID: f.id("pi"), Object: "payment_intent", Amount: s.Total + extra, Currency: s.Currency, Created: f.Clock.Now().Unix(), Metadata: s.Metadata,
		Charge: &charge{ID: f.id("ch"), Object: "charge"}}
	if s.Intent.Status = "succeeded"; s.manual {
		s.Intent.Status, s.Intent.Capturable = "requires_capture", s.Intent.Amount
	} else {
		s.Intent.Received = s.Intent.Amount
	}
	return true
}

// FailRefunds lets the buyer's bank send back every refund of a session.
func (f *Fake) FailRefunds(session string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.session(session).Intent
	for _, r := range f.refunds {
		if r.Intent == i.ID && r.Status == "succeeded" {
			r.Status = "failed"
			i.Charge.Refunded -= r.Amount
		}
	}
}

// Dispute lets the payer's bank say where a dispute stands.
func (f *Fake) Dispute(session, status string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.session(session).Intent
	i.dispute, i.Charge.Disputed = status, true
}

// Webhook is the body of an event about a session, in the shape of an API version: an object of kind checkout.session,
// payment_intent, refund or dispute.
func (f *Fake) Webhook(session, kind, eventType, version string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.session(session)
	var object any = s
	switch kind {
	case "payment_intent":
		object = s.Intent
	case "refund":
		object = f.refunds[len(f.refunds)-1]
	case "dispute":
		object = map[string]any{"id": "du_1", "object": "dispute", "payment_intent": s.Intent.ID, "metadata": map[string]string{}}
	}
	body, _ := json.Marshal(map[string]any{"id": f.id("evt"), "object": "event", "type": eventType, "api_version": version, "data": map[string]any{"object": object}})
	return body
}

// Ref is the session that carries an id of ours, "" if there is none; Sessions is how many do.
func (f *Fake) Ref(payment string) (ref string, sessions int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sessions {
		if s.Reference == payment {
			ref, sessions = s.ID, sessions+1
		}
	}
	return ref, sessions
}
