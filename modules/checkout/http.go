package checkout

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/request"
)

// handler turns HTTP into calls of a Service.
type handler struct{ s *Service }

// Routes registers this module's routes.
func (s *Service) Routes(r request.Routes) {
	h := &handler{s}
	r.Place.POST("/orders", h.placeOrder, h.paced, r.Idempotent)
	r.API.POST("/orders/find", h.findOrder)
	r.API.GET("/orders/:id", h.getOrder, h.owner)
	r.API.DELETE("/orders/:id", h.giveUp, h.owner)
	r.API.POST("/orders/:id/pay", h.pay, h.owner, r.Idempotent)
	r.API.POST("/orders/:id/swap", h.swapSeat, h.owner, r.Idempotent)
	r.API.DELETE("/orders/:id/swap", h.giveUpSwap, h.owner)
	r.API.POST("/orders/:id/tickets/:ticket/listing", h.listTicket, h.owner, r.Idempotent)
	r.API.DELETE("/orders/:id/tickets/:ticket/listing", h.unlistTicket, h.owner)
	r.API.POST("/orders/:id/resend", h.resend, h.owner, r.Idempotent)
	r.API.POST("/orders/:id/offer", h.acceptOffer, h.owner)
	r.API.DELETE("/orders/:id/offer", h.declineOffer, h.owner)
	r.API.POST("/payments/:provider/webhook", h.webhook)
	s.promoRoutes(h, r)
	s.invoiceRoutes(h, r)
	s.ticketRoutes(h, r)
	s.staffRoutes(h, r)
}

const (
	orderKey  = "fairseat.checkout.order"
	cookieAge = 30 * 24 * time.Hour
)

// owner lets through whoever may see the order: its token, as Bearer or cookie, or the place that ordered. To anybody
// else it does not exist.
func (h *handler) owner(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		noStore(c)
		id, err := uuid.Parse(c.Param("id"))
		if err != nil || id.String() != c.Param("id") { // one address for one order
			return ErrNotFound
		}
		o, err := h.s.store.order(c.Request().Context(), h.s.DB, id, "")
		if err != nil {
			return err
		}
		if !h.mayOpen(c, o) {
			return ErrNotFound
		}
		c.Set(orderKey, o)
		request.SetIdentity(c, "order:"+id.String())
		return next(c)
	}
}

func (h *handler) mayOpen(c echo.Context, o Order) bool {
	if opensOrder(h.s.Keys, request.Bearer(c), o.ID) {
		return true
	}
	if cookie, err := c.Cookie(h.cookieName(o.ID.String())); err == nil && opensOrder(h.s.Keys, cookie.Value, o.ID) {
		return true
	}
	key, ok := h.s.Places.PlaceOfToken(c, o.EventID)
	return ok && key == o.PlaceKey
}

func orderOf(c echo.Context) Order { o, _ := c.Get(orderKey).(Order); return o }

func noStore(c echo.Context) { c.Response().Header().Set(echo.HeaderCacheControl, "no-store") }

func (h *handler) https() bool { return strings.HasPrefix(h.s.PublicURL(), "https://") }

func (h *handler) cookieName(order string) string {
	if h.https() {
		return "__Host-fs_order_" + order
	}
	return "fs_order_" + order
}

func (h *handler) setCookie(c echo.Context, order, token string) {
	c.SetCookie(&http.Cookie{
		Name: h.cookieName(order), Value: token, Path: "/", MaxAge: int(cookieAge / time.Second),
		HttpOnly: true, Secure: h.https(), SameSite: http.SameSiteLaxMode,
	})
}

