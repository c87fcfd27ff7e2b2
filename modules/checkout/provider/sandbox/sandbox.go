// Package sandbox is the provider "sandbox": a client of the third party in modules/checkout/sandbox, over HTTP.
package sandbox

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairseat/app/address"
	"fairseat/app/clock"
	"fairseat/app/keyring"
	"fairseat/modules/checkout/provider"
)

const (
	answerLimit = 1 << 20
	ledgerLimit = 256 << 20
)

// Config is what a Client needs.
type Config struct {
	// BaseURL is where the processor listens; asked per call.
	BaseURL func() string
	// WebhookURL is where the processor reaches us, scheme and host; nil: where it listens itself.
	WebhookURL func() string
	// Secret is the merchant's bearer token; MerchantSecret makes it of the key both sides share.
	Secret string
	// SigningKeys check webhooks; any of them will do, so that keys can be rolled.
	SigningKeys [][]byte
	Clock       clock.Clock
}

// MerchantSecret is the bearer token by which the sandbox knows its merchant.
func MerchantSecret(k keyring.Key) string { return hex.EncodeToString(k.MAC([]byte("merchant"))) }

// Client is the provider. Safe for concurrent use.
type Client struct {
	*provider.Caller
	config Config
	http   *http.Client
}

// reply is an HTTP answer, read to its end.
type reply struct {
	status int
	body   []byte
}

