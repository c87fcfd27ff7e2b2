package sandbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed" // pay.html and pay.css
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/money"
	"fairseat/app/request"
)

//go:embed page/pay.html
var payHTML string

//go:embed page/pay.css
var payCSS string

// policy allows the page its own style, by its hash, and its form. Browsers apply form-action to the redirect after a
// form too, so the shop's origin is named.
func policy(returnURL string) string {
	hash := sha256.Sum256([]byte(payCSS))
	form := "'self'"
	if u, err := url.Parse(returnURL); err == nil {
		form += " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; form-action " + form +
		"; base-uri 'none'; frame-ancestors 'none'"
}

// page answers GET /sandbox/pay/:id, where the fan pays or declines.
func (h *handler) page(c echo.Context) error {
	ctx := c.Request().Context()
	if fate := h.p.strike(ctx, false); fate.err != nil {
		return fate.err
	}
	row, err := find(h.p.deps.DB.WithContext(ctx), c.Param("id"))
	if err != nil {
		return err
	}
	var page strings.Builder
	if err := h.p.page.Execute(&page, map[string]any{
		"Style": template.CSS(payCSS), "Amount": money.Format(row.Amount, row.Currency), "Order": row.OrderID, "Description": row.Description,
		"Status": string(row.Status), "Open": row.Status == Open, "Challenged": row.Challenged, "Why": row.DeclinedFor, "ReturnURL": row.ReturnURL,
	}); err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentSecurityPolicy, policy(row.ReturnURL))
	header.Set(echo.HeaderCacheControl, "no-store")
	header.Set(echo.HeaderReferrerPolicy, "no-referrer")
	return c.HTML(http.StatusOK, page.String())
}

type payRequest struct {
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"` // of "declined"
}

// outcome is what a click says: where the payment goes, or that the bank asks first.
type outcome struct {
	to        Status
	reason    string
	challenge bool
}

// pay answers POST /sandbox/pay/:id with what the click came to; a form is sent back to the shop, or to this page where
// the bank has a question.
func (h *handler) pay(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	if fate := h.p.strike(ctx, false); fate.err != nil {
		return fate.err
	}
	form := request.IsForm(c)
	click, err := readOutcome(c, form)
	if err != nil {
		return err
	}
	if err := h.p.decide(ctx, id, click); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	if !form {
		return c.JSON(http.StatusOK, map[string]Status{"status": click.to})
	}
	if click.challenge {
		return c.Redirect(http.StatusSeeOther, "/sandbox/pay/"+id)
	}
	// Decided is decided; only where to go now is still to be read.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	row, err := find(h.p.deps.DB.WithContext(ctx), id)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, row.ReturnURL)
}

func readOutcome(c echo.Context, form bool) (outcome, error) {
	var req payRequest
	if form {
		if _, err := c.FormParams(); err != nil {
			return outcome{}, request.BodyError(err)
		}
		req.Outcome, req.Reason = c.Request().PostForm.Get("outcome"), c.Request().PostForm.Get("reason")
	} else if err := request.Decode(c, &req); err != nil {
		return outcome{}, err
	}
	if req.Reason != "" && (req.Outcome != "declined" || !slices.Contains(declineReasons(), req.Reason)) {
		return outcome{}, fault.Fields{"reason": "why a payment is declined: " + strings.Join(declineReasons(), ", ")}.Err()
	}
	switch req.Outcome {
	case "paid":
		return outcome{to: Authorized}, nil
	case "declined":
		return outcome{to: Declined, reason: cmp.Or(req.Reason, doNotHonor)}, nil
	case "challenge":
		return outcome{to: Open, challenge: true}, nil
	}
	return outcome{}, fault.Fields{"outcome": "paid, declined or challenge"}.Err()
}

// fresh is an answer that is not kept.
func fresh(v any, err error) (kept, error) {
	if err != nil {
		return kept{}, err
	}
	body, err := json.Marshal(v)
	return kept{Status: http.StatusOK, Body: body}, err
}
