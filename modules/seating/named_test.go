package seating

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fairseat/app/fault"
	"fairseat/app/request"
)

// count lists numbers from one to another.
func count(from, to int) []int {
	var seats []int
	for n := from; n <= to; n++ {
		seats = append(seats, n)
	}
	return seats
}

func TestSeatsAreNamedAsStaffWriteThem(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "") // rows A, B, C of the section Hall
	for text, want := range map[string]string{
		"A-1":                                   "[0]",
		" a-2 ,\r\nB-1;":                        "[1 6]",
		"A-2..A-4":                              "[1 2 3]",
		"A-4…A-2":                               "[1 2 3]",
		"A-5..B-2":                              "[4 5 6 7]",
		"#3":                                    "[3]",
		"#16..#17, #0":                          "[0 16 17]",
		"Hall":                                  fmt.Sprint(count(0, 17)),
		"A-1, A-1..A-2, #1, A-1":                "[0 1]",
		"A-1, Gallery":                          "“Gallery”",
		"A-7":                                   "“A-7”",
		"A-1..A-7":                              "“A-1..A-7”",
		"#18":                                   "“#18”",
		"#-1":                                   "“#-1”",
		"#99999999999999999999":                 "“#99999999999999999999”",
		"..":                                    "“..”",
		" ,, ":                                  "names no seat",
		"":                                      "names no seat",
		strings.Repeat("x,", 5000):              "“x”",
		strings.Repeat("#0..#17,", maxParts):    fmt.Sprint(count(0, 17)),
		strings.Repeat("Hall;", maxParts+1):     "more than 50000",
		strings.Repeat("A-1\n", maxParts) + ",": "[0]",
		"#3..A-2":                               "[1 2 3]",
		"A-3..#20":                              "“A-3..#20”",
		"A-1\x00":                               "“A-1\x00”",
	} {
		seats, err := h.s.SeatsNamed(t.Context(), h.event.ID, text)
		got := fmt.Sprint(seats)
		if f := fault.As(err); f != nil {
			fields, _ := f.Facts["fields"].(fault.Fields)
			if got = fields["seats"]; !errors.Is(err, fault.ErrBadField) || !strings.Contains(got, want) {
				t.Errorf("%.40q: %v", text, err)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%.40q: %s, %v, want %s", text, got, err, want)
		}
	}
}

// Whatever is chosen is read as it was written.
func TestNamedSeatsAreReadAgain(t *testing.T) {
	t.Parallel()
	h := open(t, 5, 30, "")
	random := rand.New(rand.NewPCG(5, 17))
	for range 200 {
		var seats []int
		share := random.Float64()
		for n := range h.event.SeatsTotal {
			if random.Float64() < share {
				seats = append(seats, n)
			}
		}
		if len(seats) == 0 {
			continue
		}
		text, err := h.s.NameSeats(t.Context(), h.event.ID, seats)
		if err != nil {
			t.Fatal(err)
		}
		again, err := h.s.SeatsNamed(t.Context(), h.event.ID, text)
		if err != nil || !slices.Equal(again, seats) {
			t.Fatalf("%s: %v, %v, not %v", text, again, err, seats)
		}
	}
	if text, err := h.s.NameSeats(t.Context(), h.event.ID, count(0, h.event.SeatsTotal-1)); err != nil || text != "Hall" {
		t.Errorf("the whole house is %q, %v", text, err)
	}
	if text, err := h.s.NameSeats(t.Context(), h.event.ID, []int{0, 1, 2, 3, 28, 29, 30, 45}); err != nil || text != "A-1..A-4, A-29, A-30, B-1, B-16" {
		t.Errorf("%q, %v", text, err)
	}
}

// The places of an area have names as well, and are taken off sale like seats.
func TestPlacesOfAreasAreNamedAndBlocked(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(12))
	floor := h.event.Areas[slices.IndexFunc(h.event.Areas, func(a Area) bool { return a.ID == "floor" })]
	for text, want := range map[string][]int{
		floor.Label:        count(floor.First, floor.First+11),
		floor.Label + " 2": {floor.First + 1},
		floor.Label + " 2.." + floor.Label + " 4": {floor.First + 1, floor.First + 2, floor.First + 3},
		floor.Label + " 13":                       nil,
		floor.Label + " 0":                        nil,
	} {
		got, err := h.s.SeatsNamed(t.Context(), h.event.ID, text)
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	seats := []int{0, 1, 2, floor.First, floor.First + 1, floor.First + 2, floor.First + 11}
	text, err := h.s.NameSeats(t.Context(), h.event.ID, seats)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.s.SeatsNamed(t.Context(), h.event.ID, text); err != nil || !slices.Equal(again, seats) {
		t.Errorf("%s: %v, %v", text, again, err)
	}
	if _, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: seats, Name: "Crew", Reason: "stage"}); err != nil {
		t.Fatal(err)
	}
	if h.status(floor.First) != 3 || h.status(floor.First+3) != 0 {
		t.Error("the map shows it otherwise")
	}
	if owner, err := h.s.WhoHas(t.Context(), h.event.ID, floor.First+11); err != nil || owner.State != "blocked" || owner.Block.Name != "Crew" {
		t.Errorf("%+v, %v", owner, err)
	}
	h.checkSeats()
}

// A part costs as much as it says, not as many seats as it means.
func TestNamedSeatsAreRuns(t *testing.T) {
	t.Parallel()
	h := open(t, 5, 30, onFloor(12))
	room, err := h.s.room(t.Context(), h.event.PlanID)
	if err != nil {
		t.Fatal(err)
	}
	names := newSeatNames(h.event, room.plan)
	for part, want := range map[string][]run{
		"Hall": {{0, 149}}, "#0..#149": {{0, 149}}, "A-1..E-30": {{0, 149}}, "B-2..B-9": {{31, 38}}, "B-9..B-2": {{31, 38}},
	} {
		if got := names.read(part); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", part, got, want)
		}
	}
}
