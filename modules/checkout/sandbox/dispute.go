package sandbox

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/request"
)

type disputeRequest struct {
	Status string `json:"status"`
}

// dispute answers POST /sandbox/v1/payments/:id/dispute: what the fan's bank says, played by whoever tries the processor
// out.
func (h *handler) dispute(c echo.Context) error {
	var req disputeRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	from := map[string][]string{disputeOpen: {"", disputeWon}, disputeWon: {disputeOpen}, disputeLost: {disputeOpen}}[req.Status]
	if from == nil {
		return fault.Fields{"status": "open, won or lost"}.Err()
	}
	id := c.Param("id")
	err := h.p.transact(c.Request().Context(), func(tx *gorm.DB) error { return h.p.moveDispute(tx, id, from, req.Status) })
	if err != nil {
		return err
	}
	h.p.poke()
	now, err := h.p.get(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, now)
}

// moveDispute says where a dispute stands and tells the merchant; said already, it does nothing.
func (p *Processor) moveDispute(tx *gorm.DB, id string, from []string, to string) error {
	row, err := find(tx, id)
	if err != nil || row.Dispute == to {
		return err
	}
	res := tx.Exec(`UPDATE sandbox.payments SET dispute = ?, changed_at = coalesce(?::timestamptz, now())
		WHERE id = ? AND status = 'captured' AND dispute IN ?`, to, p.now(), id, from)
	if res.Error != nil {
		return fmt.Errorf("dispute sandbox payment: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrWrongState.With("payment_status", row.Status)
	}
	return p.tell(tx, row, "dispute."+to)
}
