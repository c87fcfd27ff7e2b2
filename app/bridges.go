package app

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"fairseat/app/money"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/document"
	"fairseat/modules/notification"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

// The bridges fit one module's service into the shape another asks for. They decide nothing. Each holds the App and
// not the service, because the modules need one another and one of them is built first.
type (
	seatsForQueue     struct{ *App }
	eventsForQueue    struct{ *App }
	ordersForQueue    struct{ *App }
	paymentsForQueue  struct{ *App }
	linesForSeating   struct{ *App }
	seatsForCheckout  struct{ *App }
	eventsForCheckout struct{ *App }
	mailsForCheckout  struct{ *App }
	documents         struct{ renderer *document.Renderer }
	ordersForMail     struct{ *App }
	filesForMail      struct{ *App }
	mailsForQueue     struct{ *App }
	eventsForMail     struct{ *App }
)

func (b seatsForQueue) Counts(ctx context.Context, eventID int64) (queue.Counts, error) {
	c, err := b.seating.Counts(ctx, eventID)
	return queue.Counts{Free: c.Free, Held: c.Held, Paying: c.Paying, FreeByCategory: c.FreeByCategory}, err
}

func (b seatsForQueue) HoldKeys(eventID int64) queue.HoldKeys {
	k := b.seating.HoldKeys(eventID)
	return queue.HoldKeys{Holders: k.Holders, Payers: k.Payers, Chose: k.Chose, TakenPrefix: k.TakenOf, Heartbeat: k.Heartbeat}
}

func (b seatsForQueue) ReleaseAll(ctx context.Context, eventID int64, place string) error {
	return b.seating.ReleaseAll(ctx, eventID, place)
}

func (b eventsForQueue) Event(ctx context.Context, eventID int64) (queue.Event, error) {
	e, err := b.seating.EventByID(ctx, eventID)
	if err != nil {
		return queue.Event{}, err
	}
	out := queue.Event{Slug: e.Slug, PrequeueAt: e.PrequeueAt, OpensAt: e.OpensAt, ClosesAt: e.ClosesAt, MaxPerBuyer: e.MaxPerBuyer}
	for _, c := range e.Categories {
		out.Categories = append(out.Categories, queue.Category{ID: c.ID, Price: c.Price})
	}
	return out, nil
}

func (b eventsForQueue) OpenNow(ctx context.Context, tx *gorm.DB, eventID int64, at time.Time) error {
	return b.seating.OpenNow(ctx, tx, eventID, at)
}

func (b ordersForQueue) LivePlaces(ctx context.Context, eventID int64) ([]string, error) {
	return b.checkout.LivePlaces(ctx, eventID)
}

func (b paymentsForQueue) Health() queue.PaymentHealth {
	h := b.checkout.WorstHealth()
	_, closed := b.checkout.Reconciling() // nobody could pay either
	return queue.PaymentHealth{Down: h.Down || closed, Errors: h.Trend, P95: time.Duration(h.P95MS) * time.Millisecond, Closed: closed}
}

func (b linesForSeating) Publish(ctx context.Context, tx *gorm.DB, eventID int64, slug string, s seating.LineSettings) (string, error) {
	l := queue.LineSettings{Draws: s.Draws, Cap: s.Cap, PerMinute: s.PerMinute, Identity: s.Identity, ProofOfWork: s.ProofOfWork}
	for _, lane := range s.Lanes {
		l.Lanes = append(l.Lanes, queue.Lane(lane))
	}
	return b.queue.Publish(ctx, tx, eventID, slug, l)
}

func (b linesForSeating) Amend(ctx context.Context, tx *gorm.DB, eventID int64, change seating.LineChange) error {
	return b.queue.Amend(ctx, tx, eventID, queue.LineChange(change))
}

func (b linesForSeating) Moved(ctx context.Context, tx *gorm.DB, eventID int64, from, to time.Time) error {
	return b.queue.Moved(ctx, tx, eventID, from, to)
}

func (b linesForSeating) Changed(ctx context.Context, eventID int64) error {
	return b.queue.Changed(ctx, eventID)
}

func (b linesForSeating) Reschedule(ctx context.Context, eventID int64, opensAt time.Time) error {
	return b.queue.Reschedule(ctx, eventID, opensAt)
}

func (b linesForSeating) Phase(ctx context.Context, eventID int64) (string, error) {
	return b.queue.Phase(ctx, eventID)
}

func (b linesForSeating) LeaseKeys(eventID int64) (leases, born string) {
	return b.queue.LeaseKeys(eventID)
}

