package checkout

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/request"
	"fairseat/modules/checkout/promotion"
)

func (s *Service) promoRoutes(h *handler, r request.Routes) {
	r.Place.POST("/promo", h.tryPromo)
	r.AdminEvent.GET("/promotions", h.listPromotions)
	r.AdminEvent.POST("/promotions", h.makePromotion, r.Idempotent)
	r.AdminEvent.DELETE("/promotions/:id", h.endPromotion)
	r.AdminEvent.GET("/promotions/:id/codes.csv", h.exportCodes)
}

type tryPromoRequest struct {
	Code string `json:"code"`
}

// OfferView is one's basket at the prices of a code.
type OfferView struct {
	Code      string          `json:"code"`
	Seats     []OfferSeatView `json:"seats"`
	Total     int64           `json:"total"`
	FullTotal int64           `json:"full_total"`
	Currency  string          `json:"currency"`
	// Unlocked are the categories that the code opens, by their ids: their seats may be held from now on.
	Unlocked []string `json:"unlocked,omitempty"`
}

// OfferSeatView is a seat at what it costs with the code, and without.
type OfferSeatView struct {
	SeatView
	FullPrice int64 `json:"full_price"`
}

// tryPromo answers POST /events/:event/promo.
func (h *handler) tryPromo(c echo.Context) error {
	noStore(c)
	var req tryPromoRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	place, _ := request.PlaceOf(c)
	typed := strings.TrimSpace(req.Code)
	if typed == "" {
		return badPromo(promoUnknown)
	}
	if err := h.s.SpendPromo(c.Request().Context(), place, c.RealIP(), typed); err != nil {
		return err
	}
	o, err := h.s.TryPromo(c.Request().Context(), place, typed)
	if err != nil {
		return err
	}
	v := OfferView{Code: o.Code, Seats: []OfferSeatView{}, Total: o.Total, FullTotal: o.FullTotal, Currency: o.Currency, Unlocked: o.Unlocked}
	for i, seat := range seatViews(o.Seats) {
		v.Seats = append(v.Seats, OfferSeatView{seat, o.Full[i]})
	}
	return c.JSON(http.StatusOK, v)
}

// PromotionView is a promotion for staff. Uses and Saved count seats that are being bought or are.
type PromotionView struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Code        string           `json:"code,omitempty"` // if it has one alone
	Codes       int              `json:"codes"`
	Percent     int              `json:"percent,omitempty"`
	Amount      int64            `json:"amount,omitempty"`
	Prices      map[string]int64 `json:"prices,omitempty"`
	Categories  []string         `json:"categories"`
	Unlocks     []string         `json:"unlocks"`
	MaxUses     *int             `json:"max_uses"`
	MaxPerBuyer *int             `json:"max_per_buyer"`
	StartsAt    *clock.Time      `json:"starts_at"`
	EndsAt      *clock.Time      `json:"ends_at"`
	State       string           `json:"state"`
	Uses        int              `json:"uses"`
	Saved       int64            `json:"saved"`
	MadeBy      string           `json:"made_by"`
	CreatedAt   clock.Time       `json:"created_at"`
	Created     []string         `json:"created,omitempty"` // the codes, in the answer that made them
}

func newPromotionView(p Promotion) PromotionView {
	moment := func(t *time.Time) *clock.Time {
		if t == nil {
			return nil
		}
		at := clock.Time(*t)
		return &at
	}
	return PromotionView{
		ID: p.ID.String(), Name: p.Name, Code: p.Code, Codes: p.Codes, Percent: p.Terms.Percent, Amount: p.Terms.Amount, Prices: p.Terms.Prices,
		Categories: append([]string{}, p.Terms.Categories...), Unlocks: append([]string{}, p.Terms.Unlocks...), MaxUses: p.MaxUses, MaxPerBuyer: p.MaxPerBuyer, StartsAt: moment(p.StartsAt),
		EndsAt: moment(p.EndsAt), State: p.State, Uses: p.Uses, Saved: p.Saved, MadeBy: p.MadeBy, CreatedAt: clock.Time(p.MadeAt), Created: p.Created,
	}
}

type promotionsResponse struct {
	Promotions []PromotionView `json:"promotions"`
}

// listPromotions answers GET /admin/events/:event/promotions.
func (h *handler) listPromotions(c echo.Context) error {
	noStore(c)
	all, err := h.s.Promotions(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	out := promotionsResponse{[]PromotionView{}}
	for _, p := range all {
		out.Promotions = append(out.Promotions, newPromotionView(p))
	}
	return c.JSON(http.StatusOK, out)
}

type makePromotionRequest struct {
	Name        string           `json:"name"`
	Code        string           `json:"code"`
	Codes       int              `json:"codes"`
	Percent     int              `json:"percent"`
	Amount      int64            `json:"amount"`
	Prices      map[string]int64 `json:"prices"`
	Categories  []string         `json:"categories"`
	Unlocks     []string         `json:"unlocks"`
	MaxUses     *int             `json:"max_uses"`
	MaxPerBuyer *int             `json:"max_per_buyer"`
	StartsAt    *time.Time       `json:"starts_at"`
	EndsAt      *time.Time       `json:"ends_at"`
}

// makePromotion answers POST /admin/events/:event/promotions.
func (h *handler) makePromotion(c echo.Context) error {
	noStore(c)
	var req makePromotionRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	made, err := h.s.MakePromotion(c.Request().Context(), who, c.RealIP(), request.EventOf(c).ID, Draft{
		Name: req.Name, Code: req.Code, Codes: req.Codes, MaxUses: req.MaxUses, MaxPerBuyer: req.MaxPerBuyer, StartsAt: req.StartsAt, EndsAt: req.EndsAt,
		Terms: promotion.Terms{Percent: req.Percent, Amount: req.Amount, Prices: req.Prices, Categories: req.Categories, Unlocks: req.Unlocks},
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, newPromotionView(*made))
}

// endPromotion answers DELETE /admin/events/:event/promotions/:id.
func (h *handler) endPromotion(c echo.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return ErrNotFound
	}
	who, _ := request.StaffOf(c)
	if err := h.s.EndPromotion(c.Request().Context(), who, c.RealIP(), request.EventOf(c).ID, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// exportCodes answers GET /admin/events/:event/promotions/:id/codes.csv.
func (h *handler) exportCodes(c echo.Context) error {
	noStore(c)
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return ErrNotFound
	}
	who, _ := request.StaffOf(c)
	event := request.EventOf(c)
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	header.Set(echo.HeaderContentDisposition, `attachment; filename="codes-`+event.Slug+`.csv"`)
	return h.s.ExportCodes(c.Request().Context(), who, c.RealIP(), event.ID, id, c.Response())
}
