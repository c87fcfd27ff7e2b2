package checkout

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"fairseat/modules/checkout/provider"
)

// The gaps that no other story falls into, each by name.

// Money turns up on a payment that was buried, and all that tells of it is one webhook, whose job finds the line dead.
func TestWebhookAboutABuriedPaymentIsNotForgotten(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o, p := k.buried(provider.Captured)
	must(t, k.keepEvent(context.Background(), "sandbox", k.bank.event(p.ID)))
	k.bank.before = func(string) error { return errLine }
	k.runJobs(k.Service)
	_ = k.beatAndTick(eventWait)
	k.want(o.ID, "expired")
	k.bank.before = nil
	_ = k.beatAndTick(time.Second)
	k.want(o.ID, "paid")
	k.check()
}

// Late money whose seat is gone is let go, however often the processor fails at it.
func TestLettingGoIsRepeated(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o, p := k.buried(provider.Authorized)
	k.mustPlace(k.fan(0)) // the seat has gone to somebody else
	fails := 3
	k.bank.before = func(call string) error {
		if call == "cancel" && fails > 0 {
			fails--
			return errLine
		}
		return nil
	}
	if err := k.Settle(context.Background(), p.ID); err == nil {
		t.Fatal("the line was dead")
	}
	for range 6 {
		_ = k.beatAndTick(10 * time.Second)
	}
	if st, _ := k.bank.get(p.ID.String()); st.Status != provider.Cancelled {
		t.Errorf("a fan's money is still reserved: %+v", st)
	}
	k.want(o.ID, "expired")
	k.check()
}

// buried is an order that has expired, and its payment, on which money turns up afterwards.
func (k *kit) buried(says provider.Status) (View, Payment) {
	k.T.Helper()
	o := k.mustPlace(k.fan(0)).Order
	p := k.payment(o.ID)
	k.Kit.Clock.Advance(16 * time.Minute)
	must(k.T, k.Tick(context.Background()))
	k.want(o.ID, "expired")
	k.bank.mu.Lock()
	defer k.bank.mu.Unlock()
	a := k.bank.accounts[p.ID.String()]
	a.Status, a.Authorized = says, a.amount
	if says == provider.Captured {
		a.Captured = a.amount
	}
	return o, p
}

// The link to Postgres is cut while a commit is under way: the order is there, once, and the fan gets it.
func TestCommitWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	pool, err := sql.Open("pgx", k.PostgresURL)
	must(t, err)
	t.Cleanup(func() { _ = pool.Close() })
	lossy := &lossyPool{DB: pool}
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: lossy}), &gorm.Config{TranslateError: true, SkipDefaultTransaction: true, Logger: logger.Discard})
	must(t, err)
	s, f := k.service(db), k.fan(0)
	lossy.lose = true
	placed, err := s.PlaceOrder(context.Background(), f.place, f.buyer)
	must(t, err)
	lossy.lose = false
	if !placed.New || placed.Order.Payment == nil || placed.Order.Payment.URL == nil {
		t.Errorf("placed %+v", placed)
	}
	if n := k.count(`SELECT count(*) FROM orders`); n != 1 {
		t.Errorf("%d orders", n)
	}
	k.pay(placed.Order.ID, provider.Authorized, 0)
	k.want(placed.Order.ID, "paid")
	k.check()
}

// lossyPool commits and says that the connection broke.
type lossyPool struct {
	*sql.DB
	lose bool
}

func (p *lossyPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.DB.BeginTx(ctx, opts)
	return &lossyTx{tx, p}, err
}

type lossyTx struct {
	*sql.Tx
	pool *lossyPool
}

func (tx *lossyTx) Commit() error {
	err := tx.Tx.Commit()
	if err == nil && tx.pool.lose {
		return driver.ErrBadConn
	}
	return err
}

// A process dies between a sale and the end of its place's admission: another lets the place out, or a seat that comes
// back finds nobody to take it.
func TestPlaceThatIsDoneIsLetOut(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	f, half := k.fan(0, 1), k.fan(2)
	k.room.shut = true // Redis is away at that moment
	for _, f := range []fan{f, half} {
		k.pay(k.mustPlace(f).Order.ID, provider.Authorized, 0)
	}
	_ = k.beatAndTick(leaveAfter)
	if len(k.room.finished) != 0 {
		t.Fatalf("finished %v", k.room.finished)
	}
	k.room.shut = false
	for range 3 {
		_ = k.beatAndTick(leaveEvery)
	}
	if len(k.room.finished) != 1 || k.room.finished[0] != f.place.Key {
		t.Errorf("let out: %v", k.room.finished)
	}
	other := k.service(k.Kit.DB) // goes through them once as well: that is harmless
	must(t, other.letOut(ctx))
	must(t, other.letOut(ctx))
	if len(k.room.finished) != 2 {
		t.Errorf("let out: %v", k.room.finished)
	}
}

