package app

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
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
	if before != nil && before.Kept != "" {
		return a.render(c, http.StatusOK, "admin/sure", map[string]any{"Who": email, "CSRF": opened.CSRF, "Tab": "", "Sure": before.sure("You are signed in again. Send it now?")})
	}
	return c.Redirect(http.StatusSeeOther, next)
}

func (a *App) signOutForm(c echo.Context) error {
	if err := a.staff.SignOutBrowser(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, signInPath)
}

// longestKept is how much of a form, encoded, is carried over a sign-in. Encoded once more it may be thrice as long, and must
// fit into a body.
const longestKept = bodyLimit / 4

// sent is a form of somebody whose session was over. It waits on the page to sign in on, is shown afterwards, and happens
// only when it is sent once more: it came without a credential, so nobody knows yet whose wish it was.
type sent struct {
	To   string
	Kept string // encoded; "" for what is too long, or a file
}

// keep takes down what a request wanted.
func keep(c echo.Context) *sent {
	s := &sent{To: ownPath(c.Request().URL.Path)}
	if n := c.Request().ContentLength; n < 0 || n > longestKept || !strings.HasPrefix(c.Request().Header.Get(echo.HeaderContentType), echo.MIMEApplicationForm) {
		return s
	}
	form, err := c.FormParams()
	if err != nil {
		return s
	}
	form.Del("csrf")
	form.Del("sure") // what asks before it acts asks anew
	if kept := form.Encode(); len(kept) <= longestKept {
		s.Kept = kept
	}
	return s
}

// askAnew asks whether a form is meant whose page is of an earlier session, as after signing in again in another tab. Only where
// the browser says that the page is ours: there the csrf is a second lock, and what it guards still waits for a press.
func (a *App) askAnew(c echo.Context, refused error) error {
	s := keep(c)
	if s.Kept == "" || c.Request().Header.Get("Sec-Fetch-Site") != "same-origin" {
		return refused
	}
	return a.staffPage(c, http.StatusForbidden, "sure", "", map[string]any{"Sure": s.sure("The page is older than your session. Send it now?")})
}

// sentBefore is what was kept, as the page to sign in on carries it; nil for nothing.
func sentBefore(c echo.Context) *sent {
	if c.FormValue("to") == "" {
		return nil
	}
	return &sent{To: ownPath(c.FormValue("to")), Kept: c.FormValue("kept")}
}

// sure shows what was kept and asks whether it is still meant.
func (s *sent) sure(title string) sure {
	ask := sure{Title: title, Lines: []string{"Nothing has been done yet. This is what you sent:"},
		Action: s.To, Back: "/admin", Button: "Send it now", Anew: true}
	form, _ := url.ParseQuery(s.Kept) // what cannot be read is left out, and what can is shown
	delete(form, "")
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			ask.Fields = append(ask.Fields, sureField{name, value})
		}
		if said := strings.Join(slices.DeleteFunc(slices.Clone(form[name]), func(v string) bool { return v == "" }), ", "); said != "" {
			ask.Lines = append(ask.Lines, fieldWords(name)+": "+clipped(said))
		}
	}
	return ask
}

// fieldWords is the name of a field for people.
func fieldWords(name string) string { return title(strings.ReplaceAll(name, "_", " ")) }
