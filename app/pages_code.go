package app

import (
	"errors"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/seating"
)

// codeForm is the field for a code that opens seats, on the list of them.
type codeForm struct {
	Asked        bool // the event has seats that a code opens
	Typed, Error string
	Opened       string // what is open to this place, by name
}

// openWithCode answers the button beside that field. Said is why nothing was opened; "" when something was.
func (a *App) openWithCode(c echo.Context, event *seating.Event) (said string, err error) {
	ctx, words := c.Request().Context(), a.pages.Words("checkout")
	place, _ := request.PlaceOf(c)
	typed := strings.TrimSpace(c.FormValue("code"))
	if typed == "" {
		return words.Say("code.missing")
	}
	if err := a.checkout.SpendPromo(ctx, place, c.RealIP(), typed); err != nil {
		return "", err
	}
	offer, err := a.checkout.TryPromo(ctx, place, typed)
	bad := fault.As(err)
	switch {
	case errors.Is(err, checkout.ErrHoldExpired), err == nil && len(offer.Unlocked) == 0, bad != nil && bad.Facts["reason"] == "not-for-these-seats":
		return words.Say("code.no-seats") // it lowers prices
	case bad != nil && bad.Facts["reason"] == "too-few-uses":
		return "", nil // of those it has opened
	case errors.Is(err, checkout.ErrBadPromo):
		return a.promoSaid(bad, event)
	}
	return "", err
}

// codeForm is the field as it stands on a page.
func (a *App) codeForm(c echo.Context, event *seating.Event, refused string) (f codeForm, codes map[string]string, err error) {
	if !event.Locks() {
		return f, nil, nil
	}
	place, _ := request.PlaceOf(c)
	if codes, err = a.seating.Unlocked(c.Request().Context(), event.ID, place.Key); err != nil {
		return f, nil, err
	}
	f = codeForm{Asked: true, Error: refused}
	if refused != "" {
		f.Typed = c.FormValue("code")
	}
	var names []string
	for _, category := range event.Categories {
		if _, open := codes[category.ID]; open && category.Locked {
			names = append(names, category.Name)
		}
	}
	f.Opened = strings.Join(names, ", ")
	return f, codes, nil
}
