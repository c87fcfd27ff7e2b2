package seating

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating/internal/live"
)

var (
	errNotFound  = fault.New(fault.NotFound, "not-found", "There is nothing at this address.")
	errNoUpgrade = fault.New(fault.Bad, "bad-request", "This address speaks WebSocket only.")
)

// maxSeats is how many seats one request may name.
const maxSeats = 100

// handler answers HTTP for the module.
type handler struct{ seating *Service }

// Routes hangs the module's routes on their groups.
func (s *Service) Routes(r request.Routes) {
	h := &handler{s}
	r.API.GET("/events", h.listEvents)
	r.Event.GET("", h.getEvent)
	r.Event.GET("/plan", h.getPlan)
	r.Event.GET("/plan/:file", h.getPlanFile)
	r.Event.GET("/seats", h.getSeats)
	r.Event.GET("/live", h.live)
	r.Place.GET("/holds", h.getHolds)
	r.Still.POST("/holds", h.placeHold)
	r.Place.DELETE("/holds", h.releaseAll)
	r.Place.DELETE("/holds/:n", h.release)
	// Outside the signed-in group: whoever is refused is accepted first, here too.
	r.API.GET("/admin/events/:event/live", h.liveDesk, s.ResolveEvent())
	r.Admin.GET("/plans", h.listPlans)
	r.Admin.POST("/plans", h.importPlan, r.Idempotent)
	r.Admin.GET("/plans/:id/pretix.json", h.exportPlan)
	r.Admin.GET("/events", h.listAllEvents)
	r.Admin.POST("/events", h.createEvent, r.Idempotent)
	r.AdminEvent.GET("", h.getWholeEvent)
	r.AdminEvent.PATCH("", h.patchEvent)
	r.AdminEvent.GET("/blocks", h.listBlocks)
	r.AdminEvent.POST("/blocks", h.block, r.Idempotent)
	r.AdminEvent.PATCH("/blocks/:id", h.changeBlock)
	r.AdminEvent.DELETE("/blocks/:id", h.unblock)
	r.AdminEvent.POST("/blocks/:id/release", h.unblockSome)
	r.AdminEvent.GET("/seats/:n", h.whoHas)
}

// ResolveEvent is the middleware that finds the event a path names, or answers 404 no-such-event.
func (s *Service) ResolveEvent() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			e, err := s.Event(c.Request().Context(), c.Param("event"))
			if err != nil {
				return err
			}
			request.SetEvent(c, request.Event{ID: e.ID, Slug: e.Slug})
			return next(c)
		}
	}
}

// mostJoining is how many may be on their way to a live map of this replica at one time.
const mostJoining = 256

// live answers GET /events/:event/live.
func (h *handler) live(c echo.Context) error { return h.watch(c, (*board).admitted) }

// liveDesk answers GET /admin/events/:event/live: the same map for staff.
func (h *handler) liveDesk(c echo.Context) error { return h.watch(c, (*board).signedIn) }

// watch accepts a connection before anything else: a browser can read a close code only.
func (h *handler) watch(c echo.Context, door doorman) error {
	if !live.IsUpgrade(c.Request()) {
		return errNoUpgrade
	}
	// When a whole house reconnects at once, most are told to come back rather than all being slow: a refusal costs little,
	// and each page waits for a moment of its own.
	defer h.seating.joining.Add(-1)
	if h.seating.joining.Add(1) > mostJoining {
		return ErrBusy.After(time.Second + rand.N(2*time.Second))
	}
	since, err := strconv.ParseInt(c.QueryParam("since"), 10, 64)
	if err != nil || since < 0 {
		since = -1
	}
	conn, err := live.Accept(c.Response(), c.Request())
	if err != nil {
		return nil // answered by Accept
	}
	h.seating.board(request.EventOf(c).ID).watch(c, conn, door, since)
	return nil
}

// holdRequest is the body of POST holds: one of seats, best, area, and what is given back for it.
type holdRequest struct {
	InsteadOf []json.RawMessage `json:"instead_of"`
	Seats     []json.RawMessage `json:"seats"`
	Best      *bestRequest      `json:"best"`
	Area      *string           `json:"area"`
	Quantity  json.RawMessage   `json:"quantity"`
}

type bestRequest struct {
	Quantity   json.RawMessage `json:"quantity"`
	Category   string          `json:"category"`
	Accessible bool            `json:"accessible"`
}

// check gives the seats of a request, or the wish for the best, or that for places of an area.
func (r *holdRequest) check() (seats []int, best *Best, area *AreaPlaces, err error) {
	fields := fault.Fields{}
	ways := 0
	for _, given := range []bool{r.Seats != nil, r.Best != nil, r.Area != nil || r.Quantity != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		fields["seats"] = "give either seats, or best, or area and quantity"
	case r.Seats == nil && r.Best == nil:
		area = &AreaPlaces{}
		if r.Area == nil {
			fields["area"] = "is needed"
		} else {
			area.Area = *r.Area
		}
		if number(fields, "quantity", r.Quantity, &area.Quantity, 1, maxSeats); len(r.Quantity) == 0 {
			fields["quantity"] = "is needed"
		}
	case r.Best != nil:
		best = &Best{Category: r.Best.Category, Accessible: r.Best.Accessible}
		if number(fields, "best.quantity", r.Best.Quantity, &best.Quantity, 1, maxSeats); len(r.Best.Quantity) == 0 {
			fields["best.quantity"] = "is needed"
		}
	default:
		seats = numberList(fields, "seats", r.Seats, maxSeats)
	}
	return seats, best, area, fields.Err()
}