func (b linesForSeating) Touch(ctx context.Context, eventID int64, places []string) error {
	return b.queue.Touch(ctx, eventID, places)
}

func (b linesForSeating) Leaving(ctx context.Context, eventID int64, place string) error {
	return b.queue.Leaving(ctx, eventID, place)
}

func (b linesForSeating) Admitted(ctx context.Context, eventID int64, place string) (time.Time, bool, error) {
	return b.queue.Admitted(ctx, eventID, place)
}

func (b seatsForCheckout) Pin(ctx context.Context, eventID int64, place string, least time.Duration, clockStands bool) (checkout.Basket, error) {
	return b.basketOf(b.seating.Pin(ctx, eventID, place, least, clockStands))
}

func (b seatsForCheckout) Basket(ctx context.Context, eventID int64, place string) (checkout.Basket, error) {
	return b.basketOf(b.seating.Basket(ctx, eventID, place))
}

func (b seatsForCheckout) basketOf(basket seating.Basket, err error) (checkout.Basket, error) {
	if err != nil {
		return checkout.Basket{}, err
	}
	seats, err := b.seatsOf(basket.Seats)
	return checkout.Basket{Seats: seats, Total: basket.Total, Currency: basket.Currency, ExpiresAt: basket.ExpiresAt}, err
}

func (b seatsForCheckout) seatsOf(seats []seating.Seat) ([]checkout.Seat, error) {
	out, say := make([]checkout.Seat, len(seats)), &speaker{words: b.pages.Words("order")}
	for i, s := range seats {
		out[i] = checkout.Seat{N: s.N, Label: s.Label, Name: upper(say.names(s)), Category: s.Category, CategoryName: s.CategoryName, Price: s.Price, Locked: s.Locked, AnyPlace: s.AnyPlace}
	}
	return out, say.err
}

func (b seatsForCheckout) Claim(ctx context.Context, tx *gorm.DB, r checkout.ClaimRequest) ([]checkout.Claim, error) {
	claims, err := b.seating.Claim(ctx, tx, seating.ClaimRequest(r))
	out := make([]checkout.Claim, len(claims))
	for i, c := range claims {
		out[i] = checkout.Claim(c)
	}
	return out, err
}

func (b seatsForCheckout) Move(ctx context.Context, tx *gorm.DB, claims []int64, from []string, to string) error {
	return b.seating.Move(ctx, tx, claims, from, to)
}

func (b seatsForCheckout) Exchange(ctx context.Context, tx *gorm.DB, r checkout.ExchangeRequest) (checkout.Claim, error) {
	claim, err := b.seating.Exchange(ctx, tx, seating.ExchangeRequest(r))
	return checkout.Claim(claim), err
}

func (b seatsForCheckout) Reserve(ctx context.Context, tx *gorm.DB, r checkout.ExchangeRequest) (checkout.Claim, error) {
	claim, err := b.seating.Reserve(ctx, tx, seating.ExchangeRequest(r))
	return checkout.Claim(claim), err
}

func (b seatsForCheckout) Replace(ctx context.Context, tx *gorm.DB, sold, reserved int64) error {
	return b.seating.Replace(ctx, tx, sold, reserved)
}

func (b seatsForCheckout) MayExchange(ctx context.Context, eventID int64, back, seat int) error {
	return b.seating.MayExchange(ctx, eventID, back, seat)
}

func (b seatsForCheckout) Unlist(ctx context.Context, tx *gorm.DB, c checkout.ListedClaim, overHolds bool) error {
	return b.seating.Unlist(ctx, tx, seating.ListedClaim(c), overHolds)
}

func (b seatsForCheckout) SyncJob(eventID int64, claims []int64) river.JobArgs {
	return b.seating.SyncJob(eventID, claims)
}

func (b seatsForCheckout) Alike(ctx context.Context, eventID int64, place string, seats, gone []int) ([]checkout.Seat, error) {
	found, err := b.seating.Alike(ctx, eventID, place, seats, gone)
	if err != nil {
		return nil, err
	}
	return b.seatsOf(found)
}

func (b seatsForCheckout) SeatInfo(ctx context.Context, eventID int64, seats []int) ([]checkout.Seat, error) {
	found, err := b.seating.SeatInfo(ctx, eventID, seats)
	if err != nil {
		return nil, err
	}
	return b.seatsOf(found)
}

func (b seatsForCheckout) Take(ctx context.Context, eventID int64, place string, claims []checkout.Claim, until time.Time) error {
	in := make([]seating.Claim, len(claims))
	for i, c := range claims {
		in[i] = seating.Claim(c)
	}
	return b.seating.Take(ctx, eventID, place, in, until)
}

