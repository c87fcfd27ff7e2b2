package app

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/app/words"
	"fairseat/modules/checkout"
)

// mostOwed is how many debts one look shows.
const mostOwed = 500

// owedItem is money owed, as GET /api/v1/admin/owed tells it.
type owedItem struct {
	Order    string                `json:"order"`
	Code     string                `json:"code"`
	Payment  string                `json:"payment"`
	Refund   string                `json:"refund"` // "" while nothing was decided about it
	Status   checkout.RefundStatus `json:"status"` // of the refund
	Amount   int64                 `json:"amount"`
	Currency string                `json:"currency"`
	Reason   string                `json:"reason"`
	Problem  string                `json:"problem,omitempty"` // what the processor said last
	Tries    int                   `json:"tries"`             // how often it refused
	Since    clock.Time            `json:"since"`
	NextTry  clock.Time            `json:"next_try_at"`
	Provider string                `json:"provider"`
}

// owedOrphan is money at a processor under a payment that we do not know.
type owedOrphan struct {
	Provider   string     `json:"provider"`
	Payment    string     `json:"payment"`
	Order      string     `json:"order"` // as the processor has it
	Currency   string     `json:"currency"`
	Authorized int64      `json:"authorized"`
	Captured   int64      `json:"captured"`
	Refunded   int64      `json:"refunded"`
	Status     string     `json:"status"` // found, foreign, returned
	Problem    string     `json:"problem,omitempty"`
	FoundAt    clock.Time `json:"found_at"`
}

type owedResponse struct {
	Owed    map[string]int64 `json:"owed"` // by currency
	Items   []owedItem       `json:"items"`
	Orphans []owedOrphan     `json:"orphans"`
	strays  []strayMoney
}

// owed are all debts, the oldest first, and their sums.
func (a *App) owed(ctx context.Context) (*owedResponse, error) {
	rows, err := a.checkout.OwedMoney(ctx, a.stores.db, mostOwed)
	if err != nil {
		return nil, err
	}
	r := &owedResponse{Owed: map[string]int64{}, Items: []owedItem{}, Orphans: []owedOrphan{}}
	for _, row := range rows {
		reason, _, _ := strings.Cut(row.Reason, ":")
		item := owedItem{Order: row.OrderID.String(), Code: row.Code, Payment: row.PaymentID.String(), Status: row.Status, Amount: row.Amount, Currency: row.Currency,
			Reason: reason, Problem: row.Problem, Tries: row.Tries, Provider: row.Provider, Since: clock.Time(row.Since), NextTry: clock.Time(row.NextTryAt)}
		if row.RefundID != nil {
			item.Refund = row.RefundID.String()
		}
		r.Owed[row.Currency] += row.Amount
		r.Items = append(r.Items, item)
	}
	orphans, err := a.checkout.Orphans(ctx, mostOwed)
	if err != nil {
		return nil, err
	}
	for _, o := range orphans {
		if left := o.Captured - o.Refunded; left > 0 && !o.Foreign() {
			r.Owed[o.Currency] += left
		}
		r.Orphans = append(r.Orphans, owedOrphan{Provider: o.Provider, Payment: o.Payment.String(), Order: o.OrderID, Currency: o.Currency,
			Authorized: o.Authorized, Captured: o.Captured, Refunded: o.Refunded, Status: o.Status, Problem: o.Problem, FoundAt: clock.Time(o.FoundAt)})
		r.strays = append(r.strays, newStrayMoney(o, a.clock.Now()))
	}
	return r, nil
}

// getOwed answers GET /api/v1/admin/owed.
func (a *App) getOwed(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	r, err := a.owed(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

// debt is money owed, for people.
type debt struct {
	owedItem
	Price, Why, Next string
	At               time.Time
	Refused, ByHand  bool
}

// debtWords are why money is owed.
var debtWords = map[string]string{
	"late": "It came after the order had ended, and its seats are gone.", "wrong-amount": "It was not the price of the order.",
	"second-payment": "The order was paid twice.", "overpaid": "More came than the order costs.", "staff": "Tickets were returned.", "": "It came for an order that has no tickets.",
	"event": "The whole event is refunded.", "difference": "The seats taken instead cost less.", "swap": "The new seat costs less.", "dispute": "The bank took it back.",
}

// whyOwed puts the reason of a refund into words.
func whyOwed(reason string) string {
	kind, _, _ := strings.Cut(reason, ":")
	if said, known := debtWords[kind]; known {
		return said
	}
	return title(kind)
}

func newDebt(item owedItem, now time.Time) debt {
	d := debt{owedItem: item, Price: money.Format(item.Amount, item.Currency), Why: whyOwed(item.Reason), At: time.Time(item.Since), Refused: item.Status == checkout.RefundFailed}
	wait := time.Time(item.NextTry).Sub(now)
	switch {
	case item.Provider == "transfer" && item.Refund != "":
		d.ByHand, d.Next = true, "Somebody has to send it from the bank, and say so on the list of bank transfers."
	case d.Refused && wait > 2*time.Second:
		d.Next = "The processor refuses it. We ask again in " + words.Number(int64(wait.Round(time.Second)/time.Second)) + " seconds."
	case d.Refused:
		d.Next = "The processor refuses it. We ask again now."
	case item.Status == checkout.RefundSent:
		d.Next = "The processor was asked, and its answer is awaited. We look every few seconds."
	case item.Refund == "":
		d.Next = "It becomes tickets or a refund with the next look at the payment, within seconds."
	default:
		d.Next = "The processor is asked within seconds."
	}
	return d
}

// owedPage answers GET /admin/owed.
func (a *App) owedPage(c echo.Context) error {
	r, err := a.owed(c.Request().Context())
	if err != nil {
		return err
	}
	debts, refused := make([]debt, len(r.Items)), 0
	for i, item := range r.Items {
		debts[i] = newDebt(item, a.clock.Now())
		if debts[i].Refused {
			refused++
		}
	}
	var sums []string
	for _, currency := range slices.Sorted(maps.Keys(r.Owed)) {
		sums = append(sums, money.Format(r.Owed[currency], currency))
	}
	return a.staffPage(c, http.StatusOK, "owed", "owed", map[string]any{"Debts": debts, "Sums": sums, "Refused": refused, "Strays": r.strays, "Most": len(debts) == mostOwed})
}

// retryForm answers POST /admin/owed/refunds/:id/retry.
func (a *App) retryForm(c echo.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return checkout.ErrNotFound
	}
	who, _ := request.StaffOf(c)
	if err := a.checkout.RetryRefund(c.Request().Context(), who, c.RealIP(), id); err != nil {
		return err
	}
	return done(c, "/admin/owed", "retry")
}
