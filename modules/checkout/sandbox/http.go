package sandbox

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/request"
)

// handler turns HTTP into calls of a Processor.
type handler struct{ p *Processor }

// Routes serves the processor under /sandbox of the group. owner lets signed-in owners pass, for the two control
// addresses when they are not asked from this very machine.
func (p *Processor) Routes(root request.Group, owner echo.MiddlewareFunc) {
	h := &handler{p}
	const payments, one = "/sandbox/v1/payments", "/sandbox/v1/payments/:id"
	root.POST(payments, h.merchant(h.create))
	root.GET(payments, h.merchant(h.list))
	root.GET(one, h.merchant(h.get))
	root.POST(one+"/capture", h.merchant(h.step(Captured)))
	root.POST(one+"/cancel", h.merchant(h.step(Cancelled)))
	root.POST(one+"/refunds", h.merchant(h.refund))

	root.GET("/sandbox/pay/:id", h.page)
	root.POST("/sandbox/pay/:id", h.pay)

	guard := h.control(owner)
	root.POST(one+"/dispute", h.dispute, guard)
	root.GET("/sandbox/faults", h.faults, guard)
	root.PUT("/sandbox/faults", h.misbehave, guard)
	root.GET("/sandbox/charges", h.charges, h.merchantOr(guard))
}

// merchant asks for the secret, lets the faults strike, and answers. A call that is struck after its effect says it
// failed, whatever it did.
func (h *handler) merchant(run func(echo.Context) (kept, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !h.p.isMerchant(request.Bearer(c)) {
			return ErrBadSecret
		}
		fate := h.p.strike(c.Request().Context(), true)
		if fate.err != nil {
			return fate.err
		}
		answer, err := run(c)
		if fate.after {
			return ErrFailed
		}
		if err != nil {
			return err
		}
		if answer.replayed {
			c.Response().Header().Set("Idempotent-Replayed", "true")
		}
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		return c.JSONBlob(answer.Status, answer.Body)
	}
}

// create answers POST /sandbox/v1/payments.
func (h *handler) create(c echo.Context) (kept, error) {
	var req createRequest
	k, err := readKeyed(c, &req)
	if err != nil {
		return kept{}, err
	}
	if err := req.check(); err != nil {
		return kept{}, err
	}
	return h.p.once(c.Request().Context(), k, http.StatusCreated, func(tx *gorm.DB) (string, error) { return h.p.create(tx, req) })
}

// step answers POST /sandbox/v1/payments/:id/capture and …/cancel; the body is empty.
func (h *handler) step(to Status) func(echo.Context) (kept, error) {
	return func(c echo.Context) (kept, error) {
		id := c.Param("id")
		if !isPaymentID(id) {
			return kept{}, ErrNoPayment
		}
		k, err := readKeyed(c, &struct{}{})
		if err != nil {
			return kept{}, err
		}
		return h.p.once(c.Request().Context(), k, http.StatusOK, func(tx *gorm.DB) (string, error) { return id, h.p.move(tx, id, to) })
	}
}

type refundRequest struct {
	Amount int64 `json:"amount"`
}

// refund answers POST /sandbox/v1/payments/:id/refunds with the whole payment.
func (h *handler) refund(c echo.Context) (kept, error) {
	id := c.Param("id")
	if !isPaymentID(id) {
		return kept{}, ErrNoPayment
	}
	var req refundRequest
	k, err := readKeyed(c, &req)
	if err != nil {
		return kept{}, err
	}
	if req.Amount < 1 || req.Amount > maxAmount+1 {
		return kept{}, fault.Fields{"amount": "minor units, from 1"}.Err()
	}
	return h.p.once(c.Request().Context(), k, http.StatusOK, func(tx *gorm.DB) (string, error) {
		return id, h.p.refund(tx, id, k.key, req.Amount)
	})
}

// get answers GET /sandbox/v1/payments/:id.
func (h *handler) get(c echo.Context) (kept, error) {
	found, err := h.p.get(c.Request().Context(), c.Param("id"))
	return fresh(found, err)
}

// list answers GET /sandbox/v1/payments?payment=<the merchant's id>.
func (h *handler) list(c echo.Context) (kept, error) {
	id := c.QueryParam("payment")
	if id == "" || !plain(id, 200) {
		return kept{}, fault.Fields{"payment": "your own id of the payment"}.Err()
	}
	found, err := h.p.byMerchant(c.Request().Context(), id)
	return fresh(map[string]any{"payments": found}, err)
}

// control lets anyone on this machine in while the server listens on loopback alone, and owners always. What these
// addresses answer is never faulted.
func (h *handler) control(owner echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		asked := func(echo.Context) error { return ErrNotOwner }
		if owner != nil {
			asked = owner(next)
		}
		return func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
			if h.p.deps.Loopback() && fromLoopback(c.Request().RemoteAddr) {
				return next(c)
			}
			return asked(c)
		}
	}
}

// merchantOr lets the merchant see the ledger of its own payments wherever it stands, and asks the guard of others.
func (h *handler) merchantOr(guard echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		guarded := guard(next)
		return func(c echo.Context) error {
			if h.p.isMerchant(request.Bearer(c)) {
				return next(c)
			}
			return guarded(c)
		}
	}
}

// fromLoopback is about the connection itself; headers a proxy or a liar wrote do not count.
func fromLoopback(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// faults answers GET /sandbox/faults.
func (h *handler) faults(c echo.Context) error {
	f, err := readFaults(h.p.deps.DB.WithContext(c.Request().Context()))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, f)
}

// misbehave answers PUT /sandbox/faults: all of them, what is left out at its default.
func (h *handler) misbehave(c echo.Context) error {
	f := Faults{Webhook: normal}
	if err := request.Decode(c, &f); err != nil {
		return err
	}
	if err := h.p.Misbehave(c.Request().Context(), f); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, f)
}

// charges answers GET /sandbox/charges.
func (h *handler) charges(c echo.Context) error {
	all, err := h.p.charges(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string][]Charge{"charges": all})
}
