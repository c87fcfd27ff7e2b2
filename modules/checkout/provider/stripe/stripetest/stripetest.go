// Package stripetest is as much of Stripe as our tests need, in memory: sessions, intents, refunds and disputes with their
// states, idempotency keys that remember, lists in pages, webhooks that are signed. stripe-mock checks what our requests
// look like; it has no states, so it cannot tell what they do.
package stripetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"fairseat/app/clock"
)

// Fake is the processor. Safe for concurrent use.
type Fake struct {
	Clock clock.Clock
	Key   string // the merchant's secret

	mu       sync.Mutex
	sessions []*session
	refunds  []*refund
	kept     map[string]kept
	fail     int // how many of the next changes fail for good
	calls    []string
	serial   int
}

type session struct {
	ID        string            `json:"id"`
	Object    string            `json:"object"`
	Reference string            `json:"client_reference_id"`
	Status    string            `json:"status"`
	Currency  string            `json:"currency"`
	Total     int64             `json:"amount_total"`
	URL       string            `json:"url"`
	Created   int64             `json:"created"`
	ExpiresAt int64             `json:"expires_at"`
	Metadata  map[string]string `json:"metadata"`
	Intent    *intent           `json:"payment_intent"`
	manual    bool
}

type intent struct {
	ID         string            `json:"id"`
	Object     string            `json:"object"`
	Status     string            `json:"status"`
	Amount     int64             `json:"amount"`
	Capturable int64             `json:"amount_capturable"`
	Received   int64             `json:"amount_received"`
	Currency   string            `json:"currency"`
	Created    int64             `json:"created"`
	Metadata   map[string]string `json:"metadata"`
	Charge     *charge           `json:"latest_charge"`
	dispute    string
}

type charge struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Refunded int64  `json:"amount_refunded"`
	Disputed bool   `json:"disputed"`
}

type refund struct {
	ID       string            `json:"id"`
	Object   string            `json:"object"`
	Amount   int64             `json:"amount"`
	Status   string            `json:"status"`
	Metadata map[string]string `json:"metadata"`
	Intent   string            `json:"payment_intent"`
}

type kept struct {
	request string
	status  int
	body    []byte
}

// problem is Stripe's error.
type problem struct {
	status        int
	kind, code, m string
}

func refuse(code, message string) *problem {
	return &problem{http.StatusBadRequest, "invalid_request_error", code, message}
}

var missing = &problem{http.StatusNotFound, "invalid_request_error", "resource_missing", "No such object"}

// New is an account with nothing in it.
func New(c clock.Clock, key string) *Fake { return &Fake{Clock: c, Key: key, kept: map[string]kept{}} }

// FailNext lets the next n changes fail, and remember that under their keys.
func (f *Fake) FailNext(n int) { f.mu.Lock(); f.fail = n; f.mu.Unlock() }

// Calls are the changes asked for so far: method, path and key.
func (f *Fake) Calls() []string { f.mu.Lock(); defer f.mu.Unlock(); return slices.Clone(f.calls) }

// ServeHTTP answers as Stripe does.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = r.ParseForm()
	if r.Header.Get("Authorization") != "Bearer "+f.Key {
		write(w, nil, &problem{http.StatusUnauthorized, "invalid_request_error", "", "Invalid API Key"})
		return
	}
	if r.Method == http.MethodGet {
		body, p := f.read(strings.TrimPrefix(r.URL.Path, "/v1/"), r.Form)
		write(w, body, p)
		return
	}
	key, request := r.Header.Get("Idempotency-Key"), r.URL.Path+"?"+r.PostForm.Encode()
	f.calls = append(f.calls, r.Method+" "+r.URL.Path+" "+key)
	if have, known := f.kept[key]; known {
		if have.request != request {
			write(w, nil, &problem{http.StatusBadRequest, "idempotency_error", "", "Keys can only be used with the same parameters"})
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(have.status)
		_, _ = w.Write(have.body)
		return
	}
	var body any
	var p *problem
	if f.fail > 0 {
		f.fail--
		p = &problem{http.StatusInternalServerError, "api_error", "", "Something went wrong on our side"}
	} else {
		body, p = f.change(strings.TrimPrefix(r.URL.Path, "/v1/"), r.PostForm)
	}
	status, text := encoded(body, p)
	if p == nil || status >= http.StatusInternalServerError { // what was refused is not remembered
		f.kept[key] = kept{request, status, text}
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func encoded(body any, p *problem) (int, []byte) {
	status := http.StatusOK
	if p != nil {
		status, body = p.status, map[string]any{"error": map[string]any{"type": p.kind, "code": p.code, "message": p.m}}
	}
	text, _ := json.Marshal(body)
	return status, text
}

func write(w http.ResponseWriter, body any, p *problem) {
	status, text := encoded(body, p)
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func (f *Fake) read(path string, q url.Values) (any, *problem) {
	switch {
	case path == "balance":
		return map[string]any{"object": "balance"}, nil
	case path == "checkout/sessions":
		return list(f.sessions, q, func(s *session) (string, int64) { return s.ID, s.Created }), nil
	case path == "payment_intents":
		var all []*intent
		for _, s := range f.sessions {
			if s.Intent != nil {
				all = append(all, s.Intent)
			}
		}
		return list(all, q, func(i *intent) (string, int64) { return i.ID, i.Created }), nil
	case path == "refunds":
		var all []*refund
		for _, r := range f.refunds {
			if r.Intent == q.Get("payment_intent") {
				all = append(all, r)
			}
		}
		return list(all, q, func(r *refund) (string, int64) { return r.ID, 0 }), nil
	case path == "disputes":
		var all []map[string]any
		if i := f.intent(q.Get("payment_intent")); i != nil && i.dispute != "" {
			all = append(all, map[string]any{"id": "du_1", "object": "dispute", "status": i.dispute})
		}
		return list(all, q, func(map[string]any) (string, int64) { return "du_1", 0 }), nil
	}
	if s := f.session(strings.TrimPrefix(path, "checkout/sessions/")); s != nil {
		return s, nil
	}
	if i := f.intent(strings.TrimPrefix(path, "payment_intents/")); i != nil {
		return i, nil
	}
	return nil, missing
}

// list is a page, newest first.
func list[T any](all []T, q url.Values, of func(T) (id string, created int64)) any {
	limit, _ := strconv.Atoi(q.Get("limit"))
	if limit == 0 {
		limit = 10
	}
	from, _ := strconv.ParseInt(q.Get("created[gte]"), 10, 64)
	to, _ := strconv.ParseInt(q.Get("created[lt]"), 10, 64)
	page, more, started := []T{}, false, q.Get("starting_after") == ""
	for _, item := range slices.Backward(all) {
		id, created := of(item)
		switch {
		case !started:
			started = id == q.Get("starting_after")
		case created != 0 && (created < from || (to > 0 && created >= to)):
		case len(page) == limit:
			more = true
		default:
			page = append(page, item)
		}
	}
	return map[string]any{"object": "list", "data": page, "has_more": more}
}

func (f *Fake) session(id string) *session {
	for _, s := range f.sessions {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (f *Fake) intent(id string) *intent {
	for _, s := range f.sessions {
		if s.Intent != nil && s.Intent.ID == id {
			return s.Intent
		}
	}
	return nil
}

// Sign is the header of a webhook, as Stripe signs it now.
func (f *Fake) Sign(secret string, body []byte) http.Header {
	at := f.Clock.Now().Unix()
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at, body)
	return http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s,v0=old", at, hex.EncodeToString(mac.Sum(nil)))}}
}
