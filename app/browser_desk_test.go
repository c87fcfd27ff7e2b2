package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
)

// staffs gives the browser the session of who is signed in.
func (b *browser) staffs(c *client) {
	b.t.Helper()
	yes := true
	_, err := send(b, network.SetCookie, network.SetCookieParams{
		Name: "fs_staff", Value: c.bearer, URL: b.base + "/", HTTPOnly: &yes, SameSite: network.CookieSameSiteLax,
	})
	b.set(err)
}

// everything is a plan with tables, notes, accessible and companion seats, areas and faults.
func (s *stage) everything() string {
	file, err := os.ReadFile(filepath.Join(planFormats, "points.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var made struct{ ID string }
	s.staff.must(s.t, 201, "POST", "/api/v1/admin/plans", json.RawMessage(file), &made)
	return made.ID
}

// The desk in its states, looked at as the other pages are.
func TestDeskGallery(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, scene := range s.deskScenes() {
		t.Run(scene.name, func(t *testing.T) { hang(t, s.base, scene) })
	}
}

// The desk follows the sale by itself: a hold, a sale, a pause by somebody else.
func TestDeskLives(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", house(t, staff, 2, 4), object{"Stalls": 4500}, -time.Second, object{"queue": nil})
	b := newBrowser(t, p.base)
	b.staffs(staff)
	b.open("/admin/events/gala")
	figure := func(name, want string) {
		t.Helper()
		b.until(name+" is "+want, func() bool { return b.text(`[data-figure="`+name+`"]`) == want })
	}
	figure("free", "8")
	s := &stage{process: p, t: t, ctx: t.Context(), staff: staff}
	s.holds("gala", "Bo", 1)
	figure("held", "1")
	figure("admitted", "1")
	s.orders("gala", "Åsa", 1, "paid", "paid")
	figure("sold", "1")
	figure("gross", "45.00 EUR")
	b.until("the curve of what was sold is drawn", func() bool {
		var said string
		return b.js(`document.querySelector("[data-curve=sold] svg")?.getAttribute("aria-label") ?? ""`, &said) == nil && said == "Sold: now 1, at most 1"
	})
	staff.must(t, 200, "POST", "/api/v1/admin/events/gala/queue/pause", object{"reason": "rain"}, nil)
	b.sees("Paused: rain", "Resume admissions")
	b.click("button", "Resume admissions")
	b.sees("Admissions go on.", "On sale")
	b.excuse("ERR_INTERNET_DISCONNECTED")
	b.online(false)
	b.sees("These figures are old")
	b.online(true)
	b.until("the figures are young again", func() bool { return !strings.Contains(b.text("main"), "These figures are old") })
}

func (s *stage) deskScenes() []scene {
	_, paid := s.orders("shop", "Åsa Ünlü", 4, "paid", "paid")
	f, part := s.orders("shop", "Pat", 2, "paid", "paid")
	s.refund(f, part, "part-refunded", part.Tickets[0].ID)
	_, long := s.orders("long", longBuyer, 4, "paid", "paid")
	_, rtl := s.orders("rtl", rtlBuyer, 2, "paid", "paid")
	_, pending := s.orders("shop", "Pia", 1, "", "pending")
	s.holds("line", "Inside", 1)
	for i := range 12 {
		s.waits("line", fmt.Sprint("Fan ", i))
	}
	s.staff.must(s.t, 200, "POST", "/api/v1/admin/events/paused/queue/pause", object{"reason": "A storm warning: we go on at 20:15."}, nil)
	s.staff.must(s.t, 200, "PUT", "/api/v1/admin/events/line/queue/message", object{"message": "Please have your card at hand."}, nil)
	s.staff.must(s.t, 200, "POST", "/api/v1/admin/events/ended/queue/end", object{"reason": "It is over."}, nil)
	stadium := "1"

	desk := func(path string, then ...func(*browser)) func(*browser) {
		return func(b *browser) {
			b.staffs(s.staff)
			b.open(path)
			for _, do := range then {
				do(b)
			}
		}
	}
	// brief opens a page in a session of its own, which ends in the middle of it.
	brief := func(path string, then func(b *browser, end func())) func(*browser) {
		return func(b *browser) {
			own := signIn(s.t, s.base)
			b.staffs(own)
			b.open(path)
			b.excuse("status of 401")
			then(b, func() { own.must(s.t, 204, "DELETE", "/api/v1/admin/session", nil, nil) })
		}
	}
	drawn := func(b *browser) {
		b.until("the room is drawn", func() bool { return b.has("button", "The whole room") })
	}
	for _, block := range []object{
		{"seats": []int{100, 101, 102, 103, 120, 121}, "name": "Sponsor AG", "reason": "Contract of 3 May", "until": "2040-05-01T18:00:00Z"},
		{"seats": []int{130, 131}, "name": rtlBuyer, "reason": longVenue}, {"seats": []int{140, 141, 142, 143}, "reason": "No view: the camera stands there"},
	} {
		s.staff.must(s.t, 201, "POST", "/api/v1/admin/events/gala/blocks", block, nil)
	}
	for _, code := range []object{{"code": "Spring 26", "percent": 25, "max_uses": 100, "max_per_buyer": 2, "ends_at": "2040-05-01T18:00:00Z"},
		{"codes": 500, "name": longVenue, "prices": object{"Category I": 4900, "Category II": 3900}, "max_uses": 1}, {"code": "مهرجان", "name": rtlBuyer, "amount": 500, "categories": []string{"Category I"}}} {
		s.staff.must(s.t, 201, "POST", "/api/v1/admin/events/gala/promotions", code, nil)
	}
	press := func(name string) func(*browser) { return func(b *browser) { b.click("button", name) } }
	return []scene{
		{"desk login", at("/admin/orders?q=x"), "Sign in"},
		{"desk login refused", func(b *browser) {
			b.excuse("status of 401")
			b.open("/admin")
			b.fill("E-mail", "someone@example.org")
			b.fill("Password", "not the password")
			b.click("button", "Sign in")
		}, "do not belong together"},
		{"desk events", desk("/admin"), "Spring Gala"},
		{"desk plans", desk("/admin/plans"), "Upload a seat plan"},
		{"desk plan refused", desk("/admin/plans", func(b *browser) {
			b.excuse("status of 422")
			b.set(b.js(`(() => { const files = new DataTransfer(); files.items.add(new File(['{"zones": 3}'], 'hall.json'));
				document.getElementById('plan').files = files.files; })()`, nil))
		}, press("Upload and look at it")), "cannot be used"},
		{"desk plan", desk("/admin/plans/" + stadium), "What we found"},
		{"desk plan of everything", desk("/admin/plans/" + s.everything()), "1 table, 1 seat with a note"},
		{"desk new event", desk("/admin/plans/" + stadium + "/event"), "2 of 2"},
		{"desk new event refused", desk("/admin/plans/"+stadium+"/event", func(b *browser) {
			b.excuse("status of 422")
			b.fill("Name", "Summer Nights")
			b.fill("Category II", "abc")
			b.fill("Terms", "no address")
		}, press("Publish the event")), "Nothing was saved yet"},
		{"desk settings", desk("/admin/events/gala/settings"), "Settings"},
		{"desk taxes", desk("/admin/events/gala/taxes"), "Tax is inside"},
		{"desk codes", desk("/admin/events/gala/promotions"), "Spring 26"},
		{"desk codes refused", desk("/admin/events/gala/promotions", func(b *browser) {
			b.excuse("status of 422")
			b.fill("A word of your own", "ab")
			b.click("button", "Make it")
		}), "Nothing was made yet"},
		{"desk seats", desk("/admin/events/gala/seats", drawn), "Sponsor AG"},
		{"desk seats chosen", desk("/admin/events/gala/seats", drawn, func(b *browser) {
			b.fill("Keep them for", longBuyer)
			b.set(b.js(`(() => { const field = document.getElementById("seats"); field.value = "#150..#165"; field.dispatchEvent(new Event("change")); })()`, nil))
			b.fill("Why", "Contract of 3 May")
		}, press("Take off sale")), "Fans see at once"},
		{"desk seats signed out", brief("/admin/events/gala/seats", func(b *browser, end func()) {
			drawn(b)
			b.set(b.js(`(() => { const field = document.getElementById("seats"); field.value = "#150..#165"; field.dispatchEvent(new Event("change")); })()`, nil))
			b.fill("Why", "Contract of 3 May")
			b.click("button", "Take off sale")
			end()
			b.click("button", "Take off sale")
		}), "You were signed out, and nothing happened."},
		{"desk login with what was sent", brief("/admin/events/gala/settings", func(b *browser, end func()) {
			b.fill("Venue", "The Old Hall")
			end()
			b.click("button", "Save")
		}), "What you sent is kept"},
		{"desk signed in with what was sent", brief("/admin/events/gala/settings", func(b *browser, end func()) {
			b.fill("Venue", "The Old Hall")
			end()
			b.click("button", "Save")
			b.sees("What you sent is kept")
			b.fill("E-mail", ownerEmail)
			b.fill("Password", ownerPassword)
			b.click("button", "Sign in")
		}), "Send it now?"},
		{"desk seats none", desk("/admin/events/long/seats", drawn, func(b *browser) {
			b.set(b.js(`document.querySelectorAll("[data-pick], [data-pick] details").forEach((d) => { d.open = true; })`, nil))
		}), "Nothing is held back"},
		{"desk announced", desk("/admin/events/later"), "Open now"},
		{"desk open", desk("/admin/events/shop"), "Pause admissions"},
		{"desk line", desk("/admin/events/line"), "Say to everyone"},
		{"desk paused", desk("/admin/events/paused"), "Resume"},
		{"desk ended", desk("/admin/events/ended"), "has ended"},
		{"desk refund of an event", desk("/admin/events/shop/refunds"), "Return everything"},
		{"desk long names", desk("/admin/events/long"), longName},
		{"desk right to left", desk("/admin/events/rtl"), rtlName},
		{"desk sure", desk("/admin/events/line", func(b *browser) { b.fill("Pause, because", "The bank has trouble.") }, press("Pause admissions")), "stops new admissions"},
		{"desk orders", desk("/admin/orders"), paid.Code},
		{"desk orders none", desk("/admin/orders?q=nobody"), "Nothing is called"},
		{"desk order", desk("/admin/orders/" + paid.ID), "What happened"},
		{"desk order part refunded", desk("/admin/orders/" + part.ID), "Partly returned"},
		{"desk order pending", desk("/admin/orders/" + pending.ID), "Not paid yet"},
		{"desk order long names", desk("/admin/orders/" + long.ID), longBuyer},
		{"desk order right to left", desk("/admin/orders/" + rtl.ID), rtlBuyer},
		{"desk refund", desk("/admin/orders/"+paid.ID, func(b *browser) {
			b.click("checkbox", paid.Tickets[0].Seat.Label)
			b.fill("Why", "She cannot come.")
		}, press("Return")), "cannot be taken back"},
		{"desk outbox", desk("/admin/outbox"), "example.org"},
		{"desk audit", desk("/admin/audit"), "Run the audit"},
		{"desk owed none", desk("/admin/owed"), "Nothing is owed"},
		{"desk log", desk("/admin/log"), "Signed in"},
		// The last, as nothing is left of that event's orders.
		{"desk refunded event", func(b *browser) {
			s.staff.must(b.t, 202, "POST", "/api/v1/admin/events/rtl/refunds", object{"reason": "The hall is under water.", "end_sale": true}, nil)
			desk("/admin/events/rtl/refunds")(b)
		}, "Every order is returned"},
	}
}
