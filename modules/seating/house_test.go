package seating

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/testkit"
)

// house is one event with its seats, on real stores; what belongs to the other modules is played by fakes.
type house struct {
	*testkit.Kit
	s     *Service
	doors *doors
	lines *lines
	notes *notes
	staff *badges
	event *Event
	b     *board
}

// newService is another replica on the kit's stores.
func newService(k *testkit.Kit, h *house, c clock.Clock) *Service {
	return New(Deps{DB: k.DB, Redis: k.Redis, KeyPrefix: k.Prefix, Clock: c, Log: k.Log, Limits: &budgets{},
		Admissions: h.doors, Lines: h.lines, Journal: h.notes, Places: tokens{}, Sessions: h.staff, PublicURL: "https://tickets.example"})
}

// open makes a house of rows A.. with so many seats each: row A is "Stalls", the others "Circle"; the last row's
// category "Broken" is not on sale when there are more than two.
func open(t *testing.T, rows, seats int, extra string) *house {
	t.Helper()
	return openOn(t, testkit.New(t), nil, rows, seats, extra)
}

func openOn(t *testing.T, k *testkit.Kit, c clock.Clock, rows, seats int, extra string) *house {
	t.Helper()
	var areas []string
	if strings.Contains(extra, `"areas"`) {
		areas = []string{"Floor", "Bar", "Stage"}
	}
	return openDrawn(t, k, c, drawing(rows, seats, areas...), `{"Stalls":5000,"Circle":3000,"Broken":null}`, extra)
}

