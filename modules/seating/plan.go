package seating

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"fairseat/app/request"
	"fairseat/modules/seating/plan"
)

// room is an imported plan with what is made of it once; for an event with areas on sale, with those.
type room struct {
	plan    *plan.Plan
	version string
	seatsOf []int // seats by category
	house   []int // category by seat
	sale    []plan.AreaSale

	encode       sync.Once
	json, jsonGz []byte
	fsp1, fsp1Gz []byte
}

func newRoom(p *plan.Plan) *room {
	r := &room{plan: p, version: p.Digest(), seatsOf: make([]int, len(p.Categories)), house: make([]int, p.SeatCount())}
	for n, seat := range p.Seats() {
		r.seatsOf[seat.Category]++
		r.house[n] = seat.Category
	}
	return r
}

// encoded makes the answers of …/plan and …/plan/{version}.bin at the first request.
func (r *room) encoded() *room {
	r.encode.Do(func() {
		r.json = append(plan.JSON(r.plan, r.version, r.sale...), '\n')
		r.fsp1 = plan.EncodeFSP1(r.plan, r.version, r.sale...)
		r.jsonGz, r.fsp1Gz = request.Gzip(r.json), request.Gzip(r.fsp1)
	})
	return r
}

// planCache keeps the rooms that events of this replica play in. A plan never changes, nor what is sold of its areas.
type planCache struct {
	mu      sync.Mutex
	rooms   map[roomKey]*room
	flights singleflight.Group
}

// roomKey names a plan, and the version of an event that sells areas of it.
type roomKey struct {
	planID  int64
	version string
}

// planPatience is the longest that reading and decoding a plan may take.
const planPatience = 10 * time.Second

// maxRooms bounds the memory: a plan of 100,000 seats takes some 40 MB.
const maxRooms = 32

// roomOf gives the room an event plays in, with its areas.
func (s *Service) roomOf(ctx context.Context, e *Event) (*room, error) {
	drawn, err := s.room(ctx, e.PlanID)
	if err != nil || len(e.Areas) == 0 {
		return drawn, err
	}
	key := roomKey{e.PlanID, e.PlanVersion}
	s.plans.mu.Lock()
	defer s.plans.mu.Unlock()
	if s.plans.rooms[key] == nil {
		s.plans.keep(key, drawn.sells(e))
	}
	return s.plans.rooms[key], nil
}

// room gives a plan by its id, without what an event sells of its areas: see roomOf.
func (s *Service) room(ctx context.Context, planID int64) (*room, error) {
	if r := s.plans.known(planID); r != nil {
		return r, nil
	}
	// One loads while the others wait, for they would all decode the same megabytes; and goes on when the one who began
	// has gone. Plans do not wait for one another, nor those that are known for any.
	done := s.plans.flights.DoChan(strconv.FormatInt(planID, 10), func() (any, error) {
		if r := s.plans.known(planID); r != nil {
			return r, nil // loaded while we came
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), planPatience)
		defer cancel()
		return s.loadRoom(ctx, planID)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("plan %d: %w", planID, ctx.Err())
	case loaded := <-done:
		r, _ := loaded.Val.(*room)
		return r, loaded.Err
	}
}

func (c *planCache) known(planID int64) *room {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rooms[roomKey{planID: planID}]
}

func (s *Service) loadRoom(ctx context.Context, planID int64) (*room, error) {
	body, err := s.loadPlan(ctx, planID)
	if err != nil {
		return nil, err
	}
	p, err := unpackPlan(body)
	if err != nil {
		return nil, fmt.Errorf("plan %d: %w", planID, err)
	}
	r := newRoom(p)
	s.plans.mu.Lock()
	defer s.plans.mu.Unlock()
	s.plans.keep(roomKey{planID: planID}, r)
	return r, nil
}

// keep makes space for a room; the caller has the lock.
func (c *planCache) keep(key roomKey, r *room) {
	for old := range c.rooms {
		if len(c.rooms) < maxRooms {
			break
		}
		delete(c.rooms, old)
	}
	c.rooms[key] = r
}

// packPlan is the stored form: JSON, gzipped.
func packPlan(p *plan.Plan) ([]byte, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("pack plan: %w", err)
	}
	return request.Gzip(body), nil
}

func unpackPlan(body []byte) (*plan.Plan, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("unpack plan: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("unpack plan: %w", err)
	}
	p := new(plan.Plan)
	if err := json.Unmarshal(text, p); err != nil {
		return nil, err
	}
	return p, nil
}
