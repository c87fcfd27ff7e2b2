package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"fairseat/app/testkit"
)

// stage is the running product with an event in each phase, for looking at pages: one process for all of them.
type stage struct {
	*process
	t     testing.TB
	ctx   context.Context
	staff *client
	hall  string // a small plan: rows A to F of twelve seats each
	mails int    // addresses given out
}

// Names that do not fit anywhere, and names that run the other way.
const (
	longName  = "The Extraordinarily Long Name of a Festival of Baroque and Contemporary Chamber Music, Second Evening"
	longVenue = "Großer Saal der Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
	longBuyer = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Cholmondeley y Fernández de la Vega"
	rtlName   = "ليلة الموسيقى العربية: أم كلثوم"
	rtlVenue  = "دار الأوبرا، القاهرة"
	rtlBuyer  = "محمد عبد الرحمن الطويل"
)

type object = map[string]any

var stalls = object{"Stalls": 4500}

// newStage starts the product and publishes the events; what each is for stands beside it.
func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{process: startProcess(t, "FAIRSEAT_SELLER__NAME=Old Hall Ltd", "FAIRSEAT_SELLER__ADDRESS=Ring 1; 50667 Köln", "FAIRSEAT_TAX__RATE=1900"), t: t, ctx: t.Context()}
	s.staff = signIn(t, s.base)
	stadium, hall := importStadium(t, s.staff), house(t, s.staff, 6, 12)
	s.hall = hall
	open := func(slug, plan string, prices object, extra object) {
		createEvent(t, s.staff, slug, plan, prices, -time.Second, extra)
	}
	createEvent(t, s.staff, "later", hall, stalls, 20*24*time.Hour, object{"name": "Winter Concert", "accent": "#0b7a4b"})                                // announced
	createEvent(t, s.staff, "soon", stadium, stadiumPrices, 20*time.Minute, object{"name": "Summer Opening", "description": "Doors at six. No support."}) // prequeue
	open("gala", stadium, stadiumPrices, object{"max_per_buyer": 4, "accent": "#8a1c5a", "queue": object{"cap": 1000, "per_minute": 60000}})              // open
	open("shop", stadium, stadiumPrices, object{"name": "Open Door", "max_per_buyer": 4, "accent": "#8a1c5a", "queue": nil})                              // orders
	open("line", hall, stalls, object{"name": "Small Room", "queue": object{"cap": 1, "per_minute": 60}})                                                 // one inside, others wait
	open("paused", hall, stalls, object{"name": "Stormy Night"})
	open("full", house(t, s.staff, 1, 2), stalls, object{"name": "Two Chairs", "queue": object{"cap": 100, "per_minute": 6000}}) // sold out
	open("ended", hall, stalls, object{"name": "Yesterday's Play"})
	open("brief", hall, stalls, object{"name": "Quick Show", "pay_seconds": 1, "queue": nil})     // orders expire
	open("quiet", hall, stalls, object{"name": "Second Night", "max_per_buyer": 4, "queue": nil}) // nobody else buys what is given back
	open("long", hall, stalls, object{"name": longName, "venue": longVenue, "max_per_buyer": 4, "queue": nil,
		"description": longName + ". " + longName + "."})
	open("rtl", hall, stalls, object{"name": rtlName, "venue": rtlVenue, "description": rtlName, "timezone": "Africa/Cairo", "max_per_buyer": 4, "queue": nil})
	for _, slug := range []string{"gala", "line", "paused", "full", "ended"} {
		s.phase(slug, "open")
	}
	return s
}

// sale is an event of a story's own in the small hall, open to all who come.
func (s *stage) sale(slug string, extra object) {
	s.t.Helper()
	all := object{"name": "Evening of " + slug, "queue": nil, "max_per_buyer": 4}
	for k, v := range extra {
		all[k] = v
	}
	createEvent(s.t, s.staff, slug, s.hall, stalls, -time.Second, all)
	s.phase(slug, "open")
}

// phase waits for an event to be in a phase.
func (s *stage) phase(slug, want string) {
	s.t.Helper()
	s.line(slug, slug+" is "+want, func(now nowView) bool { return now.Phase == want })
}

// line waits for something to be true of an event's line.
func (s *stage) line(slug, what string, is func(nowView) bool) {
	s.t.Helper()
	c := newClient(s.base)
	testkit.Eventually(s.t, 30*time.Second, what, func() bool {
		var now nowView
		c.must(s.t, 200, "GET", "/api/v1/events/"+slug+"/queue/now", nil, &now)
		return is(now)
	})
}

// waits is somebody new in an event's line.
func (s *stage) waits(event, name string) *fan {
	s.t.Helper()
	f := newFan(s.base, event, name)
	if err := f.join(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// enters is somebody who has been let in.
func (s *stage) enters(event, name string) *fan {
	s.t.Helper()
	f := s.waits(event, name)
	if in, err := f.enter(s.ctx); err != nil || !in {
		s.t.Fatalf("%s not let into %s: %v", name, event, err)
	}
	return f
}

// holds is somebody inside with some seats, the best there are.
func (s *stage) holds(event, name string, seats int) *fan {
	s.t.Helper()
	f := s.enters(event, name)
	f.must(s.t, 201, "POST", f.path("/holds"), object{"best": object{"quantity": seats}}, nil)
	return f
}

// orders is somebody with an order nobody has paid; then outcome, if any, is clicked at the processor.
func (s *stage) orders(event, name string, seats int, outcome, want string) (*fan, *orderView) {
	s.t.Helper()
	f := s.holds(event, name, seats)
	s.mails++
	order, a, err := f.order(s.ctx, fmt.Sprintf("fan%d@example.org", s.mails))
	if err != nil || order == nil {
		s.t.Fatalf("order: %v %v", a, err)
	}
	if order, err = f.settle(s.ctx, order, outcome, want); err != nil {
		s.t.Fatal(err)
	}
	return f, order
}

// refund gives the money of some tickets back, or of all.
func (s *stage) refund(f *fan, o *orderView, want string, tickets ...string) {
	s.t.Helper()
	body := object{"reason": "The hall is flooded."}
	if len(tickets) > 0 {
		body["tickets"] = tickets
	}
	s.staff.must(s.t, 200, "POST", "/api/v1/admin/orders/"+o.ID+"/refund", body, nil)
	if _, err := f.settle(s.ctx, o, "", want); err != nil {
		s.t.Fatal(err)
	}
}

// is gives the browser somebody's place: the cookie that joining set there.
func (b *browser) is(f *fan) {
	b.t.Helper()
	yes := true
	_, err := send(b, network.SetCookie, network.SetCookieParams{
		Name: "fs_place_" + f.event, Value: f.bearer, URL: b.base + "/", HTTPOnly: &yes, SameSite: network.CookieSameSiteLax,
	})
	b.set(err)
}

// bears opens an event by somebody's private link, as on their other device.
func (b *browser) bears(f *fan) {
	b.t.Helper()
	b.open(fmt.Sprintf("/events/%s#p=%s", f.event, f.bearer))
}