type placeOrderRequest struct {
	Buyer struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"buyer"`
	Promo  string `json:"promo"`
	Method string `json:"method"` // how they pay
	Total  *int64 `json:"total"`  // what the buyer agreed to pay
}

// paced asks the place's budget before the Idempotency-Key is looked up: to give a kept answer again is work too.
func (h *handler) paced(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		noStore(c)
		place, _ := request.PlaceOf(c)
		if err := h.s.Spend(c.Request().Context(), place); err != nil {
			return err
		}
		return next(c)
	}
}

// placeOrder answers POST /events/:event/orders.
func (h *handler) placeOrder(c echo.Context) error {
	var req placeOrderRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	buyer, err := NewBuyer(req.Buyer.Name, req.Buyer.Email)
	if err != nil {
		return err
	}
	buyer.Method = req.Method
	buyer.Promo, buyer.Agreed = strings.TrimSpace(req.Promo), req.Total
	place, _ := request.PlaceOf(c)
	if err := h.s.SpendPromo(c.Request().Context(), place, c.RealIP(), buyer.Promo); err != nil {
		return err
	}
	placed, err := h.s.PlaceOrder(c.Request().Context(), place, buyer)
	if err != nil {
		return err
	}
	h.s.Remember(c, placed)
	if !placed.New {
		return c.JSON(http.StatusOK, placed)
	}
	c.Response().Header().Set(echo.HeaderLocation, "/api/v1/orders/"+placed.Order.ID)
	return c.JSON(http.StatusCreated, placed)
}

// Own is the order of the path, for whoever may see it; ErrNotFound for anybody else. Pages begin with it.
func (s *Service) Own(c echo.Context) (o Order, err error) {
	found := func(c echo.Context) error { o = orderOf(c); return nil }
	return o, (&handler{s}).owner(found)(c)
}

// Remember lets this browser see the order from now on.
func (s *Service) Remember(c echo.Context, p *Placed) {
	(&handler{s}).setCookie(c, p.Order.ID, p.Token)
}

// getOrder answers GET /orders/:id. A token shown once as Bearer becomes this browser's cookie, so that a private link
// opens the order's page too.
func (h *handler) getOrder(c echo.Context) error {
	v, err := h.s.Look(c.Request().Context(), orderOf(c))
	if err != nil {
		return err
	}
	if token := request.Bearer(c); opensOrder(h.s.Keys, token, orderOf(c).ID) {
		h.setCookie(c, v.ID, token)
	}
	return c.JSON(http.StatusOK, v)
}

// pay answers POST /orders/:id/pay.
func (h *handler) pay(c echo.Context) error {
	var req struct {
		Method string `json:"method"`
	}
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	v, err := h.s.PayAgain(c.Request().Context(), orderOf(c).ID, req.Method)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// giveUp answers DELETE /orders/:id.
func (h *handler) giveUp(c echo.Context) error {
	if err := h.s.GiveUp(c.Request().Context(), orderOf(c).ID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// acceptOffer answers POST /orders/:id/offer. Repeating it is harmless by itself.
func (h *handler) acceptOffer(c echo.Context) error {
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	v, err := h.s.AcceptOffer(c.Request().Context(), orderOf(c).ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// swapSeat answers POST /orders/:id/swap: 201 where there is something to pay first.
func (h *handler) swapSeat(c echo.Context) error {
	var req moveRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	ticket, err := req.check()
	if err != nil {
		return err
	}
	v, pay, err := h.s.Swap(c.Request().Context(), orderOf(c).ID, ticket, *req.To)
	if err != nil {
		return err
	}
	if pay {
		return c.JSON(http.StatusCreated, v)
	}
	return c.JSON(http.StatusOK, v)
}

// giveUpSwap answers DELETE /orders/:id/swap.
func (h *handler) giveUpSwap(c echo.Context) error {
	if err := h.s.GiveUpSwap(c.Request().Context(), orderOf(c).ID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// declineOffer answers DELETE /orders/:id/offer.
func (h *handler) declineOffer(c echo.Context) error {
	if err := h.s.DeclineOffer(c.Request().Context(), orderOf(c).ID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// resend answers POST /orders/:id/resend.
func (h *handler) resend(c echo.Context) error {
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	if err := h.s.Resend(c.Request().Context(), orderOf(c)); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, struct{}{})
}

type findOrderRequest struct {
	Code  string `json:"code"`
	Email string `json:"email"`
}

// findOrder answers POST /orders/find: the same to everyone, whether there is such an order or not.
func (h *handler) findOrder(c echo.Context) error {
	noStore(c)
	var req findOrderRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	if err := h.s.Find(c.Request().Context(), c.RealIP(), req.Code, req.Email); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, struct{}{})
}
