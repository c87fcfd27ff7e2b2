package checkout

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fairseat/app/address"
	"fairseat/app/keyring"
)

const longestName = 200

// Buyer is who buys, as they wrote it, and on what terms.
type Buyer struct {
	Name   string
	Email  string
	Promo  string // a code that lowers prices, as it was typed; "" for none
	Method string // the provider they pay by; "" for the event's first
	Agreed *int64 // the sum they saw; an order over another is refused with ErrPriceChanged. nil: whatever it is
}

// NewBuyer checks and tidies what a stranger typed; ErrBadBuyer names each field that cannot be used. Control
// characters are refused before anything is trimmed: a line break in an address is an attack on the mail, not a slip.
func NewBuyer(name, email string) (Buyer, error) {
	fields := map[string]string{}
	b := Buyer{Name: norm.NFC.String(strings.TrimSpace(name)), Email: address.Tidy(email)}
	switch n := utf8.RuneCountInString(b.Name); {
	case n == 0:
		fields["name"] = "is missing"
	case n > longestName:
		fields["name"] = "is longer than 200 characters"
	case !printable(name):
		fields["name"] = "holds characters that cannot be printed"
	}
	switch {
	case b.Email == "":
		fields["email"] = "is missing"
	case !address.Valid(email):
		fields["email"] = "is not a mail address"
	case len(b.Email) > address.Longest:
		fields["email"] = "is longer than 254 characters"
	}
	if len(fields) > 0 {
		return Buyer{}, ErrBadBuyer.With("fields", fields)
	}
	return b, nil
}

func printable(s string) bool { return address.Printable(s) }

// normalEmail is the address as the limit per buyer sees it.
func normalEmail(email string) string { return address.Normal(email) }

// buyerKey is what counts towards the limit instead of the address, so that neither the claims nor the log hold it.
func buyerKey(keys *keyring.Ring, email string) []byte { return address.Key(keys, email) }
