package app

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating"
)

// atOnce is how many seats a page offers to pick at once, whatever the event allows.
const atOnce = 12

// seatListPage shows the seats in words, to whoever is inside; the others belong to the waiting room.
func (a *App) seatListPage(c echo.Context) error { return a.showSeats(c, http.StatusOK, nil, "") }

// seatListChange takes a click on that page: hold what is ticked, the best there is, or give back.
func (a *App) seatListChange(c echo.Context) error {
	event, err := a.seating.EventByID(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return request.BodyError(err)
	}
	badCode := ""
	if form.Has("code") {
		badCode, err = a.openWithCode(c, event)
	} else {
		err = a.changeBasket(c, form)
	}
	switch {
	case badCode != "":
		return a.showSeats(c, http.StatusUnprocessableEntity, nil, badCode)
	case err == nil:
		return c.Redirect(http.StatusSeeOther, seatListPath(c))
	case errors.Is(err, seating.ErrNotAdmitted):
		return c.Redirect(http.StatusSeeOther, placePath(c))
	}
	refusal, err := a.refusal(c.Request().Context(), request.EventOf(c).ID, err)
	if err != nil {
		return err
	}
	return a.showSeats(c, refusal.status, refusal, "")
}

func placePath(c echo.Context) string { return "/events/" + request.EventOf(c).Slug + "/place" }

