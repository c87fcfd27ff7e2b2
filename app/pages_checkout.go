package app

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/seating"
)

// checkoutPages lead from being inside to the order. They work as plain forms.
func (a *App) checkoutPages(r request.Routes) {
	const place = "/events/:event/place"
	own := a.ownPlace()
	r.Root.GET(place+"/seats", a.seatListPage, own...)
	r.Root.POST(place+"/seats", a.seatListChange, own...)
	r.Root.GET(place+"/order", a.openOrder, own...)
	r.Root.GET(place+"/checkout", a.checkoutPage, own...)
	r.Root.POST(place+"/checkout", a.checkoutOrder, own...)
}

// openOrder tells the map's script of an order that waits to be paid: {url}, or 204 for none.
func (a *App) openOrder(c echo.Context) error {
	place, _ := request.PlaceOf(c)
	order, found, err := a.checkout.OpenOrder(c.Request().Context(), place.EventID, place.Key)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	if !found {
		return c.NoContent(http.StatusNoContent)
	}
	return c.JSON(http.StatusOK, map[string]string{"url": "/orders/" + order.String()})
}

// typed is what a fan wrote into the form, kept through every refusal.
type typed struct {
	Name, Email, Promo string
	Method             string // how to pay
	applied            string // the code that the form's prices were worked out with
	agreed             *int64 // the sum the form showed; nil where none came
	apply              bool   // the code's own button was pressed
}

func typedIn(c echo.Context) typed {
	form := typed{Name: c.FormValue("name"), Email: c.FormValue("email"), Promo: strings.TrimSpace(c.FormValue("promo")), Method: c.FormValue("method"),
		applied: c.FormValue("applied"), apply: c.FormValue("apply") != ""}
	if total, err := strconv.ParseInt(c.FormValue("total"), 10, 64); err == nil {
		form.agreed = &total
	}
	return form
}

// wrong names the fields that cannot be used by the key of what to say about each; Promo is said in full.
type wrong struct{ Name, Email, Promo string }

// checkoutPage shows the basket and asks who buys. A place with an order to pay is sent there.
func (a *App) checkoutPage(c echo.Context) error {
	place, _ := request.PlaceOf(c)
	order, found, err := a.checkout.OpenOrder(c.Request().Context(), place.EventID, place.Key)
	if err != nil {
		return err
	}
	if found {
		return c.Redirect(http.StatusSeeOther, "/orders/"+order.String())
	}
	code, err := a.checkout.CodeOf(c.Request().Context(), place)
	if err != nil && !errors.Is(err, seating.ErrNotAdmitted) {
		return err
	}
	return a.showCheckout(c, http.StatusOK, nil, typed{Promo: code})
}

// checkoutOrder makes the order, which is then paid; pressed twice it is the same order.
func (a *App) checkoutOrder(c echo.Context) error {
	if _, err := c.FormParams(); err != nil {
		return request.BodyError(err)
	}
	form := typedIn(c)
	place, _ := request.PlaceOf(c)
	if form.Promo == "" { // the seats it holds may need one all the same
		code, err := a.checkout.CodeOf(c.Request().Context(), place)
		if err != nil && !errors.Is(err, seating.ErrNotAdmitted) {
			return err
		}
		form.Promo = code
	}
	err := a.checkout.SpendPromo(c.Request().Context(), place, c.RealIP(), form.Promo)
	if err == nil && (form.apply || form.Promo != form.applied) {
		return a.showCheckout(c, http.StatusOK, nil, form) // nobody pays before they have seen what
	}
	var placed *checkout.Placed
	if err == nil {
		placed, err = a.placeOrder(c, form)
	}
	if err == nil {
		a.checkout.Remember(c, placed)
		return c.Redirect(http.StatusSeeOther, "/orders/"+placed.Order.ID+"?go=pay")
	}
	refusal, err := a.refusal(c.Request().Context(), request.EventOf(c).ID, err)
	if err != nil {
		return err
	}
	return a.showCheckout(c, refusal.status, refusal, form)
}

func (a *App) placeOrder(c echo.Context, form typed) (*checkout.Placed, error) {
	buyer, err := checkout.NewBuyer(form.Name, form.Email)
	if err != nil {
		return nil, err
	}
	buyer.Method = form.Method
	buyer.Promo, buyer.Agreed = form.Promo, form.agreed
	place, _ := request.PlaceOf(c)
	if err := a.checkout.Spend(c.Request().Context(), place); err != nil {
		return nil, err
	}
	return a.checkout.PlaceOrder(c.Request().Context(), place, buyer)
}

func (a *App) showCheckout(c echo.Context, status int, refusal *refusal, form typed) error {
	ctx := c.Request().Context()
	place, _ := request.PlaceOf(c)
	event, err := a.seating.EventByID(ctx, place.EventID)
	if err != nil {
		return err
	}
	basket, err := a.seating.Basket(ctx, event.ID, place.Key)
	switch {
	case errors.Is(err, seating.ErrNotAdmitted) && refusal == nil:
		return c.Redirect(http.StatusSeeOther, placePath(c))
	case err != nil && !errors.Is(err, seating.ErrNotAdmitted):
		return err
	}
	yours, err := a.basketView(basket)
	if err != nil {
		return err
	}
	bad := wrongFields(refusal, form)
	sums, err := a.sums(c, event, yours, form)
	if why := fault.As(err); why != nil && why.Code == checkout.ErrBadPromo.Code {
		if c.Request().Method == http.MethodPost { // else the code is the one given for the seats, and nothing was refused
			status = max(status, statusOf[why.Kind])
		}
		bad.Promo, err = a.promoSaid(why, event)
	}
	if err != nil {
		return err
	}
	if sums.Asked, err = a.checkout.HasPromotions(ctx, event.ID); err != nil {
		return err
	}
	word, err := a.checkoutSaid(refusal, basket.Total > 0)
	if err != nil {
		return err
	}
	refusal.header(c)
	return a.render(c, status, "checkout/page", map[string]any{
		"Accent": accentPath(event.Accent), "Event": event, "Basket": yours, "Sums": sums, "Form": form, "Wrong": bad, "Said": word, "Methods": a.seating.OfferedMethods(event),
		"TooLate": len(a.seating.OfferedMethods(event)) < len(a.seating.PaymentMethods(event)),
	})
}

// checkoutSaid is what stands above the form: why the last click did nothing, or that nobody can pay right now.
func (a *App) checkoutSaid(refusal *refusal, toPay bool) (*said, error) {
	if refusal != nil || !toPay || !a.checkout.Health("").Down {
		return refusal.said(), nil
	}
	text, err := a.pages.Words("checkout").Say("outage")
	return &said{"warn", text}, err
}

// wrongFields says by each field what is wrong with it.
func wrongFields(r *refusal, form typed) (w wrong) {
	if r == nil || !errors.Is(r.fault, checkout.ErrBadBuyer) {
		return w
	}
	fields, _ := r.fault.Facts["fields"].(map[string]string)
	say := func(field, value string) string {
		switch {
		case fields[field] == "":
			return ""
		case strings.TrimSpace(value) == "":
			return field + ".missing"
		}
		return field + ".wrong"
	}
	return wrong{Name: say("name", form.Name), Email: say("email", form.Email)}
}
