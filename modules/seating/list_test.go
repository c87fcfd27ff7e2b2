package seating

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"fairseat/modules/seating/plan"
)

// The list is the map in words: every seat once, in parts that fit on a page, and as it is now.
func TestListSaysWhatTheMapSays(t *testing.T) {
	t.Parallel()
	h := open(t, 12, 80, `,"max_per_buyer":4`) // three parts of four rows; the last row is not on sale
	h.admit("ada", "bob")
	h.mustHold("ada", 0, 1)
	h.move(h.mustClaim("bob", "bob", 2), []string{"checkout"}, "secured")
	whole, free, seen := map[int]string{}, 0, 0
	parts := 0
	for part := 0; ; part++ {
		list, err := h.s.List(t.Context(), h.event.ID, part, "")
		if err != nil {
			t.Fatal(err)
		}
		if parts = len(list.Parts); part >= parts {
			if list.Rows != nil {
				t.Error("a part that is not there has rows")
			}
			break
		}
		if p := list.Parts[part]; p.Zone != "Hall" || p.From == "" || p.To == "" {
			t.Errorf("part %d is %+v", part, p)
		}
		in, inRows := 0, 0
		for _, row := range list.Rows {
			in += len(row.Seats)
			inRows += row.Free
			for _, seat := range row.Seats {
				if whole[seat.N] = seat.State; seat.State == "free" {
					free++
				}
				seen++
			}
		}
		if in > partSize || inRows != list.Parts[part].Free {
			t.Errorf("part %d lists %d seats, its rows have %d free, it says %d", part, in, inRows, list.Parts[part].Free)
		}
	}
	counts, err := h.s.Counts(t.Context(), h.event.ID)
	if err != nil {
		t.Fatal(err)
	}
	if parts != 3 || seen != 960 || len(whole) != 960 || free != counts.Free {
		t.Errorf("%d parts, %d seats seen, %d different, %d free of %d", parts, seen, len(whole), free, counts.Free)
	}
	got := []string{whole[0], whole[1], whole[2], whole[3], whole[959]}
	if want := []string{"held", "held", "held", "free", "blocked"}; !slices.Equal(got, want) {
		t.Errorf("the seats are %v, want %v", got, want)
	}
	list, err := h.s.List(t.Context(), h.event.ID, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	if first := list.Rows[0]; first.Label != "A" || first.Least != 5000 || list.Rows[1].Least != 3000 || first.Free != 77 || first.Together != 77 {
		t.Errorf("row %+v, then from %d", first, list.Rows[1].Least)
	}
	if first := list.Rows[0]; first.Most != 5000 || first.From != "1" || first.To != "80" || first.Same {
		t.Errorf("row A costs up to %d, goes from %s to %s, and is one of several: %v", first.Most, first.From, first.To, first.Same)
	}
	if seats := list.Rows[0].Seats; seats[0].Due.Before(h.Clock.Now()) || seats[0].Due.After(h.Clock.Now().Add(time.Hour)) || !seats[3].Due.IsZero() {
		t.Errorf("a held seat may come back at %v, a free one at %v", seats[0].Due, seats[3].Due)
	}
	h.mustHold("ada", 10) // 3..9 are left before it
	if list, err = h.s.List(t.Context(), h.event.ID, 0, list.Rows[0].Seats[0].Category); err != nil {
		t.Fatal(err)
	}
	if first := list.Rows[0]; len(list.Rows) != 1 || first.Label != "A" || first.Together != 69 || list.Parts[1].Free != 0 {
		t.Errorf("of one price there are %d rows, the first with %d together; %d free in another part", len(list.Rows), first.Together, list.Parts[1].Free)
	}
}

// Whoever needs an accessible seat is offered the choice while one is free, in any part of the house.
func TestListKnowsOfAccessibleSeats(t *testing.T) {
	t.Parallel()
	h := open(t, 6, 80, "")
	h.admit("ada")
	room, err := h.s.room(t.Context(), h.event.PlanID)
	if err != nil {
		t.Fatal(err)
	}
	offered := func() bool {
		list, err := h.s.List(t.Context(), h.event.ID, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		return list.Accessible
	}
	if offered() {
		t.Error("this house has none")
	}
	last := 5*80 - 1 // in the second part
	if room.plan.Seat(last).Accessible = true; !offered() {
		t.Error("one is free")
	}
	if h.mustHold("ada", last); offered() {
		t.Error("somebody has it")
	}
}

// Rows that share a name are told apart by their seats, and so are parts whose rows have no names.
func TestListTellsRowsApart(t *testing.T) {
	rows := []ListedRow{{Label: "A"}, {Label: "B"}, {Label: "A"}}
	if tellApart(rows); !rows[0].Same || rows[1].Same || !rows[2].Same {
		t.Errorf("rows A, B and A are %+v", rows)
	}
	p := &plan.Plan{Zones: []plan.Zone{{Name: "Hall"}}}
	for r := range 3 {
		row := plan.Row{Seats: make([]plan.Seat, 200)}
		for i := range row.Seats {
			row.Seats[i].Label = strconv.Itoa(200*r + i + 1)
		}
		p.Zones[0].Rows = append(p.Zones[0].Rows, row)
	}
	parts := cut(p)
	if len(parts) != 3 || !parts[1].BySeat || parts[1].From != "201" || parts[1].To != "400" {
		t.Errorf("the parts are %+v", parts)
	}
}
