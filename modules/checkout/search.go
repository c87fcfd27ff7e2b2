package checkout

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairseat/app/clock"
	"fairseat/app/money"
	"fairseat/app/request"
)

const (
	searchLimit = 50
	labelEvents = 10  // how many of the newest events are searched for a seat label
	exportBatch = 500 // orders read at a time
)

// Wanted is what Search looks for.
type Wanted struct {
	Text   string    // in code, name or mail address; "" for all
	Event  int64     // 0 for every event
	Before uuid.UUID // only orders older than this one; the zero id for the newest
}

// Search finds orders, and if there is none by the label of a seat; newest first, at most 50.
func (s *Service) Search(ctx context.Context, w Wanted) ([]OrderSummary, error) {
	q := w.Text
	orders, err := s.store.searchOrders(ctx, w, searchLimit)
	if err != nil {
		return nil, err
	}
	if len(orders) == 0 && q != "" && w.Before == uuid.Nil {
		if orders, err = s.ordersBySeat(ctx, q); err != nil {
			return nil, err
		}
	}
	return s.summaries(ctx, orders)
}

// ordersBySeat looks through the newest events. Labels live with the plan, not in the tables.
func (s *Service) ordersBySeat(ctx context.Context, label string) ([]Order, error) {
	events, err := s.store.newestEvents(ctx, labelEvents)
	if err != nil {
		return nil, err
	}
	var orders []uuid.UUID
	for _, event := range events {
		claims, err := s.store.claimedSeats(ctx, event)
		if err != nil {
			return nil, err
		}
		numbers := make([]int, len(claims))
		for i, c := range claims {
			numbers[i] = c.SeatID
		}
		seats, err := s.Seats.SeatInfo(ctx, event, numbers)
		if err != nil {
			return nil, err
		}
		info := byNumber(seats)
		for _, c := range claims {
			if strings.EqualFold(info[c.SeatID].Label, label) && len(orders) < searchLimit {
				orders = append(orders, c.OrderID)
			}
		}
	}
	if len(orders) == 0 {
		return nil, nil
	}
	return s.store.ordersByID(ctx, orders)
}

// summaries shows orders in a list, with a few queries for all of them.
func (s *Service) summaries(ctx context.Context, orders []Order) ([]OrderSummary, error) {
	rows, err := s.gather(ctx, orders)
	if err != nil {
		return nil, err
	}
	out := []OrderSummary{}
	for _, r := range rows {
		out = append(out, OrderSummary{
			ID: r.ID.String(), Code: r.Code, Event: r.event.Slug, Status: r.shown, Buyer: BuyerView{r.Name, r.Email},
			Seats: r.labels, Total: r.Amount, Currency: r.Currency, CreatedAt: clock.Time(r.CreatedAt),
		})
	}
	return out, nil
}

// gathered is an order with what lists show of it.
type gathered struct {
	Order
	event    Event
	shown    string
	labels   []string
	refunded int64
	promo    string // the code it was made with
	tax      orderTax
}

func (s *Service) gather(ctx context.Context, orders []Order) ([]gathered, error) {
	if len(orders) == 0 {
		return nil, nil
	}
	all := make([]uuid.UUID, len(orders))
	for i, o := range orders {
		all[i] = o.ID
	}
	payments, err := s.store.paymentsOf(ctx, all)
	if err != nil {
		return nil, err
	}
	refunds, err := s.store.refundsOf(ctx, all)
	if err != nil {
		return nil, err
	}
	labels, err := s.labels(ctx, orders, all)
	if err != nil {
		return nil, err
	}
	codes, err := s.store.promosOf(ctx, all)
	if err != nil {
		return nil, err
	}
	taxes, err := s.store.taxesOf(ctx, all)
	if err != nil {
		return nil, err
	}
	paid, back := map[uuid.UUID][]PaymentStatus{}, map[uuid.UUID][]RefundStatus{}
	sums := map[uuid.UUID]int64{}
	for _, p := range payments {
		paid[p.OrderID] = append(paid[p.OrderID], p.Status)
	}
	for _, r := range refunds {
		back[r.OrderID] = append(back[r.OrderID], r.Status)
		if r.Status == RefundDone {
			sums[r.OrderID] += r.Amount
		}
	}
	out := make([]gathered, len(orders))
	for i, o := range orders {
		event, err := s.Events.Event(ctx, o.EventID) // kept in memory by its owner
		if err != nil {
			return nil, err
		}
		out[i] = gathered{Order: o, event: event, shown: o.shown(paid[o.ID], back[o.ID]), labels: labels[o.ID], refunded: sums[o.ID],
			promo: codes[o.ID], tax: taxes[o.ID]}
	}
	return out, nil
}

