package checkout

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"fairseat/app/request"
)

// Claim statuses, in the words of whoever keeps the seats.
const (
	claimCheckout = "checkout"
	claimSecured  = "secured"
	claimSold     = "sold"
	claimListed   = "listed"
	claimReleased = "released"
)

// Seats is what checkout asks of whoever keeps the seats. Methods with a transaction do their work inside it.
type Seats interface {
	// Pin makes sure that the place's basket is still all its own and stays so for min; 409 hold-expired if not. However
	// often it is called it adds little to a basket's life, unless the clock stands: nothing can be paid.
	Pin(ctx context.Context, eventID int64, place string, min time.Duration, clockStands bool) (Basket, error)
	// Basket is what the place holds now, with no promise for how long.
	Basket(ctx context.Context, eventID int64, place string) (Basket, error)
	// Claim ties the seats to an order: all of them, or a fault 409 seats-taken {seats}, 409 buyer-limit or
	// 403 access-code-required {categories}.
	Claim(ctx context.Context, tx *gorm.DB, r ClaimRequest) ([]Claim, error)
	// Move changes the status of exactly these claims; one that is not in from is an error and changes none.
	Move(ctx context.Context, tx *gorm.DB, claims []int64, from []string, to string) error
	// Exchange gives a sold claim's seat back and sells its order another; a fault 409 seats-taken, 422 seat-off-sale. A listed seat
	// is taken: it is for whoever buys it.
	Exchange(ctx context.Context, tx *gorm.DB, r ExchangeRequest) (Claim, error)
	// Reserve claims a seat that is wanted instead of a sold one and paid for first; refused as by Exchange. Replace makes it
	// the order's and gives the old one back.
	Reserve(ctx context.Context, tx *gorm.DB, r ExchangeRequest) (Claim, error)
	Replace(ctx context.Context, tx *gorm.DB, sold, reserved int64) error
	// MayExchange refuses a seat that a fan may not have for the one given back: 409 or 422, as for any choice.
	MayExchange(ctx context.Context, eventID int64, back, seat int) error
	// Unlist makes a listed claim sold again; a fault 409 seats-taken while somebody pays for its seat, has it or, unless
	// overHolds, has chosen it.
	Unlist(ctx context.Context, tx *gorm.DB, c ListedClaim, overHolds bool) error
	// SyncJob is the job that makes the live map say what these claims say, for the transaction that changed them.
	SyncJob(eventID int64, claims []int64) river.JobArgs
	// Alike finds free seats as good as those an order lost, some of which are gone: as many at the same prices. Nil for
	// none; it holds nothing.
	Alike(ctx context.Context, eventID int64, place string, seats, gone []int) ([]Seat, error)
	// SeatInfo tells label, category and price; seats it does not know are left out.
	SeatInfo(ctx context.Context, eventID int64, seats []int) ([]Seat, error)
}

// Locks are on categories whose seats only a code opens.
type Locks interface {
	// Lock puts them there, in the transaction that makes the code.
	Lock(ctx context.Context, tx *gorm.DB, eventID int64, categories []string) error
	// Forget makes them count at once, after the commit.
	Forget(ctx context.Context, eventID int64)
	// Unlock lets a place hold such seats, and remembers the code for its order.
	Unlock(ctx context.Context, eventID int64, place string, categories []string, code string) error
	// Unlocked are the categories that a place has opened, with the code of each.
	Unlocked(ctx context.Context, eventID int64, place string) (map[string]string, error)
}

// LiveMap is the quick, forgetful side of the seats. What fails here is repaired from Postgres by its owner.
type LiveMap interface {
	// Take marks claimed seats until the order's clock runs out, over any hold, and tells who held them.
	Take(ctx context.Context, eventID int64, place string, claims []Claim, until time.Time) error
	// Sync makes the map say at once what these claims say in Postgres.
	Sync(ctx context.Context, eventID int64, claims []int64) error
	// TakenBy counts the live claims of a place.
	TakenBy(ctx context.Context, eventID int64, place string) (int, error)
	// Tell sends a frame to the sockets of one place, as well as it can.
	Tell(eventID int64, place string, frame any)
}

// Basket is what a place holds.
type Basket struct {
	Seats     []Seat
	Total     int64
	Currency  string
	ExpiresAt time.Time
}

// Seat is one seat as a fan knows it. Category is its id, Price in minor units.
type Seat struct {
	N            int
	Label        string // what staff call it: "A-12"
	Name         string // what a fan reads: "Row A, seat 12"
	Category     string
	CategoryName string
	Price        int64
	Locked       bool // only with a code
	AnyPlace     bool // no seat of its own: one stands or sits in that part of the house where one likes
}

// ClaimRequest ties seats to an order.
type ClaimRequest struct {
	EventID  int64
	OrderID  uuid.UUID
	BuyerKey []byte
	Place    string
	Seats    []int
	Prices   []int64  // what the buyer pays for each of Seats, whatever they cost later
	Opened   []string // categories that the order's code opens, of those that are locked
	Again    bool     // the order had these seats, or such, before: what was locked since does not matter
}

// ExchangeRequest changes the seat of a sold claim.
type ExchangeRequest struct {
	EventID int64
	Claim   int64
	Seat    int
	Price   int64 // what the buyer has paid for it then
}

// ListedClaim is a claim whose seat is on sale again.
type ListedClaim struct {
	EventID int64
	Claim   int64
	Seat    int
}

// Claim is one seat tied to an order; ID is the fence of every later write.
type Claim struct {
	ID   int64
	Seat int
}

