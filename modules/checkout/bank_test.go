package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"fairseat/app/clock"
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
	down     bool
	before   func(call string) error
	after    func(call string) error
}

type account struct {
	PaymentState
	order  string
	amount int64
}

var errLine = errors.New("the line went dead")

func newBank(c clock.Clock) *bank {
	return &bank{clock: c, accounts: map[string]*account{}, keys: map[string]bool{}}
}

// call runs an effect between two possible deaths of the line.
func (b *bank) call(ctx context.Context, name string, effect func() (PaymentState, error)) (PaymentState, error) {
	if err := ctx.Err(); err != nil {
		return PaymentState{}, err
	}
	if b.before != nil {
		if err := b.before(name); err != nil {
			return PaymentState{}, err
		}
	}
	b.mu.Lock()
	b.calls = append(b.calls, name)
	st, err := effect()
	b.mu.Unlock()
	if b.after != nil {
		if err := b.after(name); err != nil {
			return PaymentState{}, err
		}
	}
	return st, err
}

func (b *bank) Name() string { return "sandbox" }

func (b *bank) Create(ctx context.Context, r CreateRequest) (PaymentState, error) {
	return b.call(ctx, "create", func() (PaymentState, error) {
		id := r.Payment.String()
		if b.accounts[id] == nil { // the key is the id: repeating it opens no second one
			b.accounts[id] = &account{order: r.Order.String(), amount: r.Amount, PaymentState: PaymentState{
				Ref: "ref-" + id, Payment: id, Status: ProviderOpen, Currency: r.Currency, URL: "http://bank.test/" + id}}
		}
		return b.accounts[id].PaymentState, nil
	})
}

func (b *bank) Find(ctx context.Context, payment uuid.UUID) (PaymentState, error) {
	return b.call(ctx, "find", func() (PaymentState, error) { return b.get(payment.String()) })
}

func (b *bank) Read(ctx context.Context, ref string) (PaymentState, error) {
	return b.call(ctx, "read", func() (PaymentState, error) { return b.get(ref[4:]) })
}

func (b *bank) get(id string) (PaymentState, error) {
	if a := b.accounts[id]; a != nil {
		return a.PaymentState, nil
	}
	return PaymentState{}, ErrUnknownPayment
}

func (b *bank) Capture(ctx context.Context, ref, key string) (PaymentState, error) {
	return b.call(ctx, "capture", func() (PaymentState, error) {
		a := b.accounts[ref[4:]]
		switch a.Status {
		case ProviderAuthorized:
			a.Status, a.Captured = ProviderCaptured, a.Authorized
		case ProviderCaptured:
		default:
			return a.PaymentState, ErrWrongState
		}
		return a.PaymentState, nil
	})
}

func (b *bank) Cancel(ctx context.Context, ref, key string) (PaymentState, error) {
	return b.call(ctx, "cancel", func() (PaymentState, error) {
		a := b.accounts[ref[4:]]
		switch a.Status {
		case ProviderOpen, ProviderAuthorized, ProviderCancelled:
			a.Status = ProviderCancelled
		default:
			return a.PaymentState, ErrWrongState
		}
		return a.PaymentState, nil
	})
}

func (b *bank) Refund(ctx context.Context, ref, key string, amount int64) (PaymentState, error) {
	return b.call(ctx, "refund", func() (PaymentState, error) {
		a := b.accounts[ref[4:]]
		if b.keys[key] {
			return a.PaymentState, nil
		}
		if a.Refunded+amount > a.Captured {
			return a.PaymentState, fmt.Errorf("%w: too much", ErrRefused)
		}
		b.keys[key] = true
		a.Refunded += amount
		a.Refunds = append(a.Refunds, RefundState{Key: key, Amount: amount})
		return a.PaymentState, nil
	})
}

func (b *bank) all() []Charge {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Charge
	for _, a := range b.accounts {
		out = append(out, Charge{Payment: a.Payment, Order: a.order, Status: string(a.Status), Amount: a.amount, Currency: a.Currency, Captured: a.Captured, Refunded: a.Refunded})
	}
	return out
}

func (b *bank) Charges(context.Context) ([]Charge, error) { return b.all(), nil }

func (b *bank) Event(h http.Header, body []byte, now time.Time) (ProviderEvent, error) {
	return NewSandboxClient(SandboxConfig{SigningKeys: [][]byte{[]byte("secret")}, Clock: b.clock}).Event(h, body, now)
}

func (b *bank) Health() Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Health{Down: b.down, Healthy: !b.down, P95MS: 7}
}

func (b *bank) Probe(context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, "probe")
}

func (b *bank) setDown(down bool) { b.mu.Lock(); defer b.mu.Unlock(); b.down = down }

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
func (b *bank) click(payment uuid.UUID, to ProviderStatus, extra int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.accounts[payment.String()]
	if a == nil || a.Status != ProviderOpen {
		return false
	}
	a.Status = to
	if to == ProviderAuthorized || to == ProviderCaptured {
		a.Authorized = a.amount + extra
	}
	if to == ProviderCaptured {
		a.Captured = a.Authorized
	}
	return true
}

// event is a webhook about a payment, never the same twice.
func (b *bank) event(payment uuid.UUID) ProviderEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events++
	return ProviderEvent{ID: fmt.Sprintf("evt_%d", b.events), Type: "payment.authorized", Ref: "ref-" + payment.String(), Payment: payment.String()}
}
