package staff_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gorm.io/gorm"

	"fairseat/app/request"
)

var bob = request.Staff{ID: 7, Email: "bob@example.org", Role: "owner"}

type logPage struct {
	Entries []struct {
		ID, At, Email, Action, Subject, IP string
		Detail                             json.RawMessage
	}
}

func (o *office) log(query, token string) (page logPage) {
	o.t.Helper()
	r := o.do("GET", "/log"+query, "", bearer(token))
	want(o.t, "log", r, 200, "")
	if err := json.Unmarshal(r.Body.Bytes(), &page); err != nil {
		o.t.Fatal(err)
	}
	return page
}

func TestLogTellsWhoDidWhat(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	want(t, "a stranger", o.do("GET", "/log", ""), 401, "not-signed-in")
	token, _ := o.mustLogin(from("192.0.2.9:1"))
	ctx := context.Background()
	if err := o.staff.Note(ctx, nil, bob, "2001:db8::1", "queue.pause", "event:gala", map[string]any{"reason": "fire alarm"}); err != nil {
		t.Fatal(err)
	}
	page := o.log("", token)
	if len(page.Entries) != 3 {
		t.Fatalf("%d entries, want pause, sign-in, account", len(page.Entries))
	}
	e := page.Entries[0]
	if e.Email != bob.Email || e.Action != "queue.pause" || e.Subject != "event:gala" || e.IP != "2001:db8::1" ||
		e.At != "2027-03-09T10:00:00.000Z" || string(e.Detail) != `{"reason":"fire alarm"}` || e.ID == "" {
		t.Errorf("newest = %+v %s", e, e.Detail)
	}
	e = page.Entries[1]
	if e.Email != ada || e.Action != "session.open" || e.Subject != "account:"+ada || e.IP != "192.0.2.9" || string(e.Detail) != `{}` {
		t.Errorf("sign-in = %+v %s", e, e.Detail)
	}
	e = page.Entries[2]
	if e.Email != "" || e.Action != "account.add" {
		t.Errorf("account = %+v", e)
	}
	o.do("DELETE", "/session", "", bearer(token))
	token, _ = o.mustLogin()
	if got := o.log("?limit=2", token).Entries[1].Action; got != "session.end" {
		t.Errorf("sign-out is told as %q", got)
	}
}

func TestLogPages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token, _ := o.mustLogin()
	for range 120 {
		if err := o.staff.Note(t.Context(), nil, bob, "", "test", "", nil); err != nil {
			t.Fatal(err)
		}
	}
	seen, query, pages := map[string]bool{}, "?limit=50", 0
	for {
		page := o.log(query, token)
		if len(page.Entries) == 0 {
			break
		}
		pages++
		for _, e := range page.Entries {
			if seen[e.ID] {
				t.Fatalf("entry %s twice", e.ID)
			}
			seen[e.ID] = true
		}
		query = "?limit=50&before=" + page.Entries[len(page.Entries)-1].ID
	}
	if len(seen) != 122 || pages != 3 {
		t.Errorf("%d entries on %d pages, want 122 on 3", len(seen), pages)
	}
	if n := len(o.log("", token).Entries); n != 100 {
		t.Errorf("a page has %d without limit, want 100", n)
	}
	o.log("?before=9223372036854775807&limit=500", token)
	for _, q := range []string{"?limit=0", "?limit=501", "?limit=x", "?before=0", "?before=-1", "?before=x", "?before=9223372036854775808"} {
		want(t, q, o.do("GET", "/log"+q, "", bearer(token)), 422, "bad-field")
	}
}

// TestNoteRidesTheTransaction: what is rolled back was never done, and is not told.
func TestNoteRidesTheTransaction(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token, _ := o.mustLogin()
	undone := errors.New("undone")
	err := o.DB.Transaction(func(tx *gorm.DB) error {
		if err := o.staff.Note(t.Context(), tx, bob, "", "order.refund", "order:1", nil); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if got := o.log("", token).Entries[0].Action; got == "order.refund" {
		t.Error("the log tells of what never happened")
	}
	for _, change := range []string{`DELETE FROM staff_log`, `UPDATE staff_log SET email = 'eve'`} {
		if o.DB.Exec(change).Error == nil {
			t.Errorf("%s went through", change)
		}
	}
}

func TestNoteTakesAnyWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token, _ := o.mustLogin()
	for sent, kept := range map[string]string{
		"a\x00b":      "ab",
		`a\u0000b`:    `a\u0000b`,
		`a\` + "\x00": `a\`,
		"\xff":        "\uFFFD",
		`<"\">'`:      `<"\">'`,
	} {
		if err := o.staff.Note(t.Context(), nil, bob, "", "test", "s:"+sent, map[string]any{"reason": sent}); err != nil {
			t.Errorf("%q: %v", sent, err)
			continue
		}
		e := o.log("?limit=1", token).Entries[0]
		var detail struct{ Reason string }
		if err := json.Unmarshal(e.Detail, &detail); err != nil || detail.Reason != kept || e.Subject != "s:"+kept {
			t.Errorf("%q came back as %q and %q (%v)", sent, detail.Reason, e.Subject, err)
		}
	}
	if err := o.staff.Note(t.Context(), nil, bob, "", "test", strings.Repeat("x", 10), make(chan int)); err == nil {
		t.Error("a channel was written as JSON")
	}
}
