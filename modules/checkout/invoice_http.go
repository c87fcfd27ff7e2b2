package checkout

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/checkout/invoice"
)

func (s *Service) invoiceRoutes(h *handler, r request.Routes) {
	r.API.GET("/orders/:id/invoice.pdf", h.newestInvoice, h.owner)
	r.API.GET("/orders/:id/invoices/:invoice", h.invoicePDF, h.owner)
	r.API.PUT("/orders/:id/billing", h.billing, h.owner)
	r.Admin.GET("/orders/:id/invoices/:invoice", h.staffInvoice)
	r.AdminEvent.GET("/invoices.csv", h.exportInvoices)
	r.AdminEvent.GET("/taxes", h.getTaxes)
	r.AdminEvent.PUT("/taxes", h.putTaxes)
}

// InvoiceEntry is a document of an order.
type InvoiceEntry struct {
	ID     string     `json:"id"`
	Number string     `json:"number"`
	Kind   string     `json:"kind"`
	Total  int64      `json:"total"`
	At     clock.Time `json:"at"`
	PDF    string     `json:"pdf"`
	Billing
}

// invoiceEntries are an order's documents, oldest first; none where there are none.
func (s *Service) invoiceEntries(ctx context.Context, o Order) ([]InvoiceEntry, error) {
	all, err := s.store.invoicesOf(ctx, s.DB, o.ID)
	if err != nil {
		return nil, err
	}
	var out []InvoiceEntry
	for _, v := range all {
		out = append(out, InvoiceEntry{ID: v.ID.String(), Number: v.Number, Kind: v.Kind, Total: v.Total, At: clock.Time(v.MadeAt),
			PDF: s.PublicURL() + "/api/v1/orders/" + o.ID.String() + "/invoices/" + v.ID.String() + ".pdf", Billing: v.Billing})
	}
	return out, nil
}

// InvoiceView is all that a drawn invoice shows.
type InvoiceView struct {
	Invoice
	Lines []InvoiceLineView
	Sums  []invoice.Sum
}

// InvoiceLineView is a line with the seat's names.
type InvoiceLineView struct {
	invoice.Line
	Seat, CategoryName string
}

// InvoicePDF is a document of an order as a PDF, and its number; whoever has it may keep it, so from now on it stays addressed
// as it is. ErrNotFound.
func (s *Service) InvoicePDF(ctx context.Context, o Order, id uuid.UUID) (doc []byte, number string, err error) {
	v, found, err := s.store.issueInvoice(ctx, o.ID, id)
	if err != nil {
		return nil, "", err
	}
	if !found {
		return nil, "", ErrNotFound
	}
	view := InvoiceView{Invoice: v, Sums: invoice.Sums(v.Content.Lines)}
	var numbers []int
	for _, l := range v.Content.Lines {
		if l.Seat != nil {
			numbers = append(numbers, *l.Seat)
		}
	}
	seats, err := s.Seats.SeatInfo(ctx, o.EventID, numbers)
	if err != nil {
		return nil, "", err
	}
	info := byNumber(seats)
	for _, l := range v.Content.Lines {
		line := InvoiceLineView{Line: l}
		if l.Seat != nil {
			line.Seat, line.CategoryName = info[*l.Seat].Name, info[*l.Seat].CategoryName
		}
		view.Lines = append(view.Lines, line)
	}
	doc, err = s.Documents.Invoice(ctx, view)
	return doc, v.Number, err
}

// Said is a sum as it stands on the paper.
func (v InvoiceView) Said(minor int64) string { return money.Format(minor, v.Currency) }

// newestInvoice answers GET /orders/:id/invoice.pdf.
func (h *handler) newestInvoice(c echo.Context) error {
	all, err := h.s.store.invoicesOf(c.Request().Context(), h.s.DB, orderOf(c).ID)
	if err != nil {
		return err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Kind == kindInvoice {
			return h.writePDF(c, orderOf(c), all[i].ID)
		}
	}
	return ErrNotFound
}

// invoicePDF answers GET /orders/:id/invoices/:invoice, which is its id and ".pdf".
func (h *handler) invoicePDF(c echo.Context) error {
	id, err := invoiceID(c)
	if err != nil {
		return err
	}
	return h.writePDF(c, orderOf(c), id)
}

// staffInvoice answers GET /admin/orders/:id/invoices/:invoice.
func (h *handler) staffInvoice(c echo.Context) error {
	noStore(c)
	order, err := orderID(c)
	if err != nil {
		return err
	}
	o, err := h.s.store.order(c.Request().Context(), h.s.DB, order, "")
	if err != nil {
		return err
	}
	id, err := invoiceID(c)
	if err != nil {
		return err
	}
	return h.writePDF(c, o, id)
}

func invoiceID(c echo.Context) (uuid.UUID, error) {
	text, isPDF := strings.CutSuffix(c.Param("invoice"), ".pdf")
	id, err := uuid.Parse(text)
	if err != nil || !isPDF {
		return id, ErrNotFound
	}
	return id, nil
}

func (h *handler) writePDF(c echo.Context, o Order, id uuid.UUID) error {
	doc, number, err := h.s.InvoicePDF(c.Request().Context(), o, id)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	c.Response().Header().Set(echo.HeaderContentDisposition, `inline; filename="`+fileName(number)+`.pdf"`)
	return c.Blob(http.StatusOK, "application/pdf", doc)
}

// fileName keeps a prefix of the organiser's choice from being anything but part of a name.
func fileName(number string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (r == '-' || r == '_' || (r >= '0' && r <= '9') || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z')) {
			return r
		}
		return '-'
	}, number)
}

// billing answers PUT /orders/:id/billing.
func (h *handler) billing(c echo.Context) error {
	var req Billing
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	if err := h.s.Bill(c.Request().Context(), orderOf(c), req); err != nil {
		return err
	}
	v, err := h.s.view(c.Request().Context(), orderOf(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// EventTax is what tax is in the prices of an event, or of one of its categories.
type EventTax struct {
	Category string `json:"category,omitempty"` // its id; "" for all that have none of their own
	Rate     int    `json:"rate"`               // basis points
	Name     string `json:"name"`
}

type taxesBody struct {
	Taxes []EventTax `json:"taxes"`
}

// getTaxes answers GET /admin/events/:event/taxes.
func (h *handler) getTaxes(c echo.Context) error {
	noStore(c)
	taxes, err := h.s.Taxes(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, taxesBody{taxes})
}

// putTaxes answers PUT /admin/events/:event/taxes, which says all of them.
func (h *handler) putTaxes(c echo.Context) error {
	noStore(c)
	var req taxesBody
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	event := request.EventOf(c)
	if err := h.s.SetTaxes(c.Request().Context(), who, c.RealIP(), event.ID, req.Taxes); err != nil {
		return err
	}
	taxes, err := h.s.Taxes(c.Request().Context(), event.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, taxesBody{taxes})
}