// A payment is asked for while its order is given up: what the processor opened too late is closed again.
func TestPaymentOpenedAfterGivingUpIsClosed(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	f := k.fan(0)
	gone := false
	k.bank.before = func(call string) error {
		if call == "create" && !gone {
			gone = true
			o, _, err := k.store.openOrder(ctx, f.place.EventID, f.place.Key)
			must(t, err)
			must(t, k.GiveUp(ctx, o.ID))
		}
		return nil
	}
	o := k.mustPlace(f).Order
	if o.Status != "cancelled" || o.Payment != nil {
		t.Errorf("placed %+v", o)
	}
	k.runJobs(k.Service)
	if st, err := k.bank.get(k.payment(o.ID).ID.String()); err != nil || st.Status != provider.Cancelled {
		t.Errorf("a page to pay for nothing is open: %+v, %v", st, err)
	}
	k.check()
}

// A sum that the processor will not take is declined at once, with a word for the operator, and can be paid in another way;
// it is not asked for again and again until the clock ends.
func TestAProcessorThatWillNotOpenThePayment(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	refusals := 0
	k.bank.before = func(call string) error {
		if call == "create" {
			refusals++
			return fmt.Errorf("%w: amount_too_small", provider.ErrRefused)
		}
		return nil
	}
	o := k.mustPlace(k.fan(0)).Order
	if o.Status != "declined" {
		t.Errorf("placed %+v", o)
	}
	if p := k.payment(o.ID); p.Status != PaymentFailed || !strings.Contains(p.Problem, "amount_too_small") {
		t.Errorf("payment %+v", p)
	}
	k.runJobs(k.Service)
	must(t, k.beatAndTick(10*time.Second))
	if refusals != 1 {
		t.Errorf("asked %d times", refusals)
	}
	k.bank.before = nil
	_, err := k.PayAgain(context.Background(), uuid.MustParse(o.ID), "")
	must(t, err)
	k.pay(o.ID, provider.Authorized, 0)
	k.want(o.ID, "paid")
	k.check()
}

// A wrong sum that turns up on a dead payment is let go however often the processor fails at it, without a webhook and
// before the ledger is matched.
func TestWrongMoneyOnADeadPaymentIsLetGo(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	o := k.mustPlace(k.fan(0)).Order
	p := k.payment(o.ID)
	k.Kit.Clock.Advance(16 * time.Minute)
	must(t, k.Tick(ctx))
	k.want(o.ID, "expired")
	k.bank.mu.Lock()
	a := k.bank.accounts[p.ID.String()]
	a.Status, a.Authorized = provider.Authorized, a.amount+1
	k.bank.mu.Unlock()
	k.bank.before = func(call string) error {
		if call == "cancel" {
			return errLine
		}
		return nil
	}
	if err := k.Settle(ctx, p.ID); err == nil {
		t.Error("let go by a dead line")
	}
	k.bank.before = nil
	for range 3 {
		must(t, k.beatAndTick(10*time.Second))
	}
	if st, _ := k.bank.get(p.ID.String()); st.Status != provider.Cancelled {
		t.Errorf("the processor has %+v", st)
	}
	k.want(o.ID, "expired")
	k.check()
}

// A fan who gives up in one tab and has paid in the other gets the tickets, and is told so.
func TestGivingUpWhatIsPaid(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.bank.click(k.payment(o.ID).ID, provider.Authorized, 0)
	if err := k.GiveUp(context.Background(), uuid.MustParse(o.ID)); !is(err, "already-paid") {
		t.Errorf("%v", err)
	}
	k.want(o.ID, "paid")
	k.check()
}

// The same when the money cannot be taken yet: seats and payment are the fan's, and "given up" would be a lie.
func TestGivingUpWhatIsBeingPaid(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.bank.click(k.payment(o.ID).ID, provider.Authorized, 0)
	k.bank.before = func(call string) error {
		if call == "capture" {
			return errLine
		}
		return nil
	}
	if err := k.GiveUp(context.Background(), uuid.MustParse(o.ID)); !is(err, "already-paid") {
		t.Errorf("%v", err)
	}
	k.bank.before = nil
	k.quiet(k.Service)
	k.want(o.ID, "paid")
	k.check()
}

