package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// logLines is how many lines of the log stand on a page.
const logLines = 100

// bookPages are what an organiser looks things up in: mails, the audit and what is owed, who did what.
func (a *App) bookPages(g guarded) {
	g.GET("/outbox", a.outboxPage)
	g.GET("/audit", a.auditPage)
	g.POST("/audit", a.auditForm)
	g.GET("/owed", a.owedPage)
	g.POST("/owed/refunds/:id/retry", a.retryForm)
	g.POST("/owed/orphans/:id/return", a.returnForm)
	g.GET("/transfers", a.transfersPage)
	g.POST("/orders/:id/paid", a.paidForm)
	g.POST("/orders/:id/refunds/:refund/sent", a.sentForm)
	g.POST("/orders/:id/refunds/:refund/correct", a.correctForm)
	g.POST("/ledger/match", a.matchForm)
	g.POST("/reconcile/open", a.openAnywayForm)
	g.GET("/log", a.logPage)
}

// mailLine is a mail, for people.
type mailLine struct {
	To, Subject, Status, Said, Order, Error string
	At                                      time.Time
}

func (a *App) outboxPage(c echo.Context) error {
	q := typedQuery(c)
	mails, err := a.notification.Outbox(c.Request().Context(), q)
	if err != nil {
		return err
	}
	said := map[string]string{"queued": "On its way", "sent": "Sent", "failed": "Not delivered"}
	lines, counts := make([]mailLine, len(mails)), map[string]int{}
	for i, m := range mails {
		lines[i] = mailLine{m.To, m.Subject, m.Status, said[m.Status], m.Order, m.Error, time.Time(m.At)}
		counts[m.Status]++
	}
	return a.staffPage(c, http.StatusOK, "outbox", "outbox", map[string]any{"Q": q, "Mails": lines, "Queued": counts["queued"], "Failed": counts["failed"]})
}

// logLine is a line of the log, for people.
type logLine struct {
	At                                   time.Time
	Who, Said, Subject, Link, Detail, IP string
}

// actionWords are what staff do.
var actionWords = map[string]string{
	"session.open": "Signed in", "session.end": "Signed out", "account.add": "Account made", "account.password": "Password changed",
	"plan.import": "Plan uploaded", "event.create": "Event made", "event.change": "Settings changed", "seats.block": "Seats blocked",
	"seats.unblock": "Seats put back on sale", "seats.block-change": "Block of seats changed", "queue.open": "Sale opened", "queue.pause": "Paused", "queue.resume": "Resumed",
	"queue.end": "Sale ended", "queue.message": "Message set", "order.refund": "Tickets returned", "order.move": "Seat changed", "order.resend": "Mail sent again",
	"orders.export": "Orders exported", "event.taxes": "Tax changed", "promotion.make": "Codes made", "promotion.end": "Code switched off", "promotion.export": "Codes exported", "refund.retry": "Refund tried again",
	"order.mark-paid": "Marked as paid by bank transfer", "order.correct-paid": "Corrected what came by bank transfer", "refund.mark-sent": "Refund marked as sent",
	"orphan.return": "Money of nobody sent back", "ledger.match": "Ledgers matched", "reconcile.open": "Opened before the ledgers were compared",
	"event.refund": "Refund of the event asked for", "event.refund.agree": "Refund of the event agreed to", "event.refund.refuse": "Refund of the event refused",
	"event.refund.withdraw": "Refund of the event withdrawn", "event.refund.pause": "Refund of the event paused", "event.refund.resume": "Refund of the event resumed",
}

func (a *App) logPage(c echo.Context) error {
	before, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil || before < 1 {
		before = 0
	}
	entries, err := a.staff.Entries(c.Request().Context(), before, logLines)
	if err != nil {
		return err
	}
	lines := make([]logLine, len(entries))
	for i, e := range entries {
		l := logLine{At: e.At, Who: e.Email, Said: actionWords[e.Action], Subject: e.Subject, Detail: detailSaid(e.Detail), IP: e.IP}
		if l.Said == "" {
			l.Said = title(e.Action)
		}
		if l.Who == "" {
			l.Who = "The system"
		}
		kind, name, found := strings.Cut(e.Subject, ":")
		if !found && strings.HasPrefix(e.Action, "queue.") {
			kind, name = "event", e.Subject // the line notes the slug alone
		}
		switch kind {
		case "event", "order", "plan":
			l.Subject, l.Link = name, "/admin/"+kind+"s/"+name
		}
		if kind == "order" {
			l.Subject = "order"
		}
		if kind == "plan" {
			l.Subject = "plan " + name
		}
		lines[i] = l
	}
	next := int64(0)
	if len(entries) == logLines {
		next = entries[len(entries)-1].ID
	}
	return a.staffPage(c, http.StatusOK, "log", "log", map[string]any{"Lines": lines, "Next": next, "Later": before > 0})
}

// detailSaid is a detail of the log in one line: "reason: rain · amount: 4250".
func detailSaid(raw json.RawMessage) string {
	var detail map[string]any
	if json.Unmarshal(raw, &detail) != nil {
		return ""
	}
	var parts []string
	for name, value := range detail {
		text := fmt.Sprint(value)
		switch v := value.(type) {
		case nil:
			text = "none"
		case string:
			text = v
		case float64:
			text = strconv.FormatFloat(v, 'f', -1, 64)
		case []any:
			text = strconv.Itoa(len(v)) // ids say nothing to a reader
		case map[string]any:
			inner, _ := json.Marshal(v) // it just came from JSON
			text = string(inner)
		}
		if name == "amount" {
			text += " minor units" // the log knows no currency
		}
		if text != "" {
			parts = append(parts, strings.ReplaceAll(name, "_", " ")+": "+clipped(text))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " · ")
}

func clipped(text string) string {
	if r := []rune(text); len(r) > 120 {
		return string(r[:119]) + "…"
	}
	return text
}
