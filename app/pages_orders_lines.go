package app

import (
	"slices"

	"github.com/labstack/echo/v4"

	"fairseat/modules/checkout"
	"fairseat/modules/seating"
)

// lineSight is a seat as it was bought, and what became of it.
type lineSight struct {
	Said, Category string
	Price          int64
	Now            string // the seat taken instead since
	Gone, Returned bool   // to others, before the money came; by ticket
	Away           bool   // its ticket is on sale again
}

// moneySight is money that goes back: why, and how far it is, as keys of the catalogue.
type moneySight struct {
	Amount   int64
	Why, How string
}

// backReasons are why money goes back, those that have words: "back.why.<…>".
var backReasons = []string{"staff", "event", "dispute", "swap", "difference", "late", "wrong-amount", "second-payment", "overpaid", "resold"}

// ticketsStay are the reasons of money that was never a ticket, or whose ticket stays.
var ticketsStay = []string{"swap", "difference", "late", "wrong-amount", "second-payment", "overpaid"}

// ledgerSight is the part of an order's page that adds up: the seats at what was paid for them then, and what goes back.
func (a *App) ledgerSight(c echo.Context, s *orderSight, e *seating.Event, say *speaker) error {
	var err error
	lines := s.Bought
	if lines == nil {
		for _, seat := range s.Seats {
			lines = append(lines, checkout.BoughtView{SeatView: seat})
		}
	}
	var numbers, instead []int
	returned := map[int]bool{}
	for _, seat := range s.Seats {
		returned[seat.N] = s.Status == "part-refunded" || s.Status == "refunded" || s.Status == "refund-pending"
		instead = append(instead, seat.N)
	}
	for _, t := range s.Tickets {
		returned[t.Seat.N] = false
	}
	for n := range s.Away {
		returned[n] = false
	}
	for _, line := range lines {
		numbers = append(numbers, line.N)
		if line.Now != nil {
			numbers = append(numbers, *line.Now)
		}
	}
	seats, err := a.seating.SeatInfo(c.Request().Context(), e.ID, numbers)
	if err != nil {
		return err
	}
	said, names := say.each(seats), categoryNames(e)
	for _, line := range lines {
		l := lineSight{Said: said[line.N], Category: names[line.Category], Price: line.Price}
		now := line.N
		if line.Now != nil {
			now, l.Now = *line.Now, said[*line.Now]
		}
		back, still := returned[now]
		l.Gone, l.Returned = !still || s.Swap != nil && s.Swap.Said[now] == "", back && still
		l.Away = s.Away[now]
		s.Lines, s.Sum = append(s.Lines, l), s.Sum+line.Price
		instead = slices.DeleteFunc(instead, func(n int) bool { return n == now })
	}
	s.More = max(0, s.Total-s.Sum)
	if len(instead) > 0 {
		if seats, err = a.seating.SeatInfo(c.Request().Context(), e.ID, instead); err != nil {
			return err
		}
		s.Instead = say.names(seats...)
	}
	for _, b := range s.Back {
		m := moneySight{Amount: b.Amount, How: "back.itself"}
		if slices.Contains(backReasons, b.Reason) {
			m.Why = "back.why." + b.Reason
		}
		switch {
		case b.Done:
			m.How = "back.done"
		case b.ByHand:
			m.How = "back.hand"
		}
		if !b.Done {
			s.Coming += b.Amount
		}
		s.Money, s.Void = append(s.Money, m), s.Void || !slices.Contains(ticketsStay, b.Reason)
	}
	if s.EventRefunded {
		s.Word, _, err = a.checkout.Refunding(c.Request().Context(), e.ID)
	}
	return err
}
