package checkout

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
)

// staffRoutes registers what organisers use.
func (s *Service) staffRoutes(h *handler, r request.Routes) {
	r.Admin.GET("/orders", h.listOrders)
	r.Admin.GET("/orders/:id", h.staffOrder)
	r.Admin.POST("/orders/:id/refund", h.refundOrder, r.Idempotent)
	r.Admin.POST("/orders/:id/move", h.moveTicket, r.Idempotent)
	r.Admin.POST("/orders/:id/paid", h.markPaid, r.Idempotent)
	r.Admin.POST("/orders/:id/refunds/:refund/correct", h.correctPaid, r.Idempotent)
	r.Admin.POST("/orders/:id/refunds/:refund/sent", h.markSent, r.Idempotent)
	r.Admin.GET("/transfers", h.transfers)
	r.Admin.POST("/orders/:id/resend", h.staffResend, r.Idempotent)
	r.Admin.POST("/orders/:id/unbar", h.unbarOrder)
	s.eventRefundRoutes(h, r)
	r.AdminEvent.POST("/checkins", h.checkIn)
	r.AdminEvent.GET("/orders.csv", h.exportOrders)
}

const (
	longestQuery  = 200
	longestReason = 500
	longestGate   = 64
)

// StaffView is an order with everything that is known about it. History is oldest first.
type StaffView struct {
	View
	Buyer     BuyerView      `json:"buyer"`
	Place     string         `json:"place"`
	Barred    bool           `json:"barred"` // the tickets let nobody in, because the payment is disputed
	CreatedAt clock.Time     `json:"created_at"`
	PaidAt    clock.Time     `json:"paid_at"`
	Payments  []StaffPayment `json:"payments"`
	Refunds   []StaffRefund  `json:"refunds"`
	Returned  []TicketEntry  `json:"returned_tickets"`
	History   []HistoryEntry `json:"history"`
}

// BuyerView is who bought.
type BuyerView struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// StaffPayment is one attempt.
type StaffPayment struct {
	ID          string        `json:"id"`
	Provider    string        `json:"provider"`
	ProviderRef *string       `json:"provider_ref"`
	Status      PaymentStatus `json:"status"`
	Amount      int64         `json:"amount"`
	Received    int64         `json:"received"`
	Dispute     string        `json:"dispute,omitempty"` // open, won or lost
	Problem     string        `json:"problem,omitempty"`
	CreatedAt   clock.Time    `json:"created_at"`
}

// StaffRefund is money on its way back.
type StaffRefund struct {
	ID        string       `json:"id"`
	Payment   string       `json:"payment"`
	Reason    string       `json:"reason"`
	Amount    int64        `json:"amount"`
	Status    RefundStatus `json:"status"`
	Problem   string       `json:"problem,omitempty"`
	CreatedAt clock.Time   `json:"created_at"`
}

// HistoryEntry is one thing that happened to an order.
type HistoryEntry struct {
	At     clock.Time      `json:"at"`
	What   string          `json:"what"`
	Detail json.RawMessage `json:"detail"`
}

// OrderSummary is an order in a list.
type OrderSummary struct {
	ID        string     `json:"id"`
	Code      string     `json:"code"`
	Event     string     `json:"event"`
	Status    string     `json:"status"`
	Buyer     BuyerView  `json:"buyer"`
	Seats     []string   `json:"seats"` // labels
	Total     int64      `json:"total"`
	Currency  string     `json:"currency"`
	CreatedAt clock.Time `json:"created_at"`
}

type ordersResponse struct {
	Orders []OrderSummary `json:"orders"`
}

// listOrders answers GET /admin/orders?q=.
func (h *handler) listOrders(c echo.Context) error {
	noStore(c)
	q := strings.TrimSpace(c.QueryParam("q"))
	if utf8.RuneCountInString(q) > longestQuery || !printable(q) {
		return fault.Fields{"q": "at most 200 characters"}.Err()
	}
	found, err := h.s.Search(c.Request().Context(), Wanted{Text: q})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, ordersResponse{found})
}

