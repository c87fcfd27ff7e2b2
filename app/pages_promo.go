package app

import (
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating"
)

// checkoutSums are what a basket costs its buyer, with the code in the form or without.
type checkoutSums struct {
	Prices map[int]int64 // by seat
	Total  int64
	Saved  int64  // by the code
	Code   string // as it is printed; "" for none
	Asked  bool   // there are codes at this event
}

// sums works a basket out at the prices of the code in the form. A code that cannot be used leaves the prices as they are,
// and comes back as the error.
func (a *App) sums(c echo.Context, event *seating.Event, basket basketView, form typed) (checkoutSums, error) {
	s := checkoutSums{Prices: map[int]int64{}, Total: basket.Total}
	for _, seat := range basket.Seats {
		s.Prices[seat.N] = seat.Price
	}
	if form.Promo == "" || len(basket.Seats) == 0 {
		return s, nil
	}
	place, _ := request.PlaceOf(c)
	offer, err := a.checkout.TryPromo(c.Request().Context(), place, form.Promo)
	if err != nil {
		return s, err
	}
	for _, seat := range offer.Seats {
		s.Prices[seat.N] = seat.Price
	}
	s.Total, s.Saved, s.Code = offer.Total, offer.Saved(), offer.Code
	return s, nil
}

// promoSaid says why a code was refused.
func (a *App) promoSaid(f *fault.Error, event *seating.Event) (string, error) {
	words := a.pages.Words("checkout")
	from, _ := f.Facts["from"].(clock.Time)
	when, err := words.When("layout.full", time.Time(from), event.Timezone)
	if err != nil {
		return "", err
	}
	reason, _ := f.Facts["reason"].(string)
	return words.Say("promo."+reason, "from", when, "left", f.Facts["left"])
}
