package checkout

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/google/uuid"

	"fairseat/app/clock"
	"fairseat/app/keyring"
)

const (
	attemptTime  = 3 * time.Second
	answerLimit  = 1 << 20
	ledgerLimit  = 256 << 20
	breakerDelay = 2 * time.Second
)

// SandboxConfig is what the client of the sandbox processor needs.
type SandboxConfig struct {
	// BaseURL is where the processor listens, and where it reaches our webhook; asked per call.
	BaseURL func() string
	// Secret is the merchant's bearer token; MerchantSecret makes it of the key both sides share.
	Secret string
	// SigningKeys check webhooks; any of them will do, so that keys can be rolled.
	SigningKeys [][]byte
	Clock       clock.Clock
}

// MerchantSecret is the bearer token by which the sandbox knows its merchant.
func MerchantSecret(k keyring.Key) string { return hex.EncodeToString(k.MAC([]byte("merchant"))) }

// SandboxClient is the provider "sandbox": a third party over HTTP. Each call is tried up to three times under one
// key, each try for 3 s; when most of the last tries failed a breaker opens, and calls fail at once until a probe
// finds the processor back. Safe for concurrent use.
type SandboxClient struct {
	config  SandboxConfig
	http    *http.Client
	breaker circuitbreaker.CircuitBreaker[reply]
	calls   failsafe.Executor[reply]
	once    failsafe.Executor[reply] // without retries
	pulse   *pulse
}

// reply is an HTTP answer, read to its end.
type reply struct {
	status int
	body   []byte
}

// NewSandboxClient makes a client; it connects with the first call.
func NewSandboxClient(config SandboxConfig) *SandboxClient {
	bad := func(r reply, err error) bool {
		if errors.Is(err, context.Canceled) {
			return false // whoever asked went away: that says nothing about the processor
		}
		return err != nil || r.status >= 500 || r.status == http.StatusTooManyRequests
	}
	breaker := circuitbreaker.NewBuilder[reply]().HandleIf(bad).
		WithFailureThresholdRatio(8, 10).WithSuccessThreshold(1).WithDelay(breakerDelay).Build()
	limit := timeout.New[reply](attemptTime)
	// Against an open breaker trying again at once is of no use.
	retry := retrypolicy.NewBuilder[reply]().HandleIf(bad).AbortOnErrors(circuitbreaker.ErrOpen).
		WithMaxRetries(2).WithBackoff(50*time.Millisecond, 400*time.Millisecond).WithJitterFactor(0.5).ReturnLastFailure().Build()
	return &SandboxClient{
		config: config,
		http: &http.Client{Transport: &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		breaker: breaker,
		calls:   failsafe.With[reply](retry, breaker, limit),
		once:    failsafe.With[reply](breaker, limit),
		pulse:   newPulse(config.Clock),
	}
}

// Name is "sandbox".
func (c *SandboxClient) Name() string { return "sandbox" }

type sandboxPayment struct {
	ID         string `json:"id"`
	Payment    string `json:"payment"`
	Status     string `json:"status"`
	Currency   string `json:"currency"`
	Authorized int64  `json:"authorized"`
	Captured   int64  `json:"captured"`
	Refunded   int64  `json:"refunded"`
	URL        string `json:"url"`
	Refunds    []struct {
		Key    string `json:"key"`
		Amount int64  `json:"amount"`
	} `json:"refunds"`
}

func (p sandboxPayment) state() (PaymentState, error) {
	st := PaymentState{Ref: p.ID, Payment: p.Payment, Status: ProviderStatus(p.Status), Currency: p.Currency,
		Authorized: p.Authorized, Captured: p.Captured, Refunded: p.Refunded, URL: p.URL}
	switch st.Status {
	case ProviderOpen, ProviderAuthorized, ProviderCaptured, ProviderDeclined, ProviderCancelled:
	default:
		return st, fmt.Errorf("sandbox: status %q is not one we know", p.Status)
	}
	for _, r := range p.Refunds {
		st.Refunds = append(st.Refunds, RefundState{Key: r.Key, Amount: r.Amount})
	}
	return st, nil
}

// Create opens a payment; the key is the payment's id, so that a repeat opens no second one.
func (c *SandboxClient) Create(ctx context.Context, r CreateRequest) (PaymentState, error) {
	return c.payment(ctx, http.MethodPost, "/sandbox/v1/payments", r.Payment.String(), map[string]any{
		"payment": r.Payment.String(), "order": r.Order.String(), "amount": r.Amount, "currency": r.Currency,
		"description": r.Description, "return_url": r.ReturnURL, "webhook_url": c.base() + "/api/v1/payments/sandbox/webhook",
	})
}

// Read is the processor's record.
func (c *SandboxClient) Read(ctx context.Context, ref string) (PaymentState, error) {
	return c.payment(ctx, http.MethodGet, paymentPath(ref), "", nil)
}

// Find is the record by our id. Should there be several, after a key was forgotten, the one with money counts.
func (c *SandboxClient) Find(ctx context.Context, payment uuid.UUID) (PaymentState, error) {
	var found struct{ Payments []sandboxPayment }
	if err := c.call(ctx, http.MethodGet, "/sandbox/v1/payments?payment="+payment.String(), "", nil, &found); err != nil {
		return PaymentState{}, err
	}
	best, have := PaymentState{}, false
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
		return best, ErrUnknownPayment
	}
	return best, nil
}

