package notification

import (
	"errors"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/net/idna"
)

// A mail's life; failed is final, and Resend makes a new one:
//
//	queued ── the server took it ──> sent
//	queued ── it never will, or its time is over (five days; a code 20 min, a turn an hour), or there is nothing to say any more ──> failed
//	queued ── the server is away or busy ──> queued, tried again after a while
const (
	statusQueued = "queued"
	statusSent   = "sent"
	statusFailed = "failed"
	statusNone   = "none" // no mail yet; only StatusOf says it
)

// mail is one row of the outbox.
type mail struct {
	ID        uuid.UUID
	OrderID   uuid.UUID // of a mail about an event: none
	EventID   *int64    // of a mail about an order: nil
	Kind      string
	Recipient string
	Subject   string
	Data      mailData
	Status    string
	Attempts  int
	LastError string
	CreatedAt time.Time
	Expired   bool // it is too old to go on trying
}

// mailData is what a mail says besides its order.
type mailData struct {
	URL    string   `json:"url,omitempty"`
	Amount string   `json:"amount,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Code   string   `json:"code,omitempty"`
	From   string   `json:"from,omitempty"`  // the seat as it was
	To     string   `json:"to,omitempty"`    // and as it is
	Lines  []string `json:"lines,omitempty"` // of an alarm
	// Of a refund: whether a person sends it, and the seats whose tickets are void with it; names are asked for when it is sent.
	ByHand bool     `json:"by_hand,omitempty"`
	Seats  []int    `json:"seats,omitempty"`
	Void   []string `json:"-"`
	// Of an offer: the seats that went, those held instead, and until when.
	Gone    []string   `json:"gone,omitempty"`
	Offered []string   `json:"offered,omitempty"`
	Until   *time.Time `json:"until,omitempty"`
	// Transfer is where the money of an order goes.
	Transfer *Transfer `json:"transfer,omitempty"`
}

// hasTickets tells whether the mail brings the order's tickets along.
func (m mail) hasTickets() bool { return m.Kind == kindTickets || m.Kind == kindChanged }

// newMail is queued, or failed at once when the address is none.
func newMail(id uuid.UUID, kind string, orderID uuid.UUID, email string, data mailData) mail {
	m := mail{ID: id, OrderID: orderID, Kind: kind, Recipient: line(email), Data: data, Status: statusQueued}
	if email == "" {
		return m // the order's own, asked for when it is sent
	}
	if _, err := parseAddress(email); err != nil {
		m.Status, m.LastError = statusFailed, errAddress.Error()
	}
	return m
}

// errAddress says so where a fan may read it.
var errAddress = errors.New("no mail can be sent to this address")

// parseAddress takes a bare address as people have them and gives it as SMTP wants it, an international domain in its
// ASCII form. Control characters, display names and quoted local parts are refused: nothing of an address may reach a
// header or an SMTP command but the address.
func parseAddress(s string) (string, error) {
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`"<>()[],;:\`, r)
	}) {
		return "", errAddress
	}
	parsed, err := netmail.ParseAddress(s)
	if err != nil || parsed.Name != "" || parsed.Address != s {
		return "", errAddress
	}
	at := strings.LastIndexByte(s, '@')
	domain, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.VerifyDNSLength(true)).ToASCII(s[at+1:])
	if err != nil || at > 64 {
		return "", errAddress
	}
	return s[:at+1] + domain, nil
}

// line makes text fit for one line of a mail: whatever could begin a new line, end a string or turn the reading
// direction becomes a space.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// clip cuts text to at most n letters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
