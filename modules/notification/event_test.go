package notification

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
)

func TestMailsOfALine(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.promise(func(tx *gorm.DB) error {
		return k.JoinCode(t.Context(), tx, 7, ada, "042917", "https://t.example/events/gala#m=pass")
	})
	k.promise(func(tx *gorm.DB) error {
		return k.PlaceLink(t.Context(), tx, 7, ada, "https://t.example/events/gala#p=one")
	})
	k.promise(func(tx *gorm.DB) error {
		return k.YourTurn(t.Context(), tx, 7, ada, "https://t.example/events/gala#p=two")
	})
	var rows []mailRow
	if err := k.Kit.DB.Raw(`SELECT id, kind FROM mails ORDER BY id`).Scan(&rows).Error; err != nil || len(rows) != 3 || k.jobs() != 3 {
		t.Fatalf("%v %v, %d jobs", rows, err, k.jobs())
	}
	if m := string(k.row(rows[0].ID).Data); !strings.Contains(m, "#m=pass") {
		t.Fatalf("no link is promised: %s", m)
	}
	for i, says := range []string{"042917", "#p=one", "#p=two"} {
		if wait := k.attempt(rows[i].ID); wait != 0 {
			t.Fatalf("%s waits", rows[i].Kind)
		}
		m := k.mailer.messages()[i]
		if m.To.Address != ada || !strings.Contains(m.Text, says) || !strings.Contains(m.HTML, says) || strings.Contains(m.Text, "Order") {
			t.Errorf("%s says %q", rows[i].Kind, m.Text)
		}
		if strings.Contains(m.Subject, says) || strings.Contains(string(k.row(rows[i].ID).Data), says) {
			t.Errorf("what opens the place is kept in the outbox: %+v", k.row(rows[i].ID))
		}
	}
	if m, kept := k.mailer.messages()[0], string(k.row(rows[0].ID).Data); !strings.Contains(m.Text, "#m=pass") || !strings.Contains(m.HTML, "#m=pass") || strings.Contains(kept, "pass") {
		t.Errorf("the link that stands for the digits: %q, kept: %s", m.Text, kept)
	}
	mails, err := k.Outbox(t.Context(), "spring gala")
	if err != nil || len(mails) != 3 || mails[0].Order != "" {
		t.Errorf("%+v %v", mails, err)
	}
	order := k.order()
	k.ready(order)
	if err := k.Forget(t.Context(), k.DB, []int64{7, 8}); err != nil {
		t.Fatal(err)
	}
	if n := k.count(`SELECT count(*) FROM mails`); n != 1 {
		t.Errorf("%d mails are left, want the order's alone", n)
	}
}

// A mail server that was away brings no code that is good for nothing, and calls nobody to seats that have gone meanwhile.
func TestWhatIsTooLateIsNotMailed(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct {
		life    time.Duration
		secret  string
		promise func(k *kit, tx *gorm.DB) error
	}{
		kindJoinCode: {codeLife, "042917", func(k *kit, tx *gorm.DB) error {
			return k.JoinCode(t.Context(), tx, 7, ada, "042917", "https://t.example/events/gala#m=pass")
		}},
		kindYourTurn: {turnLife, "#p=two", func(k *kit, tx *gorm.DB) error {
			return k.YourTurn(t.Context(), tx, 7, ada, "https://t.example/events/gala#p=two")
		}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			busyFor := func(d time.Duration) mailRow { // what became of a mail when the server took mails again after d
				if err := k.Kit.DB.Exec(`DELETE FROM mails`).Error; err != nil {
					t.Fatal(err)
				}
				k.promise(func(tx *gorm.DB) error { return c.promise(k, tx) })
				var row mailRow
				if err := k.Kit.DB.Raw(`SELECT id FROM mails`).Scan(&row).Error; err != nil {
					t.Fatal(err)
				}
				k.mailer.answer(&busyError{reply: "421 later"})
				k.attempt(row.ID)
				k.mailer.answer(nil)
				k.Kit.Clock.Advance(d)
				if wait := k.attempt(row.ID); wait != 0 {
					t.Errorf("tried again in %v", wait)
				}
				return k.row(row.ID)
			}
			if r := busyFor(c.life - time.Second); r.Status != "sent" || len(k.mailer.messages()) != 1 {
				t.Errorf("in time: %+v", r)
			}
			if r := busyFor(c.life + time.Second); r.Status != "failed" || strings.Contains(string(r.Data), c.secret) || len(k.mailer.messages()) != 1 {
				t.Errorf("too late: %+v", r)
			}
		})
	}
}

// An alarm is about no order and no event, and says what it was told in any case.
func TestAlarmGoesToTheHouse(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.promise(func(tx *gorm.DB) error {
		return k.Alarm(t.Context(), tx, ada, []string{"no claim is stuck: order 42"}, "https://t.example/admin/audit")
	})
	var rows []mailRow
	if err := k.Kit.DB.Raw(`SELECT id, kind FROM mails`).Scan(&rows).Error; err != nil || len(rows) != 1 {
		t.Fatalf("%v %v", rows, err)
	}
	if wait := k.attempt(rows[0].ID); wait != 0 {
		t.Fatal("it waits")
	}
	m := k.mailer.messages()[0]
	if m.To.Address != ada || !strings.Contains(m.Text, "order 42") || !strings.Contains(m.HTML, "order 42") || !strings.Contains(m.Text, "/admin/audit") {
		t.Errorf("it says %q", m.Text)
	}
}
