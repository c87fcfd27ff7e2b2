package queue

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"

	"fairseat/app/keyring"
	"fairseat/app/limit"
	"fairseat/app/request"
)

// AccessCode is what a code for a presale or a lane says. It is signed, so nobody keeps a list of codes, and whoever
// has the key can print more at any time, far from the server.
type AccessCode struct {
	Lane   int // 0 to 255; 0 is the line itself
	Serial int // which of the lane's codes, from 1
}

// MostCodes is the largest serial number of a lane.
const MostCodes = 1<<22 - 1

// A code is 90 bits in 18 letters of Crockford's base32, which has no I, L, O and U to be mistaken: 8 of the lane, 22 of
// the serial number, 60 of the MAC of both and the event's name.
const (
	accessContext = "fairseat access code v1\n"
	crockford     = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	accessLetters = 18
)

// String is the code under a key, as it is printed: "04G0M4-7ZK2QX-9TB3WE".
func (a AccessCode) sign(key keyring.Key, slug string) string {
	head := uint32(a.Lane)<<22 | uint32(a.Serial)
	mac := key.MAC([]byte(accessContext), []byte(slug+"\n"), binary.BigEndian.AppendUint32(nil, head))
	tail := binary.BigEndian.Uint64(mac) >> 4 // 60 bits
	letters := make([]byte, accessLetters)
	for i := range 6 {
		letters[i] = crockford[head>>(25-5*i)&31]
	}
	for i := range 12 {
		letters[6+i] = crockford[tail>>(55-5*i)&31]
	}
	return string(letters[:6]) + "-" + string(letters[6:12]) + "-" + string(letters[12:])
}

// AccessCodes prints codes of one lane of an event, by serial numbers from first on.
func AccessCodes(ring *keyring.Ring, slug string, lane, first, count int) ([]string, error) {
	if lane < 0 || lane > 255 || first < 1 || count < 1 || first+count-1 > MostCodes {
		return nil, fmt.Errorf("a lane is 0 to 255, and its codes are numbered 1 to %d", MostCodes)
	}
	codes := make([]string, count)
	for i := range codes {
		codes[i] = AccessCode{lane, first + i}.sign(ring.Current(keyring.Access), slug)
	}
	return codes, nil
}

// ReadAccessCode reads a code as people type it: in any case, with or without dashes and spaces, O for 0, I or L for 1.
func ReadAccessCode(ring *keyring.Ring, slug, typed string) (AccessCode, bool) {
	if len(typed) > 100 {
		return AccessCode{}, false
	}
	letters := strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '_' || r == '.':
			return -1
		case r == 'O':
			return '0'
		case r == 'I' || r == 'L':
			return '1'
		}
		return r
	}, typed)
	if len(letters) != accessLetters {
		return AccessCode{}, false
	}
	head := uint32(0)
	for i := range 6 {
		n := strings.IndexByte(crockford, letters[i])
		if n < 0 {
			return AccessCode{}, false
		}
		head = head<<5 | uint32(n)
	}
	a := AccessCode{Lane: int(head >> 22), Serial: int(head & MostCodes)}
	right := false
	for _, key := range ring.All(keyring.Access) {
		want := strings.ReplaceAll(a.sign(key, slug), "-", "")
		right = hmac.Equal([]byte(want), []byte(letters)) || right
	}
	return a, right && a.Serial > 0
}

// byAccessCode examines somebody by their code. A right one passes whatever others of the same network tried.
func (s *Service) byAccessCode(ctx context.Context, event request.Event, a Application, ip string) (applicant, error) {
	if strings.TrimSpace(a.AccessCode) == "" {
		return applicant{}, ErrAccessCodeRequired
	}
	code, ok := ReadAccessCode(s.keys, event.Slug, a.AccessCode)
	if !ok {
		err := s.take(ctx, budget{"access-tries:" + limit.Network(ip), partOf(s.perIP, 20), time.Minute, ErrTooMany.With("reason", "address")})
		if err != nil {
			return applicant{}, err
		}
		return applicant{}, ErrBadCode.Say("This is not a code for this event. Look at it again: it is " + fmt.Sprint(accessLetters) + " letters and digits.")
	}
	who := applicant{person: binary.BigEndian.AppendUint32([]byte{'c'}, uint32(code.Lane)<<22|uint32(code.Serial)), lane: code.Lane}
	if a.Email != "" {
		if err := checkEmail(a.Email); err != nil {
			return applicant{}, err
		}
		who.email = a.Email
	}
	return who, nil
}
