package app

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/modules/staff"
)

// signInPath is where staff sign in with a browser.
const signInPath = "/admin/session"

// signedIn is RequireStaff for people: who is not signed in is asked to, and comes back to the page they wanted.
func (a *App) signedIn() echo.MiddlewareFunc {
	require := a.staff.RequireStaff()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		inner := require(next)
		return func(c echo.Context) error {
			err := inner(c)
			if errors.Is(err, staff.ErrNotAllowed) {
				return a.askAnew(c, err)
			}
			if !errors.Is(err, staff.ErrNotSignedIn) {
				return err
			}
			switch {
			case c.Request().Method == http.MethodGet:
				return c.Redirect(http.StatusSeeOther, signInPath+"?next="+url.QueryEscape(c.Request().URL.RequestURI()))
			case c.Request().URL.Path == signInPath+"/end":
				return c.Redirect(http.StatusSeeOther, signInPath)
			}
			return a.signInPageWith(c, http.StatusUnauthorized, signInView{Sent: keep(c)})
		}
	}
}

// ownPath is where to go after signing in: a page of ours below /admin, whatever stood in the address. A browser walks "..",
// encoded or not, before it asks, so none is let through.
func ownPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.ContainsAny(next, "\\\r\n\t") ||
		path.Clean(u.Path) != u.Path || (u.Path != "/admin" && !strings.HasPrefix(u.Path, "/admin/")) || strings.HasPrefix(u.Path, signInPath) {
		return "/admin"
	}
	return u.RequestURI()
}

// signInView is the page to sign in on: where it leads, and what was sent by whom we did not know any more.
type signInView struct {
	Next, Email, Refused string
	Sent                 *sent
}

func (a *App) signInPage(c echo.Context) error {
	return a.signInPageWith(c, http.StatusOK, signInView{Next: ownPath(c.QueryParam("next"))})
}

func (a *App) signInPageWith(c echo.Context, status int, v signInView) error {
	return a.render(c, status, "admin/login", map[string]any{"Way": v})
}

// signInForm answers POST /admin/session: the cookie and the page that was wanted, or the form again with what was typed.
func (a *App) signInForm(c echo.Context) error {
	email, next, before := c.FormValue("email"), ownPath(c.FormValue("next")), sentBefore(c)
	opened, err := a.staff.SignInBrowser(c, email, c.FormValue("password"))
	if f := fault.As(err); f != nil && f.Kind != fault.Internal {
		if f.Kind == fault.TooMany || f.Kind == fault.Unavailable {
			c.Response().Header().Set("Retry-After", "5")
		}
		return a.signInPageWith(c, statusOf[f.Kind], signInView{Next: next, Email: email, Refused: f.Detail, Sent: before})
	}
	if err != nil {
		return err
	}
	if before != nil {
		return a.render(c, http.StatusOK, "admin/sure", map[string]any{"Who": email, "CSRF": opened.CSRF, "Tab": "", "Sure": a.sureToSend(c, before, "You are signed in again. Send it now?")})
	}
	return c.Redirect(http.StatusSeeOther, next)
}

func (a *App) signOutForm(c echo.Context) error {
	if err := a.staff.SignOutBrowser(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, signInPath)
}
