// Package notification sends mails: a mail is promised inside the transaction that makes it true, kept in the table
// mails, and delivered by a River job as soon as the mail server takes it. A dead mail server never touches a sale.
package notification

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"fairseat/app/clock"
)

// Jobs inserts a job that exists exactly if the transaction commits.
type Jobs interface {
	Insert(ctx context.Context, tx *gorm.DB, args river.JobArgs, opts *river.InsertOpts) error
}

// Orders knows what an order's mails have to say.
type Orders interface {
	// Document is the order as it stands now, whatever its status.
	Document(ctx context.Context, orderID uuid.UUID) (OrderDocument, error)
	// SeatNames are what a fan calls these seats of the order's event.
	SeatNames(ctx context.Context, orderID uuid.UUID, seats []int) ([]string, error)
}

// Events knows what a mail about an event says of it, as an order's document that has no order: name, place, time,
// colour and contact.
type Events interface {
	EventDocument(ctx context.Context, eventID int64) (OrderDocument, error)
}

// OrderDocument is an order in the words of a mail. Empty fields are left out.
type OrderDocument struct {
	Code      string // what a person reads out: "K7QX2M4P"
	Buyer     string
	Email     string // where mails go that name no address of their own
	OrderURL  string // the private link to the order
	EventName string
	Accent    string // the event's colour as #rrggbb; "" = the house's
	Venue     string
	Timezone  string    // IANA name of the venue's zone; unknown or empty means UTC
	StartsAt  time.Time // zero: not announced
	Contact   string    // replies go there if it is a mail address
	Total     string    // for a person: "85.00 EUR"
	Invoice   string    // the number of the newest; "" for none
	Tickets   []Ticket  // the valid ones; none before payment and after a full refund
	Refunding string    // what the organiser says of the refund of the whole event; "" for nothing
}

// Ticket is one ticket of an order. URL is its page; PDF and calendar stand at URL+".pdf" and URL+".ics".
type Ticket struct {
	Seat     string
	AnyPlace bool // Seat names no seat in particular
	Category string
	URL      string
}

// Attachments draws the documents that travel with the tickets.
type Attachments interface {
	// PDF holds all valid tickets of the order.
	PDF(ctx context.Context, orderID uuid.UUID) ([]byte, error)
	// Calendar is nil while the event has no announced start.
	Calendar(ctx context.Context, orderID uuid.UUID) ([]byte, error)
}

// Deps is what notification is built from.
type Deps struct {
	DB          *gorm.DB
	Clock       clock.Clock
	Log         *slog.Logger
	Jobs        Jobs
	Orders      Orders
	Events      Events
	Attachments Attachments
	Mailer      Mailer
	From        string // "Box office <tickets@example.org>"
	Trial       bool   // every mail says TEST
}

// Service promises mails and delivers them. Safe for concurrent use.
type Service struct {
	Deps
	store  store
	writer *writer
}

// New builds the module. It panics when its own templates do not parse, which any test shows.
func New(d Deps) *Service {
	return &Service{Deps: d, store: store{d.DB, d.Clock}, writer: newWriter(d.Trial)}
}

// The kinds of mail. Each has its two templates and its words.
const (
	kindTickets   = "tickets"
	kindChanged   = "seat-changed" // the tickets anew, because one has another seat
	kindListed    = "listed"       // a ticket that was given back is on sale
	kindKept      = "kept"         // and nobody bought it
	kindOrderLink = "order-link"
	kindRefund    = "refund"         // money goes back, and perhaps tickets are void
	kindSent      = "refund-sent"    // it has left
	kindEventOff  = "event-refunded" // an order that was not paid ended with that
	kindSwapOffer = "swap-offer"
	kindTransfer  = "transfer"  // where to send the money
	kindJoinCode  = "join-code" // these belong to an event's line, not to an order
	kindPlaceLink = "place-link"
	kindYourTurn  = "your-turn"
	kindAlarm     = "alarm" // to the house itself, about neither
)

// TicketsReady promises the tickets of an order, once however often it is called. Like all promises it takes part in
// the caller's transaction, fails only when that fails, and takes email "" for the order's own address; an address no
// mail can go to becomes a failed mail in the outbox, never an error that would undo a sale.
func (s *Service) TicketsReady(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, email string) error {
	// The id is made of the order: the primary key refuses the second promise.
	id := uuid.NewSHA1(orderID, []byte(kindTickets))
	return s.promise(ctx, tx, newMail(id, kindTickets, orderID, email, mailData{}))
}

// Resend promises the tickets of an order once more, each time.
func (s *Service) Resend(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, email string) error {
	return s.promiseNew(ctx, tx, kindTickets, orderID, email, mailData{})
}

// SeatChanged promises the tickets of an order anew, because the seat of one of them has changed: from and to are its names.
func (s *Service) SeatChanged(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, email, from, to string) error {
	return s.promiseNew(ctx, tx, kindChanged, orderID, email, mailData{From: from, To: to})
}

// OrderLink promises the private link to an order; url "" is the link the order names itself.
func (s *Service) OrderLink(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, email, url string) error {
	return s.promiseNew(ctx, tx, kindOrderLink, orderID, email, mailData{URL: url})
}

// Refund is what a mail says of money that goes back. Amount is for a person, "" if the tickets were free. Reason is one of
// late, dispute, difference, wrong-amount, second-payment, swap, staff, event, resold and free, each with its own words. Seats are those
// whose tickets are void with it. What goes back by hand a person sends.
type Refund struct {
	Amount, Reason string
	ByHand         bool
	Seats          []int
}

