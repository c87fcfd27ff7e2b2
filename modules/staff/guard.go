package staff

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
)

// RequireStaff lets only signed-in staff through, by Bearer or cookie: 401 not-signed-in. With the cookie, whatever
// may change something also needs the session's csrf, as the header X-CSRF-Token or the form field csrf: 403 not-allowed.
// It sets request.StaffOf, and the identity "staff:<id>".
func (s *Service) RequireStaff() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			token, open, err := s.credential(c)
			if err == nil || errors.Is(err, ErrNotAllowed) {
				c.Set(csrfKey, open.csrf) // whoever refuses may ask whether it is meant, and says whom
				request.SetStaff(c, open.staff)
			}
			if err != nil {
				return err
			}
			if open.stale {
				// Not worth refusing a request for: the next one slides the limit as well.
				if err := s.store.markSeen(c.Request().Context(), tokenHash(token)); err != nil {
					s.log.Warn("session not marked as seen", "error", err)
				}
			}
			request.SetIdentity(c, "staff:"+strconv.FormatInt(open.staff.ID, 10))
			return next(c)
		}
	}
}

// credential is the open session that a request carries, checked against cross-site use.
func (s *Service) credential(c echo.Context) (token string, open session, err error) {
	token, byCookie := s.token(c)
	open, err = s.find(c.Request().Context(), token)
	if err == nil && byCookie {
		err = checkCSRF(c, open.csrf)
	}
	return token, open, err
}

// token is what a request carries; a Bearer wins, because no other site can make a browser send one.
func (s *Service) token(c echo.Context) (token string, byCookie bool) {
	if token := request.Bearer(c); token != "" {
		return token, false
	}
	return s.cookie.read(c), true
}

func checkCSRF(c echo.Context, want string) error {
	switch c.Request().Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	got := c.Request().Header.Get("X-CSRF-Token")
	if got == "" && request.IsForm(c) {
		if _, err := c.FormParams(); err != nil {
			return request.BodyError(err)
		}
		got = c.Request().PostFormValue("csrf") // of the body alone: addresses end up in logs
	}
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return ErrNotAllowed
	}
	return nil
}

// cookie knows how the token travels in a browser.
type cookie struct {
	name   string
	secure bool
}

func newCookie(https bool) cookie {
	if https {
		// The prefix makes browsers refuse a cookie that a neighbouring subdomain or plain http tries to plant.
		return cookie{name: "__Host-fs_staff", secure: true}
	}
	return cookie{name: "fs_staff"}
}

func (k cookie) read(c echo.Context) string {
	found, err := c.Cookie(k.name)
	if err != nil {
		return ""
	}
	return found.Value
}

func (k cookie) set(c echo.Context, token string, maxAge int) {
	c.SetCookie(&http.Cookie{Name: k.name, Value: token, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: k.secure, SameSite: http.SameSiteLaxMode})
}
