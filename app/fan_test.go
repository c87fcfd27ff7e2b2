package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	neturl "net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// answer is one HTTP answer, read to its end.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// code is the code of a problem document, or "".
func (a answer) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal(a.Body, &p)
	return p.Code
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Body) }

var transport = &http.Transport{MaxIdleConns: 1000, MaxIdleConnsPerHost: 1000, IdleConnTimeout: 30 * time.Second}

// client speaks JSON to the product with one credential; it knows nothing but the HTTP contract.
type client struct {
	base   atomic.Value // string: tests with several replicas move fans between them
	bearer string
	csrf   string
}

func newClient(base string) *client {
	c := &client{}
	c.base.Store(base)
	return c
}

func (c *client) url(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return c.base.Load().(string) + path
}

// do sends one request; the error is a connection that failed, never a status.
func (c *client) do(method, path string, body any, header ...string) (answer, error) {
	var reader io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case []byte:
		reader, kind = bytes.NewReader(b), "application/json"
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		reader, kind = bytes.NewReader(encoded), "application/json"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.url(path), reader)
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := (&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{res.StatusCode, res.Header, read}, nil
}

// must sends one request and fails the test unless it is answered with the status; the body goes into out.
func (c *client) must(t testing.TB, status int, method, path string, body, out any, header ...string) answer {
	t.Helper()
	a, err := c.do(method, path, body, header...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.Status != status {
		t.Fatalf("%s %s: want %d, got %v", method, path, status, a)
	}
	if out != nil {
		if err := json.Unmarshal(a.Body, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, a.Body)
		}
	}
	return a
}

// refused sends one request and fails the test unless it is refused with this status and code.
func (c *client) refused(t testing.TB, status int, code, method, path string, body any, header ...string) map[string]any {
	t.Helper()
	a := c.must(t, status, method, path, body, nil, header...)
	if got := a.code(); got != code {
		t.Fatalf("%s %s: want code %s, got %v", method, path, code, a)
	}
	if kind := a.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Fatalf("%s %s: a problem came as %s", method, path, kind)
	}
	facts := map[string]any{}
	if err := json.Unmarshal(a.Body, &facts); err != nil {
		t.Fatal(err)
	}
	return facts
}

// signIn is an owner with a session.
func signIn(t testing.TB, base string) *client {
	t.Helper()
	return signInAs(t, base, ownerEmail, ownerPassword)
}

func signInAs(t testing.TB, base, email, password string) *client {
	t.Helper()
	c := newClient(base)
	var session struct{ Token, CSRF string }
	c.must(t, 201, "POST", "/api/v1/admin/session", map[string]string{"email": email, "password": password}, &session)
	c.bearer, c.csrf = session.Token, session.CSRF
	return c
}

// Shapes of API.md, as far as the stories read them.
type (
	nowView struct {
		Phase     string
		Serving   int64
		Joined    int64
		Active    int
		Cap       int
		OpensAt   time.Time `json:"opens_at"`
		Now       time.Time
		Draw      *drawView
		Reason    *string
		Message   *string
		SeatsLeft int `json:"seats_free"`
	}
	drawView struct {
		Commitment           string
		Size                 *int64
		Secret, Seed, Beacon *string
		Burnt                [][2]int64
	}
	placeView struct {
		Place, Cohort string
		Index, Lane   int64
		JoinedAt      time.Time `json:"joined_at"`
	}
	meView struct {
		Cohort          string
		Index, Position *int64
		Ahead           *int64
		State           string
	}
	seatView struct {
		N        int
		Label    string
		Category string
		Price    int64
	}
	holdView struct {
		Seats     []seatView
		ExpiresAt time.Time `json:"expires_at"`
		Version   int64
	}
	orderView struct {
		ID, Code, Event, Status string
		Seats                   []seatView
		Total                   int64
		Currency                string
		ExpiresAt               time.Time `json:"expires_at"`
		Payment                 *struct {
			Provider string
			URL      *string
		}
		Tickets []struct {
			ID, Code, URL, PDF string
			Seat               seatView
		}
		Mail struct {
			Status    string
			LastError string `json:"last_error"`
		}
	}
	chargesView struct {
		Charges []struct {
			Payment, Order, Status, Currency string
			Amount, Captured, Refunded       int64
		}
	}
	auditView struct {
		OK         bool
		Invariants []struct {
			ID, Name   string
			Violations []string
		}
		Money map[string]struct {
			Captured, Delivered, Refunded, Owed int64
			InFlight                            int64 `json:"in_flight"`
		}
	}
)

