package seating

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"fairseat/app/clock"
)

type call struct {
	seat    int
	place   string
	release bool
}

// seatModel is one seat as anybody would expect it: free, or held by a place.
var seatModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		bySeat := map[int][]porcupine.Operation{}
		for _, op := range history {
			bySeat[op.Input.(call).seat] = append(bySeat[op.Input.(call).seat], op)
		}
		var out [][]porcupine.Operation
		for _, ops := range bySeat {
			out = append(out, ops)
		}
		return out
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		holder, in, ok := state.(string), input.(call), output.(bool)
		switch {
		case in.release && holder == in.place:
			return true, ""
		case in.release:
			return true, holder
		case holder == "" || holder == in.place:
			return ok, in.place
		}
		return !ok, holder
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprint(input, output) },
}

// Eight fans on two replicas hold and give back four seats as fast as they can; there is an order of what happened
// that explains every answer.
func TestHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 4, `,"max_per_buyer":8`)
	replicas := []*Service{h.s, newService(h.Kit, h, h.Clock)}
	var places []string
	for i := range 8 {
		places = append(places, fmt.Sprintf("d%d", i))
	}
	h.admit(places...)
	var mu sync.Mutex
	var history []porcupine.Operation
	var all sync.WaitGroup
	wall := clock.System{}
	start := wall.Now()
	for i, place := range places {
		all.Go(func() {
			s := replicas[i%2]
			for range 60 {
				in := call{seat: rand.IntN(4), place: place, release: rand.IntN(2) == 0}
				ok, from := true, wall.Now().Sub(start)
				var err error
				if in.release {
					err = s.Release(t.Context(), h.event.ID, place, in.seat)
				} else if _, err = s.PlaceHold(t.Context(), h.event.ID, place, []int{in.seat}); errors.Is(err, ErrSeatsTaken) {
					ok, err = false, nil
				}
				if err != nil {
					t.Errorf("%+v: %v", in, err)
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: i, Input: in, Call: int64(from), Output: ok, Return: int64(wall.Now().Sub(start))})
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if result := porcupine.CheckOperationsTimeout(seatModel, history, 30*time.Second); result != porcupine.Ok {
		t.Errorf("%d calls: %v", len(history), result)
	}
	h.checkSeats()
}

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
	f.Fuzz(func(t *testing.T, body string) {
		var req eventRequest
		if strict([]byte(body), &req) != nil {
			return
		}
		fields, e := map[string]string{}, newEvent()
		req.apply(e, fields)
		req.schedule(e, time.Unix(0, 0), fields)
		req.price(e, fields)
		req.line(fields)
		e.check(fields)
		if len(fields) == 0 && (e.HoldSeconds < 1 || e.MaxPerBuyer > 50 || e.OpensAt.Before(e.PrequeueAt)) {
			t.Errorf("%s is an event %+v", body, e)
		}
	})
}
