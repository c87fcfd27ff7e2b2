package notification

import (
	"net/http"
	"time"

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

type outboxMail struct {
	ID      string     `json:"id"`
	To      string     `json:"to"`
	Subject string     `json:"subject"`
	Status  string     `json:"status"`
	Order   string     `json:"order"`
	At      clock.Time `json:"at"` // sent, else promised
	Error   string     `json:"error,omitempty"`
}

type outboxResponse struct {
	Mails []outboxMail `json:"mails"`
}

// outbox answers GET /admin/outbox?q=: the newest mails first.
func (s *Service) outbox(c echo.Context) error {
	rows, err := s.store.find(c.Request().Context(), clip(line(c.QueryParam("q")), 200), outboxPage)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, newOutboxResponse(rows))
}

func newOutboxResponse(rows []mailRow) outboxResponse {
	out := outboxResponse{Mails: make([]outboxMail, 0, len(rows))}
	for _, r := range rows {
		at := r.CreatedAt
		if r.SentAt != nil {
			at = *r.SentAt
		}
		out.Mails = append(out.Mails, outboxMail{
			ID: r.ID.String(), To: r.Recipient, Subject: r.Subject, Status: r.Status, Order: r.OrderID.String(),
			At: clock.Time(at.UTC().Truncate(time.Millisecond)), Error: r.LastError,
		})
	}
	return out
}
