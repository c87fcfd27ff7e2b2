package seating

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/request"
)

type (
	eventResponse struct {
		Slug        string             `json:"slug"`
		Name        string             `json:"name"`
		Description string             `json:"description"`
		Venue       string             `json:"venue"`
		Contact     string             `json:"contact"`
		TermsURL    string             `json:"terms_url"`
		Accent      string             `json:"accent"`
		Timezone    string             `json:"timezone"`
		StartsAt    clock.Time         `json:"starts_at"`
		Currency    string             `json:"currency"`
		Categories  []categoryResponse `json:"categories"`
		SeatsTotal  int                `json:"seats_total"`
		SeatsFree   int                `json:"seats_free"`
		MaxPerBuyer int                `json:"max_per_buyer"`
		HoldSeconds int                `json:"hold_seconds"`
		PaySeconds  int                `json:"pay_seconds"`
		OrphanRule  string             `json:"orphan_rule"`
		Methods     []Method           `json:"payment_methods"`
		Phase       string             `json:"phase"`
		PrequeueAt  clock.Time         `json:"prequeue_at"`
		OpensAt     clock.Time         `json:"opens_at"`
		ClosesAt    clock.Time         `json:"closes_at"`
		PlanVersion string             `json:"plan_version"`
	}
	categoryResponse struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Color string `json:"color"`
		Price *int64 `json:"price"`
		Seats int    `json:"seats"`
		Free  int    `json:"free"`
		// Locked: only who gave a code that opens it may hold its seats.
		Locked bool `json:"locked"`
	}
	// wholeEventResponse is what staff see beside it.
	wholeEventResponse struct {
		eventResponse
		Plan             string                  `json:"plan"`
		Prices           map[string]*int64       `json:"prices"`
		LateOfferSeconds int                     `json:"late_offer_seconds"`
		Returns          bool                    `json:"returns"`
		Areas            map[string]areaResponse `json:"areas"`
	}
	areaResponse struct {
		Capacity int    `json:"capacity"`
		Category string `json:"category"` // its name, as in prices
		First    int    `json:"first"`
	}
)

func (s *Service) newEventResponse(e *Event, phase string, counts Counts) eventResponse {
	out := eventResponse{
		Slug: e.Slug, Name: e.Name, Description: e.Description, Venue: e.Venue, Contact: e.Contact, TermsURL: e.TermsURL, Accent: e.Accent,
		Timezone: e.Timezone, StartsAt: clock.Time(e.StartsAt), Currency: e.Currency, SeatsTotal: e.SeatsTotal,
		SeatsFree: counts.Free, MaxPerBuyer: e.MaxPerBuyer, HoldSeconds: e.HoldSeconds, PaySeconds: e.PaySeconds,
		OrphanRule: string(e.OrphanRule), Methods: s.OfferedMethods(e), Phase: phase,
		PrequeueAt: clock.Time(e.PrequeueAt), OpensAt: clock.Time(e.OpensAt), ClosesAt: when(e.ClosesAt), PlanVersion: e.PlanVersion,
		Categories: make([]categoryResponse, len(e.Categories)),
	}
	for i, c := range e.Categories {
		out.Categories[i] = categoryResponse{ID: c.ID, Name: c.Name, Color: c.Color, Price: c.Price, Seats: c.Seats, Free: counts.FreeByCategory[c.ID], Locked: c.Locked}
	}
	return out
}

// describe is an event with its figures. When the map cannot be read for the first time its seats count as free.
func (s *Service) describe(ctx context.Context, e *Event) eventResponse {
	b := s.board(e.ID)
	counts := Counts{FreeByCategory: map[string]int{}}
	if err := b.fresh(ctx); err == nil {
		counts = newCounts(e, b)
	} else {
		s.Log.Debug("event without figures", "event_id", e.ID, "error", err)
		for _, c := range e.Categories {
			if c.Price != nil {
				counts.FreeByCategory[c.ID] = c.Seats
				counts.Free += c.Seats
			}
		}
	}
	return s.newEventResponse(e, s.phase(ctx, e), counts)
}

func (s *Service) describeWhole(ctx context.Context, e *Event) wholeEventResponse {
	out := wholeEventResponse{eventResponse: s.describe(ctx, e), Plan: strconv.FormatInt(e.PlanID, 10),
		Prices: map[string]*int64{}, LateOfferSeconds: e.LateOfferSeconds, Returns: e.Returns, Areas: map[string]areaResponse{}}
	for _, a := range e.Areas {
		out.Areas[a.ID] = areaResponse{a.Capacity, e.Categories[a.Category].Name, a.First}
	}
	for _, c := range e.Categories {
		out.Prices[c.Name] = c.Price
	}
	return out
}

// listEvents answers GET /events.
func (h *handler) listEvents(c echo.Context) error {
	events, err := h.seating.Events(c.Request().Context())
	if err != nil {
		return err
	}
	out := make([]eventResponse, len(events))
	for i, e := range events {
		out[i] = h.seating.describe(c.Request().Context(), e)
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=1, stale-if-error=600")
	return c.JSON(http.StatusOK, map[string]any{"events": out})
}

// getEvent answers GET /events/:event.
func (h *handler) getEvent(c echo.Context) error {
	e, err := h.seating.EventByID(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=1, stale-if-error=600")
	return c.JSON(http.StatusOK, h.seating.describe(c.Request().Context(), e))
}

// getPlan answers GET /events/:event/plan.
func (h *handler) getPlan(c echo.Context) error {
	e, room, err := h.roomOf(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if public(c, "public, max-age=60, stale-if-error=600", `W/"`+e.PlanVersion+`"`) {
		return c.NoContent(http.StatusNotModified)
	}
	return request.Zipped(c, http.StatusOK, echo.MIMEApplicationJSON, room.encoded().json, room.jsonGz)
}

// getPlanFile answers GET /events/:event/plan/:version.bin, which is the same bytes for as long as anybody asks.
func (h *handler) getPlanFile(c echo.Context) error {
	e, room, err := h.roomOf(c)
	if err != nil {
		return err
	}
	if version, ok := strings.CutSuffix(c.Param("file"), ".bin"); !ok || version != e.PlanVersion {
		return errNotFound
	}
	c.Response().Header().Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if public(c, "public, max-age=31536000, immutable", `W/"`+e.PlanVersion+`"`) {
		return c.NoContent(http.StatusNotModified)
	}
	return request.Zipped(c, http.StatusOK, echo.MIMEOctetStream, room.encoded().fsp1, room.fsp1Gz)
}

func (h *handler) roomOf(c echo.Context) (*Event, *room, error) {
	ctx := c.Request().Context()
	e, err := h.seating.EventByID(ctx, request.EventOf(c).ID)
	if err != nil {
		return nil, nil, err
	}
	room, err := h.seating.roomOf(ctx, e)
	return e, room, err
}

// getSeats answers GET /events/:event/seats, from this replica's copy: also while Redis is away.
func (h *handler) getSeats(c echo.Context) error {
	b := h.seating.board(request.EventOf(c).ID)
	if err := b.fresh(c.Request().Context()); err != nil {
		return err
	}
	version, body := b.mirror.Status()
	if body == nil {
		return ErrBusy
	}
	if public(c, "public, max-age=2, stale-if-error=600", `"`+strconv.FormatInt(version, 10)+`"`) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, body)
}
