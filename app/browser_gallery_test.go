package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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

// Every page in each of its states, in the four pictures of LOOK.md: none scrolls sideways, none complains, and axe-core
// finds nothing. GALLERY=folder writes the pictures there, to be looked at: GALLERY=/tmp/pictures go test ./app -run Gallery
func TestGallery(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, scenes := range [][]scene{s.eventScenes(), s.orderScenes(), s.checkoutScenes()} {
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
		// What axe judges changes with the colours and, in layout, with the width: two of the four show both.
		if look.name == "360-light" || look.name == "1280-dark" {
			b.axe()
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
	called, inside := s.waits("gala", "Called"), s.enters("gala", "Inside")
	_ = next
	return []scene{
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
		{"place done", as(buyer, "/events/full/place"), "Two Chairs"},
		{"place ended", as(past, "/events/ended/place"), "Yesterday's Play"},
		{"problem", at("/problems/seats-taken"), "seats-taken"},
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
	long, longOrder := s.orders("long", longBuyer, 4, "paid", "paid")
	rtl, rtlOrder := s.orders("rtl", rtlBuyer, 2, "paid", "paid")
	return []scene{
		{"order pending", as(pending, "/orders/"+pendingOrder.ID), pendingOrder.Code},
		{"order declined", as(declined, "/orders/"+declinedOrder.ID), declinedOrder.Code},
		{"order paid", as(paid, "/orders/"+paidOrder.ID), paidOrder.Code},
		{"order expired", as(expired, "/orders/"+expiredOrder.ID), expiredOrder.Code},
		{"order cancelled", as(gone, "/orders/"+goneOrder.ID), goneOrder.Code},
		{"order part refunded", as(part, "/orders/"+partOrder.ID), partOrder.Code},
		{"order refunded", as(back, "/orders/"+backOrder.ID), backOrder.Code},
		{"order long names", as(long, "/orders/"+longOrder.ID), longOrder.Code},
		{"order right to left", as(rtl, "/orders/"+rtlOrder.ID), rtlOrder.Code},
		{"ticket", at(paidOrder.Tickets[0].URL), "Åsa Ünlü"},
		{"ticket long names", at(longOrder.Tickets[0].URL), longBuyer},
		{"ticket right to left", at(rtlOrder.Tickets[0].URL), rtlBuyer},
		{"pay", at(*pendingOrder.Payment.URL), "TEST"},
	}
}
