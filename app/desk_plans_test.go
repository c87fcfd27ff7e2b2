package app_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const planFormats = "../modules/seating/plan/testdata/formats"

// A room comes as whatever its house has, shows what was made of it, and can be taken away again.
func TestDeskTakesPlansOfAllKinds(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	upload := func(status int, file string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(planFormats, file))
		if err != nil {
			t.Fatal(err)
		}
		o.upload(status, file, data)
	}
	upload(200, "tessitura-amazing-venue.svg")
	o.at("/admin/plans/1")
	o.sees("tessitura-amazing-venue", "152 seats", "6 areas", "Zones", "Ids that name number, row and section in this order", "seat-1-A-1")
	upload(200, "table-semicolons.csv")
	o.sees("table-semicolons", "9 seats", "1 accessible seat, 1 companion seat, 1 table, 2 seats with a note", "Parkett", "line 10", "A square is")
	upload(200, "ticketland-hall-1115.json")
	o.sees("1,115 seats", "Танцевальный партер", "900")
	upload(200, "sections.svg")
	o.sees("The room has no seats, only areas", "2 areas", "seat-STALLS-A-12")
	o.upload(422, "letter.txt", []byte(strings.Repeat("please find the plan below, as agreed\n", 20)))
	o.sees("The cells of this table are not seats")

	o.open("/admin/plans/2")
	if !strings.Contains(o.page, `href="/admin/plans/2/pretix.json" download`) {
		t.Errorf("no way to take the plan away: %s", o.page)
	}
	res, err := o.http.Get(o.base + "/admin/plans/2/pretix.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	file, err := io.ReadAll(res.Body)
	if err != nil || res.Header.Get("Content-Disposition") != `attachment; filename="plan-2.pretix.json"` {
		t.Fatalf("%v, %v", res.Header, err)
	}
	o.upload(200, "again.json", file)
	o.at("/admin/plans/5")
	o.sees("table-semicolons", "9 seats", "1 accessible seat, 1 companion seat, 1 table, 2 seats with a note")
}
