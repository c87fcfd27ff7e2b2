package app

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
	"fairseat/modules/staff"
)

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
	a.taxPages(guard(a.echo, "/admin/events/:event", signed, a.seating.ResolveEvent()))
	a.promotionPages(guard(a.echo, "/admin/events/:event", signed, a.seating.ResolveEvent()))
	a.eventRefundPages(guard(a.echo, "/admin/events/:event", signed, a.seating.ResolveEvent()))
	a.deskOrderPages(g)
	a.bookPages(g)
}

// staffPage answers with a page for the one who is signed in; tab is the part of the desk it belongs to.
func (a *App) staffPage(c echo.Context, status int, name, tab string, data map[string]any) error {
	who, _ := request.StaffOf(c)
	data["Who"], data["CSRF"], data["Tab"], data["Transfers"] = who.Email, staff.CSRF(c), tab, a.config.Payments.Transfer.IBAN != ""
	if _, set := data["Done"]; !set && c.Request().Method == http.MethodGet { // a form may be sent to the address that one landed on
		data["Done"] = doneWords[c.QueryParam("done")]
	}
	return a.render(c, status, "admin/"+name, data)
}

// doneWords say that what was asked has happened, on the page that one lands on.
var doneWords = map[string]string{
	"created":               "The event is published. Its page is open to everyone.",
	"saved":                 "Saved.",
	"open":                  "The sale is open.",
	"pause":                 "Paused. Nobody new is let in; everyone keeps their place.",
	"resume":                "Admissions go on.",
	"beacon":                "The draw takes a later round.",
	"end":                   "The sale has ended. Orders that are being paid for may finish.",
	"pace":                  "The new pace counts from now on.",
	"message":               "Everyone who waits sees it within seconds.",
	"quiet":                 "The message is gone.",
	"blocked":               "Off sale. Fans see it at once; the seats stand in the list below.",
	"unblocked":             "Back on sale.",
	"unblocked-before":      "Nothing was changed: these seats were put back on sale before, or never were taken off.",
	"refund":                "Returned. The tickets are void, the seats are on sale again, and the buyer is told. How far the money is stands below.",
	"move":                  "Changed. The old ticket is void, and the new one is on its way by mail.",
	"promoted":              "The codes are good. They stand in the CSV of their promotion below.",
	"promo-ended":           "Switched off. Orders made with it stay as they are.",
	"reopened":              "The sale is open.",
	"match":                 "The processors' ledgers are being compared with our books; what came of it stands below.",
	"marked-paid":           "Written down. What became of it stands below.",
	"corrected-paid":        "Corrected. What became of it stands below.",
	"marked-sent":           "Written down; the buyer gets a mail.",
	"no-amount":             "Nothing is written down: that was no amount. Write it like 42.50.",
	"retry":                 "The processor was asked again; what is still here it refuses, or has not answered.",
	"unbar":                 "The tickets of this order let people in again. The dispute goes on at the bank.",
	"resend":                "The mail is on its way again; its fate stands in the outbox.",
	"event-refund-asked":    "Asked for. Nothing happens until another owner has agreed.",
	"event-refund-running":  "The refund is under way.",
	"event-refund-agree":    "You agreed. The refund is under way.",
	"event-refund-refuse":   "Refused. Nothing was returned.",
	"event-refund-withdraw": "Withdrawn. Nothing was returned.",
	"event-refund-pause":    "Paused. No further order is returned.",
	"event-refund-resume":   "The refund goes on.",
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
	Anew   bool        // it is not an answer yet: whatever asks before it acts will ask
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
