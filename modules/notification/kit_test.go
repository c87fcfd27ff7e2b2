package notification

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivertype"
	"gorm.io/gorm"

	"fairseat/app/testkit"
)

const (
	ada       = "ada@example.org"
	boxOffice = "Kasse Köln <tickets@example.org>"
)

// kit is the module on a real database, with orders and a mail server that do as they are told.
type kit struct {
	*testkit.Kit
	*Service
	orders *fakeOrders
	mailer *fakeMailer
}

func newKit(t *testing.T) *kit {
	t.Helper()
	k := &kit{Kit: testkit.New(t), orders: &fakeOrders{byID: map[uuid.UUID]OrderDocument{}}, mailer: &fakeMailer{}}
	k.Service = New(Deps{DB: k.Kit.DB, Clock: k.Kit.Clock, Log: k.Kit.Log, Jobs: newRiverJobs(t, k.Kit.DB), Orders: k.orders, Events: k.orders,
		Attachments: k.orders, Mailer: k.mailer, From: boxOffice})
	return k
}

// with replaces the mailer.
func (k *kit) with(m Mailer) *kit {
	k.Service.Mailer = m
	return k
}

// order is one that is paid and has two tickets.
func (k *kit) order() uuid.UUID {
	id := uuid.New()
	k.orders.set(id, paid())
	return id
}

func paid() OrderDocument {
	return OrderDocument{
		Code: "K7QX2M4P", Buyer: "Åsa Ünlü", Email: ada, OrderURL: "https://tickets.example.org/orders/1#t=secret",
		EventName: "Spring Gala", Venue: "Große Halle, Köln", Timezone: "Europe/Berlin",
		StartsAt: time.Date(2027, 3, 9, 18, 30, 0, 0, time.UTC), Contact: "help@example.org", Total: "85.00 EUR",
		Tickets: []Ticket{
			{Seat: "Row F, seat 12", Category: "Parkett", URL: "https://tickets.example.org/t/one"},
			{Seat: "Row F, seat 13", URL: "https://tickets.example.org/t/two"},
		},
	}
}

// promise runs one of the service's promises in a transaction of its own.
func (k *kit) promise(f func(tx *gorm.DB) error) {
	k.T.Helper()
	if err := k.Kit.DB.Transaction(f); err != nil {
		k.T.Fatal(err)
	}
}

func (k *kit) ready(order uuid.UUID) uuid.UUID {
	k.T.Helper()
	k.promise(func(tx *gorm.DB) error { return k.TicketsReady(k.T.Context(), tx, order, ada) })
	return k.latest(order)
}

func (k *kit) latest(order uuid.UUID) uuid.UUID {
	k.T.Helper()
	var r mailRow
	err := k.Kit.DB.Raw(`SELECT id FROM mails WHERE order_id = ? ORDER BY created_at DESC, id DESC LIMIT 1`, order).Scan(&r).Error
	if err != nil {
		k.T.Fatal(err)
	}
	return r.ID
}

// attempt is one run of the job; it answers how long the mail snoozes, 0 when it is done.
func (k *kit) attempt(id uuid.UUID) time.Duration {
	k.T.Helper()
	err := k.deliver(k.T.Context(), id)
	var snooze *rivertype.JobSnoozeError
	if errors.As(err, &snooze) {
		return snooze.Duration
	}
	if err != nil {
		k.T.Fatal(err)
	}
	return 0
}

// row is what the outbox says of a mail.
func (k *kit) row(id uuid.UUID) (r mailRow) {
	k.T.Helper()
	if err := k.Kit.DB.Raw(`SELECT * FROM mails WHERE id = ?`, id).Scan(&r).Error; err != nil {
		k.T.Fatal(err)
	}
	return r
}

func (k *kit) count(query string, args ...any) (n int) {
	k.T.Helper()
	if err := k.Kit.DB.Raw(query, args...).Scan(&n).Error; err != nil {
		k.T.Fatal(err)
	}
	return n
}

func (k *kit) jobs() int {
	return k.count(`SELECT count(*) FROM river_job WHERE kind = 'notification.mail'`)
}

// fakeOrders answers documents, and draws recognisable attachments.
type fakeOrders struct {
	mu   sync.Mutex
	byID map[uuid.UUID]OrderDocument
	fail error
}

func (f *fakeOrders) set(id uuid.UUID, d OrderDocument) { f.mu.Lock(); f.byID[id] = d; f.mu.Unlock() }

func (f *fakeOrders) Document(_ context.Context, id uuid.UUID) (OrderDocument, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, ok := f.byID[id]
	if !ok {
		return d, errors.New("no such order")
	}
	return d, nil
}

// SeatNames are "seat 7".
func (f *fakeOrders) SeatNames(_ context.Context, _ uuid.UUID, seats []int) ([]string, error) {
	var names []string
	for _, n := range seats {
		names = append(names, fmt.Sprint("seat ", n))
	}
	return names, nil
}

// EventDocument answers event 7 alone.
func (f *fakeOrders) EventDocument(_ context.Context, id int64) (OrderDocument, error) {
	if id != 7 {
		return OrderDocument{}, errors.New("no such event")
	}
	return OrderDocument{EventName: "Spring Gala", Contact: "help@example.org"}, nil
}

func (f *fakeOrders) PDF(_ context.Context, id uuid.UUID) ([]byte, error) {
	return []byte("%PDF-1.3 " + id.String()), f.fail
}

func (f *fakeOrders) Calendar(ctx context.Context, id uuid.UUID) ([]byte, error) {
	if d, err := f.Document(ctx, id); err != nil || d.StartsAt.IsZero() {
		return nil, err
	}
	return []byte("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), nil
}

// fakeMailer keeps what it is given and answers as told.
type fakeMailer struct {
	mu    sync.Mutex
	taken []*Message
	fail  error
	hold  chan struct{} // if set, Send waits for it
	began chan struct{}
}

func (f *fakeMailer) Send(ctx context.Context, m *Message) error {
	if f.hold != nil {
		f.began <- struct{}{}
		<-f.hold
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail == nil {
		f.taken = append(f.taken, m)
	}
	return f.fail
}

func (f *fakeMailer) answer(err error) { f.mu.Lock(); f.fail = err; f.mu.Unlock() }

func (f *fakeMailer) messages() []*Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*Message{}, f.taken...)
}

// riverJobs inserts as app does.
type riverJobs struct{ client *river.Client[*sql.Tx] }

func newRiverJobs(t *testing.T, db *gorm.DB) *riverJobs {
	t.Helper()
	plain, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	client, err := river.NewClient(riverdatabasesql.New(plain), &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &riverJobs{client}
}

func (j *riverJobs) Insert(ctx context.Context, tx *gorm.DB, args river.JobArgs, opts *river.InsertOpts) error {
	plain, ok := tx.Statement.ConnPool.(*sql.Tx)
	if !ok {
		return errors.New("not in a transaction")
	}
	_, err := j.client.InsertTx(ctx, plain, args, opts)
	return err
}