// fan lives one on-sale, with the patience of a page: whatever says "busy" is asked again.
type fan struct {
	*client
	event string
	name  string
	place placeView
	pays  string // where the processor is really reached, when the public address does not lead here
}

func newFan(base, event, name string) *fan {
	return &fan{client: newClient(base), event: event, name: name}
}

func (f *fan) path(rest string) string { return "/api/v1/events/" + f.event + rest }

var errGaveUp = errors.New("gave up")

// patient repeats a request while the connection fails or the answer is 429 or 5xx, until ctx ends.
func (f *fan) patient(ctx context.Context, method, path string, body any, header ...string) (answer, error) {
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		a, err := f.do(method, path, body, header...)
		if err == nil && a.Status < 500 && a.Status != 429 {
			return a, nil
		}
		if err := wait(ctx, pause); err != nil {
			return a, fmt.Errorf("%s: %s %s: %w (last: %v, %v)", f.name, method, path, errGaveUp, a, err)
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (f *fan) join(ctx context.Context) error {
	a, err := f.patient(ctx, "POST", f.path("/queue"), map[string]any{})
	if err != nil {
		return err
	}
	if a.Status != 201 && a.Status != 200 {
		return fmt.Errorf("%s: join: %v", f.name, a)
	}
	if err := json.Unmarshal(a.Body, &f.place); err != nil {
		return err
	}
	f.bearer = f.place.Place
	return nil
}

// enter asks for admission until it is given; false when there is nothing left to enter for.
func (f *fan) enter(ctx context.Context) (bool, error) {
	for {
		a, err := f.patient(ctx, "POST", f.path("/queue/admission"), nil)
		if err != nil {
			return false, err
		}
		switch {
		case a.Status == 201 || a.Status == 200:
			return true, nil
		case a.code() == "sold-out":
			var now nowView
			if n, err := f.patient(ctx, "GET", f.path("/queue/now"), nil); err == nil && json.Unmarshal(n.Body, &now) == nil && now.Phase == "sold-out" {
				return false, nil
			}
		case a.code() == "already-bought" || a.Status == 410:
			return false, nil
		case a.Status != 409:
			return false, fmt.Errorf("%s: enter: %v", f.name, a)
		}
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return false, err
		}
	}
}

// pay lives from the basket to a final order; outcome is what the fan clicks at the processor.
func (f *fan) order(ctx context.Context, email string) (*orderView, answer, error) {
	a, err := f.patient(ctx, "POST", f.path("/orders"), map[string]any{"buyer": map[string]string{"name": f.name, "email": email}})
	if err != nil || (a.Status != 201 && a.Status != 200) {
		return nil, a, err
	}
	var made struct {
		Order orderView
		Token string
	}
	if err := json.Unmarshal(a.Body, &made); err != nil {
		return nil, a, err
	}
	return &made.Order, a, nil
}

// settle pays with the outcome and waits for a status among the wanted ones.
func (f *fan) settle(ctx context.Context, o *orderView, outcome string, wanted ...string) (*orderView, error) {
	clicked := false
	for {
		a, err := f.patient(ctx, "GET", "/api/v1/orders/"+o.ID, nil)
		if err != nil {
			return o, err
		}
		if a.Status != 200 {
			return o, fmt.Errorf("%s: order: %v", f.name, a)
		}
		*o = orderView{}
		if err := json.Unmarshal(a.Body, o); err != nil {
			return o, err
		}
		for _, w := range wanted {
			if o.Status == w {
				return o, nil
			}
		}
		if !clicked && o.Payment != nil && o.Payment.URL != nil {
			page, err := neturl.Parse(*o.Payment.URL)
			if err != nil {
				return o, err
			}
			at := *o.Payment.URL
			if f.pays != "" {
				at = f.pays + page.Path
			}
			p, err := f.do("POST", at, map[string]string{"outcome": outcome})
			clicked = err == nil && p.Status == 200
		}
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return o, fmt.Errorf("%s: order is %s: %w", f.name, o.Status, err)
		}
	}
}
