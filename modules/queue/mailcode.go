package queue

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/address"
	"fairseat/app/fault"
	"fairseat/app/keyring"
	"fairseat/app/request"
)

// A code by mail is worked out and never stored: the MAC of event, address and the ten minutes it is made in. It is good
// in those ten minutes and the ten after, so a lost Redis or a second replica changes nothing. Tries are counted.
const (
	codeContext = "fairseat mail code v1\n"
	codeWindow  = 10 * time.Minute
	codeDigits  = 6
	passContext = "fairseat mail pass v1\n"
	passVersion = 1
	maxPass     = 600
)

// mailCode is the code of one window, under one key.
func mailCode(key keyring.Key, eventID int64, email string, window int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(eventID))
	b = binary.BigEndian.AppendUint64(b, uint64(window))
	mac := key.MAC([]byte(codeContext), b, []byte(address.Normal(email)))
	return fmt.Sprintf("%0*d", codeDigits, binary.BigEndian.Uint64(mac)%1_000_000)
}

func windowOf(t time.Time) int64 { return t.Unix() / int64(codeWindow/time.Second) }

// rightCode tells whether a code is that of this window or the last, under any key that is still known.
func (s *Service) rightCode(eventID int64, email, code string) bool {
	now, right := windowOf(s.clock.Now()), false
	for _, key := range s.keys.All(keyring.Place) {
		for _, window := range []int64{now, now - 1} {
			right = hmac.Equal([]byte(mailCode(key, eventID, email, window)), []byte(code)) || right
		}
	}
	return right
}

// signPass signs that an address was verified for an event: who confirms it before the waiting room opens joins with it
// later, without another mail. The mail with the digits has one too, as a link: unlike those it takes no tries, so no
// stranger can use them up, and therefore it does not expire before the sale does. base64url of version, length of the key
// id, key id, event id, address, MAC.
func (s *Service) signPass(eventID int64, email string) string {
	key := s.keys.Current(keyring.Place)
	b := append([]byte{passVersion, byte(len(key.ID))}, key.ID...)
	b = binary.AppendUvarint(b, uint64(eventID))
	b = append(b, address.Tidy(email)...)
	return base64.RawURLEncoding.EncodeToString(append(b, key.MAC([]byte(passContext), b)...))
}

// readPass gives the address of a pass for this event; false for whatever is none.
func (s *Service) readPass(eventID int64, pass string) (email string, ok bool) {
	if len(pass) > maxPass || strings.ContainsAny(pass, "\r\n") {
		return "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(pass)
	if err != nil || len(b) < 2+macSize || b[0] != passVersion {
		return "", false
	}
	body, mac := b[:len(b)-macSize], b[len(b)-macSize:]
	end := 2 + int(body[1])
	if end >= len(body) {
		return "", false
	}
	key, known := s.keys.Find(keyring.Place, string(body[2:end]))
	if !known || !hmac.Equal(mac, key.MAC([]byte(passContext), body)) {
		return "", false
	}
	id, n := binary.Uvarint(body[end:])
	if n <= 0 || int64(id) != eventID {
		return "", false
	}
	return string(body[end+n:]), true
}

// passLink joins by a click; the pass stands in its fragment, which no server sees.
func (s *Service) passLink(event request.Event, email string) string {
	return s.public + "/events/" + event.Slug + "#m=" + s.signPass(event.ID, email)
}

func (s *Service) passCookie(slug string) string {
	return strings.Replace(s.cookieName(slug), "fs_place_", "fs_mail_", 1)
}

// passOf is the address whose pass a request carries as a cookie.
func (s *Service) passOf(c echo.Context, event request.Event) (email string, ok bool) {
	if c.Request().Header[echo.HeaderCookie] == nil {
		return "", false
	}
	cookie, err := c.Cookie(s.passCookie(event.Slug))
	if err != nil {
		return "", false
	}
	return s.readPass(event.ID, cookie.Value)
}

// byMail examines somebody by their address: a pass, or a right code, or a code is mailed now.
func (s *Service) byMail(c echo.Context, event request.Event, a Application) (applicant, error) {
	ctx := c.Request().Context()
	if len(a.Code) > codeDigits+4 { // a pass, however digits are typed apart
		email, ok := s.readPass(event.ID, a.Code)
		if !ok {
			return applicant{}, ErrBadCode
		}
		return s.mailed(email), nil
	}
	if email, ok := s.passOf(c, event); ok && a.Code == "" && (a.Email == "" || address.Normal(a.Email) == address.Normal(email)) {
		return s.mailed(email), nil
	}
	if a.Email == "" {
		return applicant{}, ErrEmailRequired
	}
	if err := checkEmail(a.Email); err != nil {
		return applicant{}, err
	}
	// Whoever asks after the end is told so and mailed nothing; without Redis there are no budgets, so nothing either.
	state, err := s.script(ctx, "look", event.ID, "")
	if err != nil {
		return applicant{}, err
	}
	if ended(state) {
		return applicant{}, ErrEnded
	}
	if a.Code == "" {
		return applicant{}, s.sendCode(ctx, event, a.Email, c.RealIP())
	}
	if err := s.spendTry(ctx, event.ID, a.Email, c.RealIP()); err != nil {
		return applicant{}, err
	}
	if !s.rightCode(event.ID, a.Email, digitsOf(a.Code)) {
		return applicant{}, ErrBadCode
	}
	return s.mailed(a.Email), nil
}

func (s *Service) mailed(email string) applicant {
	who := applicant{email: address.Tidy(email)}
	for _, key := range address.Keys(s.keys, email) {
		who.before = append(who.before, append([]byte{'m'}, key...))
	}
	who.person, who.before = who.before[0], who.before[1:]
	return who
}

// sendCode mails the code; what it answers is ErrCodeRequired, or why none was mailed.
func (s *Service) sendCode(ctx context.Context, event request.Event, email, ip string) error {
	if err := s.spendMail(ctx, event.ID, mailOfCode, email, ip); err != nil {
		return err
	}
	code := mailCode(s.keys.Current(keyring.Place), event.ID, email, windowOf(s.clock.Now()))
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	err := s.postgres.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return s.mails.JoinCode(ctx, tx, event.ID, address.Tidy(email), code, s.passLink(event, email))
	})
	if err != nil {
		return away(fmt.Errorf("mail code: %w", err))
	}
	return ErrCodeRequired.With("email", address.Hint(email)).With("expires_in", int(codeWindow.Seconds()))
}

// early adds the pass to a refusal that only came too early: the address is verified, and need not be again.
func (s *Service) early(c echo.Context, event request.Event, who applicant, refusal error) error {
	f := fault.As(refusal)
	if !errors.Is(refusal, ErrNotYet) || who.email == "" || who.person == nil {
		return refusal
	}
	pass := s.signPass(event.ID, who.email)
	c.SetCookie(&http.Cookie{
		Name: s.passCookie(event.Slug), Value: pass, Path: "/", MaxAge: int(cookieLife.Seconds()),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
	return f.Say("Your address is confirmed. The waiting room is not open yet; join when it is, no other code is needed. Being early does not help.").With("pass", pass)
}

// digitsOf leaves out what people type between digits.
func digitsOf(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, code)
}

// checkEmail refuses what no mail can be sent to.
func checkEmail(email string) error {
	fields := fault.Fields{}
	switch {
	case !address.Valid(email):
		fields["email"] = "is not a mail address"
	case len(address.Tidy(email)) > address.Longest:
		fields["email"] = "is longer than 254 characters"
	}
	return fields.Err()
}
