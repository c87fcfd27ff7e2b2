package sandbox

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"fairseat/app/fault"
	"fairseat/app/money"
)

// A payment:
//
//	open ──fan pays────▶ authorized ──capture──▶ captured ──refund──▶ captured (refunded grows up to captured)
//	  ├───fan declines─▶ declined        │
//	  └───cancel───────▶ cancelled ◀─────┘ cancel
//
// While it is open the fan's bank may ask who is paying (3-D Secure): the payment stays open until that is answered.
// Declined and cancelled are final. Doing again what was done (capture of a captured, cancel of a cancelled, the same
// click) changes nothing and is no error; any other step is ErrWrongState. A capture takes all that was authorized.

// Status is a state of the drawing above.
type Status string

// Why a bank refuses. Merchants see it as declined_for.
const (
	doNotHonor        = "do-not-honor" // it does not say
	insufficientFunds = "insufficient-funds"
	expiredCard       = "expired-card"
	notAuthenticated  = "authentication-failed" // whoever paid could not, or would not, show that it is them
)

func declineReasons() []string {
	return []string{doNotHonor, insufficientFunds, expiredCard, notAuthenticated}
}

// Where a dispute about a captured payment stands: the fan's bank is asked to take the money back. While it is open, and
// after it is lost, the merchant cannot give back what the bank may, or did.
const (
	disputeOpen = "open"
	disputeWon  = "won"
	disputeLost = "lost"
)

// The states.
const (
	Open       Status = "open"
	Authorized Status = "authorized"
	Captured   Status = "captured"
	Declined   Status = "declined"
	Cancelled  Status = "cancelled"
)

// Payment is what the merchant sees of one. Amounts are minor units of Currency; Amount is what was asked for, the
// others are what happened. Payment and Order are the merchant's own ids.
type Payment struct {
	ID          string   `json:"id"`
	Payment     string   `json:"payment"`
	Order       string   `json:"order"`
	Status      Status   `json:"status"`
	Amount      int64    `json:"amount"`
	Currency    string   `json:"currency"`
	Authorized  int64    `json:"authorized"`
	Captured    int64    `json:"captured"`
	Refunded    int64    `json:"refunded"`
	URL         string   `json:"url"` // where the fan pays
	DeclinedFor string   `json:"declined_for,omitempty"`
	Dispute     string   `json:"dispute,omitempty"`
	Refunds     []Refund `json:"refunds"`
}

// Refund is money given back; Key is the Idempotency-Key it was asked for with.
type Refund struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Amount int64  `json:"amount"`
}

// Charge is one line of the ledger, as GET /sandbox/charges lists it.
type Charge struct {
	Payment  string `json:"payment"`
	Order    string `json:"order"`
	Status   Status `json:"status"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Captured int64  `json:"captured"`
	Refunded int64  `json:"refunded"`          // by the merchant; what a lost dispute took is not in it
	Dispute  string `json:"dispute,omitempty"` // open, won or lost
}

// createRequest is the body of POST /sandbox/v1/payments.
type createRequest struct {
	Payment     string `json:"payment"`
	Order       string `json:"order"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
	Description string `json:"description"`
	ReturnURL   string `json:"return_url"`
	WebhookURL  string `json:"webhook_url"`
}

// maxAmount keeps every sum of a ledger far from overflow.
const maxAmount = 1_000_000_000_000

func (r createRequest) check() error {
	wrong := fault.Fields{}
	for name, id := range map[string]string{"payment": r.Payment, "order": r.Order} {
		if id == "" || !plain(id, 200) {
			wrong[name] = "1 to 200 characters, none of them a control character"
		}
	}
	if !plain(r.Description, 1000) {
		wrong["description"] = "at most 1000 characters, none of them a control character"
	}
	if r.Amount < 1 || r.Amount > maxAmount {
		wrong["amount"] = "minor units, from 1"
	}
	if !money.Valid(r.Currency) {
		wrong["currency"] = "an ISO 4217 code in capitals"
	}
	for name, address := range map[string]string{"return_url": r.ReturnURL, "webhook_url": r.WebhookURL} {
		if !webAddress(address) {
			wrong[name] = "an absolute http or https address"
		}
	}
	return wrong.Err()
}

// plain tells whether a text is short, valid and free of control characters; Postgres refuses NUL in a text.
func plain(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}

// webAddress is narrow about the host, because its origin goes into a Content-Security-Policy.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > 2000 || !plain(s, 2000) || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		return false
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return true
	}
	return u.Hostname() != "" && !strings.ContainsFunc(u.Hostname(), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
}

// isPaymentID spares the database what cannot be an id.
func isPaymentID(id string) bool {
	rest, ok := strings.CutPrefix(id, "pay_")
	return ok && len(rest) == 26 && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