// staffOrder answers GET /admin/orders/:id.
func (h *handler) staffOrder(c echo.Context) error {
	noStore(c)
	id, err := orderID(c)
	if err != nil {
		return err
	}
	v, err := h.s.StaffOrder(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

func orderID(c echo.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return id, ErrNotFound
	}
	return id, nil
}

type refundRequest struct {
	Tickets []string `json:"tickets"`
	Reason  string   `json:"reason"`
}

func (r refundRequest) check() (ids []uuid.UUID, err error) {
	fields := fault.Fields{}
	r.Reason = strings.TrimSpace(r.Reason)
	switch {
	case r.Reason == "":
		fields["reason"] = "is missing"
	case utf8.RuneCountInString(r.Reason) > longestReason:
		fields["reason"] = "is longer than 500 characters"
	case strings.ContainsRune(r.Reason, 0):
		fields["reason"] = "holds characters that cannot be printed"
	}
	if r.Tickets != nil && len(r.Tickets) == 0 {
		fields["tickets"] = "is empty; leave it out to refund the whole order"
	}
	for _, t := range r.Tickets {
		id, err := uuid.Parse(t)
		if err != nil {
			fields["tickets"] = "are not all tickets of this order"
		}
		ids = append(ids, id)
	}
	return ids, fields.Err()
}

// refundOrder answers POST /admin/orders/:id/refund.
func (h *handler) refundOrder(c echo.Context) error {
	noStore(c)
	id, err := orderID(c)
	if err != nil {
		return err
	}
	var req refundRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	tickets, err := req.check()
	if err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	v, err := h.s.Return(c.Request().Context(), who, c.RealIP(), id, tickets, strings.TrimSpace(req.Reason))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

type moveRequest struct {
	Ticket string `json:"ticket"`
	To     *int   `json:"to"`
}

func (r moveRequest) check() (ticket uuid.UUID, err error) {
	fields := fault.Fields{}
	if ticket, err = uuid.Parse(r.Ticket); err != nil {
		fields["ticket"] = "is no ticket of this order"
	}
	if r.To == nil {
		fields["to"] = "is missing: the number of the seat"
	}
	return ticket, fields.Err()
}

// moveTicket answers POST /admin/orders/:id/move.
func (h *handler) moveTicket(c echo.Context) error {
	noStore(c)
	id, err := orderID(c)
	if err != nil {
		return err
	}
	var req moveRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	ticket, err := req.check()
	if err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	v, err := h.s.Move(c.Request().Context(), who, c.RealIP(), id, ticket, *req.To)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// unbarOrder answers POST /admin/orders/:id/unbar. Repeating it is harmless by itself.
func (h *handler) unbarOrder(c echo.Context) error {
	noStore(c)
	id, err := orderID(c)
	if err != nil {
		return err
	}
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	v, err := h.s.Unbar(c.Request().Context(), who, c.RealIP(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// staffResend answers POST /admin/orders/:id/resend.
func (h *handler) staffResend(c echo.Context) error {
	noStore(c)
	id, err := orderID(c)
	if err != nil {
		return err
	}
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if err := h.s.StaffResend(c.Request().Context(), who, c.RealIP(), id); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, struct{}{})
}

type checkInRequest struct {
	Code string `json:"code"`
	Gate string `json:"gate"`
}

// checkIn answers POST /admin/events/:event/checkins.
func (h *handler) checkIn(c echo.Context) error {
	noStore(c)
	var req checkInRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	req.Gate = strings.TrimSpace(req.Gate)
	if utf8.RuneCountInString(req.Gate) > longestGate || !printable(req.Gate) {
		return fault.Fields{"gate": "at most 64 printable characters"}.Err()
	}
	in, err := h.s.CheckIn(c.Request().Context(), request.EventOf(c).ID, strings.TrimSpace(req.Code), req.Gate)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, in)
}

// exportOrders answers GET /admin/events/:event/orders.csv.
func (h *handler) exportOrders(c echo.Context) error {
	return h.download(c, "orders", h.s.ExportOrders)
}

// download sends a table of an event as a file, and notes who took it.
func (h *handler) download(c echo.Context, what string, export func(context.Context, int64, io.Writer) error) error {
	noStore(c)
	who, _ := request.StaffOf(c)
	event := request.EventOf(c)
	h.s.noteExport(c.Request().Context(), who, c.RealIP(), event.Slug)
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	header.Set(echo.HeaderContentDisposition, `attachment; filename="`+what+"-"+event.Slug+`.csv"`)
	return export(c.Request().Context(), event.ID, c.Response())
}