func (b seatsForCheckout) Sync(ctx context.Context, eventID int64, claims []int64) error {
	return b.seating.Sync(ctx, eventID, claims)
}

func (b seatsForCheckout) TakenBy(ctx context.Context, eventID int64, place string) (int, error) {
	return b.seating.TakenBy(ctx, eventID, place)
}

func (b seatsForCheckout) Tell(eventID int64, place string, frame any) {
	b.seating.Tell(eventID, place, frame)
}

func (b eventsForCheckout) Event(ctx context.Context, eventID int64) (checkout.Event, error) {
	e, err := b.seating.EventByID(ctx, eventID)
	if err != nil {
		return checkout.Event{}, err
	}
	var categories []checkout.Category
	for _, c := range e.Categories {
		categories = append(categories, checkout.Category{ID: c.ID, Name: c.Name, Price: c.Price})
	}
	return checkout.Event{
		Categories: categories, ID: e.ID, Slug: e.Slug, Name: e.Name, Venue: e.Venue, Contact: e.Contact, TermsURL: e.TermsURL, Accent: e.Accent, Timezone: e.Timezone,
		StartsAt: e.StartsAt, Currency: e.Currency, MaxPerBuyer: e.MaxPerBuyer, PayTime: time.Duration(e.PaySeconds) * time.Second,
		Returns: e.Returns, Methods: e.PaymentMethods, LateOffer: time.Duration(e.LateOfferSeconds) * time.Second,
	}, nil
}