// weight orders states by how much money hangs on them.
func weight(s ProviderStatus) int {
	return slices.Index([]ProviderStatus{ProviderDeclined, ProviderCancelled, ProviderOpen, ProviderAuthorized, ProviderCaptured}, s)
}

// Capture takes what was authorised.
func (c *SandboxClient) Capture(ctx context.Context, ref, key string) (PaymentState, error) {
	return c.payment(ctx, http.MethodPost, paymentPath(ref)+"/capture", key, nil)
}

// Cancel lets an open or authorised payment go.
func (c *SandboxClient) Cancel(ctx context.Context, ref, key string) (PaymentState, error) {
	return c.payment(ctx, http.MethodPost, paymentPath(ref)+"/cancel", key, nil)
}

// Refund gives captured money back.
func (c *SandboxClient) Refund(ctx context.Context, ref, key string, amount int64) (PaymentState, error) {
	return c.payment(ctx, http.MethodPost, paymentPath(ref)+"/refunds", key, map[string]any{"amount": amount})
}

// Charges is the processor's ledger. These calls are never faulted, so they say nothing about its health.
func (c *SandboxClient) Charges(ctx context.Context) ([]Charge, error) {
	r, err := c.send(ctx, http.MethodGet, "/sandbox/charges", "", nil, ledgerLimit)
	if err != nil {
		return nil, fmt.Errorf("sandbox ledger: %w", err)
	}
	var ledger struct{ Charges []Charge }
	if r.status != http.StatusOK {
		return nil, fmt.Errorf("sandbox ledger: answered %d", r.status)
	}
	return ledger.Charges, json.Unmarshal(r.body, &ledger)
}

// Event reads a webhook whose signature is right.
func (c *SandboxClient) Event(h http.Header, body []byte, now time.Time) (ProviderEvent, error) {
	if err := checkSignature(c.config.SigningKeys, h.Get(signatureHeader), body, now); err != nil {
		return ProviderEvent{}, err
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
		return ProviderEvent{}, ErrBadEvent.Wrap(err)
	}
	for _, s := range []string{e.ID, e.Type, e.Payment.ID, e.Payment.Payment} {
		if s == "" || len(s) > 255 || !printable(s) {
			return ProviderEvent{}, ErrBadEvent
		}
	}
	return ProviderEvent{ID: e.ID, Type: e.Type, Ref: e.Payment.ID, Payment: e.Payment.Payment}, nil
}

// Health is how the last minute went.
func (c *SandboxClient) Health() Health {
	h := c.pulse.read()
	h.Down = !c.breaker.IsClosed()
	h.Retry = c.breaker.RemainingDelay()
	h.Healthy = h.Healthy && !h.Down
	return h
}

// Probe asks about a payment that cannot exist: an answer closes the breaker.
func (c *SandboxClient) Probe(ctx context.Context) {
	_, _ = c.run(ctx, c.once, http.MethodGet, "/sandbox/v1/payments?payment="+uuid.Nil.String(), "", nil)
}

func (c *SandboxClient) base() string { return strings.TrimSuffix(c.config.BaseURL(), "/") }

func paymentPath(ref string) string { return "/sandbox/v1/payments/" + url.PathEscape(ref) }

// payment makes a call that is answered with a payment.
func (c *SandboxClient) payment(ctx context.Context, method, path, key string, body any) (PaymentState, error) {
	var p sandboxPayment
	if err := c.call(ctx, method, path, key, body, &p); err != nil {
		return PaymentState{}, err
	}
	return p.state()
}

// call makes a call, tried again where its outcome is unknown, and sorts what came of it into Provider's errors.
func (c *SandboxClient) call(ctx context.Context, method, path, key string, body, into any) error {
	r, err := c.run(ctx, c.calls, method, path, key, body)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	switch {
	case r.status >= 200 && r.status < 300:
		if err := json.Unmarshal(r.body, into); err != nil {
			return fmt.Errorf("sandbox: unreadable answer: %w", err)
		}
		return nil
	case r.status == http.StatusNotFound:
		return ErrUnknownPayment
	case r.status == http.StatusConflict && problemCode(r.body) == "wrong-state":
		return ErrWrongState
	case r.status >= 500, r.status == http.StatusTooManyRequests, r.status == http.StatusConflict, r.status == http.StatusUnauthorized:
		return fmt.Errorf("sandbox: answered %d %s", r.status, problemCode(r.body))
	}
	return fmt.Errorf("%w: %d %s", ErrRefused, r.status, problemCode(r.body))
}

func problemCode(body []byte) string {
	var p struct{ Code string }
	_ = json.Unmarshal(body, &p) // no code is an answer as well
	return p.Code
}

// run sends a request through breaker and time limit; the body is the same at each try.
func (c *SandboxClient) run(ctx context.Context, policy failsafe.Executor[reply], method, path, key string, body any) (reply, error) {
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return reply{}, err
		}
	}
	return policy.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[reply]) (reply, error) {
		start := c.pulse.start()
		r, err := c.send(e.Context(), method, path, key, encoded, answerLimit)
		if !errors.Is(err, context.Canceled) || ctx.Err() == nil {
			c.pulse.end(start, err != nil || r.status >= 500)
		}
		return r, err
	})
}

// send makes one HTTP request and reads its answer.
func (c *SandboxClient) send(ctx context.Context, method, path, key string, body []byte, limit int64) (reply, error) {
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