// RefundDue promises the notice that money is to go back, and that tickets are void.
func (s *Service) RefundDue(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, r Refund) error {
	return s.promiseNew(ctx, tx, kindRefund, orderID, "", mailData{Amount: r.Amount, Reason: r.Reason, ByHand: r.ByHand, Seats: r.Seats})
}

// RefundSent promises the notice that the money has left.
func (s *Service) RefundSent(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, r Refund) error {
	return s.promiseNew(ctx, tx, kindSent, orderID, "", mailData{Amount: r.Amount, ByHand: r.ByHand})
}

// Listed promises the news that a ticket which its holder gave back is on sale again; seat is its name, amount what comes
// back when it is sold, for a person.
func (s *Service) Listed(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, seat, amount string) error {
	return s.promiseNew(ctx, tx, kindListed, orderID, "", mailData{From: seat, Amount: amount})
}

// Kept promises the news that nobody bought it.
func (s *Service) Kept(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, seat string) error {
	return s.promiseNew(ctx, tx, kindKept, orderID, "", mailData{From: seat})
}

// EventRefunded promises, once for an order, the news that it ended unpaid because its event is refunded. Whoever never had a
// mail about the order gets none now.
func (s *Service) EventRefunded(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error {
	known, err := s.store.wroteAbout(ctx, tx, orderID)
	if err != nil || !known {
		return err
	}
	return s.promise(ctx, tx, newMail(uuid.NewSHA1(orderID, []byte(kindEventOff)), kindEventOff, orderID, "", mailData{Reason: "event"}))
}

// SwapOffered promises, once for an order, the news that its seats went while its payment was on its way, what is held
// instead, and until when; the link is where to say yes.
func (s *Service) SwapOffered(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, email string, gone, offered []string, until time.Time) error {
	id := uuid.NewSHA1(orderID, []byte(kindSwapOffer))
	return s.promise(ctx, tx, newMail(id, kindSwapOffer, orderID, email, mailData{Gone: gone, Offered: offered, Until: &until}))
}

// Transfer is what a buyer types into their bank's form, beside the order's code; Amount is for a person.
type Transfer struct {
	Holder, IBAN, BIC, Amount string
	Until                     time.Time
}

// TransferAwaited promises the bank details of an order that is paid by transfer.
func (s *Service) TransferAwaited(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, t Transfer) error {
	return s.promiseNew(ctx, tx, kindTransfer, orderID, "", mailData{Amount: t.Amount, Transfer: &t})
}

// StatusOf is how the latest mail with tickets of an order does: queued, sent or failed, and why it is not sent; none
// before there is one.
func (s *Service) StatusOf(ctx context.Context, orderID uuid.UUID) (status, lastError string, err error) {
	return s.store.statusOf(ctx, orderID)
}

// SentAt is when the order's newest mail with tickets left us; zero while it has not.
func (s *Service) SentAt(ctx context.Context, orderID uuid.UUID) (time.Time, error) {
	return s.store.sentAt(ctx, orderID)
}

func (s *Service) promiseNew(ctx context.Context, tx *gorm.DB, kind string, orderID uuid.UUID, email string, data mailData) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return s.promise(ctx, tx, newMail(id, kind, orderID, email, data))
}

// JoinCode promises the digits that show whose address it is, and the link that stands for them.
func (s *Service) JoinCode(ctx context.Context, tx *gorm.DB, eventID int64, email, code, url string) error {
	return s.promiseOfEvent(ctx, tx, kindJoinCode, eventID, email, mailData{Code: code, URL: url})
}

// PlaceLink promises the private link to a place in line.
func (s *Service) PlaceLink(ctx context.Context, tx *gorm.DB, eventID int64, email, url string) error {
	return s.promiseOfEvent(ctx, tx, kindPlaceLink, eventID, email, mailData{URL: url})
}

// YourTurn promises the news that a place is called, with its private link.
func (s *Service) YourTurn(ctx context.Context, tx *gorm.DB, eventID int64, email, url string) error {
	return s.promiseOfEvent(ctx, tx, kindYourTurn, eventID, email, mailData{URL: url})
}

// Alarm promises somebody of the house the news that something does not add up; lines say what, url leads to all of it.
func (s *Service) Alarm(ctx context.Context, tx *gorm.DB, email string, lines []string, url string) error {
	return s.promiseNew(ctx, tx, kindAlarm, uuid.Nil, email, mailData{URL: url, Lines: lines})
}

// Forget deletes the mails of these events' lines: once a sale is over nobody needs to know who waited.
func (s *Service) Forget(ctx context.Context, tx *gorm.DB, eventIDs []int64) error {
	return s.store.forget(ctx, tx, eventIDs)
}

func (s *Service) promiseOfEvent(ctx context.Context, tx *gorm.DB, kind string, eventID int64, email string, data mailData) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	m := newMail(id, kind, uuid.Nil, email, data)
	m.EventID = &eventID
	return s.promise(ctx, tx, m)
}

// promise writes the mail and its job, or neither.
func (s *Service) promise(ctx context.Context, tx *gorm.DB, m mail) error {
	m.Subject = s.writer.promisedSubject(m.Kind)
	fresh, err := s.store.insert(ctx, tx, m)
	if err != nil || !fresh || m.Status != statusQueued {
		return err
	}
	return s.Jobs.Insert(ctx, tx, deliverArgs{MailID: m.ID}, nil)
}
