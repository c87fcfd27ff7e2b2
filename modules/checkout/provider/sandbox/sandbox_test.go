package sandbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/clock"
	"fairseat/modules/checkout/provider"
)

// line is a processor that answers what the test says, and remembers what it was sent.
type line struct {
	mu      sync.Mutex
	answers []func(w http.ResponseWriter)
	got     []string // method path key
	bodies  []string
	auth    string
}

func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	l.got = append(l.got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Idempotency-Key"))
	l.bodies = append(l.bodies, string(body))
	l.auth = r.Header.Get("Authorization")
	var next func(http.ResponseWriter)
	if len(l.answers) > 0 {
		next, l.answers = l.answers[0], l.answers[1:]
	}
	l.mu.Unlock()
	if next == nil {
		next = says(500, `{"code":"processor-error"}`)
	}
	next(w)
}

func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
}

// hangsUp breaks the connection instead of answering.
func hangsUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func newLine(t *testing.T, answers ...func(http.ResponseWriter)) (*line, *Client) {
	t.Helper()
	l := &line{answers: answers}
	srv := httptest.NewServer(l)
	t.Cleanup(srv.Close)
	return l, New(Config{BaseURL: func() string { return srv.URL + "/" }, Secret: "s3cret", Clock: clock.System{}})
}

const onePayment = `{"id":"pay_1","payment":"P","order":"O","status":"open","amount":4200,"currency":"EUR","authorized":0,"captured":0,"refunded":0,"url":"http://x/1","refunds":[],"new":1}`

func TestClientRepeatsUnderOneKey(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	l, c := newLine(t, says(500, `{}`), hangsUp, says(201, onePayment))
	st, err := c.Create(context.Background(), provider.CreateRequest{Payment: id, Order: id, Amount: 4200, Currency: "EUR", Description: "d", ReturnURL: "http://r"})
	if err != nil || st.Ref != "pay_1" || st.Status != provider.Open || st.URL != "http://x/1" {
		t.Fatalf("%+v, %v", st, err)
	}
	want := "POST /sandbox/v1/payments " + id.String()
	if len(l.got) != 3 || l.got[0] != want || l.got[2] != want || l.bodies[0] != l.bodies[2] || l.auth != "Bearer s3cret" {
		t.Errorf("sent %q with %q", l.got, l.auth)
	}
	if !strings.Contains(l.bodies[0], `/api/v1/payments/sandbox/webhook"`) {
		t.Errorf("body %s", l.bodies[0])
	}
}

func TestClientSortsAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter)
		want   error // nil: the outcome is unknown
		tries  int
	}{
		{"not known", says(404, `{"code":"no-such-payment"}`), provider.ErrUnknownPayment, 1},
		{"past it", says(409, `{"code":"wrong-state"}`), provider.ErrWrongState, 1},
		{"refused", says(422, `{"code":"refund-too-large"}`), provider.ErrRefused, 1},
		{"still running", says(409, `{"code":"idempotency-key-in-use"}`), nil, 1},
		{"wrong secret", says(401, `{"code":"bad-secret"}`), nil, 1},
		{"too many", says(429, `{}`), nil, 3},
		{"away", says(503, `{}`), nil, 3},
		{"not JSON", says(200, `<html>`), nil, 1},
		{"a state from the future", says(200, strings.Replace(onePayment, "open", "disputed", 1)), nil, 1},
	} {
		l, client := newLine(t, c.answer, c.answer, c.answer)
		_, err := client.Refund(context.Background(), "pay_1", "k", 1)
		if err == nil || (c.want != nil && !errors.Is(err, c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, known := range []error{provider.ErrUnknownPayment, provider.ErrWrongState, provider.ErrRefused} {
			if c.want == nil && errors.Is(err, known) {
				t.Errorf("%s: an unknown outcome is taken for %v", c.name, known)
			}
		}
		if len(l.got) != c.tries {
			t.Errorf("%s: tried %d times", c.name, len(l.got))
		}
	}
}

func TestFindTakesTheOneWithMoney(t *testing.T) {
	t.Parallel()
	paid := strings.NewReplacer("open", "authorized", "pay_1", "pay_2", `"authorized":0`, `"authorized":4200`).Replace(onePayment)
	gone := strings.NewReplacer("open", "cancelled", "pay_1", "pay_3", `"authorized":0`, `"authorized":4200`).Replace(onePayment)
	_, c := newLine(t, says(200, `{"payments":[`+onePayment+`,`+paid+`,`+gone+`]}`), says(200, `{"payments":[]}`))
	if st, err := c.Find(context.Background(), uuid.New()); err != nil || st.Ref != "pay_2" {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := c.Find(context.Background(), uuid.New()); !errors.Is(err, provider.ErrUnknownPayment) {
		t.Errorf("%v", err)
	}
}

func TestBreakerOpensAndAProbeClosesIt(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	if h := c.Health(); h.Down || !h.Healthy {
		t.Fatalf("down before the first call: %+v", h)
	}
	for range 6 {
		_, _ = c.Read(context.Background(), "pay_1")
	}
	h := c.Health()
	if !h.Down || h.Healthy || h.Retry <= 0 || h.ErrorRate != 1 {
		t.Fatalf("after nothing but failures: %+v", h)
	}
	before := len(l.got)
	if _, err := c.Read(context.Background(), "pay_1"); err == nil || len(l.got) != before {
		t.Errorf("an open breaker lets calls through: %v", err)
	}
	l.mu.Lock()
	l.answers = []func(http.ResponseWriter){says(200, `{"payments":[]}`)}
	l.mu.Unlock()
	wait := time.NewTimer(h.Retry + 50*time.Millisecond)
	defer wait.Stop()
	<-wait.C
	if c.Health().Retry > 0 {
		t.Error("nobody would probe")
	}
	c.Probe(context.Background())
	if c.Health().Down {
		t.Error("an answer does not close the breaker")
	}
}

// A client that hangs up says nothing about the processor.
func TestHangingUpIsNoFailure(t *testing.T) {
	t.Parallel()
	_, c := newLine(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 {
		_, _ = c.Read(ctx, "pay_1")
	}
	if c.Health().Down {
		t.Error("the breaker is open")
	}
}
