package notification

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/request"
)

// outboxPage is how many mails one look shows.
const outboxPage = 200

// Routes registers the outbox.
func (s *Service) Routes(r request.Routes) {
	r.Admin.GET("/outbox", s.outbox)
}

// OutboxMail is a mail as staff see it.
type OutboxMail struct {
	ID      string     `json:"id"`
	To      string     `json:"to"`
	Subject string     `json:"subject"`
	Status  string     `json:"status"`
	Order   string     `json:"order"` // "" for a mail about a line
	At      clock.Time `json:"at"`    // sent, else promised
	Error   string     `json:"error,omitempty"`
}

type outboxResponse struct {
	Mails []OutboxMail `json:"mails"`
}

// outbox answers GET /admin/outbox?q=: the newest mails first.
func (s *Service) outbox(c echo.Context) error {
	mails, err := s.Outbox(c.Request().Context(), c.QueryParam("q"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, outboxResponse{mails})
}

// Outbox lists the newest mails whose address, subject or order contains q, at most 200; all of them for "".
func (s *Service) Outbox(ctx context.Context, q string) ([]OutboxMail, error) {
	rows, err := s.store.find(ctx, clip(line(q), 200), outboxPage)
	if err != nil {
		return nil, err
	}
	out := make([]OutboxMail, 0, len(rows))
	for _, r := range rows {
		at := r.CreatedAt
		if r.SentAt != nil {
			at = *r.SentAt
		}
		order := ""
		if r.OrderID != uuid.Nil {
			order = r.OrderID.String()
		}
		out = append(out, OutboxMail{
			ID: r.ID.String(), To: r.Recipient, Subject: r.Subject, Status: r.Status, Order: order,
			At: clock.Time(at.UTC().Truncate(time.Millisecond)), Error: r.LastError,
		})
	}
	return out, nil
}
