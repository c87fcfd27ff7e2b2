package seating

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fairseat/app/request"
	"fairseat/modules/seating/internal/holds"
	"fairseat/modules/seating/internal/live"
)

// Tell sends a frame to the sockets of one place, on every replica, as well as it can.
func (s *Service) Tell(eventID int64, place string, frame any) { s.board(eventID).tell(place, frame) }

// watch lets an accepted connection see an event's map, or closes it with a code that says why not. It returns at once.
func (s *Service) watch(ctx context.Context, c *live.Conn, r *http.Request, e request.Event, place request.Place, since int64) {
	if !s.sameOrigin(r) {
		c.Refuse(live.CodeOrigin, "origin")
		return
	}
	if place.Key == "" || place.EventID != e.ID {
		c.Refuse(live.CodeNotAdmitted, "not admitted")
		return
	}
	_, in, err := s.Admissions.Admitted(ctx, e.ID, place.Key)
	if err == nil && !in {
		c.Refuse(live.CodeNotAdmitted, "not admitted")
		return
	}
	b := s.board(e.ID)
	if err == nil {
		err = b.fresh(ctx)
	}
	if err == nil && since > b.mirror.Shown() {
		// A watcher who comes from another replica may have seen more than our watchers were shown, and is greeted with the
		// next frame; what nobody can have seen yet is no version.
		if err = b.pull(ctx); since > b.mirror.Version() {
			since = -1
		}
		b.ring()
	}
	if err != nil {
		s.Log.Debug("live map refused", "event_id", e.ID, "error", err)
		c.Refuse(live.CodeTryLater, "try again in a few seconds")
		return
	}
	b.hub.Join(c, place.Key, since)
}

// sameOrigin tells whether a page that opens a live map is ours: a WebSocket is not stopped by the browser.
func (s *Service) sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	public, err := url.Parse(s.PublicURL)
	return err == nil && public.Host != "" && strings.EqualFold(u.Scheme, public.Scheme) && strings.EqualFold(u.Host, public.Host)
}

// left hears that a place closed its last socket here. A fan who holds or pays is still inside; one who does neither
// has some seconds to come back.
func (b *board) left(place string) {
	// The hub's goroutine must not wait for Redis.
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		held, taken, err := b.s.store.Counters(ctx, b.at(), place)
		if err == nil && held == 0 && taken == 0 {
			err = b.s.Admissions.Leaving(ctx, b.id, place)
		}
		if err != nil {
			b.s.Log.Debug("leaving not told", "event_id", b.id, "error", err)
		}
	}()
}

// touch slides the admissions of those who watch here.
func (b *board) touch(ctx context.Context) error {
	places := b.hub.Places()
	if len(places) == 0 {
		return nil
	}
	return b.s.Admissions.Touch(ctx, b.id, places)
}

// endLapsed closes the sockets of those whose admission has ended.
func (b *board) endLapsed(ctx context.Context) error {
	places := b.hub.Places()
	if len(places) == 0 {
		return nil
	}
	gone, err := b.s.store.Lapsed(ctx, b.at(), places)
	if err != nil {
		return err
	}
	for _, place := range gone {
		b.hub.Leave(place, live.CodeNotAdmitted, "admission-ended")
	}
	return nil
}

// tellBaskets sends everybody who watches here the basket and its deadline anew: an outage has moved it.
func (b *board) tellBaskets(ctx context.Context) {
	for _, place := range b.hub.Places() {
		held, err := b.read(ctx, place, false)
		if err != nil {
			return // whoever asks gets the deadline from …/holds
		}
		if len(held.Seats) > 0 {
			b.tellHere(place, newHoldFrame(held))
		}
	}
}

// tellHold says here what a place holds, if it watches here at all.
func (b *board) tellHold(place string, held holds.Basket) {
	if b.hub.Watches(place) {
		b.tellHere(place, newHoldFrame(held))
	}
}

func (b *board) tellHere(place string, frame holdFrame) {
	if text, err := json.Marshal(frame); err == nil {
		b.hub.Tell(place, text)
	}
}
