package checkout

import (
	"time"

	"github.com/google/uuid"
)

// A ticket:
//
//	T4 ──▶ valid ──checked in──▶ valid, inside (once: a conditional UPDATE)
//	         ├──────seat returned──┴──▶ void
//	         ├──seat exchanged: a new ticket ──▶ void
//	         └──given back ──▶ listed ──its seat is sold──▶ void
//	         ◀── taken back, or nobody came ──┘
//
// A valid ticket stands on a sold claim, and a claim is released only when its ticket is void: the database refuses
// anything else. A listed ticket lets nobody in while its seat is on sale (listing.go). Void is final; a seat that is sold again has a new ticket. While its payment is disputed a valid ticket
// lets nobody in: that is read from the payment at the door, and stored with no ticket.

// TicketStatus is a state of the drawing above.
type TicketStatus string

// The states.
const (
	TicketValid  TicketStatus = "valid"
	TicketListed TicketStatus = "listed"
	TicketVoid   TicketStatus = "void"
)

// Ticket is the right to one seat. Secret is the capability of its page.
type Ticket struct {
	ID          uuid.UUID
	ClaimID     int64
	EventID     int64
	SeatID      int
	Secret      string
	Status      TicketStatus
	IssuedAt    time.Time
	CheckedInAt *time.Time
	Gate        string
	Replaced    bool // its seat was exchanged; read with the claim alone
}

// url is where the ticket's page stands.
func (t Ticket) url(public string) string { return public + "/t/" + t.Secret }