// Given up while the processor is silent: the answer is the same, the seats go back when it is sure.
func TestGivingUpWhileTheProcessorIsSilent(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	id := uuid.MustParse(k.mustPlace(k.fan(0)).Order.ID)
	k.bank.before = func(string) error { return errLine }
	for range 2 {
		must(t, k.GiveUp(context.Background(), id))
	}
	if n := k.count(`SELECT count(*) FROM seat_claims WHERE status = 'checkout'`); n != 1 {
		t.Error("the seat went back although the fan may be paying for it")
	}
	k.bank.before = nil
	k.quiet(k.Service)
	k.want(id.String(), "cancelled")
	must(t, k.GiveUp(context.Background(), id))
	k.check()
}

// An order that was given up, came back with late money, lost that and is paid for anew can be given up once more.
func TestGivingUpTwiceInTheLifeOfAnOrder(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	o := k.mustPlace(k.fan(0)).Order
	id, p := uuid.MustParse(o.ID), k.payment(o.ID)
	must(t, k.GiveUp(ctx, id))
	k.want(o.ID, "cancelled")
	k.bank.before = func(call string) error {
		if call == "capture" {
			return errLine
		}
		return nil
	}
	for _, says := range []provider.Status{provider.Authorized, provider.Cancelled} {
		k.bank.mu.Lock()
		a := k.bank.accounts[p.ID.String()]
		a.Status, a.Authorized = says, a.amount
		k.bank.mu.Unlock()
		_ = k.Settle(ctx, p.ID)
	}
	k.want(o.ID, "declined")
	_, err := k.PayAgain(ctx, id, "")
	must(t, err)
	must(t, k.GiveUp(ctx, id))
	k.want(o.ID, "cancelled")
	k.quiet(k.Service)
	k.check()
}

// The processor lets an authorised payment go by itself: no ticket, no money, and the fan may pay again.
func TestProcessorLetsGo(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	o := k.mustPlace(k.fan(0)).Order
	p := k.payment(o.ID)
	k.bank.click(p.ID, provider.Authorized, 0)
	k.bank.before = func(call string) error {
		if call == "capture" {
			return errLine
		}
		return nil
	}
	_ = k.Settle(ctx, p.ID)
	k.want(o.ID, "paying")
	if _, err := k.PayAgain(ctx, uuid.MustParse(o.ID), ""); !is(err, "not-payable") {
		t.Errorf("a second attempt beside money on its way: %v", err)
	}
	k.Kit.Clock.Advance(30 * time.Minute) // secured: the clock no longer matters
	must(t, k.Kit.DB.Exec(`UPDATE heartbeats SET at = ?`, k.Kit.Clock.Now()).Error)
	must(t, k.reap(ctx))
	k.want(o.ID, "paying")
	must(t, k.Kit.DB.Exec(`UPDATE orders SET expires_at = ?`, k.Kit.Clock.Now().Add(time.Minute)).Error)
	k.bank.mu.Lock()
	k.bank.accounts[p.ID.String()].Status = provider.Cancelled
	k.bank.mu.Unlock()
	k.bank.before = nil
	must(t, k.Settle(ctx, p.ID))
	k.want(o.ID, "declined")
	_, err := k.PayAgain(ctx, uuid.MustParse(o.ID), "")
	must(t, err)
	k.pay(o.ID, provider.Authorized, 0)
	k.want(o.ID, "paid")
	k.check()
}

// Another hand delivers between our question to the processor and our look at the books: nothing is wrong, and no
// operator is called. What is wrong in earnest is told.
func TestComplainsOnlyOfWhatIsTrueNow(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	var told bytes.Buffer
	k.Service.Log = slog.New(slog.NewTextHandler(&told, &slog.HandlerOptions{Level: slog.LevelError}))
	o := k.mustPlace(k.fan(0)).Order
	p := k.payment(o.ID)
	k.bank.click(p.ID, provider.Authorized, 0)
	other, done := k.service(k.Kit.DB), false
	k.bank.after = func(call string) error {
		if call == "read" && !done {
			done = true
			must(t, other.Settle(ctx, p.ID))
		}
		return nil
	}
	must(t, k.Settle(ctx, p.ID))
	k.want(o.ID, "paid")
	if !done || told.Len() > 0 {
		t.Fatalf("complained: %s", told.String())
	}
	k.bank.mu.Lock()
	delete(k.bank.accounts, p.ID.String())
	k.bank.mu.Unlock()
	must(t, k.Settle(ctx, p.ID))
	if !bytes.Contains(told.Bytes(), []byte("does not know money we delivered for")) {
		t.Errorf("nobody was told: %s", told.String())
	}
}
