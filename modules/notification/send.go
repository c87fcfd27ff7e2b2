package notification

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
)

// finalError ends a mail's attempts; its reason is fit for the outbox.
type finalError struct{ reason string }

func (e *finalError) Error() string { return e.reason }

// send writes the mail from what the order says now, and hands it over. It fills in the mail's subject and recipient.
func (s *Service) send(ctx context.Context, m *mail) error {
	switch {
	case m.Kind == kindJoinCode && m.Expired:
		return &finalError{"the code in it was no longer good"}
	case m.Kind == kindYourTurn && m.Expired:
		return &finalError{"it was too late to say that seats are free"}
	}
	message, err := s.compose(ctx, m)
	if err != nil {
		return err
	}
	err = s.Mailer.Send(ctx, message)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		return &finalError{refused.Reply}
	case err != nil && m.Expired:
		return &finalError{"not delivered within five days: " + shown(err)}
	}
	return err
}

func (s *Service) compose(ctx context.Context, m *mail) (*Message, error) {
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		return nil, fmt.Errorf("smtp.from: %w", err)
	}
	order, err := s.document(ctx, m)
	if err != nil {
		return nil, err
	}
	if m.Recipient == "" {
		m.Recipient = line(order.Email)
	}
	to, err := parseAddress(m.Recipient)
	if err != nil {
		return nil, &finalError{errAddress.Error()}
	}
	// Refunded or moved meanwhile: a void ticket is never mailed.
	if m.hasTickets() && len(order.Tickets) == 0 {
		return nil, &finalError{"the order has no valid tickets any more"}
	}
	if len(m.Data.Seats) > 0 {
		if m.Data.Void, err = s.Orders.SeatNames(ctx, m.OrderID, m.Data.Seats); err != nil {
			return nil, fmt.Errorf("name seats: %w", err)
		}
	}
	subject, text, html, err := s.writer.write(*m, order)
	if err != nil {
		return nil, err
	}
	m.Subject = subject
	message := &Message{
		ID: m.ID.String() + "@" + domainOf(from.Address), At: m.CreatedAt, From: *from,
		To: netmail.Address{Name: clip(line(order.Buyer), 80), Address: to}, ReplyTo: replyTo(order.Contact),
		Subject: subject, Text: text, HTML: html,
	}
	if m.hasTickets() {
		message.Files, err = s.attach(ctx, m)
	}
	return message, err
}

// document is what a mail's order or event says of itself; an alarm has neither.
func (s *Service) document(ctx context.Context, m *mail) (OrderDocument, error) {
	if m.Kind == kindAlarm {
		return OrderDocument{}, nil
	}
	if m.EventID != nil {
		d, err := s.Events.EventDocument(ctx, *m.EventID)
		if err != nil {
			return d, fmt.Errorf("read event: %w", err)
		}
		return d, nil
	}
	d, err := s.Orders.Document(ctx, m.OrderID)
	if err != nil {
		return d, fmt.Errorf("read order: %w", err)
	}
	return d, nil
}

// attach adds the tickets as a PDF, and the event as a calendar file where its start is known.
func (s *Service) attach(ctx context.Context, m *mail) ([]File, error) {
	pdf, err := s.Attachments.PDF(ctx, m.OrderID)
	if err != nil {
		return nil, fmt.Errorf("draw tickets: %w", err)
	}
	name, err := s.writer.words.Say("file.tickets")
	if err != nil {
		return nil, err
	}
	files := []File{{name + ".pdf", "application/pdf", pdf}}
	calendar, err := s.Attachments.Calendar(ctx, m.OrderID)
	if err != nil {
		return nil, fmt.Errorf("draw calendar: %w", err)
	}
	if calendar != nil {
		if name, err = s.writer.words.Say("file.event"); err != nil {
			return nil, err
		}
		files = append(files, File{name + ".ics", "text/calendar; charset=utf-8; method=PUBLISH", calendar})
	}
	return files, nil
}
