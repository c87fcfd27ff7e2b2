package app

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/staff"
)

// signInPath is where staff sign in with a browser.
const signInPath = "/admin/session"

// deskPages are what staff work with. Every change is a form that works without script and carries the field csrf.
func (a *App) deskPages(r request.Routes) {
	r.Root.GET(signInPath, a.signInPage)
	r.Root.POST(signInPath, a.signInForm)
	signed := a.signedIn()
	g := guard(a.echo, "/admin", signed)
	g.POST("/session/end", a.signOutForm)
	g.GET("", a.deskEvents)
	a.planPages(g)
	a.settingsPages(g, guard(a.echo, "/admin/events/:event", signed, a.seating.ResolveEvent()))
	a.livePages(guard(a.echo, "/admin/events/:event", signed, a.seating.ResolveEvent()))
	a.handPages(guard(a.echo, "/admin/events/:event", signed, a.seating.ResolveEvent()))
	a.deskOrderPages(g)
	a.bookPages(g)
}

// signedIn is RequireStaff for people: who is not signed in is asked to, and comes back to the page they wanted.
func (a *App) signedIn() echo.MiddlewareFunc {
	require := a.staff.RequireStaff()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		inner := require(next)
		return func(c echo.Context) error {
			err := inner(c)
			if !errors.Is(err, staff.ErrNotSignedIn) {
				return err
			}
			to := signInPath
			if c.Request().Method == http.MethodGet {
				to += "?next=" + url.QueryEscape(c.Request().URL.RequestURI())
			}
			return c.Redirect(http.StatusSeeOther, to)
		}
	}
}

// ownPath is where to go after signing in: a page of ours below /admin, whatever stood in the address.
func ownPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.ContainsAny(next, "\\\r\n\t") ||
		(u.Path != "/admin" && !strings.HasPrefix(u.Path, "/admin/")) || strings.HasPrefix(u.Path, signInPath) {
		return "/admin"
	}
	return u.RequestURI()
}

func (a *App) signInPage(c echo.Context) error {
	return a.render(c, http.StatusOK, "admin/login", map[string]any{"Next": ownPath(c.QueryParam("next")), "Email": "", "Refused": ""})
}

// signInForm answers POST /admin/session: the cookie and the page that was wanted, or the form again with what was typed.
func (a *App) signInForm(c echo.Context) error {
	email, next := c.FormValue("email"), ownPath(c.FormValue("next"))
	_, err := a.staff.SignInBrowser(c, email, c.FormValue("password"))
	if f := fault.As(err); f != nil && f.Kind != fault.Internal {
		if f.Kind == fault.TooMany || f.Kind == fault.Unavailable {
			c.Response().Header().Set("Retry-After", "5")
		}
		return a.render(c, statusOf[f.Kind], "admin/login", map[string]any{"Next": next, "Email": email, "Refused": f.Detail})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, next)
}

func (a *App) signOutForm(c echo.Context) error {
	if err := a.staff.SignOutBrowser(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, signInPath)
}

// staffPage answers with a page for the one who is signed in; tab is the part of the desk it belongs to.
func (a *App) staffPage(c echo.Context, status int, name, tab string, data map[string]any) error {
	who, _ := request.StaffOf(c)
	data["Who"], data["CSRF"], data["Tab"] = who.Email, staff.CSRF(c), tab
	if _, set := data["Done"]; !set {
		data["Done"] = doneWords[c.QueryParam("done")]
	}
	return a.render(c, status, "admin/"+name, data)
}

// doneWords say that what was asked has happened, on the page that one lands on.
var doneWords = map[string]string{
	"created":          "The event is published. Its page is open to everyone.",
	"saved":            "Saved.",
	"open":             "The sale is open.",
	"pause":            "Paused. Nobody new is let in; everyone keeps their place.",
	"resume":           "Admissions go on.",
	"beacon":           "The draw takes a later round.",
	"end":              "The sale has ended. Orders that are being paid for may finish.",
	"pace":             "The new pace counts from now on.",
	"message":          "Everyone who waits sees it within seconds.",
	"quiet":            "The message is gone.",
	"blocked":          "Off sale. Fans see it at once; the seats stand in the list below.",
	"unblocked":        "Back on sale.",
	"unblocked-before": "Nothing was changed: these seats were put back on sale before, or never were taken off.",
	"refund":           "Returned. The tickets are void, the seats are on sale again, and the money is on its way.",
	"resend":           "The mail is on its way again; its fate stands in the outbox.",
}

// done leads back to a page after a change, so that reloading it repeats nothing.
func done(c echo.Context, path, what string) error {
	return c.Redirect(http.StatusSeeOther, path+"?done="+what)
}

// sure is a page that says what will happen and asks once; the same form comes back with sure=1.
type sure struct {
	Title  string
	Lines  []string // what will happen, to how many
	Action string
	Button string
	Back   string
	Danger bool
	Fields []sureField // what was typed, carried along
}

type sureField struct{ Name, Value string }

// confirmed tells whether the form has been asked about already; if not it is asked, and err is the page's.
func (a *App) confirmed(c echo.Context, tab string, ask func() (sure, error)) (bool, error) {
	if c.FormValue("sure") == "1" {
		return true, nil
	}
	s, err := ask()
	if err != nil {
		return false, err
	}
	return false, a.staffPage(c, http.StatusOK, "sure", tab, map[string]any{"Sure": s})
}
