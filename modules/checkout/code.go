package checkout

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/google/uuid"

	"fairseat/app/keyring"
)

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode takes the one text that encode makes of the bytes. Go's decoder passes over line breaks, which would make
// many texts of one code.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errBadCode
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// codeLetters lack everything that is misread or misheard: 0 O, 1 I L, U V. They are 30, so that 240 of 256 byte
// values can be used evenly.
const codeLetters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

const codeLength = 8

// newOrderCode is what a person reads out: 8 characters, 39 bits.
func newOrderCode() string {
	code := make([]byte, 0, codeLength)
	for len(code) < codeLength {
		var b [codeLength]byte
		_, _ = rand.Read(b[:]) // never fails, says its documentation
		for _, c := range b {
			if int(c) < 256-256%len(codeLetters) && len(code) < codeLength {
				code = append(code, codeLetters[int(c)%len(codeLetters)])
			}
		}
	}
	return string(code)
}

// normalCode reads a code as people write it: in small letters, with spaces or dashes.
func normalCode(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(s))
}

// newSecret is the capability of a ticket's page: 128 random bits.
func newSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return encode(b[:])
}

// orderToken is the credential of one order: "o1.<key>.<order>.<mac>". Whoever has it may see and pay that order.
func orderToken(keys *keyring.Ring, id uuid.UUID) string {
	k := keys.Current(keyring.Order)
	head := "o1." + k.ID + "." + id.String()
	return head + "." + encode(k.MAC([]byte(head)))
}

// opensOrder tells whether a token is the credential of this order. Constant time in what is secret.
func opensOrder(keys *keyring.Ring, token string, id uuid.UUID) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 4 || parts[0] != "o1" || parts[2] != id.String() {
		return false
	}
	k, ok := keys.Find(keyring.Order, parts[1])
	if !ok {
		return false
	}
	mac, err := decode(parts[3])
	return err == nil && hmac.Equal(mac, k.MAC([]byte("o1."+parts[1]+"."+parts[2])))
}

// TicketCode is what the QR picture of a ticket says. It names the ticket, and holds neither the capability of its
// page nor anything about the person.
type TicketCode struct {
	EventID int64
	Ticket  uuid.UUID
	Seat    int
}

const (
	codeVersion = 1
	// codeDomain keeps a ticket's signature from being one under anything else.
	codeDomain = "fairseat ticket code\n"
	longestKid = 16
)

var errBadCode = errors.New("not a code of ours")

// signTicketCode writes version, key id, event, ticket and seat, compact and signed with Ed25519, as base64url: some
// 120 characters. A door can verify it with the public key alone, without a network.
func signTicketCode(keys *keyring.Ring, c TicketCode) string {
	k := keys.Current(keyring.Ticket)
	b := append([]byte{codeVersion, byte(len(k.ID))}, k.ID...)
	b = binary.AppendUvarint(b, uint64(c.EventID))
	b = append(b, c.Ticket[:]...)
	b = binary.AppendUvarint(b, uint64(c.Seat))
	sig := ed25519.Sign(k.Ed25519(), append([]byte(codeDomain), b...))
	return encode(append(b, sig...))
}

// readTicketCode verifies a code under any of our keys.
func readTicketCode(keys *keyring.Ring, code string) (TicketCode, error) {
	if len(code) > 300 {
		return TicketCode{}, errBadCode
	}
	b, err := decode(code)
	if err != nil || len(b) < 2+ed25519.SignatureSize {
		return TicketCode{}, errBadCode
	}
	body, sig := b[:len(b)-ed25519.SignatureSize], b[len(b)-ed25519.SignatureSize:]
	kidLen := int(body[1])
	if body[0] != codeVersion || kidLen > longestKid || len(body) < 2+kidLen {
		return TicketCode{}, errBadCode
	}
	k, ok := keys.Find(keyring.Ticket, string(body[2:2+kidLen]))
	if !ok {
		return TicketCode{}, errBadCode
	}
	public, ok := k.Ed25519().Public().(ed25519.PublicKey)
	if !ok || !ed25519.Verify(public, append([]byte(codeDomain), body...), sig) {
		return TicketCode{}, errBadCode
	}
	return parseTicketCode(body[2+kidLen:])
}

// parseTicketCode reads what was signed; what we signed is always readable, but a key may have signed elsewhere.
func parseTicketCode(b []byte) (c TicketCode, err error) {
	event, n := binary.Uvarint(b)
	if n <= 0 || event > 1<<62 || len(b) < n+len(c.Ticket) {
		return c, errBadCode
	}
	copy(c.Ticket[:], b[n:])
	rest := b[n+len(c.Ticket):]
	seat, n := binary.Uvarint(rest)
	if n <= 0 || n != len(rest) || seat > 1<<31 {
		return c, errBadCode
	}
	c.EventID, c.Seat = int64(event), int(seat)
	return c, nil
}
