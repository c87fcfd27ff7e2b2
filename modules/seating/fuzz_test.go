package seating

import (
	"testing"
	"time"

	"fairseat/modules/seating/plan"
)

// Whatever a request's body is, it is read or refused.
func FuzzHoldRequest(f *testing.F) {
	for _, seed := range []string{`{"seats":[1,2]}`, `{"best":{"quantity":2,"category":"a"}}`, `{"area":"x","quantity":1}`, `{"seats":[1e9,-1,"x"]}`, `[]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var req holdRequest
		if strict([]byte(body), &req) != nil {
			return
		}
		seats, best, area, err := req.check()
		ways := 0
		for _, asked := range []bool{len(seats) > 0, best != nil, area != nil} {
			if asked {
				ways++
			}
		}
		if err == nil && ways != 1 || len(seats) > maxSeats {
			t.Errorf("%s is read as %v, %v, %v", body, seats, best, area)
		}
	})
}

// Whatever a request for an event says, it is read or refused with the field's name.
func FuzzEventRequest(f *testing.F) {
	f.Add(`{"slug":"a","opens_at":"2027-01-01T00:00:00Z","queue":{"cap":1},"hold_seconds":5,"prices":{"A":null}}`)
	f.Add(`{"queue":null,"starts_at":null,"areas":{},"max_per_buyer":1e2}`)
	f.Add(`{"prices":{"A":1,"B":2},"areas":{"floor":{"capacity":5,"category":"B"},"bar":{"capacity":1e3,"category":"a"},"x":null}}`)
	drawn := &plan.Plan{Categories: []plan.Category{{ID: "a", Name: "A"}}, Zones: []plan.Zone{{Areas: []plan.Area{{ID: "floor", Name: "Floor"}, {ID: "bar", Name: "Floor"}}}}}
	f.Fuzz(func(t *testing.T, body string) {
		var req eventRequest
		if strict([]byte(body), &req) != nil {
			return
		}
		fields, e := map[string]string{}, newEvent()
		req.apply(e, fields)
		req.schedule(e, time.Unix(0, 0), fields)
		e.Categories = []Category{{ID: "a", Name: "A"}}
		req.areas(e, drawn, fields)
		req.price(e, fields)
		req.line(fields)
		e.check(fields)
		if len(fields) == 0 && (e.HoldSeconds < 1 || e.MaxPerBuyer > 50 || e.OpensAt.Before(e.PrequeueAt)) {
			t.Errorf("%s is an event %+v", body, e)
		}
		next := 0
		for _, a := range e.Areas {
			if a.First != next || a.Capacity < 1 || a.Category < 0 || a.Category >= len(e.Categories) || e.AreaOf(a.First).ID != a.ID {
				t.Errorf("%s has the areas %+v", body, e.Areas)
			}
			next += a.Capacity
		}
		if next > plan.MaxSeats {
			t.Errorf("%s has %d places", body, next)
		}
	})
}