// swapped gives the seats that are to be given back in the same step.
func (r *holdRequest) swapped() ([]int, error) {
	if r.InsteadOf == nil {
		return nil, nil
	}
	fields := fault.Fields{}
	seats := numberList(fields, "instead_of", r.InsteadOf, maxSeats)
	return seats, fields.Err()
}

// numberList reads numbers of seats; whether they exist is asked later. Repetitions count once.
func numberList(fields fault.Fields, name string, raw []json.RawMessage, most int) []int {
	if len(raw) == 0 || len(raw) > most {
		fields[name] = fmt.Sprintf("names 1 to %d seats", most)
		return nil
	}
	seats, named := make([]int, 0, len(raw)), make(map[int]bool, len(raw))
	for _, text := range raw {
		n, err := integer(text)
		if err != nil {
			fields[name] = "is a list of whole numbers"
			return nil
		}
		if !named[n] {
			named[n] = true
			seats = append(seats, n)
		}
	}
	return seats
}

// placeHold answers POST /events/:event/holds.
func (h *handler) placeHold(c echo.Context) error {
	var req holdRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	seats, best, area, err := req.check()
	if err != nil {
		return err
	}
	insteadOf, err := req.swapped()
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	place, _ := request.PlaceOf(c)
	if best == nil && area == nil {
		if basket, ok := h.seating.Grab(ctx, place.EventID, place.Key, seats); ok {
			return answerBasket(c, http.StatusCreated, basket)
		}
	}
	h.seating.slide(ctx, place)
	if err := h.seating.Spend(ctx, place.EventID, place.Key); err != nil {
		return err
	}
	var basket Basket
	switch {
	case best != nil:
		best.InsteadOf, best.Others = insteadOf, true
		basket, err = h.seating.HoldBest(ctx, place.EventID, place.Key, *best)
	case area != nil:
		area.InsteadOf = insteadOf
		basket, err = h.seating.HoldArea(ctx, place.EventID, place.Key, *area)
	default:
		basket, err = h.seating.Choose(ctx, place.EventID, place.Key, Choice{Seats: seats, InsteadOf: insteadOf, Offer: true})
	}
	if err != nil {
		return err
	}
	return answerBasket(c, http.StatusCreated, basket)
}

// getHolds answers GET /events/:event/holds.
func (h *handler) getHolds(c echo.Context) error {
	place, _ := request.PlaceOf(c)
	basket, err := h.seating.Basket(c.Request().Context(), place.EventID, place.Key)
	if err != nil {
		return err
	}
	codes, err := h.seating.Unlocked(c.Request().Context(), place.EventID, place.Key)
	if err != nil {
		return err
	}
	basket.Unlocked = slices.Sorted(maps.Keys(codes))
	return answerBasket(c, http.StatusOK, basket)
}

// releaseAll answers DELETE /events/:event/holds.
func (h *handler) releaseAll(c echo.Context) error {
	place, _ := request.PlaceOf(c)
	if err := h.seating.Release(c.Request().Context(), place.EventID, place.Key); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// release answers DELETE /events/:event/holds/:n.
func (h *handler) release(c echo.Context) error {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil {
		return ErrNoSuchSeat
	}
	place, _ := request.PlaceOf(c)
	if err := h.seating.Release(c.Request().Context(), place.EventID, place.Key, n); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

type (
	basketResponse struct {
		Seats     []seatResponse  `json:"seats"`
		Total     int64           `json:"total"`
		Currency  string          `json:"currency"`
		ExpiresAt clock.Time      `json:"expires_at"`
		Version   int64           `json:"version"`
		Offered   []int           `json:"offered,omitempty"`
		Others    []otherResponse `json:"others,omitempty"`
		Unlocked  []string        `json:"unlocked,omitempty"` // locked categories that this place has opened
	}
	otherResponse struct {
		Seats []seatResponse `json:"seats"`
		Total int64          `json:"total"`
	}
	seatResponse struct {
		N        int    `json:"n"`
		Label    string `json:"label"`
		Category string `json:"category"`
		Price    int64  `json:"price"`
	}
)

func newSeatResponses(seats []Seat) []seatResponse {
	out := make([]seatResponse, len(seats))
	for i, s := range seats {
		out[i] = seatResponse{N: s.N, Label: s.Label, Category: s.Category, Price: s.Price}
	}
	return out
}

func newBasketResponse(b Basket) basketResponse {
	out := basketResponse{Seats: newSeatResponses(b.Seats), Total: b.Total, Currency: b.Currency,
		ExpiresAt: clock.Time(b.ExpiresAt), Version: b.Version, Offered: b.Offered, Unlocked: b.Unlocked}
	for _, other := range b.Others {
		choice := otherResponse{Seats: newSeatResponses(other)}
		for _, seat := range other {
			choice.Total += seat.Price
		}
		out.Others = append(out.Others, choice)
	}
	return out
}

// answerBasket spares what c.JSON does besides: this is the answer of a crowd.
func answerBasket(c echo.Context, status int, b Basket) error {
	body, err := json.Marshal(newBasketResponse(b))
	if err != nil {
		return err
	}
	return private(c).JSONBlob(status, append(body, '\n'))
}

// private keeps an answer about one fan out of every cache.
func private(c echo.Context) echo.Context {
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	return c
}

// public lets caches keep an answer that is the same for everybody; true when the caller has it already.
func public(c echo.Context, control, etag string) bool {
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, control)
	h.Set("ETag", etag)
	for _, have := range strings.Split(c.Request().Header.Get("If-None-Match"), ",") {
		have = strings.TrimSpace(have)
		if have == "*" || strings.TrimPrefix(have, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
