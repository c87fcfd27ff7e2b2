package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
)

// scene is one page in one state.
type scene struct {
	name string
	open func(b *browser)
	says string // what shows that it is there
}

// at opens a path, for nobody in particular.
func at(path string) func(*browser) { return func(b *browser) { b.open(path) } }

// as opens a path in the place of a fan.
func as(f *fan, path string) func(*browser) {
	return func(b *browser) { b.is(f); b.open(path) }
}

// scriptless opens a path in the place of a fan whose browser runs no script.
func scriptless(f *fan, path string) func(*browser) {
	return func(b *browser) {
		b.noScript = true
		b.set(b.dress())
		as(f, path)(b)
	}
}

// Every page in each of its states, in the four pictures of LOOK.md: none scrolls sideways, none complains, and axe-core
// finds nothing. GALLERY=folder writes the pictures there, to be looked at: GALLERY=/tmp/pictures go test ./app -run Gallery
func TestGallery(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, scenes := range [][]scene{s.eventScenes(), s.seatScenes(), s.orderScenes(), s.checkoutScenes(), s.troubledScenes()} {
		for _, scene := range scenes {
			t.Run(scene.name, func(t *testing.T) { hang(t, s.base, scene) })
		}
	}
}

// hang looks at one scene, in all four ways.
func hang(t *testing.T, base string, sc scene) {
	b := newBrowser(t, base, phone)
	sc.open(b)
	b.sees(sc.says)
	for _, look := range []struct {
		name  string
		phone bool
		dark  bool
	}{{"360-light", true, false}, {"360-dark", true, true}, {"1280-dark", false, true}, {"1280-light", false, false}} {
		b.dark = look.dark
		if desktop := (look.name[:3] == "128"); desktop {
			b.width, b.height, b.touch = 1280, 800, false
		}
		b.set(b.dress())
		b.fits()
		switch look.name {
		case "360-light":
			b.axe()
			b.touches()
		case "1280-dark": // all else stays as it was
			b.axe("color-contrast")
		}
		if folder := os.Getenv("GALLERY"); folder != "" {
			b.shot(filepath.Join(folder, strings.ReplaceAll(sc.name, " ", "-")+"-"+look.name+".png"))
		}
	}
}

