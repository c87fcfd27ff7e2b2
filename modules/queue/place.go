package queue

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/keyring"
	"fairseat/app/request"
)

// Cohort tells those who take part in the draw, in a lane or without one, from those who queue behind it.
type Cohort byte

// The cohorts; their numbers stand in the token. Lanes follow laneCohort.
const (
	InDraw     Cohort = 0
	InTail     Cohort = 1
	laneCohort Cohort = 16
)

// InLane is the cohort of those who take part in the draw in a lane, by its number from 1.
func InLane(lane int) Cohort { return laneCohort + Cohort(lane) }

// Lane is the number of the cohort's lane, from 1; 0 for none.
func (c Cohort) Lane() int { return max(0, int(c)-int(laneCohort)) }

func (c Cohort) known() bool {
	return c <= InTail || (c.Lane() >= 1 && c.Lane() <= maxLanes)
}

// String is the cohort's name in JSON, which names a lane apart.
func (c Cohort) String() string {
	if c == InTail {
		return "tail"
	}
	return "draw"
}

// counter is the name of the cohort's counter in Redis, and of its burnt ranges: "draw", "tail", "draw1" for the first lane.
func (c Cohort) counter() string {
	if lane := c.Lane(); lane > 0 {
		return "draw" + strconv.Itoa(lane)
	}
	return c.String()
}

// cohortOf reads what counter wrote.
func cohortOf(counter string) Cohort {
	if counter == InTail.counter() {
		return InTail
	}
	if lane, err := strconv.Atoi(strings.TrimPrefix(counter, "draw")); err == nil {
		return InLane(lane)
	}
	return InDraw
}

// Place is what a place token says: one index in one event's line, and when it was given out.
type Place struct {
	EventID  int64
	Cohort   Cohort
	Index    int64
	JoinedAt time.Time // to the millisecond
}

// Key names the place in its event, for Redis and orders: "d12" in the draw, "l1.12" in its first lane, "t7" in the tail.
func (p Place) Key() string {
	index := strconv.FormatInt(p.Index, 10)
	if lane := p.Cohort.Lane(); lane > 0 {
		return "l" + strconv.Itoa(lane) + "." + index
	}
	return p.Cohort.String()[:1] + index
}

const (
	tokenVersion = 1
	// tokenContext keeps a MAC of ours from meaning anything elsewhere.
	tokenContext = "fairseat place v1\n"
	macSize      = 32
	maxToken     = 200
	// cookieLife outlasts any sale; the place itself has no end but its event's.
	cookieLife = 180 * 24 * time.Hour
)

// A token is base64url of: version (1 byte), length of the key id, key id, cohort (1 byte), then event id, index and
// joined_at in ms as uvarints, then HMAC-SHA256 of all that. About 70 characters; it verifies without a look-up.

