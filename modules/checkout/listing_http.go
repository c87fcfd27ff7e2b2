package checkout

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/request"
)

// listTicket answers POST /orders/:id/tickets/:ticket/listing.
func (h *handler) listTicket(c echo.Context) error {
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	ticket, err := uuid.Parse(c.Param("ticket"))
	if err != nil {
		return ErrNotFound
	}
	v, err := h.s.List(c.Request().Context(), orderOf(c).ID, ticket)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// unlistTicket answers DELETE /orders/:id/tickets/:ticket/listing.
func (h *handler) unlistTicket(c echo.Context) error {
	ticket, err := uuid.Parse(c.Param("ticket"))
	if err != nil {
		return ErrNotFound
	}
	if err := h.s.Unlist(c.Request().Context(), orderOf(c).ID, ticket); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