// eventScenes are the public pages and the line.
func (s *stage) eventScenes() []scene {
	early := s.waits("soon", "Early")
	s.holds("line", "Inside", 1)
	next, last := s.waits("line", "Next"), s.waits("line", "Last")
	stopped := s.waits("paused", "Stopped")
	s.staff.must(s.t, 200, "POST", "/api/v1/admin/events/paused/queue/pause", object{"reason": "A storm warning: we go on at 20:15."}, nil)
	s.staff.must(s.t, 200, "PUT", "/api/v1/admin/events/line/queue/message", object{"message": "Please have your card at hand."}, nil)
	buyer, _ := s.orders("full", "Åsa Ünlü", 1, "paid", "paid")
	s.orders("full", "Bo", 1, "paid", "paid")
	unlucky := s.waits("full", "Unlucky")
	s.phase("full", "sold-out")
	past := s.waits("ended", "Past")
	s.staff.must(s.t, 200, "POST", "/api/v1/admin/events/ended/queue/end", object{"reason": "It is over."}, nil)
	called, calledToo, inside := s.waits("gala", "Called"), s.waits("gala", "Called Too"), s.enters("gala", "Inside")
	_ = next
	moved := s.waits("gala", "Moved")
	moved.must(s.t, 200, "POST", moved.path("/queue"), nil, nil, "Fairseat-Device", "another")
	return append(s.lineScenes(last, moved), []scene{
		{"events", at("/"), "Summer Opening"},
		{"event announced", at("/events/later"), "Winter Concert"},
		{"event prequeue", at("/events/soon"), "Summer Opening"},
		{"event open", at("/events/gala"), "Spring Gala"},
		{"event paused", at("/events/paused"), "Stormy Night"},
		{"event sold out", at("/events/full"), "Two Chairs"},
		{"event ended", at("/events/ended"), "Yesterday's Play"},
		{"event long names", at("/events/long"), longName},
		{"event right to left", at("/events/rtl"), rtlName},
		{"place before the draw", as(early, "/events/soon/place"), "draw"},
		{"place waiting", as(last, "/events/line/place"), "ahead"},
		{"place your turn", as(called, "/events/gala/place"), "turn"},
		{"place admitted", as(inside, "/events/gala/place"), "Spring Gala"},
		{"place paused", as(stopped, "/events/paused/place"), "storm warning"},
		{"place sold out", as(unlucky, "/events/full/place"), "Two Chairs"},
		{"place done", as(buyer, "/events/full/place"), "You have all the seats you may have."},
		{"place ended", as(past, "/events/ended/place"), "It is over."},
		{"plain before the draw", scriptless(early, "/events/soon/place"), "The draw is"},
		{"plain waiting", scriptless(last, "/events/line/place"), "ahead of you"},
		{"plain your turn", scriptless(calledToo, "/events/gala/place"), "Go in"},
		{"plain admitted", scriptless(inside, "/events/gala/place"), "You are in."},
		{"plain paused", scriptless(stopped, "/events/paused/place"), "storm warning"},
		{"plain sold out", scriptless(unlucky, "/events/full/place"), "Sold out for now."},
		{"plain done", scriptless(buyer, "/events/full/place"), "You have all the seats you may have."},
		{"plain ended", scriptless(past, "/events/ended/place"), "The sale has ended."},
		{"verify before the draw", at("/events/soon/verify"), "What it will be checked by stands here already."},
		{"verify drawn", at("/events/line/verify"), "Nobody had joined when the draw was due"},
		{"verify one's own", as(last, "/events/line/verify"), "Check the draw"},
		{"verify without a draw", at("/events/shop/verify"), "Check the line"},
		{"plain verify", scriptless(last, "/events/line/verify"), "The fairness log"},
		{"problem", at("/problems/seats-taken"), "seats-taken"},
	}...)
}

// lineScenes are the waiting room with what one may ask of it, and when the line has bad news.
func (s *stage) lineScenes(waits, moved *fan) []scene {
	// tells lets /queue/now say something else besides: news that takes long to come by itself.
	tells := func(f *fan, news string) func(*browser) {
		return func(b *browser) {
			b.before(`const ask = fetch; window.fetch = async (what, ...rest) => {
				const answer = await ask(what, ...rest);
				if (!String(what).endsWith("/queue/now")) return answer;
				const now = await answer.json();
				` + news + `
				return new Response(JSON.stringify(now), {headers: {"Content-Type": "application/json"}});
			};`)
			as(f, "/events/"+f.event+"/place")(b)
		}
	}
	thrown := s.waits("gala", "Thrown Out")
	opened := func(b *browser) {
		as(waits, "/events/line/place")(b)
		b.click("button", "Call me when it's my turn")
		b.set(b.js(`document.querySelectorAll("#hand summary, #mail summary").forEach((s) => s.click())`, nil))
		b.until("the code is drawn", func() bool {
			var width int
			return b.js(`document.getElementById("qr").naturalWidth`, &width) == nil && width > 0
		})
	}
	looksOn := func(b *browser) { // its own link is no other's: it does not take the place over
		b.before(fmt.Sprintf(`localStorage.setItem("fs_place_gala", JSON.stringify({place: %q, cohort: "tail", index: %d}))`, moved.bearer, moved.place.Index))
		as(moved, "/events/gala")(b)
	}
	return []scene{
		{"place taken along", opened, "Point your phone's camera"},
		{"plain taken along", scriptless(waits, "/events/line/place/link"), "Point your phone's camera"},
		{"place elsewhere", looksOn, "open on another device"},
		{"place gone before", tells(waits, `now.lasts = 0; now.serving = 0; now.categories[0].lasts = 1;`), "every seat is gone before your turn"},
		{"place slow", tells(waits, `now.slowed = "payments"; now.reason = "Payments are slow at the moment, so fewer people are let in. Places are kept.";`), "Payments are slow"},
		{"place at the front again", func(b *browser) {
			b.before(`sessionStorage.setItem("fs_turn_gala", "1")`)
			tells(thrown, `now.slowed = "fault"; now.reason = "Something of ours failed. Those who were inside go in first.";`)(b)
		}, "You are at the front again"},
		{"place returning", tells(waits, `now.seats_free = 0; now.reason = "All seats are taken."; now.categories[0].free = 0;`), "seat may still come back"},
		{"place awaits beacon", tells(waits, `now.phase = "drawing"; now.reason = "Waiting for public randomness, round 4711.";`), "round 4711"},
	}
}