// Sign makes the token of a place under the current key.
func (p Place) Sign(ring *keyring.Ring) string {
	key := ring.Current(keyring.Place)
	b := make([]byte, 0, 64+macSize)
	b = append(b, tokenVersion, byte(len(key.ID)))
	b = append(b, key.ID...)
	b = append(b, byte(p.Cohort))
	b = binary.AppendUvarint(b, uint64(p.EventID))
	b = binary.AppendUvarint(b, uint64(p.Index))
	b = binary.AppendUvarint(b, uint64(p.JoinedAt.UnixMilli()))
	b = append(b, key.MAC([]byte(tokenContext), b)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Verify reads a token of any key that is still known; whatever is wrong with it is ErrBadPlace.
func Verify(ring *keyring.Ring, token string) (Place, error) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // the decoder would skip line breaks
		return Place{}, ErrBadPlace
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < 2+macSize || b[0] != tokenVersion {
		return Place{}, ErrBadPlace
	}
	body, mac := b[:len(b)-macSize], b[len(b)-macSize:]
	end := 2 + int(body[1])
	if end >= len(body) {
		return Place{}, ErrBadPlace
	}
	key, ok := ring.Find(keyring.Place, string(body[2:end]))
	if !ok || !hmac.Equal(mac, key.MAC([]byte(tokenContext), body)) {
		return Place{}, ErrBadPlace
	}
	p, rest := Place{Cohort: Cohort(body[end])}, body[end+1:]
	var fields [3]int64
	for i := range fields {
		v, n := binary.Uvarint(rest)
		if n <= 0 || int64(v) < 0 {
			return Place{}, ErrBadPlace
		}
		fields[i], rest = int64(v), rest[n:]
	}
	if len(rest) > 0 || !p.Cohort.known() {
		return Place{}, ErrBadPlace
	}
	p.EventID, p.Index, p.JoinedAt = fields[0], fields[1], time.UnixMilli(fields[2]).UTC()
	return p, nil
}

// presented is the place a request brings for its event, with the token as it came. A Bearer wins over the cookie;
// fromCookie tells which one was judged, also when it was refused.
func (s *Service) presented(c echo.Context) (p Place, token string, fromCookie bool, err error) {
	event := request.EventOf(c)
	if token = request.Bearer(c); token == "" {
		if c.Request().Header[echo.HeaderCookie] == nil { // most who join
			return Place{}, "", false, ErrNoPlace
		}
		cookie, err := c.Cookie(s.cookieName(event.Slug))
		if err != nil || cookie.Value == "" {
			return Place{}, "", false, ErrNoPlace
		}
		token, fromCookie = cookie.Value, true
	}
	p, err = Verify(s.keys, token)
	if err == nil && p.EventID != event.ID {
		err = ErrBadPlace
	}
	return p, token, fromCookie, err
}

// Place is the place a request carries for the event of its path: ErrNoPlace without one, ErrBadPlace for one that is
// forged, cut or another event's.
func (s *Service) Place(c echo.Context) (request.Place, error) {
	p, _, _, err := s.presented(c)
	if err != nil {
		return request.Place{}, err
	}
	return request.Place{EventID: p.EventID, Key: p.Key()}, nil
}

// Token is the place token a request carries, valid or not; "" without one. It is for the page that hands a cookie over
// to its own script.
func (s *Service) Token(c echo.Context) string {
	_, token, _, _ := s.presented(c)
	return token
}

// RequirePlace lets only requests with a valid place through, names it in the context, and slides the place's
// admission if there is one. That Redis is away keeps nobody out here: what needs it will say so itself.
func (s *Service) RequirePlace() echo.MiddlewareFunc {
	know := s.KnowPlace()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return know(func(c echo.Context) error {
			p, _ := request.PlaceOf(c)
			if err := s.Touch(c.Request().Context(), p.EventID, []string{p.Key}); err != nil {
				s.log.Debug("admission not slid", "event_id", p.EventID, "error", err)
			}
			return next(c)
		})
	}
}

// KnowPlace is RequirePlace for a route that slides the admission itself, or does what makes it last longer.
func (s *Service) KnowPlace() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p, err := s.Place(c)
			if err != nil {
				return err
			}
			request.SetPlace(c, p)
			request.SetIdentity(c, "place:"+strconv.FormatInt(p.EventID, 10)+"/"+p.Key)
			return next(c)
		}
	}
}

// PlaceOfToken is the place in one event's line that a request carries whose path does not name the event; false for
// none. Any of its place cookies may be the one.
func (s *Service) PlaceOfToken(c echo.Context, eventID int64) (key string, ok bool) {
	tokens := []string{request.Bearer(c)}
	for _, cookie := range c.Cookies() {
		if strings.HasPrefix(cookie.Name, s.cookieName("")) {
			tokens = append(tokens, cookie.Value)
		}
	}
	for _, token := range tokens {
		if p, err := Verify(s.keys, token); err == nil && p.EventID == eventID {
			return p.Key(), true
		}
	}
	return "", false
}

// cookieName binds the cookie to this host where browsers can be told to: the __Host- prefix demands Secure.
func (s *Service) cookieName(slug string) string {
	if s.secure {
		return "__Host-fs_place_" + slug
	}
	return "fs_place_" + slug
}

// setCookie writes what http.SetCookie would: slug and token hold nothing that needs a look.
func (s *Service) setCookie(c echo.Context, slug, token string) {
	cookie := s.cookieName(slug) + "=" + token + cookieRest
	if s.secure {
		cookie += "; Secure"
	}
	header := c.Response().Header()
	header[echo.HeaderSetCookie] = append(header[echo.HeaderSetCookie], cookie)
}

var cookieRest = "; Path=/; Max-Age=" + strconv.Itoa(int(cookieLife.Seconds())) + "; HttpOnly; SameSite=Lax"

// parseKey reads what Place.Key wrote, and nothing else.
func parseKey(key string) (Cohort, int64, error) {
	cohort, digits := InDraw, strings.TrimPrefix(key, "d")
	switch {
	case strings.HasPrefix(key, "t"):
		cohort, digits = InTail, key[1:]
	case strings.HasPrefix(key, "l") && len(key) > 2:
		cohort, digits = InLane(int(key[1]-'0')), key[3:]
	}
	index, err := strconv.ParseInt(digits, 10, 64)
	if p := (Place{Cohort: cohort, Index: index}); err != nil || index < 0 || !cohort.known() || p.Key() != key {
		return 0, 0, errors.New("queue: not a place key: " + strconv.Quote(key))
	}
	return cohort, index, nil
}