// seatListPath is the page with the part of the house that was open, at what the fan holds: pressing the button changed that.
func seatListPath(c echo.Context) string {
	path := placePath(c) + "/seats"
	query := url.Values{}
	if part := partOf(c); part >= 0 {
		query.Set("part", strconv.Itoa(part))
	}
	if price := c.FormValue("price"); price != "" {
		query.Set("price", price)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path + "#yours"
}

// partOf is the part of the house that a request asks for; -1 for none.
func partOf(c echo.Context) int {
	part, err := strconv.Atoi(c.FormValue("part"))
	if err != nil || part < 0 {
		return -1
	}
	return part
}

var errNothingTicked = fault.New(fault.Invalid, "bad-field", "Tick the seats you want first.")

// changeBasket does what the pressed button says.
func (a *App) changeBasket(c echo.Context, form url.Values) error {
	ctx := c.Request().Context()
	place, _ := request.PlaceOf(c)
	seats := form["seat"]
	back := form.Has("back")
	if back {
		seats = form["back"]
	}
	numbers := make([]int, 0, len(seats))
	for _, text := range seats {
		n, err := strconv.Atoi(text)
		if err != nil {
			return seating.ErrNoSuchSeat
		}
		numbers = append(numbers, n)
	}
	if back {
		return a.seating.Release(ctx, place.EventID, place.Key, numbers...)
	}
	some := form.Has("quantity") // of an area, or the best
	if !some && len(numbers) == 0 {
		return errNothingTicked
	}
	if err := a.seating.Spend(ctx, place.EventID, place.Key); err != nil {
		return err
	}
	if !some {
		_, err := a.seating.Choose(ctx, place.EventID, place.Key, seating.Choice{Seats: numbers, Offer: true})
		return err
	}
	quantity, err := strconv.Atoi(form.Get("quantity"))
	if err != nil || quantity < 1 || quantity > 100 {
		return errNothingTicked
	}
	if form.Has("area") {
		_, err = a.seating.HoldArea(ctx, place.EventID, place.Key, seating.AreaPlaces{Area: form.Get("area"), Quantity: quantity})
		return err
	}
	_, err = a.seating.HoldBest(ctx, place.EventID, place.Key, seating.Best{
		Quantity: quantity, Category: form.Get("category"), Accessible: form.Has("accessible")})
	return err
}

// basketView is a basket as pages show it.
type basketView struct {
	seating.Basket
	Left  int            // whole minutes until it expires, at least one
	Said  map[int]string // its seats by name
	Names string         // all of them
	At    string         // when it expires, for scripts
}

func (a *App) basketView(b seating.Basket) (basketView, error) {
	say := &speaker{words: a.pages.Words("checkout")}
	return basketView{Basket: b, Left: a.minutesUntil(b.ExpiresAt), Said: say.each(b.Seats), Names: upper(say.names(b.Seats...)), At: clock.Format(b.ExpiresAt)}, say.err
}

func (a *App) minutesUntil(t time.Time) int {
	return max(1, int((t.Sub(a.clock.Now())+59*time.Second)/time.Minute))
}

func (a *App) showSeats(c echo.Context, status int, refusal *refusal, badCode string) error {
	ctx := c.Request().Context()
	place, _ := request.PlaceOf(c)
	event, err := a.seating.EventByID(ctx, place.EventID)
	if err != nil {
		return err
	}
	basket, err := a.seating.Basket(ctx, event.ID, place.Key)
	if errors.Is(err, seating.ErrNotAdmitted) {
		return c.Redirect(http.StatusSeeOther, placePath(c))
	}
	if err != nil {
		return err
	}
	price := c.FormValue("price")
	if !slices.ContainsFunc(event.Categories, func(one seating.Category) bool { return one.ID == price && one.Price != nil }) {
		price = "" // of another event, or made up
	}
	list, part, err := a.listed(c, event.ID, price)
	if err != nil {
		return err
	}
	code, codes, err := a.codeForm(c, event, badCode)
	if err != nil {
		return err
	}
	shut := map[string]bool{}
	for _, one := range event.Categories {
		if _, open := codes[one.ID]; one.Locked && !open {
			shut[one.ID] = true
		}
	}
	counts, err := a.seating.Counts(ctx, event.ID)
	if err != nil {
		return err
	}
	taken, err := a.seating.TakenBy(ctx, event.ID, place.Key)
	if err != nil {
		return err
	}
	order, found, err := a.checkout.OpenOrder(ctx, event.ID, place.Key)
	if err != nil {
		return err
	}
	yours, err := a.basketView(basket)
	if err != nil {
		return err
	}
	parts, rows, err := a.seatRows(list)
	if err != nil {
		return err
	}
	mine := map[int]bool{}
	for _, seat := range basket.Seats {
		mine[seat.N] = true
	}
	data := map[string]any{
		"Accent": accentPath(event.Accent), "Event": event, "Basket": yours, "Parts": parts, "Areas": list.Areas, "Accessible": list.Accessible, "Rows": rows,
		"Max": event.MaxPerBuyer, "Part": part, "Price": price, "Prices": onSale(event), "Mine": mine, "Offers": offers(event, counts.FreeByCategory, shut), "Code": code, "Shut": shut, "Said": refusal.said(), "Order": "",
		"Choices": upTo(min(atOnce, event.MaxPerBuyer-taken-len(basket.Seats))),
	}
	if found {
		data["Order"] = order.String()
	}
	refusal.header(c)
	return a.render(c, status, "checkout/seats", data)
}

// listed is the house with the part that was asked for, of one price if one was; a small house is all there is.
func (a *App) listed(c echo.Context, eventID int64, price string) (list seating.Listed, part int, err error) {
	part = partOf(c)
	if list, err = a.seating.List(c.Request().Context(), eventID, part, price); err != nil {
		return list, part, err
	}
	if len(list.Parts) == 1 && part != 0 {
		list, err = a.seating.List(c.Request().Context(), eventID, 0, price)
		return list, 0, err
	}
	if part >= len(list.Parts) {
		part = -1
	}
	return list, part, nil
}

// offer is a category with seats left.
type offer struct {
	ID, Name string
	Price    int64
	Free     int
}

// onSale are the prices one may choose between, cheapest first; none where there is only one.
func onSale(e *seating.Event) []offer {
	var all []offer
	for _, c := range e.Categories {
		if c.Price != nil && c.Seats > 0 {
			all = append(all, offer{ID: c.ID, Name: c.Name, Price: *c.Price})
		}
	}
	if len(all) < 2 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b offer) int { return cmp.Compare(a.Price, b.Price) })
	return all
}

// offers are the categories that are on sale, not gone and not shut, cheapest first.
func offers(e *seating.Event, free map[string]int, shut map[string]bool) []offer {
	var all []offer
	for _, c := range e.Categories {
		if c.Price != nil && free[c.ID] > 0 && !shut[c.ID] {
			all = append(all, offer{c.ID, c.Name, *c.Price, free[c.ID]})
		}
	}
	slices.SortStableFunc(all, func(a, b offer) int { return cmp.Compare(a.Price, b.Price) })
	return all
}

func upTo(n int) []int {
	var all []int
	for i := 1; i <= n; i++ {
		all = append(all, i)
	}
	return all
}
