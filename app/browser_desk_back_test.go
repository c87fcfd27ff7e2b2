package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// back goes to the page before, as the browser's own button does.
func (b *browser) back() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.NavigateBack()); err != nil {
		b.fail("back: %v", err)
	}
}

// Going back to what a form was answered with shows the page of the form, not the browser's own error.
func TestGoingBackToTheAnswerOfAForm(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", house(t, staff, 1, 4), object{"Stalls": 4500}, -time.Second, object{"queue": nil})
	s := &stage{process: p, t: t, ctx: t.Context(), staff: staff}
	_, order := s.orders("gala", "Bo", 1, "paid", "paid")
	b := newBrowser(t, p.base)
	b.staffs(staff)
	b.open("/admin/orders/" + order.ID)
	b.excuse("status of 422")
	b.click("button", "Return…") // without saying why
	b.sees("Choose the tickets to return.")
	b.click("link", "Outbox")
	b.sees("The newest 200")
	b.back()
	b.sees("Order "+order.Code, "Return tickets")
	b.open("/admin/events/gala/refunds")
	b.fill("Why", "storm")
	b.click("button", "Refund the event…")
	b.sees("Refund everybody who bought")
	b.click("link", "Outbox")
	b.sees("The newest 200")
	b.back()
	b.sees("Return everything")
}
