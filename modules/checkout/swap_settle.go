package checkout

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"fairseat/modules/checkout/invoice"
	"fairseat/modules/checkout/provider"
)

// secureSwap is T3 of a swap: the money is there, so the new seat is kept whatever the clock says. A ticket that cannot be
// changed any more ends the swap instead, and the next look lets the money go.
func (s *Service) secureSwap(ctx context.Context, tx *gorm.DB, c caseFile) error {
	if ok, err := s.store.mayChange(ctx, tx, c.Swap.TicketID); err != nil {
		return err
	} else if !ok {
		return s.endSwap(ctx, tx, c.Order, *c.Swap, SwapCancelled)
	}
	return s.secureClaims(ctx, tx, c, []Claim{{ID: c.Swap.ToClaim, Seat: c.Swap.ToSeat}})
}

// deliverSwap is T4 of a swap, all or nothing: the old ticket void and its seat free, the new seat sold with its ticket, the
// money kept, and the order worth what was paid for it in all. As in secureSwap the ticket decides.
func (s *Service) deliverSwap(ctx context.Context, c caseFile, st provider.State) error {
	x, err := s.exchangeOf(ctx, c)
	if err != nil {
		return err
	}
	err = s.underLock(ctx, c, st, stepDeliver, func(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State) error {
		if ok, err := s.store.mayChange(ctx, tx, c.Swap.TicketID); err != nil {
			return err
		} else if !ok {
			return s.endSwap(ctx, tx, c.Order, *c.Swap, SwapCancelled)
		}
		return s.keepSwap(ctx, tx, c, st, x)
	})
	if err != nil {
		return err
	}
	s.metrics.orders.WithLabelValues("moved").Inc()
	s.syncSoon(ctx, c.Order.EventID, c.Swap.FromClaim, c.Swap.ToClaim)
	s.tell(c.Order, shownPaid)
	return nil
}

func (s *Service) keepSwap(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State, x exchange) error {
	w := *c.Swap
	if err := s.store.movePayment(ctx, tx, c.Payment.ID, unsettled(), PaymentCaptured, st.Captured, ""); err != nil {
		return err
	}
	if err := s.store.moveSwap(ctx, tx, w.ID, SwapDone); err != nil {
		return err
	}
	if err := s.store.raiseAmount(ctx, tx, c.Order.ID, w.Difference); err != nil {
		return err
	}
	if _, err := s.store.exchangeTicket(ctx, tx, w.TicketID); err != nil {
		return err
	}
	if err := s.Seats.Replace(ctx, tx, w.FromClaim, w.ToClaim); err != nil {
		return err
	}
	if err := s.settleExchange(ctx, tx, x, Claim{ID: w.ToClaim, Seat: w.ToSeat}); err != nil {
		return err
	}
	return s.billSwap(ctx, tx, c.Order, w)
}

// exchangeOf is what a swap changes, with the names that its mail needs; asked before the transaction, as others keep them.
func (s *Service) exchangeOf(ctx context.Context, c caseFile) (exchange, error) {
	seats, err := s.Seats.SeatInfo(ctx, c.Order.EventID, []int{c.Swap.FromSeat, c.Swap.ToSeat})
	if err != nil {
		return exchange{}, err
	}
	info := byNumber(seats)
	x := exchange{Order: c.Order, Ticket: Ticket{ID: c.Swap.TicketID, ClaimID: c.Swap.FromClaim, SeatID: c.Swap.FromSeat}, From: info[c.Swap.FromSeat], To: info[c.Swap.ToSeat]}
	x.From.Price, x.To.Price = c.Swap.FromPrice, c.Swap.ToPrice
	return x, nil
}

// billSwap puts an invoice with the dearer seat in the place of the order's: the old one is credited with what is left of it, so
// that only ever one is open, whose lines are what the order's tickets cost. An order without any gets its first.
func (s *Service) billSwap(ctx context.Context, tx *gorm.DB, o Order, w Swap) error {
	if s.Seller.Name == "" {
		return nil
	}
	old, lines, found, err := s.openInvoice(ctx, tx, o)
	if err != nil {
		return err
	}
	if !found { // it was free, or made before there was a seller
		o.Amount += w.Difference
		return s.bill(ctx, tx, o)
	}
	sold, err := s.store.soldLines(ctx, tx, o, s.Tax)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(sold, func(l invoice.Line) bool { return l.Claim == w.ToClaim })
	if at < 0 {
		return errMoved
	}
	if err := s.creditLines(ctx, tx, o, old, lines, nil); err != nil {
		return err
	}
	content := old.Content
	of, err := s.store.lineage(ctx, tx, w.FromClaim)
	if err != nil {
		return err
	}
	content.Lines = withDearer(lines, sold[at], of, w)
	return s.writeInvoice(ctx, tx, o, Invoice{Kind: kindInvoice, Content: content, Billing: old.Billing}, nil)
}

// withDearer are the lines of an invoice with the new seat in the place of the old. Where that has no line of its own any more,
// because a part of the invoice was credited that was no seat, the difference becomes one.
func withDearer(lines []invoice.Line, fresh invoice.Line, old map[int64]bool, w Swap) []invoice.Line {
	out := slices.Clone(lines)
	at := slices.IndexFunc(out, func(l invoice.Line) bool { return old[l.Claim] && l.Gross == w.FromPrice })
	switch {
	case at >= 0:
		out[at] = fresh
	case w.FromPrice == 0: // it cost nothing, and stood on no invoice
		out = append(out, fresh)
	default:
		out = append(out, invoice.Line{Rate: fresh.Rate, Gross: w.Difference})
	}
	invoice.Tax(out)
	return out
}
