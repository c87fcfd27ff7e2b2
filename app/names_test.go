package app

import (
	"strconv"
	"strings"
	"testing"

	"fairseat/modules/seating"
	"fairseat/web"
)

// Seats are named as a person would write them, each part once; namesOfSeats holds the scripts to the same.
func TestNamesOfSeats(t *testing.T) {
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	in := func(zone, row string, numbers ...string) (seats []seating.Seat) {
		for _, number := range numbers {
			n++
			seats = append(seats, seating.Seat{N: n, Zone: zone, Row: row, Table: row == "Table 4", Number: number, AnyPlace: strings.HasPrefix(row, "Floor")})
		}
		return seats
	}
	both := func(lists ...[]seating.Seat) (all []seating.Seat) {
		for _, list := range lists {
			all = append(all, list...)
		}
		return all
	}
	for _, row := range []struct {
		seats []seating.Seat
		want  string
	}{
		{in("Block 8", "I", "1"), "Block 8, row I, seat 1"},
		{in("Block 8", "I", "3", "1", "2"), "Block 8, row I, 1–3"},
		{in("Block 8", "I", "1", "2", "4"), "Block 8, row I, 1–2 and 4"},
		{both(in("Block 8", "I", "1"), in("Block 8", "K", "3")), "Block 8, row I, seat 1, and row K, seat 3"},
		{both(in("Block 8", "I", "1"), in("Block 8", "K", "3"), in("", "Table 4", "6")), "Block 8, row I, seat 1; row K, seat 3; Table 4, seat 6"},
		{in("Block 8", "K", "9", "10a"), "Block 8, row K, 9 and 10a"},
		{in("Block 8", "I", "1 (2)"), "Block 8, row I, seat 1 (2)"},
		{in("Block 8", "I", "1 (2)", "2 (2)"), "Block 8, row I, 1–2 (2)"},
		{in("2", "D", "1", "3", "5"), "Section 2, row D, 1, 3 and 5"},
		{in("VIP", "Box 3", "1"), "Section VIP, Box 3, seat 1"},
		{in("", "Table 4", "1", "2"), "Table 4, 1–2"},
		{in("", "", "1"), "seat 1"},
		{in("", "", "1", "2"), "seats 1–2"},
		{in("", "Floor", "2", "3"), "Floor 2–3"},
		{both(in("", "Floor", "2", "3"), in("", "Floor (2)", "1")), "Floor 2–3, and Floor (2) 1"},
		{nil, ""},
	} {
		say := &speaker{words: pages.Words("checkout")}
		if got := say.names(row.seats...); got != row.want || say.err != nil {
			t.Errorf("says %q (%v), want %q", got, say.err, row.want)
		}
	}
	say := &speaker{words: pages.Words("checkout")}
	for want, row := range map[string]seating.ListedRow{
		"Row F": {Label: "F", From: "1", To: "9"}, "Row F, 1–9": {Label: "F", From: "9", To: "1", Same: true}, "Row F, 1–13 (2)": {Label: "F", From: "13 (2)", To: "1 (2)", Same: true}, "Seats 1–9": {From: "1", To: "9"},
		"Seat 4": {From: "4", To: "4"}, "Table 4": {Label: "Table 4", Table: true, From: "1", To: "6"},
	} {
		if got := say.rowTitle(row); got != want {
			t.Errorf("a row is called %q, want %q", got, want)
		}
	}
	for want, part := range map[string]seating.Part{
		"Balcony, rows A to F": {Zone: "Balcony", From: "A", To: "F"}, "Balcony, row A": {Zone: "Balcony", From: "A", To: "A"}, "Section 2": {Zone: "2"}, "VIP 3": {Zone: "VIP 3"},
		"Rows A to F": {From: "A", To: "F"}, "Balcony, seats 201–400": {Zone: "Balcony", From: "201", To: "400", BySeat: true}, "All seats": {},
	} {
		if got := say.part(part); got != want {
			t.Errorf("a part is called %q, want %q", got, want)
		}
	}
	if say.err != nil {
		t.Error(say.err)
	}
	if got := upper(strconv.Itoa(7)) + upper("äa") + upper(""); got != "7Äa" {
		t.Errorf("at the beginning of a line stands %q", got)
	}
}
