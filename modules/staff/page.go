package staff

import (
	"errors"
	"time"

	"github.com/labstack/echo/v4"
)

// csrfKey is where RequireStaff leaves the session's csrf for the pages that put it into their forms.
const csrfKey = "fairseat.csrf"

// CSRF is what every form of a signed-in page carries in its field csrf; "" for a Bearer, which needs none.
func CSRF(c echo.Context) string { csrf, _ := c.Get(csrfKey).(string); return csrf }

// SignInBrowser signs in as SignIn does, and gives the browser the session's cookie.
func (s *Service) SignInBrowser(c echo.Context, email, password string) (Session, error) {
	if len(password) > longestPassword {
		return Session{}, ErrBadLogin
	}
	opened, err := s.SignIn(c.Request().Context(), email, password, c.RealIP(), s.cookie.read(c))
	if err != nil {
		return Session{}, err
	}
	s.cookie.set(c, opened.Token, int(absoluteLimit/time.Second))
	return opened, nil
}

// SignOutBrowser ends the session a request carries and takes its cookie back; whoever is not signed in gets what they
// asked for as well.
func (s *Service) SignOutBrowser(c echo.Context) error {
	token, open, err := s.credential(c)
	if errors.Is(err, ErrNotAllowed) && c.Request().Header.Get("Sec-Fetch-Site") == "same-origin" {
		err = nil // a page of ours that is older than the session; to be left signed in would be worse
	}
	if err == nil {
		err = s.end(c.Request().Context(), token, open, c.RealIP())
	}
	if err != nil && !errors.Is(err, ErrNotSignedIn) {
		return err
	}
	if s.cookie.read(c) != "" {
		s.cookie.set(c, "", -1)
	}
	return nil
}
