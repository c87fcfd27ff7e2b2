package app

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// agreeing is a processor that answers at once and always well; it lives in memory.
type agreeing struct {
	mu     sync.Mutex
	known  map[string]provider.State // by our payment id, which is its reference too
	orders map[string]string
}

func (p *agreeing) Name() string { return "sandbox" }

func (p *agreeing) move(id string, to provider.Status) (provider.State, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st, ok := p.known[id]
	if !ok {
		return st, provider.ErrUnknownPayment
	}
	if to != "" {
		st.Status = to
	}
	if to == provider.Captured {
		st.Captured = st.Authorized
	}
	p.known[id] = st
	return st, nil
}

func (p *agreeing) Create(_ context.Context, r provider.CreateRequest) (provider.State, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := r.Payment.String()
	p.known[id] = provider.State{Ref: id, Payment: id, Status: provider.Open, Currency: r.Currency, Authorized: 0, URL: "http://bank.test/" + id}
	p.orders[r.Order.String()] = id
	return p.known[id], nil
}

// agree is the fan who pays.
func (p *agreeing) agree(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.known[id]
	st.Status, st.Authorized = provider.Authorized, benchPrice
	p.known[id] = st
}

// of is the payment of an order.
func (p *agreeing) of(order string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, ok := p.orders[order]
	if !ok {
		return "", fmt.Errorf("order %s has no payment", order)
	}
	return id, nil
}

func (p *agreeing) Read(_ context.Context, ref string) (provider.State, error) {
	return p.move(ref, "")
}
func (p *agreeing) Find(_ context.Context, id uuid.UUID) (provider.State, error) {
	return p.move(id.String(), "")
}
func (p *agreeing) Capture(_ context.Context, ref, _ string) (provider.State, error) {
	return p.move(ref, provider.Captured)
}
func (p *agreeing) Cancel(_ context.Context, ref, _ string) (provider.State, error) {
	return p.move(ref, provider.Cancelled)
}
func (p *agreeing) Refund(context.Context, string, string, int64) (provider.State, error) {
	return provider.State{}, provider.ErrRefused
}
func (p *agreeing) Charges(context.Context, time.Time) ([]provider.Charge, error) { return nil, nil }
func (p *agreeing) Event(http.Header, []byte, time.Time) (provider.Event, error) {
	return provider.Event{}, provider.ErrBadEvent
}
func (p *agreeing) Health() provider.Health { return provider.Health{Healthy: true} }
func (p *agreeing) Probe(context.Context)   {}