// Event is what checkout needs to know of an event.
type Event struct {
	ID          int64
	Slug        string
	Name        string
	Venue       string
	Contact     string
	TermsURL    string
	Accent      string // the organiser's colour as #rrggbb; "" = the house's
	Timezone    string
	StartsAt    time.Time // zero: not announced
	Currency    string
	MaxPerBuyer int
	Categories  []Category
	PayTime     time.Duration // from "Pay" to the order's deadline
	LateOffer   time.Duration // how long other seats are offered for late money; 0 = never
	Returns     bool          // holders may give tickets back, to be sold to the next
	Methods     []string      // names of providers, the usual one first; none means whoever is the usual one
}

// Category is one kind of seat, and what it costs with everything in it; nil: not on sale.
type Category struct {
	ID    string
	Name  string
	Price *int64
}

// Events knows the events.
type Events interface {
	Event(ctx context.Context, eventID int64) (Event, error)
}

// Admissions knows who is inside the sale.
type Admissions interface {
	// Finish ends the admission of a place that has bought all it may.
	Finish(ctx context.Context, eventID int64, place string) error
}

// What the line before an event may be in: seats can be had in the first three.
const (
	phaseOpen    = "open"
	phasePaused  = "paused"
	phaseSoldOut = "sold-out"
	phaseEnded   = "ended"
)

// Sale is the line before an event, which lets people in to buy.
type Sale interface {
	// Phase is "ended" when nobody is let in any more.
	Phase(ctx context.Context, eventID int64) (string, error)
	// End ends the sale for good.
	End(ctx context.Context, event request.Event, who request.Staff, ip, reason string) error
}

// Mails promises mails inside the caller's transaction; each is sent if and only if it commits.
type Mails interface {
	// TicketsReady mails the tickets of an order, once however often it is called.
	TicketsReady(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error
	// TransferAwaited mails where to send the money of an order, as it is paid by bank transfer.
	TransferAwaited(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, t TransferView) error
	// TicketsAgain mails them once more each time.
	TicketsAgain(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error
	// SeatChanged mails the tickets of an order anew, because one of them has another seat; both by name.
	SeatChanged(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, from, to string) error
	// Listed tells that a ticket which its holder gave back is on sale again, and what comes back for it; Kept that nobody
	// bought it. The seat goes by its name.
	Listed(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, seat string, price int64, currency string) error
	Kept(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, seat string) error
	// OrderLink mails the private link to an order.
	OrderLink(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error
	// RefundDue tells that money is to go back, and which tickets are void. RefundSent tells that it has left. They ask
	// nobody: the caller's transaction holds a connection and a lock.
	RefundDue(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, n RefundNotice) error
	RefundSent(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, n RefundNotice) error
	// EventRefunded tells that an order ended unpaid because its event is refunded, if its buyer ever had a mail about it.
	EventRefunded(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error
	// SwapOffered tells what seats are offered instead of those that went, until when, with the link to say yes.
	SwapOffered(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, gone, offered []string, until time.Time) error
	// StatusOf is how the order's tickets mail does; the zero value before there is one.
	StatusOf(ctx context.Context, orderID uuid.UUID) (MailStatus, error)
}

// RefundNotice is what a buyer is told of money that goes back.
type RefundNotice struct {
	Amount   int64 // in minor units; 0: the tickets were free
	Currency string
	Reason   string // "late", "wrong-amount", "second-payment", "staff", …
	ByHand   bool   // a person sends it
	Seats    []int  // whose tickets are void now; none: the tickets stay, or there never were any
}

// MailStatus is how a mail does: "queued", "sent", "failed", or "none".
type MailStatus struct {
	Status    string `json:"status"`
	LastError string `json:"last_error,omitempty"`
}

// Jobs inserts a job that exists exactly if the transaction commits.
type Jobs interface {
	Insert(ctx context.Context, tx *gorm.DB, args river.JobArgs, opts *river.InsertOpts) error
}

// Limits is a budget by name; retry above zero means refused. perMinute 0 means no limit.
type Limits interface {
	Take(ctx context.Context, name string, perMinute int) (retry time.Duration, err error)
}

// Journal notes who did what, in the transaction of what was done.
type Journal interface {
	Note(ctx context.Context, tx *gorm.DB, who request.Staff, ip, action, subject string, detail any) error
}

// Places reads a place token off a request of any path, and answers the place's key in that event.
type Places interface {
	PlaceOfToken(c echo.Context, eventID int64) (key string, ok bool)
}

// Documents draws tickets and invoices.
type Documents interface {
	TicketPage(w io.Writer, t TicketView) error
	PDF(ctx context.Context, ts []TicketView) ([]byte, error)
	Invoice(ctx context.Context, v InvoiceView) ([]byte, error)
	// Calendar is nil while the event has no announced start.
	Calendar(ts ...TicketView) ([]byte, error)
}

// TicketView is all that a drawn ticket shows.
type TicketView struct {
	ID        string
	URL       string // of the ticket's page; PDF and calendar stand at URL+".pdf" and URL+".ics"
	Code      string // what the QR picture holds
	EventName string
	Venue     string
	Timezone  string
	StartsAt  time.Time
	SeatName  string
	SeatLabel string // what staff call the seat
	AnyPlace  bool   // the name is of no seat in particular
	Category  string
	Holder    string
	OrderCode string
	Price     string // for a person
	Contact   string
	TermsURL  string
	Accent    string // the event's colour as #rrggbb; "" = the house's
	Issued    time.Time
	Test      bool
	Barred    bool // lets nobody in for now: its payment is disputed
}
