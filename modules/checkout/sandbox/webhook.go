package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Event is the body of a webhook: what happened, and what the payment was then. It may come late, twice, out of order
// or never, so a merchant reads the payment back before it believes anything.
type Event struct {
	ID      string       `json:"id"`   // the same for each delivery of one event
	Type    string       `json:"type"` // "payment.authorized", .declined, .captured, .cancelled, .refunded
	Payment EventPayment `json:"payment"`
}

// EventPayment names the payment of an Event; Payment and Order are the merchant's ids.
type EventPayment struct {
	ID      string `json:"id"`
	Payment string `json:"payment"`
	Order   string `json:"order"`
	Status  Status `json:"status"`
}

// SignatureHeader carries "t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">".
const SignatureHeader = "Fairseat-Signature"

// Sign is the value of SignatureHeader for a body sent at a moment.
func Sign(key []byte, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// tell puts a webhook into the outbox, in the transaction of what it tells of. Whether it will be late, lost or sent
// twice is decided here, by the faults of this moment.
func (p *Processor) tell(tx *gorm.DB, row paymentRow, what string) error {
	f, err := readFaults(tx)
	if err != nil {
		return err
	}
	event := Event{ID: newID("evt_"), Type: what, Payment: EventPayment{ID: row.ID, Payment: row.Payment, Order: row.OrderID, Status: row.Status}}
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	status, copies := "due", 1
	switch f.Webhook {
	case lost:
		status = "lost"
	case twice:
		copies = 2
	}
	for n := range copies {
		if err := tx.Exec(`INSERT INTO sandbox.webhooks (event_id, copy, payment_id, url, body, status, due_at, created_at)
			VALUES (?, ?, ?, ?, ?, ?, coalesce(?::timestamptz, now()) + ?::float8 * interval '1 s', coalesce(?::timestamptz, now()))`,
			event.ID, n+1, row.ID, row.WebhookURL, string(body), status, p.now(), f.delay(p.deps.Rand).Seconds(), p.now()).Error; err != nil {
			return fmt.Errorf("put sandbox webhook out: %w", err)
		}
	}
	return nil
}