// openDrawn makes a house of a plan file.
func openDrawn(t *testing.T, k *testkit.Kit, c clock.Clock, file, prices, extra string) *house {
	t.Helper()
	if c == nil {
		c = k.Clock
	}
	h := &house{Kit: k, doors: &doors{k: k, clock: c, touched: map[string]int{}}, lines: &lines{phase: "open"}, notes: &notes{}, staff: &badges{}}
	h.s = newService(k, h, c)
	made, err := h.s.ImportPlan(t.Context(), strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	body := `{"slug":"gala","name":"Gala","plan":"` + made.ID + `","opens_at":"2020-01-01T00:00:00Z",
		"prices":` + prices + extra + `}`
	var req eventRequest
	if err := strict([]byte(body), &req); err != nil {
		t.Fatal(err)
	}
	if h.event, err = h.s.createEvent(t.Context(), by{}, &req); err != nil {
		t.Fatal(err)
	}
	h.b = h.s.board(h.event.ID)
	return h
}

// drawing is a plan file in pretix's format, with areas of these names below the rows.
func drawing(rows, seats int, areas ...string) string {
	type object = map[string]any
	var drawn []object
	for r := range rows {
		category := "Circle"
		switch {
		case r == 0:
			category = "Stalls"
		case rows > 2 && r == rows-1:
			category = "Broken"
		}
		var places []object
		for n := range seats {
			places = append(places, object{"seat_guid": fmt.Sprintf("r%d-s%d", r, n), "seat_number": strconv.Itoa(n + 1),
				"category": category, "position": object{"x": 20 * n, "y": 25 * r}})
		}
		drawn = append(drawn, object{"row_number": string(rune('A'+r%26)) + strings.Repeat("'", r/26), "seats": places,
			"position": object{"x": 0, "y": 0}})
	}
	open := []object{}
	for i, name := range areas {
		open = append(open, object{"shape": "rectangle", "position": object{"x": 0, "y": 25*rows + 50*i},
			"rectangle": object{"width": 60, "height": 40}, "text": object{"text": name, "position": object{"x": 30, "y": 20}}})
	}
	text, _ := json.Marshal(object{
		"name": "Old Hall", "size": object{"width": 20 * seats, "height": 25 * rows},
		"categories": []object{{"name": "Stalls", "color": "#aa0000"}, {"name": "Circle", "color": "#00aa00"}, {"name": "Broken", "color": "#888"}},
		"zones":      []object{{"name": "Hall", "position": object{"x": 0, "y": 0}, "rows": drawn, "areas": open}},
	})
	return string(text)
}

// admit lets places in for a day.
func (h *house) admit(places ...string) {
	h.T.Helper()
	leases, born := h.doors.LeaseKeys(h.event.ID)
	now := h.s.Clock.Now()
	for _, p := range places {
		for _, err := range []error{
			h.Redis.Do(h.T.Context(), h.Redis.B().Zadd().Key(leases).ScoreMember().ScoreMember(float64(now.Add(24*time.Hour).UnixMilli()), p).Build()).Error(),
			h.Redis.Do(h.T.Context(), h.Redis.B().Hset().Key(born).FieldValue().FieldValue(p, strconv.FormatInt(now.UnixMilli(), 10)).Build()).Error(),
		} {
			if err != nil {
				h.T.Fatal(err)
			}
		}
	}
}

// mustHold holds seats and fails the test if that is refused.
func (h *house) mustHold(place string, seats ...int) Basket {
	h.T.Helper()
	b, err := h.s.PlaceHold(h.T.Context(), h.event.ID, place, seats)
	if err != nil {
		h.T.Fatalf("%s holds %v: %v", place, seats, err)
	}
	return b
}

// order writes the row that claims hang on.
func (h *house) order(tx *gorm.DB, place, buyer string) uuid.UUID {
	h.T.Helper()
	id := uuid.New()
	err := tx.Exec(`INSERT INTO orders (id, event_id, code, place_key, name, email, buyer_key, status, amount, currency, expires_at)
		VALUES (?, ?, ?, ?, 'N', 'n@example.org', ?, 'paid', 1, 'EUR', now())`, id, h.event.ID, id.String(), place, []byte(buyer)).Error
	if err != nil {
		h.T.Fatal(err)
	}
	return id
}

// claim is T1: order and claims in one transaction.
func (h *house) claim(place, buyer string, seats ...int) (claims []Claim, err error) {
	h.T.Helper()
	err = h.DB.Transaction(func(tx *gorm.DB) error {
		order := h.order(tx, place, buyer)
		claims, err = h.s.Claim(h.T.Context(), tx, ClaimRequest{EventID: h.event.ID, OrderID: order, BuyerKey: []byte(buyer), Place: place, Seats: seats})
		return err
	})
	return claims, err
}

func (h *house) mustClaim(place, buyer string, seats ...int) []Claim {
	h.T.Helper()
	claims, err := h.claim(place, buyer, seats...)
	if err != nil {
		h.T.Fatalf("%s claims %v: %v", place, seats, err)
	}
	return claims
}

func (h *house) mustTake(place string, claims []Claim) {
	h.T.Helper()
	if err := h.s.Take(h.T.Context(), h.event.ID, place, claims, h.s.Clock.Now().Add(15*time.Minute)); err != nil {
		h.T.Fatal(err)
	}
}

// move changes claims in a transaction of their own and tells the map.
func (h *house) move(claims []Claim, from []string, to string) {
	h.T.Helper()
	list := make([]int64, len(claims))
	for i, c := range claims {
		list[i] = c.ID
	}
	err := h.DB.Transaction(func(tx *gorm.DB) error { return h.s.Move(h.T.Context(), tx, list, from, to) })
	if err == nil {
		err = h.s.Sync(h.T.Context(), h.event.ID, list)
	}
	if err != nil {
		h.T.Fatal(err)
	}
}

func (h *house) sweep() {
	h.T.Helper()
	if _, err := h.b.expire(h.T.Context()); err != nil {
		h.T.Fatal(err)
	}
}

// status is a seat's two bits as the public reads them.
func (h *house) status(seat int) int {
	h.T.Helper()
	_, bits := h.bits()
	return int(bits[seat/4] >> (2 * (seat % 4)) & 3)
}

func (h *house) bits() (version int64, bits []byte) {
	h.T.Helper()
	if err := h.b.fresh(h.T.Context()); err != nil {
		h.T.Fatal(err)
	}
	var seats struct {
		Version int64
		Status  []byte
	}
	_, body := h.b.mirror.Status()
	if err := json.Unmarshal(body, &seats); err != nil {
		h.T.Fatal(err)
	}
	return seats.Version, seats.Status
}

// checkSeats ends a story: what must always be true of a house.
func (h *house) checkSeats() {
	h.T.Helper()
	c, err := h.s.Counts(h.T.Context(), h.event.ID)
	if err != nil {
		h.T.Fatal(err)
	}
	if c.Free+c.Held+c.Paying+c.Sold+c.Blocked != c.Total || c.Total != h.event.SeatsTotal {
		h.T.Errorf("the house does not add up: %+v", c)
	}
	var twice []int
	if err := h.DB.Raw(`SELECT seat_id FROM seat_claims WHERE status <> 'released' GROUP BY event_id, seat_id HAVING count(*) > 1`).Scan(&twice).Error; err != nil || len(twice) > 0 {
		h.T.Errorf("seats with two owners: %v, %v", twice, err)
	}
	for place := range h.set("holders") {
		for seat := range h.set("b:" + place) {
			owner, err := h.Redis.Do(h.T.Context(), h.Redis.B().Hget().Key(h.b.keys.Name("own")).Field(seat).Build()).ToString()
			if err != nil || owner != place {
				h.T.Errorf("seat %s lies in the basket of %s and is held by %q, %v", seat, place, owner, err)
			}
		}
		basket := h.set("b:" + place)
		for seat := range h.set("o:" + place) {
			if !basket[seat] {
				h.T.Errorf("seat %s is offered to %s and not held", seat, place)
			}
		}
	}
	differ, err := h.s.Audit(h.T.Context())
	if err != nil || len(differ) > 0 {
		h.T.Errorf("map and Postgres differ: %v, %v", differ, err)
	}
}

func (h *house) set(name string) map[string]bool {
	h.T.Helper()
	members, err := h.Redis.Do(h.T.Context(), h.Redis.B().Smembers().Key(h.b.keys.Name(name)).Build()).AsStrSlice()
	if err != nil {
		h.T.Fatal(err)
	}
	out := map[string]bool{}
	for _, m := range members {
		out[m] = true
	}
	return out
}

// all is a hash as Redis has it.
func (h *house) all(name string) map[string]string {
	h.T.Helper()
	fields, err := h.Redis.Do(h.T.Context(), h.Redis.B().Hgetall().Key(h.b.keys.Name(name)).Build()).AsStrMap()
	if err != nil {
		h.T.Fatal(err)
	}
	return fields
}

// Holding is how many seats a place holds.
func (s *Service) Holding(ctx context.Context, eventID int64, place string) (int, error) {
	held, err := s.board(eventID).read(ctx, place, false)
	return len(held.Seats), err
}
