package app_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// The organiser's hand on the seats by forms alone: kept for a partner, changed, put back in part and whole.
func TestHandWithoutScript(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", house(t, staff, 3, 8), object{"Stalls": 4500}, -time.Second, object{"queue": nil, "max_per_buyer": 4})
	s := &stage{process: p, t: t, ctx: t.Context(), staff: staff}
	fan := s.enters("gala", "Ada")
	fan.must(t, 201, "POST", fan.path("/holds"), object{"seats": []int{0}}, nil)
	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin/events/gala")
	o.sees(`href="/admin/events/gala/seats"`)
	const path = "/admin/events/gala/seats"
	o.open(path)
	o.sees("Nothing is held back", "Row A", "A-1 held", "A-2")

	o.post(422, path, "act", "block", "seats", "A-2..Z-9", "name", "Sponsor AG", "until", "2020-01-01T10:00")
	o.sees("Knows no seat or section called “A-2..Z-9”", "Say why in a few words", "Lies in the past", `value="Sponsor AG"`)
	o.post(422, path, "act", "block", "reason", "x")
	o.sees("Choose seats first")
	o.post(422, path, "act", "block", "seats", "A-1", "reason", "x")
	o.sees("None of these seats is free")
	o.post(422, path, "act", "release", "seats", "A-2")
	o.sees("None of these seats was taken off sale by hand")
	o.post(404, path, "act", "block", "seat", "99", "reason", "x")
	o.open(path)

	// A fan's seat among them is left alone, and said so.
	until := time.Now().Add(48 * time.Hour).In(berlin(t)).Format("2006-01-02T15:04")
	partner := []string{"act", "block", "seats", "A-1..A-4, A-2", "seat", "8", "name", "Sponsor AG", "reason", "contract 7", "until", until}
	o.post(200, path, partner...)
	o.sees("Keep 4 seats for Sponsor AG?", "A-2..A-4, B-1", "180.00 EUR", "go back on sale by themselves", "1 held or being paid for", "Nobody loses a seat")
	o.post(200, path, "act", "block", "seats", "A-2..A-4, B-1", "name", "Sponsor AG", "reason", "contract 7", "until", until, "sure", "1")
	o.at(path)
	o.sees("Off sale.", "Sponsor AG", "4 seats", "contract 7", "A-2..A-4, B-1", ownerEmail)

	// Between the question and the answer somebody was faster.
	fan.must(t, 201, "POST", fan.path("/holds"), object{"seats": []int{16}}, nil)
	o.post(409, path, "act", "block", "seats", "C-1..C-3", "reason", "no view", "sure", "1")
	o.sees("Nothing was taken off sale: meanwhile somebody else has or holds C-1", "C-1..C-3")
	o.post(200, path, "act", "block", "seats", "C-2..C-3", "reason", "no view", "sure", "1")
	o.sees("Not for sale", "no view", "For ever")

	block := regexp.MustCompile(`/blocks/([0-9a-f-]{36})/release`).FindAllStringSubmatch(o.page, -1) // the newest first
	if len(block) != 2 {
		t.Fatalf("%d blocks: %s", len(block), o.text())
	}
	sponsor := "/admin/events/gala/blocks/" + block[1][1]
	o.post(422, sponsor, "name", "Sponsor & Co", "reason", "", "until", "nonsense")
	o.sees("Is no date and time", "Sponsor & Co")
	o.post(200, sponsor, "name", "Sponsor & Co", "reason", "contract 8", "until", "")
	o.at(path)
	o.sees("Saved.", "Sponsor & Co", "contract 8")

	o.post(200, path, "act", "release", "seats", "A-1..A-3, C-2")
	o.sees("Put 3 seats back on sale?", "Sponsor & Co (contract 8): 2 seats.", "Not for sale (no view): 1 seat.")
	o.post(200, path, "act", "release", "seats", "A-1..A-3, C-2", "sure", "1")
	o.sees("Back on sale.", "A-4, B-1")
	o.post(200, sponsor+"/release")
	o.sees("Put 2 seats back on sale?", "A-4, B-1")
	for range 2 {
		o.post(200, sponsor+"/release", "sure", "1")
		o.at(path)
	}
	o.sees("Nothing was changed")
	if strings.Contains(o.text(), "Sponsor") {
		t.Errorf("the block is still there: %s", o.text())
	}
	fan.must(t, 201, "POST", fan.path("/holds"), object{"seats": []int{1}}, nil)
	o.open("/admin/log")
	o.sees("Seats blocked", "Seats put back on sale", "Block of seats changed", "name: Sponsor & Co")
	o.open(path + "?part=7")
	o.open("/admin/audit")
	o.post(200, "/admin/audit")
	o.sees("Everything adds up", "no block outlives its moment")
}