// seatScenes are the map and the list, and what stands there before there is one.
func (s *stage) seatScenes() []scene {
	empty, full := s.enters("shop", "Empty Hands"), s.holds("shop", "Full Hands", 4)
	long, rtl := s.holds("long", longBuyer, 2), s.holds("rtl", rtlBuyer, 2)
	there := func(f *fan) func(*browser) {
		return func(b *browser) {
			as(f, "/events/"+f.event+"/seats")(b)
			b.until("the map is drawn", func() bool { return b.text("body") != "" && !strings.Contains(b.text("body"), "Fetching the map") })
		}
	}
	list := func(f *fan) func(*browser) {
		return func(b *browser) { there(f)(b); b.click("button", "List"); b.sees("Ground floor") }
	}
	return []scene{
		{"map", there(empty), "How many seats?"},
		{"map basket", there(full), "Continue"},
		{"map list", list(full), "Continue"},
		{"map long names", there(long), "Continue"},
		{"map right to left", there(rtl), "Continue"},
		{"map loading", func(b *browser) {
			b.is(empty)
			_, err := send(b, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*/plan/*"}}})
			b.set(err)
			b.goes("/events/shop/seats")
		}, "Fetching the map"},
		{"map error", func(b *browser) {
			b.is(empty)
			b.excuse("ERR_BLOCKED", "plan", "Failed to fetch")
			_, err := send(b, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/api/v1/events/*/plan/*", Block: true}}})
			b.set(err)
			b.open("/events/shop/seats")
		}, "The map did not arrive."},
	}
}

// orderScenes are orders in each status, and tickets.
func (s *stage) orderScenes() []scene {
	pending, pendingOrder := s.orders("shop", "Pia", 2, "", "pending")
	declined, declinedOrder := s.orders("shop", "Dora", 2, "declined", "declined")
	paid, paidOrder := s.orders("shop", "Åsa Ünlü", 4, "paid", "paid")
	expired, expiredOrder := s.orders("brief", "Ex", 1, "", "expired")
	gone, goneOrder := s.orders("shop", "Gil", 1, "", "pending")
	gone.must(s.t, 204, "DELETE", "/api/v1/orders/"+goneOrder.ID, nil, nil)
	part, partOrder := s.orders("shop", "Pat", 2, "paid", "paid")
	s.refund(part, partOrder, "part-refunded", partOrder.Tickets[0].ID)
	back, backOrder := s.orders("shop", "Ray", 1, "paid", "paid")
	s.refund(back, backOrder, "refunded")
	away, awayOrder := s.orders("quiet", "Kim", 2, "paid", "paid")
	away.must(s.t, 200, "POST", "/api/v1/orders/"+awayOrder.ID+"/tickets/"+awayOrder.Tickets[0].ID+"/listing", object{}, nil)
	long, longOrder := s.orders("long", longBuyer, 4, "paid", "paid")
	rtl, rtlOrder := s.orders("rtl", rtlBuyer, 2, "paid", "paid")
	s.hasty()
	late, lateOrder := s.offeredOther("hasty", "Lou")
	return []scene{
		{"order pending", as(pending, "/orders/"+pendingOrder.ID), pendingOrder.Code},
		{"order declined", as(declined, "/orders/"+declinedOrder.ID), declinedOrder.Code},
		{"order paid", as(paid, "/orders/"+paidOrder.ID), paidOrder.Code},
		{"order swap", as(paid, "/orders/"+paidOrder.ID+"/swap?part=0&ticket="+paidOrder.Tickets[0].ID), "Change to this seat…"},
		{"order swap sure", as(paid, "/orders/"+paidOrder.ID+"/swap?to=10&ticket="+paidOrder.Tickets[0].ID), "Change now"},
		{"order swap which", as(paid, "/orders/"+paidOrder.ID+"/swap"), "Which seat"},
		{"order give back", as(paid, "/orders/"+paidOrder.ID+"/giveback?ticket="+paidOrder.Tickets[0].ID), "Put it on sale again"},
		{"order give back which", as(paid, "/orders/"+paidOrder.ID+"/giveback"), "Which ticket"},
		{"order on sale again", as(away, "/orders/"+awayOrder.ID), "Take it back"},
		{"order expired", as(expired, "/orders/"+expiredOrder.ID), expiredOrder.Code},
		{"order cancelled", as(gone, "/orders/"+goneOrder.ID), goneOrder.Code},
		{"order part refunded", as(part, "/orders/"+partOrder.ID), partOrder.Code},
		{"order refunded", as(back, "/orders/"+backOrder.ID), backOrder.Code},
		{"order swap offered", as(late, "/orders/"+lateOrder.ID), lateOrder.Code},
		{"order long names", as(long, "/orders/"+longOrder.ID), longOrder.Code},
		{"order right to left", as(rtl, "/orders/"+rtlOrder.ID), rtlOrder.Code},
		{"ticket", at(paidOrder.Tickets[0].URL), "Åsa Ünlü"},
		{"ticket long names", at(longOrder.Tickets[0].URL), longBuyer},
		{"ticket right to left", at(rtlOrder.Tickets[0].URL), rtlBuyer},
		{"pay", at(*pendingOrder.Payment.URL), "TEST"},
	}
}

// troubledScenes are what people see while the processor is slow or gone. Each sets its weather and clears it again.
func (s *stage) troubledScenes() []scene {
	weather := func(b *browser, faults object) {
		newClient(s.base).must(b.t, 200, "PUT", "/sandbox/faults", faults, nil)
	}
	slow, slowOrder := s.orders("shop", "Sam", 1, "", "pending")
	back, backOrder := s.orders("shop", "Rae", 1, "paid", "paid")
	waiting := s.holds("shop", "Wil", 1)
	return []scene{
		{"order paying", func(b *browser) {
			weather(b, object{"latency_ms": 2500}) // between "authorised" and "captured" lie now some seconds
			defer weather(b, object{})
			b.excuse("ERR_INTERNET_DISCONNECTED")
			a, err := newClient(s.base).do("POST", *slowOrder.Payment.URL, object{"outcome": "paid"})
			if err != nil || a.Status != 200 {
				b.t.Fatalf("pay: %v %v", a, err)
			}
			b.until("the bank is busy", func() bool {
				var now orderView
				slow.must(b.t, 200, "GET", "/api/v1/orders/"+slowOrder.ID, nil, &now)
				return now.Status == "paying"
			})
			as(slow, "/orders/"+slowOrder.ID)(b)
			b.online(false) // it stays as it is for the pictures
		}, slowOrder.Code},
		{"order refund pending", func(b *browser) {
			weather(b, object{"outage": true})
			defer weather(b, object{})
			s.refund(back, backOrder, "refund-pending")
			as(back, "/orders/"+backOrder.ID)(b)
			b.excuse("ERR_INTERNET_DISCONNECTED")
			b.online(false)
		}, backOrder.Code},
		{"checkout mistakes", func(b *browser) {
			as(waiting, "/events/shop/place/checkout")(b)
			b.excuse("status of 422")
			b.fill("Name", longBuyer)
			b.fill("Mail address", "nobody at all")
			b.click("button", "Pay")
		}, "This is not a whole mail address."},
	}
}
