package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"fairseat/app/clock"
	"fairseat/modules/checkout/provider"
	bysandbox "fairseat/modules/checkout/provider/sandbox"
)

// bank is a scripted processor with a ledger that nothing kills. before and after may fail any call: before its effect,
// or after it, when the answer is lost.
type bank struct {
	mu       sync.Mutex
	clock    clock.Clock
	accounts map[string]*account // by our payment id
	keys     map[string]bool
	calls    []string
	events   int
	opened   map[string]time.Time // of those that a ledger tells only if it is asked back as far
	down     bool
	silent   bool // about its ledger
	shared   bool // with others: nobody can tell what is ours
	before   func(call string) error
	after    func(call string) error
}

type account struct {
	provider.State
	order  string
	amount int64
}

var errLine = errors.New("the line went dead")

func newBank(c clock.Clock) *bank {
	return &bank{clock: c, accounts: map[string]*account{}, keys: map[string]bool{}}
}

// call runs an effect between two possible deaths of the line.
func (b *bank) call(ctx context.Context, name string, effect func() (provider.State, error)) (provider.State, error) {
	if err := ctx.Err(); err != nil {
		return provider.State{}, err
	}
	if b.before != nil {
		if err := b.before(name); err != nil {
			return provider.State{}, err
		}
	}
	b.mu.Lock()
	b.calls = append(b.calls, name)
	st, err := effect()
	b.mu.Unlock()
	if b.after != nil {
		if err := b.after(name); err != nil {
			return provider.State{}, err
		}
	}
	return st, err
}

func (b *bank) Name() string { return "sandbox" }

func (b *bank) Create(ctx context.Context, r provider.CreateRequest) (provider.State, error) {
	return b.call(ctx, "create", func() (provider.State, error) {
		id := r.Payment.String()
		if b.accounts[id] == nil { // the key is the id: repeating it opens no second one
			b.accounts[id] = &account{order: r.Order.String(), amount: r.Amount, State: provider.State{
				Ref: "ref-" + id, Payment: id, Status: provider.Open, Currency: r.Currency, URL: "http://bank.test/" + id}}
		}
		return b.accounts[id].State, nil
	})
}

func (b *bank) Find(ctx context.Context, payment uuid.UUID) (provider.State, error) {
	return b.call(ctx, "find", func() (provider.State, error) { return b.get(payment.String()) })
}

func (b *bank) Read(ctx context.Context, ref string) (provider.State, error) {
	return b.call(ctx, "read", func() (provider.State, error) { return b.get(ref[4:]) })
}

func (b *bank) get(id string) (provider.State, error) {
	if a := b.accounts[id]; a != nil {
		return a.State, nil
	}
	return provider.State{}, provider.ErrUnknownPayment
}

func (b *bank) Capture(ctx context.Context, ref, key string) (provider.State, error) {
	return b.call(ctx, "capture", func() (provider.State, error) {
		a := b.accounts[ref[4:]]
		switch a.Status {
		case provider.Authorized:
			a.Status, a.Captured = provider.Captured, a.Authorized
		case provider.Captured:
		default:
			return a.State, provider.ErrWrongState
		}
		return a.State, nil
	})
}

func (b *bank) Cancel(ctx context.Context, ref, key string) (provider.State, error) {
	return b.call(ctx, "cancel", func() (provider.State, error) {
		a := b.accounts[ref[4:]]
		switch a.Status {
		case provider.Open, provider.Authorized, provider.Cancelled:
			a.Status = provider.Cancelled
		default:
			return a.State, provider.ErrWrongState
		}
		return a.State, nil
	})
}

func (b *bank) Refund(ctx context.Context, ref, key string, amount int64) (provider.State, error) {
	return b.call(ctx, "refund", func() (provider.State, error) {
		a := b.accounts[ref[4:]]
		if b.keys[key] {
			return a.State, nil
		}
		if a.Refunded+amount > a.Captured {
			return a.State, fmt.Errorf("%w: too much", provider.ErrRefused)
		}
		b.keys[key] = true
		a.Refunded += amount
		a.Refunds = append(a.Refunds, provider.Refund{Key: key, Amount: amount})
		return a.State, nil
	})
}

func (b *bank) all() []provider.Charge {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []provider.Charge
	for _, a := range b.accounts {
		out = append(out, provider.Charge{Payment: a.Payment, Order: a.order, Status: a.Status, Amount: a.amount, Currency: a.Currency, Captured: a.Captured, Refunded: a.Refunded, Dispute: a.Dispute, Ours: !b.shared})
	}
	return out
}

func (b *bank) Charges(_ context.Context, since time.Time) ([]provider.Charge, error) {
	if b.silent {
		return nil, errLine
	}
	return slices.DeleteFunc(b.all(), func(c provider.Charge) bool {
		at, old := b.opened[c.Payment]
		return old && at.Before(since)
	}), nil
}

func (b *bank) Event(h http.Header, body []byte, now time.Time) (provider.Event, error) {
	return bysandbox.New(bysandbox.Config{SigningKeys: [][]byte{[]byte("secret")}, Clock: b.clock}).Event(h, body, now)
}

func (b *bank) Health() provider.Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	return provider.Health{Down: b.down, Healthy: !b.down, P95MS: 7}
}

func (b *bank) Probe(context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, "probe")
}

func (b *bank) setDown(down bool) { b.mu.Lock(); defer b.mu.Unlock(); b.down = down }

// dispute lets the fan's bank say where a dispute stands.
func (b *bank) dispute(payment uuid.UUID, to provider.Dispute) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accounts[payment.String()].Dispute = to
}

// returns gives money back as somebody does in the processor's dashboard.
func (b *bank) returns(payment uuid.UUID, key string, amount int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.accounts[payment.String()]
	a.Refunded += amount
	a.Refunds = append(a.Refunds, provider.Refund{Key: key, Amount: amount})
}

// sendBack lets the fan's bank send the refunds of a payment back, days after they were made.
func (b *bank) sendBack(payment uuid.UUID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.accounts[payment.String()]
	for _, r := range a.Refunds {
		delete(b.keys, r.Key)
	}
	a.Refunds, a.Refunded = nil, 0
}

// times counts the calls of a name.
func (b *bank) times(name string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.calls {
		if c == name {
			n++
		}
	}
	return n
}

// click is what the fan does on the processor's page; extra is what the amount is wrong by.
func (b *bank) click(payment uuid.UUID, to provider.Status, extra int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.accounts[payment.String()]
	if a == nil || a.Status != provider.Open {
		return false
	}
	a.Status = to
	if to == provider.Authorized || to == provider.Captured {
		a.Authorized = a.amount + extra
	}
	if to == provider.Captured {
		a.Captured = a.Authorized
	}
	return true
}

// event is a webhook about a payment, never the same twice.
func (b *bank) event(payment uuid.UUID) provider.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events++
	return provider.Event{ID: fmt.Sprintf("evt_%d", b.events), Type: "payment.authorized", Ref: "ref-" + payment.String(), Payment: payment.String()}
}