// labels are the seats of many orders, asked for once an event.
func (s *Service) labels(ctx context.Context, orders []Order, all []uuid.UUID) (map[uuid.UUID][]string, error) {
	seats, err := s.store.seatsOfMany(ctx, all)
	if err != nil {
		return nil, err
	}
	numbers := map[int64][]int{}
	for _, o := range orders {
		numbers[o.EventID] = append(numbers[o.EventID], seats[o.ID]...)
	}
	info := map[int64]map[int]Seat{}
	for event, n := range numbers {
		known, err := s.Seats.SeatInfo(ctx, event, n)
		if err != nil {
			return nil, err
		}
		info[event] = byNumber(known)
	}
	labels := map[uuid.UUID][]string{}
	for _, o := range orders {
		labels[o.ID] = []string{}
		for _, n := range seats[o.ID] {
			labels[o.ID] = append(labels[o.ID], info[o.EventID][n].Label)
		}
	}
	return labels, nil
}

func (s *Service) noteExport(ctx context.Context, who request.Staff, ip, slug string) {
	if err := s.Journal.Note(ctx, s.DB, who, ip, "orders.export", "event:"+slug, nil); err != nil {
		s.Log.Warn("export not noted in the log", "event", slug, "error", err)
	}
}

// ExportOrders writes every order of an event as CSV, oldest first, in batches: one row an order, no text of which a
// spreadsheet takes for a formula.
func (s *Service) ExportOrders(ctx context.Context, eventID int64, w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"code", "status", "name", "email", "seats", "total", "refunded", "currency", "created_at", "paid_at", "id", "promo", "net", "tax", "invoice"}); err != nil {
		return err
	}
	var after time.Time
	var last uuid.UUID
	for {
		orders, err := s.store.ordersAfter(ctx, eventID, after, last, exportBatch)
		if err != nil {
			return err
		}
		rows, err := s.gather(ctx, orders)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := out.Write(csvRow(r)); err != nil {
				return fmt.Errorf("export orders: %w", err)
			}
		}
		if out.Flush(); out.Error() != nil {
			return fmt.Errorf("export orders: %w", out.Error())
		}
		if len(orders) < exportBatch {
			return nil
		}
		after, last = orders[len(orders)-1].CreatedAt, orders[len(orders)-1].ID
	}
}

func csvRow(r gathered) []string {
	paidAt := ""
	if r.PaidAt != nil {
		paidAt = clock.Format(*r.PaidAt)
	}
	amount := func(minor int64) string { return money.Plain(minor, r.Currency) }
	net, tax := "", "" // an order without an invoice says nothing of tax
	if r.tax.Number != "" {
		net, tax = amount(r.tax.Net), amount(r.tax.Tax)
	}
	return []string{
		r.Code, r.shown, csvText(r.Name), csvText(r.Email), csvText(strings.Join(r.labels, " ")), amount(r.Amount), amount(r.refunded),
		r.Currency, clock.Format(r.CreatedAt), paidAt, r.ID.String(), csvText(r.promo), net, tax, csvText(r.tax.Number),
	}
}

// csvText disarms what a spreadsheet would run as a formula: a leading = + - @, tab, line break or NUL gets a quote in
// front, also behind spaces.
func csvText(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if lead := strings.TrimLeft(s, " "); lead != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(lead[0])) {
		return "'" + s
	}
	return s
}