func (b mailsForCheckout) TicketsReady(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error {
	return b.notification.TicketsReady(ctx, tx, orderID, "")
}

func (b mailsForCheckout) TransferAwaited(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, t checkout.TransferView) error {
	return b.notification.TransferAwaited(ctx, tx, orderID, notification.Transfer{Holder: t.Holder, IBAN: t.IBAN, BIC: t.BIC,
		Amount: money.Format(t.Amount, t.Currency), Until: time.Time(t.Until)})
}

func (b mailsForCheckout) TicketsAgain(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error {
	return b.notification.Resend(ctx, tx, orderID, "")
}

func (b mailsForCheckout) SeatChanged(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, from, to string) error {
	return b.notification.SeatChanged(ctx, tx, orderID, "", from, to)
}

func (b mailsForCheckout) Listed(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, seat string, price int64, currency string) error {
	return b.notification.Listed(ctx, tx, orderID, seat, money.Format(price, currency))
}

func (b mailsForCheckout) Kept(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, seat string) error {
	return b.notification.Kept(ctx, tx, orderID, seat)
}

func (b mailsForCheckout) OrderLink(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error {
	return b.notification.OrderLink(ctx, tx, orderID, "", "")
}

func (b mailsForCheckout) StatusOf(ctx context.Context, orderID uuid.UUID) (checkout.MailStatus, error) {
	status, lastError, err := b.notification.StatusOf(ctx, orderID)
	return checkout.MailStatus{Status: status, LastError: lastError}, err
}

func (d documents) TicketPage(w io.Writer, t checkout.TicketView) error {
	return document.Page(w, document.Ticket(t))
}

func (d documents) PDF(ctx context.Context, ts []checkout.TicketView) ([]byte, error) {
	return d.renderer.PDF(ctx, drawn(ts))
}

func (d documents) Calendar(ts ...checkout.TicketView) ([]byte, error) {
	return document.Calendar(drawn(ts)...)
}

func (d documents) Invoice(ctx context.Context, v checkout.InvoiceView) ([]byte, error) {
	out := document.Invoice{
		Credit: v.RefersTo != nil, Number: v.Number, Refers: v.Content.Refers, Made: v.MadeAt, Timezone: v.Content.Timezone,
		Seller: append([]string{v.Content.Seller.Name}, v.Content.Seller.Address...), SellerID: v.Content.Seller.VATID, Register: v.Content.Seller.Register,
		BuyerID: v.Billing.VATID, EventName: v.Content.Event, Venue: v.Content.Venue, OrderCode: v.Content.Order, Total: v.Said(v.Total), Test: v.Content.Test,
	}
	if v.Content.StartsAt != nil {
		out.StartsAt = *v.Content.StartsAt
	}
	if v.Billing.Company != "" {
		out.Buyer = append(out.Buyer, v.Billing.Company)
	}
	out.Buyer = append(append(out.Buyer, v.Billing.Name), v.Billing.Address...)
	for _, l := range v.Lines {
		out.Lines = append(out.Lines, document.InvoiceLine{What: l.Seat, More: l.CategoryName, Rate: l.Rate.Name, Gross: v.Said(l.Gross)})
	}
	for _, s := range v.Sums {
		if s.Points > 0 || len(v.Sums) > 1 {
			out.Taxes = append(out.Taxes, document.InvoiceTax{Name: s.Name, Net: v.Said(s.Net), Tax: v.Said(s.Tax), Gross: v.Said(s.Gross)})
		}
	}
	return d.renderer.Invoice(ctx, out)
}

func drawn(ts []checkout.TicketView) []document.Ticket {
	out := make([]document.Ticket, len(ts))
	for i, t := range ts {
		out[i] = document.Ticket(t)
	}
	return out
}

func (b mailsForCheckout) RefundDue(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, n checkout.RefundNotice) error {
	return b.notification.RefundDue(ctx, tx, orderID, refundSaid(n))
}

func (b mailsForCheckout) RefundSent(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, n checkout.RefundNotice) error {
	return b.notification.RefundSent(ctx, tx, orderID, refundSaid(n))
}

func (b mailsForCheckout) EventRefunded(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) error {
	return b.notification.EventRefunded(ctx, tx, orderID)
}

func refundSaid(n checkout.RefundNotice) notification.Refund {
	r := notification.Refund{Reason: n.Reason, ByHand: n.ByHand, Seats: n.Seats}
	if n.Amount > 0 {
		r.Amount = money.Format(n.Amount, n.Currency)
	}
	return r
}

func (b mailsForCheckout) SwapOffered(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, gone, offered []string, until time.Time) error {
	return b.notification.SwapOffered(ctx, tx, orderID, "", gone, offered, until)
}

func (b ordersForMail) Document(ctx context.Context, orderID uuid.UUID) (notification.OrderDocument, error) {
	d, err := b.checkout.Document(ctx, orderID)
	if err != nil {
		return notification.OrderDocument{}, err
	}
	out := notification.OrderDocument{
		Code: d.Code, Buyer: d.Name, Email: d.Email, OrderURL: d.Link, EventName: d.Event.Name, Accent: d.Event.Accent, Venue: d.Event.Venue,
		Timezone: d.Event.Timezone, StartsAt: d.Event.StartsAt, Contact: d.Event.Contact, Total: money.Format(d.Total, d.Currency), Invoice: d.Invoice, Refunding: d.Refunding,
	}
	for _, t := range d.Tickets {
		out.Tickets = append(out.Tickets, notification.Ticket{Seat: t.SeatName, AnyPlace: t.AnyPlace, Category: t.Category, URL: t.URL})
	}
	return out, nil
}

func (b ordersForMail) SeatNames(ctx context.Context, orderID uuid.UUID, seats []int) ([]string, error) {
	return b.checkout.SeatNames(ctx, orderID, seats)
}

func (b filesForMail) PDF(ctx context.Context, orderID uuid.UUID) ([]byte, error) {
	return b.checkout.TicketsPDF(ctx, orderID)
}

func (b filesForMail) Calendar(ctx context.Context, orderID uuid.UUID) ([]byte, error) {
	return b.checkout.TicketsCalendar(ctx, orderID)
}

func (b mailsForQueue) JoinCode(ctx context.Context, tx *gorm.DB, eventID int64, email, code, url string) error {
	return b.notification.JoinCode(ctx, tx, eventID, email, code, url)
}

func (b mailsForQueue) PlaceLink(ctx context.Context, tx *gorm.DB, eventID int64, email, url string) error {
	return b.notification.PlaceLink(ctx, tx, eventID, email, url)
}

func (b mailsForQueue) YourTurn(ctx context.Context, tx *gorm.DB, eventID int64, email, url string) error {
	return b.notification.YourTurn(ctx, tx, eventID, email, url)
}

func (b mailsForQueue) Forget(ctx context.Context, tx *gorm.DB, eventIDs []int64) error {
	return b.notification.Forget(ctx, tx, eventIDs)
}

func (b eventsForMail) EventDocument(ctx context.Context, eventID int64) (notification.OrderDocument, error) {
	e, err := b.seating.EventByID(ctx, eventID)
	if err != nil {
		return notification.OrderDocument{}, err
	}
	return notification.OrderDocument{
		EventName: e.Name, Accent: e.Accent, Venue: e.Venue, Timezone: e.Timezone, StartsAt: e.StartsAt, Contact: e.Contact,
	}, nil
}