// New makes a client; it connects with the first call.
func New(config Config) *Client {
	return &Client{
		Caller: provider.NewCaller(config.Clock), config: config,
		http: &http.Client{Transport: &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// Name is "sandbox".
func (c *Client) Name() string { return "sandbox" }

type payment struct {
	ID         string `json:"id"`
	Payment    string `json:"payment"`
	Status     string `json:"status"`
	Currency   string `json:"currency"`
	Authorized int64  `json:"authorized"`
	Captured   int64  `json:"captured"`
	Refunded   int64  `json:"refunded"`
	Dispute    string `json:"dispute"`
	Declined   string `json:"declined_for"`
	URL        string `json:"url"`
	Refunds    []struct {
		Key    string `json:"key"`
		Amount int64  `json:"amount"`
	} `json:"refunds"`
}

func (p payment) state() (provider.State, error) {
	st := provider.State{Ref: p.ID, Payment: p.Payment, Status: provider.Status(p.Status), Currency: p.Currency,
		Authorized: p.Authorized, Captured: p.Captured, Refunded: p.Refunded, URL: p.URL,
		Dispute: provider.Dispute(p.Dispute)}
	switch why := provider.DeclineReason(p.Declined); why {
	case provider.InsufficientFunds, provider.ExpiredCard, provider.NotAuthenticated:
		st.Declined = why
	}
	switch st.Status {
	case provider.Open, provider.Authorized, provider.Captured, provider.Declined, provider.Cancelled:
	default:
		return st, fmt.Errorf("sandbox: status %q is not one we know", p.Status)
	}
	for _, r := range p.Refunds {
		st.Refunds = append(st.Refunds, provider.Refund{Key: r.Key, Amount: r.Amount})
	}
	return st, nil
}

// Create opens a payment; the key is the payment's id, so that a repeat opens no second one.
func (c *Client) Create(ctx context.Context, r provider.CreateRequest) (provider.State, error) {
	return c.ask(ctx, http.MethodPost, "/sandbox/v1/payments", r.Payment.String(), map[string]any{
		"payment": r.Payment.String(), "order": r.Order.String(), "amount": r.Amount, "currency": r.Currency,
		"description": r.Description, "return_url": r.ReturnURL, "webhook_url": c.webhooks() + "/api/v1/payments/sandbox/webhook",
	})
}

// Read is the processor's record.
func (c *Client) Read(ctx context.Context, ref string) (provider.State, error) {
	return c.ask(ctx, http.MethodGet, paymentPath(ref), "", nil)
}

// Find is the record by our id. Should there be several, after a key was forgotten, the one with money counts.
func (c *Client) Find(ctx context.Context, id uuid.UUID) (provider.State, error) {
	var found struct{ Payments []payment }
	if err := c.call(ctx, http.MethodGet, "/sandbox/v1/payments?payment="+id.String(), "", nil, &found); err != nil {
		return provider.State{}, err
	}
	best, have := provider.State{}, false
	for _, p := range found.Payments {
		st, err := p.state()
		if err != nil {
			return st, err
		}
		if !have || weight(st.Status) > weight(best.Status) {
			best, have = st, true
		}
	}
	if !have {
		return best, provider.ErrUnknownPayment
	}
	return best, nil
}

// weight orders states by how much money hangs on them.
func weight(s provider.Status) int {
	return slices.Index([]provider.Status{provider.Declined, provider.Cancelled, provider.Open, provider.Authorized, provider.Captured}, s)
}

// Capture takes what was authorised.
func (c *Client) Capture(ctx context.Context, ref, key string) (provider.State, error) {
	return c.ask(ctx, http.MethodPost, paymentPath(ref)+"/capture", key, nil)
}

// Cancel lets an open or authorised payment go.
func (c *Client) Cancel(ctx context.Context, ref, key string) (provider.State, error) {
	return c.ask(ctx, http.MethodPost, paymentPath(ref)+"/cancel", key, nil)
}

// Refund gives captured money back.
func (c *Client) Refund(ctx context.Context, ref, key string, amount int64) (provider.State, error) {
	return c.ask(ctx, http.MethodPost, paymentPath(ref)+"/refunds", key, map[string]any{"amount": amount})
}

// Charges is the processor's whole ledger. These calls are never faulted, so they say nothing about its health.
func (c *Client) Charges(ctx context.Context, _ time.Time) ([]provider.Charge, error) {
	r, err := c.send(ctx, http.MethodGet, "/sandbox/charges", "", nil, ledgerLimit)
	if err != nil {
		return nil, fmt.Errorf("sandbox ledger: %w", err)
	}
	var ledger struct{ Charges []provider.Charge }
	if r.status != http.StatusOK {
		return nil, fmt.Errorf("sandbox ledger: answered %d", r.status)
	}
	err = json.Unmarshal(r.body, &ledger)
	for i := range ledger.Charges {
		ledger.Charges[i].Ours = true // its one merchant is known by our own key
	}
	return ledger.Charges, err
}

// Event reads a webhook whose signature is right.
func (c *Client) Event(h http.Header, body []byte, now time.Time) (provider.Event, error) {
	if err := checkSignature(c.config.SigningKeys, h.Get(signatureHeader), body, now); err != nil {
		return provider.Event{}, err
	}
	var e struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		Payment struct {
			ID      string `json:"id"`
			Payment string `json:"payment"`
		} `json:"payment"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return provider.Event{}, provider.ErrBadEvent.Wrap(err)
	}
	for _, s := range []string{e.ID, e.Type, e.Payment.ID, e.Payment.Payment} {
		if s == "" || len(s) > 255 || !address.Printable(s) {
			return provider.Event{}, provider.ErrBadEvent
		}
	}
	return provider.Event{ID: e.ID, Type: e.Type, Ref: e.Payment.ID, Payment: e.Payment.Payment}, nil
}

// Probe asks about a payment that cannot exist: an answer closes the breaker.
func (c *Client) Probe(ctx context.Context) {
	_ = c.Once(ctx, func(ctx context.Context) (bool, error) {
		_, again, err := c.try(ctx, http.MethodGet, "/sandbox/v1/payments?payment="+uuid.Nil.String(), "", nil)
		return again, err
	})
}

func (c *Client) base() string { return strings.TrimSuffix(c.config.BaseURL(), "/") }

func (c *Client) webhooks() string {
	if c.config.WebhookURL == nil {
		return c.base()
	}
	return strings.TrimSuffix(c.config.WebhookURL(), "/")
}

func paymentPath(ref string) string { return "/sandbox/v1/payments/" + url.PathEscape(ref) }

// ask makes a call that is answered with a payment.
func (c *Client) ask(ctx context.Context, method, path, key string, body any) (provider.State, error) {
	var p payment
	if err := c.call(ctx, method, path, key, body, &p); err != nil {
		return provider.State{}, err
	}
	return p.state()
}

// call makes a call, tried again where its outcome is unknown; the body is the same at each try.
func (c *Client) call(ctx context.Context, method, path, key string, body, into any) error {
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return err
		}
	}
	var r reply
	err := c.Do(ctx, func(ctx context.Context) (again bool, err error) {
		r, again, err = c.try(ctx, method, path, key, encoded)
		return again, err
	})
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return fmt.Errorf("sandbox: unreadable answer: %w", err)
	}
	return nil
}

// try sends a request once and sorts what came of it into a Provider's errors.
func (c *Client) try(ctx context.Context, method, path, key string, body []byte) (r reply, again bool, err error) {
	r, err = c.send(ctx, method, path, key, body, answerLimit)
	switch {
	case err != nil:
		return r, true, err
	case r.status >= 200 && r.status < 300:
		return r, false, nil
	case r.status == http.StatusNotFound:
		return r, false, provider.ErrUnknownPayment
	case r.status == http.StatusConflict && problemCode(r.body) == "wrong-state":
		return r, false, provider.ErrWrongState
	case r.status >= 500, r.status == http.StatusTooManyRequests:
		return r, true, fmt.Errorf("answered %d %s", r.status, problemCode(r.body))
	case r.status == http.StatusConflict, r.status == http.StatusUnauthorized:
		return r, false, fmt.Errorf("answered %d %s", r.status, problemCode(r.body))
	}
	return r, false, fmt.Errorf("%w: %d %s", provider.ErrRefused, r.status, problemCode(r.body))
}

func problemCode(body []byte) string {
	var p struct{ Code string }
	_ = json.Unmarshal(body, &p) // no code is an answer as well
	return p.Code
}

// send makes one HTTP request and reads its answer.
func (c *Client) send(ctx context.Context, method, path, key string, body []byte, limit int64) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base()+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.config.Secret)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(io.LimitReader(res.Body, limit))
	if err != nil {
		return reply{}, err
	}
	return reply{status: res.StatusCode, body: read}, nil
}
