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
	"fairseat/modules/checkout/provider"
)

const longestReference = 200

type receiptRequest struct {
	Amount    int64  `json:"amount"`
	Reference string `json:"reference"`
	ValueDate string `json:"value_date"`
}

type markPaidRequest struct {
	receiptRequest
	ReturnAll bool `json:"return_all"` // less came than the order costs, and it is to go back
}

func (r receiptRequest) check(least int64) (provider.Receipt, error) {
	out, fields := provider.Receipt{Amount: r.Amount, Reference: strings.TrimSpace(r.Reference)}, fault.Fields{}
	if r.Amount < least {
		fields["amount"] = "is what came, in minor units"
	}
	if utf8.RuneCountInString(out.Reference) > longestReference || !printable(out.Reference) {
		fields["reference"] = "at most 200 printable characters"
	}
	if r.ValueDate != "" {
		day, err := time.Parse(time.DateOnly, r.ValueDate)
		if err != nil {
			fields["value_date"] = "is a day like 2026-11-30"
		}
		out.ValueDate = &day
	}
	return out, fields.Err()
}

// markPaid answers POST /admin/orders/:id/paid.
func (h *handler) markPaid(c echo.Context) error {
	noStore(c)
	id, err := orderID(c)
	if err != nil {
		return err
	}
	var req markPaidRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	receipt, err := req.check(1)
	if err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	v, err := h.s.MarkPaid(c.Request().Context(), who, c.RealIP(), id, receipt, req.ReturnAll)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// correctPaid answers POST /admin/orders/:id/refunds/:refund/correct.
func (h *handler) correctPaid(c echo.Context) error {
	noStore(c)
	id, err := orderID(c)
	if err != nil {
		return err
	}
	refund, err := uuid.Parse(c.Param("refund"))
	if err != nil {
		return ErrNotFound
	}
	var req receiptRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	receipt, err := req.check(0)
	if err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	v, err := h.s.CorrectTransfer(c.Request().Context(), who, c.RealIP(), id, refund, receipt)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// markSent answers POST /admin/orders/:id/refunds/:refund/sent.
func (h *handler) markSent(c echo.Context) error {
	noStore(c)
	id, err := orderID(c)
	if err != nil {
		return err
	}
	refund, err := uuid.Parse(c.Param("refund"))
	if err != nil {
		return ErrNotFound
	}
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	v, err := h.s.MarkSent(c.Request().Context(), who, c.RealIP(), id, refund)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

type transfersResponse struct {
	Transfers []awaitedView `json:"transfers"`
	Refunds   []toSendView  `json:"refunds"`
}

type awaitedView struct {
	Order     string        `json:"order"`
	Code      string        `json:"code"`
	Buyer     BuyerView     `json:"buyer"`
	Amount    int64         `json:"amount"`
	Currency  string        `json:"currency"`
	Status    PaymentStatus `json:"status"`
	ExpiresAt clock.Time    `json:"expires_at"`
}

type toSendView struct {
	Order    string     `json:"order"`
	Refund   string     `json:"refund"`
	Code     string     `json:"code"`
	Buyer    BuyerView  `json:"buyer"`
	Amount   int64      `json:"amount"`
	Currency string     `json:"currency"`
	Reason   string     `json:"reason"`
	Since    clock.Time `json:"since"`
}

// transfers answers GET /admin/transfers?q=.
func (h *handler) transfers(c echo.Context) error {
	noStore(c)
	q := strings.TrimSpace(c.QueryParam("q"))
	if utf8.RuneCountInString(q) > longestQuery || !printable(q) {
		return fault.Fields{"q": "at most 200 characters"}.Err()
	}
	come, send, err := h.s.Transfers(c.Request().Context(), q)
	if err != nil {
		return err
	}
	out := transfersResponse{Transfers: []awaitedView{}, Refunds: []toSendView{}}
	for _, a := range come {
		out.Transfers = append(out.Transfers, awaitedView{Order: a.OrderID.String(), Code: a.Code, Buyer: BuyerView{a.Name, a.Email}, Amount: a.Amount,
			Currency: a.Currency, Status: a.Status, ExpiresAt: clock.Time(a.ExpiresAt)})
	}
	for _, r := range send {
		reason, _, _ := strings.Cut(r.Reason, ":")
		out.Refunds = append(out.Refunds, toSendView{Order: r.OrderID.String(), Refund: r.RefundID.String(), Code: r.Code, Buyer: BuyerView{r.Name, r.Email},
			Amount: r.Amount, Currency: r.Currency, Reason: reason, Since: clock.Time(r.CreatedAt)})
	}
	return c.JSON(http.StatusOK, out)
}
