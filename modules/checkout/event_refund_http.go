package checkout

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
)

func (s *Service) eventRefundRoutes(h *handler, r request.Routes) {
	r.AdminEvent.POST("/refunds", h.refundEvent, r.Idempotent)
	r.AdminEvent.GET("/refunds", h.eventRefunds)
	r.AdminEvent.GET("/refunds/:id", h.eventRefund)
	r.AdminEvent.POST("/refunds/:id/:step", h.stepEventRefund)
}

// EventRefundView is the refund of an event as JSON.
type EventRefundView struct {
	ID     string            `json:"id"`
	Status EventRefundStatus `json:"status"`
	Reason string            `json:"reason"`
	// PublicReason is what everybody may read.
	PublicReason string     `json:"public_reason,omitempty"`
	AskedBy      string     `json:"asked_by"`
	AskedAt      clock.Time `json:"asked_at"`
	AgreedBy     string     `json:"agreed_by,omitempty"`
	AgreedAt     clock.Time `json:"agreed_at"`
	EndedAt      clock.Time `json:"ended_at"`
	Orders       struct {
		Total  int `json:"total"`
		Done   int `json:"done"`
		Failed int `json:"failed"` // and tried again
		Unpaid int `json:"unpaid"` // ended, or returned once they are paid
	} `json:"orders"`
	Money struct {
		Total    int64  `json:"total"`
		Owed     int64  `json:"owed"`     // promised, not confirmed by the processor
		Returned int64  `json:"returned"` // confirmed
		Refused  int64  `json:"refused"`  // of what is owed: refused at the moment, and asked for again
		Currency string `json:"currency"`
	} `json:"money"`
	SecondAbove int64 `json:"second_approver_above"`
}

func newEventRefundView(r EventRefund, currency string, above int64) EventRefundView {
	v := EventRefundView{ID: r.ID.String(), Status: r.Status, Reason: r.Reason, PublicReason: r.PublicReason, AskedBy: r.AskedEmail, AskedAt: clock.Time(r.AskedAt),
		AgreedBy: r.AgreedEmail, AgreedAt: maybe(r.AgreedAt), EndedAt: maybe(r.EndedAt), SecondAbove: above}
	v.Orders.Done, v.Orders.Failed, v.Orders.Unpaid = r.Done, r.Failed, r.Unpaid
	v.Money.Owed, v.Money.Returned, v.Money.Refused, v.Money.Currency = r.Owed, r.Back, r.Refused, currency
	v.Orders.Total, v.Money.Total = r.Done, r.Owed+r.Back
	if r.Status != EventRefundRefused && r.Status != EventRefundWithdrawn { // what others have paid is none of those
		v.Orders.Total, v.Money.Total = v.Orders.Total+r.Left, v.Money.Total+r.ToGo
	}
	return v
}

func maybe(t *time.Time) clock.Time {
	if t == nil {
		return clock.Time{}
	}
	return clock.Time(*t)
}

type refundEventRequest struct {
	Reason       string `json:"reason"`
	PublicReason string `json:"public_reason"`
	EndSale      bool   `json:"end_sale"`
}

func (r refundEventRequest) check() (WhyRefund, error) {
	why := WhyRefund{Reason: strings.TrimSpace(r.Reason), Public: strings.TrimSpace(r.PublicReason)}
	if _, err := (refundRequest{Reason: why.Reason}).check(); err != nil {
		return why, err
	}
	if utf8.RuneCountInString(why.Public) > longestReason || !printable(why.Public) {
		return why, fault.Fields{"public_reason": "at most 500 printable characters"}.Err()
	}
	return why, nil
}

// refundEvent answers POST /admin/events/:event/refunds.
func (h *handler) refundEvent(c echo.Context) error {
	noStore(c)
	var req refundEventRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	why, err := req.check()
	if err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	r, err := h.s.RefundEvent(c.Request().Context(), who, c.RealIP(), request.EventOf(c), why, req.EndSale)
	if err != nil {
		return err
	}
	return h.sayEventRefund(c, http.StatusAccepted, r)
}

func (h *handler) sayEventRefund(c echo.Context, status int, r *EventRefund) error {
	event, err := h.s.Events.Event(c.Request().Context(), r.EventID)
	if err != nil {
		return err
	}
	return c.JSON(status, newEventRefundView(*r, event.Currency, h.s.SecondAbove))
}

type eventRefundsResponse struct {
	Refunds []EventRefundView `json:"refunds"`
}

// eventRefunds answers GET /admin/events/:event/refunds.
func (h *handler) eventRefunds(c echo.Context) error {
	noStore(c)
	ctx := c.Request().Context()
	event, err := h.s.Events.Event(ctx, request.EventOf(c).ID)
	if err != nil {
		return err
	}
	all, err := h.s.EventRefunds(ctx, event.ID)
	if err != nil {
		return err
	}
	out := eventRefundsResponse{Refunds: []EventRefundView{}}
	for _, r := range all {
		out.Refunds = append(out.Refunds, newEventRefundView(r, event.Currency, h.s.SecondAbove))
	}
	return c.JSON(http.StatusOK, out)
}

// eventRefund answers GET /admin/events/:event/refunds/:id.
func (h *handler) eventRefund(c echo.Context) error {
	noStore(c)
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return ErrNotFound
	}
	r, err := h.s.EventRefund(c.Request().Context(), request.EventOf(c).ID, id)
	if err != nil {
		return err
	}
	return h.sayEventRefund(c, http.StatusOK, r)
}

// stepEventRefund answers POST /admin/events/:event/refunds/:id/:step.
func (h *handler) stepEventRefund(c echo.Context) error {
	noStore(c)
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return ErrNotFound
	}
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	r, err := h.s.StepEventRefund(c.Request().Context(), who, c.RealIP(), request.EventOf(c), id, c.Param("step"))
	if err != nil {
		return err
	}
	return h.sayEventRefund(c, http.StatusOK, r)
}
