package app

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// longestKept is how much of a form, encoded, is carried over a sign-in. Encoded once more it may be thrice as long, and must
// fit into a body.
const longestKept = bodyLimit / 4

// sent is a form of somebody whose session was over. It waits on the page to sign in on, is shown afterwards, and happens
// only when it is sent once more: it came without a credential, so nobody knows yet whose wish it was.
type sent struct {
	To   string
	Form bool   // it is kept, be anything typed in it or a button alone; not what is too long, or a file
	Kept string // encoded
}

// keep takes down what a request wanted.
func keep(c echo.Context) *sent {
	s := &sent{To: ownPath(c.Request().URL.EscapedPath())}
	if n := c.Request().ContentLength; n < 0 || n > longestKept || !strings.HasPrefix(c.Request().Header.Get(echo.HeaderContentType), echo.MIMEApplicationForm) {
		return s
	}
	if _, err := c.FormParams(); err != nil {
		return s
	}
	form := maps.Clone(c.Request().PostForm) // what stood in the address nobody typed
	form.Del("csrf")
	form.Del("sure") // what asks before it acts asks anew
	if kept := form.Encode(); len(kept) <= longestKept {
		s.Form, s.Kept = true, kept
	}
	return s
}

// askAnew asks whether a form is meant whose page is of an earlier session, as after signing in again in another tab. Only where
// the browser says that the page is ours: there the csrf is a second lock, and what it guards still waits for a press. Signing
// out needs no other one.
func (a *App) askAnew(c echo.Context, refused error) error {
	if c.Request().URL.Path == signInPath+"/end" {
		return a.signOutForm(c)
	}
	s := keep(c)
	if !s.Form || c.Request().Header.Get("Sec-Fetch-Site") != "same-origin" {
		return refused
	}
	return a.staffPage(c, http.StatusForbidden, "sure", "", map[string]any{"Sure": a.sureToSend(c, s, "The page is older than your session. Send it now?")})
}

// sentBefore is what was kept, as the page to sign in on carries it; nil for nothing.
func sentBefore(c echo.Context) *sent {
	r := c.Request()
	if r.PostFormValue("to") == "" {
		return nil
	}
	return &sent{To: ownPath(r.PostFormValue("to")), Form: true, Kept: r.PostFormValue("kept")}
}

// sureToSend shows what was kept, as what it does and what was typed, and asks whether it is still meant.
func (a *App) sureToSend(c echo.Context, s *sent, title string) sure {
	form, _ := url.ParseQuery(s.Kept) // what cannot be read is left out, and what can is shown
	delete(form, "")
	ask := sure{Title: title, Lines: []string{"Nothing has been done yet. This is what you sent:"},
		Action: s.To, Back: "/admin", Button: "Send it now", Anew: true}
	said := maps.Clone(form)
	ask.Lines = append(ask.Lines, a.actWords(c, s.To, said))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			ask.Fields = append(ask.Fields, sureField{name, value})
		}
		if said := strings.Join(slices.DeleteFunc(slices.Clone(said[name]), func(v string) bool { return v == "" }), ", "); said != "" {
			ask.Lines = append(ask.Lines, fieldWords(name)+": "+clipped(said))
		}
	}
	return ask
}

// deskActs are what the desk's forms do, by their routes.
var deskActs = map[string]string{
	"/admin/audit":                              "Run the audit",
	"/admin/owed/refunds/:id/retry":             "Try refund :id again",
	"/admin/owed/orphans/:id/return":            "Send the money of payment :id back",
	"/admin/reconcile/open":                     "Open the sale before the ledgers are compared",
	"/admin/ledger/match":                       "Compare the processors' ledgers with our books",
	"/admin/plans":                              "Upload a seat plan",
	"/admin/plans/:id/event":                    "Publish an event with seat plan :id",
	"/admin/orders/:id/refund":                  "Return tickets of order :id",
	"/admin/orders/:id/resend":                  "Send the mail of order :id again",
	"/admin/orders/:id/paid":                    "Mark order :id as paid by bank transfer",
	"/admin/orders/:id/refunds/:refund/sent":    "Say that a refund of order :id was sent",
	"/admin/orders/:id/refunds/:refund/correct": "Correct what came for order :id by bank transfer",
	"/admin/orders/:id/unbar":                   "Let the tickets of order :id in all the same",
	"/admin/orders/:id/move":                    "Give a ticket of order :id another seat",
	"/admin/events/:event/refunds":              "Ask to refund all of :event",
	"/admin/events/:event/refunds/:id/:step":    "Go on with refund :id of :event: :step",
	"/admin/events/:event/taxes":                "Say what tax is inside the prices of :event",
	"/admin/events/:event/promotions":           "Make a code for :event",
	"/admin/events/:event/promotions/:id/end":   "Switch a code of :event off",
	"/admin/events/:event/open":                 "Open the sale of :event now",
	"/admin/events/:event/pause":                "Pause admissions to :event",
	"/admin/events/:event/resume":               "Resume admissions to :event",
	"/admin/events/:event/end":                  "End the sale of :event for good",
	"/admin/events/:event/beacon":               "Take a later round for the draw of :event",
	"/admin/events/:event/pace":                 "Set the pace of :event",
	"/admin/events/:event/message":              "Show a message to everyone who waits for :event",
	"/admin/events/:event/settings":             "Change the settings of :event",
	"/admin/events/:event/seats":                "Take seats of :event off sale",
	"/admin/events/:event/seats release":        "Put seats of :event back on sale",
	"/admin/events/:event/blocks/:id":           "Change what stands about seats of :event that are off sale",
	"/admin/events/:event/blocks/:id/release":   "Put seats of :event back on sale, all of one list",
	"/admin/events/:event/message taken back":   "Take the message to everyone who waits for :event back",
}

// actWords is what a form does, and to what: some last for ever, and not all ask again. In said stands what was typed; what
// means something only to programs gets a name there. What is not to be found is called as the address calls it.
func (a *App) actWords(c echo.Context, to string, said url.Values) string {
	path, _, _ := strings.Cut(to, "?")
	form := a.echo.NewContext(nil, nil)
	a.echo.Router().Find(http.MethodPost, path, form)
	route, event := form.Path(), form.Param("event")
	switch {
	case strings.HasSuffix(route, "/seats"):
		if said.Get("act") == "release" {
			route += " release"
		}
		said.Del("act")
	case strings.HasSuffix(route, "/message") && strings.TrimSpace(said.Get("message")) == "":
		route += " taken back"
	}
	act, known := deskActs[route]
	if !known {
		return "To the page " + to
	}
	if e, err := a.seating.Event(c.Request().Context(), event); err == nil {
		event = e.Name
		a.nameTicked(c, e.ID, said)
	}
	return strings.NewReplacer(":event", event, ":id", form.Param("id")).Replace(act)
}

// nameTicked writes the seats that were ticked, which a form says by number, as they are called.
func (a *App) nameTicked(c echo.Context, eventID int64, said url.Values) {
	var seats []int
	for _, text := range said["seat"] {
		n, err := strconv.Atoi(text)
		if err != nil {
			return
		}
		seats = append(seats, n)
	}
	slices.Sort(seats)
	if named, err := a.seating.NameSeats(c.Request().Context(), eventID, slices.Compact(seats)); err == nil && named != "" {
		said.Set("seat", named)
	}
}

// fieldWords is the name of a field for people.
func fieldWords(name string) string { return title(strings.ReplaceAll(name, "_", " ")) }
