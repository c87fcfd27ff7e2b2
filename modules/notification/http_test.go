package notification

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/request"
	"fairseat/app/testkit"
)

// look asks the outbox over HTTP.
func (k *kit) look(q string) (out outboxResponse, raw []byte) {
	k.T.Helper()
	e := echo.New()
	k.Routes(request.Routes{Admin: e.Group("/api/v1/admin")})
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/admin/outbox?q="+url.QueryEscape(q), nil))
	if w.Code != http.StatusOK {
		k.T.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		k.T.Fatal(err)
	}
	return out, w.Body.Bytes()
}

func TestOutboxShowsAndFinds(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	if out, raw := k.look(""); out.Mails == nil || string(raw) != "{\"mails\":[]}\n" {
		t.Errorf("empty it is %s", raw)
	}
	order := uuid.MustParse("0198c0de-0000-7000-8000-000000000001")
	k.orders.set(order, paid())
	first := k.ready(order)
	k.attempt(first)
	k.Kit.Clock.Advance(time.Minute)
	k.promise(func(tx *gorm.DB) error { return k.Resend(t.Context(), tx, order, "50%_off@example.org") })
	k.Kit.Clock.Advance(time.Minute)
	k.promise(func(tx *gorm.DB) error { return k.TicketsReady(t.Context(), tx, uuid.New(), "no address") })

	out, _ := k.look("")
	if len(out.Mails) != 3 || out.Mails[0].To != "no address" || out.Mails[2].ID != first.String() {
		t.Fatalf("newest first: %+v", out.Mails)
	}
	if out.Mails[0].Status != "failed" || out.Mails[0].Error == "" || out.Mails[1].Status != "queued" || out.Mails[1].Subject != "Your tickets" {
		t.Errorf("%+v", out.Mails)
	}
	for q, want := range map[string]int{
		"ADA@": 1, "spring gala": 1, "K7QX2M4P": 1, order.String(): 2, "%_off": 1, "%": 1, "nobody": 0, "\x00": 3, "\xff": 0, `\`: 0, "  ada  ": 1,
	} {
		if out, _ := k.look(q); len(out.Mails) != want {
			t.Errorf("%q finds %d mails, want %d", q, len(out.Mails), want)
		}
	}
	_, raw := k.look("ada@")
	testkit.Golden(t, "outbox.json", raw)
}

func TestOutboxShowsTwoHundred(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	err := k.Kit.DB.Exec(`INSERT INTO mails (id, kind, recipient, subject)
		SELECT gen_random_uuid(), 'tickets', 'a@x.org', 's' FROM generate_series(1, 250)`).Error
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := k.look(""); len(out.Mails) != 200 {
		t.Errorf("%d mails", len(out.Mails))
	}
}
