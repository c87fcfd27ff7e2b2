package seating

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/modules/seating/internal/holds"
	"fairseat/modules/seating/internal/live"
)

// Tell sends a frame to the sockets of one place, on every replica, as well as it can.
func (s *Service) Tell(eventID int64, place string, frame any) { s.board(eventID).tell(place, frame) }

// doorman tells in which of a board's hubs whoever sends a request may watch, and under which name; "" for nobody.
type doorman func(b *board, c echo.Context) (hub *live.Hub, name string, err error)

// admitted is the doorman of fans: their place must be inside.
func (b *board) admitted(c echo.Context) (*live.Hub, string, error) {
	place, err := b.s.Places.Place(c)
	if err != nil || place.EventID != b.id {
		return nil, "", nil
	}
	_, in, err := b.s.Admissions.Admitted(c.Request().Context(), b.id, place.Key)
	if !in {
		return nil, "", err
	}
	return b.hub, place.Key, err
}

// signedIn is the doorman of staff. They watch in a hub of their own: an admission that slides, a basket and a last socket
// that closes are matters of fans.
func (b *board) signedIn(c echo.Context) (*live.Hub, string, error) {
	session, err := b.s.Sessions.Session(c)
	return b.desk, session, err
}

// watch lets a connection see an event's map, or closes it with a code that says why not. It returns at once.
func (b *board) watch(c echo.Context, conn *live.Conn, door doorman, since int64) {
	ctx := c.Request().Context()
	if !b.s.sameOrigin(c.Request()) {
		conn.Refuse(live.CodeOrigin, "origin")
		return
	}
	hub, name, err := door(b, c)
	if err == nil && name == "" {
		conn.Refuse(live.CodeNotAdmitted, "not admitted")
		return
	}
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
		b.s.Log.Debug("live map refused", "event_id", b.id, "error", err)
		conn.Refuse(live.CodeTryLater, "try again in a few seconds")
		return
	}
	hub.Join(conn, name, since)
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
	places := b.hub.Names()
	if len(places) == 0 {
		return nil
	}
	return b.s.Admissions.Touch(ctx, b.id, places)
}

// endLapsed closes the sockets of those whose admission has ended.
func (b *board) endLapsed(ctx context.Context) error {
	places := b.hub.Names()
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

// endSignedOut closes the sockets of staff whose session is over.
func (b *board) endSignedOut(ctx context.Context) error {
	sessions := b.desk.Names()
	if len(sessions) == 0 {
		return nil
	}
	ended, err := b.s.Sessions.Ended(ctx, sessions)
	for _, session := range ended {
		b.desk.Leave(session, live.CodeNotAdmitted, "signed-out")
	}
	return err
}

// tellBaskets sends everybody who watches here the basket and its deadline anew: an outage has moved it.
func (b *board) tellBaskets(ctx context.Context) {
	for _, place := range b.hub.Names() {
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
