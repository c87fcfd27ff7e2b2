// Package address says what a mail address is, and when two are the same person's.
package address

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fairseat/app/keyring"
)

// Longest is what fits through a mail server, in bytes (RFC 5321).
const Longest = 254

// Tidy is an address as it is kept and written to: NFC, nothing around it.
func Tidy(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }

// Valid takes a bare RFC 5322 addr-spec as somebody typed it: no display name, no brackets, no comment, no quoted local
// part, since what needs quoting is what attacks are made of. Control characters are refused before anything is trimmed:
// a line break in an address is an attack on the mail, not a slip. A domain without a dot is a slip too: no mail reaches
// "asa@nowhere". The length is not looked at.
func Valid(typed string) bool {
	if !Printable(typed) {
		return false
	}
	s := Tidy(typed)
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && !strings.ContainsAny(s, "<>()[]\",;:\\ ") &&
		strings.Contains(s[strings.LastIndexByte(s, '@'):], ".")
}

// Printable tells whether a text can be shown: UTF-8 without control characters.
func Printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, utf8.RuneError) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Normal is the address as it is compared: whoever writes it in capitals is the same person.
func Normal(s string) string { return strings.ToLower(Tidy(s)) }

// Key is what counts towards limits instead of the address, so that nothing that is kept holds it. It is that of the
// mailbox: one limit for all the spellings that end up in it.
func Key(keys *keyring.Ring, s string) []byte {
	return keys.Current(keyring.Buyer).MAC([]byte(mailbox(s)))
}

// Keys are what Key gave or gives, the newest first: under every key that is still known, and of the spelling itself,
// which is what counted before mailboxes did. For finding who was here before.
func Keys(keys *keyring.Ring, s string) [][]byte {
	var all [][]byte
	spellings := slices.Compact([]string{mailbox(s), Normal(s)})
	for _, spelling := range spellings {
		for _, key := range keys.All(keyring.Buyer) {
			all = append(all, key.MAC([]byte(spelling)))
		}
	}
	return all
}

// Hint is enough of an address to recognise one's own by: "a…@example.org".
func Hint(s string) string {
	s = Tidy(s)
	at := strings.LastIndexByte(s, '@')
	if at <= 0 {
		return "…"
	}
	_, first := utf8.DecodeRuneInString(s)
	return s[:first] + "…" + s[at:]
}
