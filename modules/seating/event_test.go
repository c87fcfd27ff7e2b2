package seating

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/testkit"
)

type object = map[string]any

// fresh is a valid request for an event on the house's plan, changed by extra; nil removes a field.
func (h *house) fresh(extra object) string {
	h.T.Helper()
	body := object{"slug": "other", "name": "Other", "plan": fmt.Sprint(h.event.PlanID), "opens_at": "2027-03-09T12:00:00+01:00",
		"prices": object{"Stalls": 100, "Circle": 0, "Broken": nil}}
	maps.Copy(body, extra)
	for k, v := range body {
		if v == "-" {
			delete(body, k)
		}
	}
	b, err := json.Marshal(body)
	if err != nil {
		h.T.Fatal(err)
	}
	return string(b)
}

func TestImportOverHTTP(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	url := serve(t, h.s) + "/api/v1/admin/plans"
	made := ask(t, "POST", url+"?format=pretix", drawing(3, 6)).want(t, 201, "")
	if made.field("seats") != 18.0 || made.field("id") == "" || made.field("report") == nil || made.field("areas") == nil {
		t.Errorf("%s", made.body)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(drawing(3, 6)))
	_ = w.Close()
	ask(t, "POST", url, zipped.String()).want(t, 201, "")
	bad := ask(t, "POST", url, `{"name":"nothing"}`).want(t, 422, "bad-plan")
	if bad.field("report") == nil {
		t.Errorf("%s", bad.body)
	}
	ask(t, "POST", url, `not json`).want(t, 422, "bad-plan")
	ask(t, "POST", url+"?format=svg", `<svg/>`).want(t, 422, "bad-plan")
	ask(t, "POST", url+"?format=doc", `<svg/>`).want(t, 422, "bad-field")
	ask(t, "POST", url+"?format=pretix", "row,seat\nA,1").want(t, 422, "bad-plan")
	list := ask(t, "GET", url, "").want(t, 200, "")
	var plans struct {
		Plans []struct{ ID, Name, Version string }
	}
	if err := json.Unmarshal(list.body, &plans); err != nil || len(plans.Plans) != 3 || plans.Plans[0].Name != "Old Hall" {
		t.Errorf("%s", list.body)
	}
}

// A room may come as a table, and be taken elsewhere as pretix has it.
func TestExportOverHTTP(t *testing.T) {
	t.Parallel()
	h := open(t, 1, 2, "")
	url := serve(t, h.s) + "/api/v1/admin/plans"
	table := "section,row,seat,x,y,accessible,companion_of,note\nStalls,A,1,0,0,yes,,\nStalls,A,2,25,0,,A1,behind a pillar\n"
	made := ask(t, "POST", url+"?name=Old+Hall", table).want(t, 201, "")
	file := ask(t, "GET", url+"/"+made.field("id").(string)+"/pretix.json", "").want(t, 200, "")
	again := ask(t, "POST", url+"?format=pretix", string(file.body)).want(t, 201, "")
	var plans struct {
		Plans []struct{ ID, Name, Version string }
	}
	if err := json.Unmarshal(ask(t, "GET", url, "").want(t, 200, "").body, &plans); err != nil {
		t.Fatal(err)
	}
	if len(plans.Plans) != 3 || plans.Plans[0].Version != plans.Plans[1].Version || plans.Plans[0].Name != "Old Hall" || again.field("seats") != 2.0 {
		t.Errorf("%+v", plans)
	}
	ask(t, "GET", url+"/999/pretix.json", "").want(t, 404, "no-such-plan")
	ask(t, "GET", url+"/x/pretix.json", "").want(t, 404, "no-such-plan")
}

func TestEventDefaults(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	base := serve(t, h.s)
	h.lines.set("announced")
	made := ask(t, "POST", base+"/api/v1/admin/events", h.fresh(nil)).want(t, 201, "")
	testkit.Golden(t, "event.json", made.body)
	public := ask(t, "GET", base+"/api/v1/events/other", "").want(t, 200, "")
	testkit.Golden(t, "event-public.json", public.body)
	line := h.lines.published[1]
	if !line.Draws || line.Cap != 200 || line.PerMinute == nil || *line.PerMinute != 600 {
		t.Errorf("line %+v", line)
	}
	if h.notes.all[len(h.notes.all)-1] != "event.create event:other" {
		t.Errorf("journal %v", h.notes.all)
	}
	var rows int
	if err := h.DB.Raw(`SELECT count(*) FROM seats s JOIN events e ON e.id = s.event_id WHERE e.slug = 'other'`).Scan(&rows).Error; err != nil || rows != 12 {
		t.Errorf("%d seats on sale, %v", rows, err)
	}
	var all struct{ Events []struct{ Slug string } }
	list := ask(t, "GET", base+"/api/v1/events", "").want(t, 200, "")
	if err := json.Unmarshal(list.body, &all); err != nil || len(all.Events) != 2 || all.Events[0].Slug != "other" {
		t.Errorf("%s", list.body)
	}
	ask(t, "GET", base+"/api/v1/admin/events", "").want(t, 200, "")
	ask(t, "GET", base+"/api/v1/events/none", "").want(t, 404, "no-such-event")
}

func TestNewEventIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	url := serve(t, h.s) + "/api/v1/admin/events"
	for name, c := range map[string]struct {
		change object
		want   string
		field  string
	}{
		"no slug":             {object{"slug": "-"}, "422 bad-field", "slug"},
		"slug in capitals":    {object{"slug": "Gala"}, "422 bad-field", "slug"},
		"slug too long":       {object{"slug": strings.Repeat("a", 65)}, "422 bad-field", "slug"},
		"slug taken":          {object{"slug": "gala"}, "409 slug-taken", ""},
		"no name":             {object{"name": " "}, "422 bad-field", "name"},
		"no plan":             {object{"plan": "-"}, "422 bad-field", "plan"},
		"unknown plan":        {object{"plan": "999"}, "422 bad-field", "plan"},
		"plan is no id":       {object{"plan": "1 or 1"}, "422 bad-field", "plan"},
		"no prices":           {object{"prices": "-"}, "422 bad-field", "prices"},
		"missing price":       {object{"prices": object{"Stalls": 1, "Broken": nil}}, "422 missing-prices", ""},
		"unknown price":       {object{"prices": object{"Stalls": 1, "Circle": 1, "Broken": 1, "Box": 1}}, "422 bad-field", "prices"},
		"negative price":      {object{"prices": object{"Stalls": -1, "Circle": 1, "Broken": 1}}, "422 bad-field", "prices"},
		"broken price":        {object{"prices": object{"Stalls": 1.5, "Circle": 1, "Broken": 1}}, "422 bad-field", "prices"},
		"no opening":          {object{"opens_at": "-"}, "422 bad-field", "opens_at"},
		"opening is no time":  {object{"opens_at": "tomorrow"}, "422 bad-field", "opens_at"},
		"opening is a number": {object{"opens_at": 5}, "422 bad-field", "opens_at"},
		"late prequeue":       {object{"prequeue_at": "2027-03-10T00:00:00Z"}, "422 bad-field", "prequeue_at"},
		"early closing":       {object{"closes_at": "2027-03-09T11:00:00Z"}, "422 bad-field", "closes_at"},
		"no zone":             {object{"timezone": "Mars/Olympus"}, "422 bad-field", "timezone"},
		"local zone":          {object{"timezone": "Local"}, "422 bad-field", "timezone"},
		"no currency":         {object{"currency": "EURO"}, "422 bad-field", "currency"},
		"small currency":      {object{"currency": "eur"}, "422 bad-field", "currency"},
		"terms":               {object{"terms_url": "javascript:alert(1)"}, "422 bad-field", "terms_url"},
		"accent":              {object{"accent": "red"}, "422 bad-field", "accent"},
		"hold 0":              {object{"hold_seconds": 0}, "422 bad-field", "hold_seconds"},
		"pay too long":        {object{"pay_seconds": 604801}, "422 bad-field", "pay_seconds"},
		"late offer":          {object{"late_offer_seconds": -1}, "422 bad-field", "late_offer_seconds"},
		"51 a buyer":          {object{"max_per_buyer": 51}, "422 bad-field", "max_per_buyer"},
		"half a seat":         {object{"max_per_buyer": 0.5}, "422 bad-field", "max_per_buyer"},
		"lanes not a list":    {object{"queue": object{"lanes": object{"Members": 20}}}, "422 bad-field", "queue.lanes"},
		"lane without share":  {object{"queue": object{"lanes": []object{{"name": "Members"}}}}, "422 bad-field", "queue.lanes"},
		"lane without name":   {object{"queue": object{"lanes": []object{{"share": 20}}}}, "422 bad-field", "queue.lanes"},
		"share of a half":     {object{"queue": object{"lanes": []object{{"name": "Members", "share": 0.5}}}}, "422 bad-field", "queue.lanes"},
		"lane with a cap":     {object{"queue": object{"lanes": []object{{"name": "Members", "share": 20, "cap": 1}}}}, "422 bad-field", "queue.lanes"},
		"cap 0":               {object{"queue": object{"cap": 0}}, "422 bad-field", "queue.cap"},
		"rate 0":              {object{"queue": object{"per_minute": 0}}, "422 bad-field", "queue.per_minute"},
		"identity":            {object{"queue": object{"identity": 7}}, "422 bad-field", "queue.identity"},
		"proof of work":       {object{"queue": object{"proof_of_work": "yes"}}, "422 bad-field", "queue.proof_of_work"},
		"orphan rule":         {object{"orphan_rule": "firm"}, "422 bad-field", "orphan_rule"},
		"areas":               {object{"areas": object{"pit": object{"capacity": 5}}}, "422 bad-field", "areas"},
		"unknown field":       {object{"color": "red"}, "400 bad-body", ""},
		"unknown in queue":    {object{"queue": object{"speed": 1}}, "422 bad-field", "queue"},
		"zero byte":           {object{"venue": "a\x00b"}, "422 bad-field", "venue"},
	} {
		a := ask(t, "POST", url, h.fresh(c.change))
		if got := fmt.Sprintf("%d %v", a.status, a.field("code")); got != c.want {
			t.Errorf("%s: %s %s, want %s", name, got, a.body, c.want)
		}
		fields, _ := a.field("fields").(object)
		if c.field != "" && fields[c.field] == nil {
			t.Errorf("%s: refused for %s", name, a.body)
		}
	}
	missing := ask(t, "POST", url, h.fresh(object{"prices": object{"Stalls": 1}}))
	if fmt.Sprint(missing.field("categories")) != "[Circle Broken]" {
		t.Errorf("%s", missing.body)
	}
}

func TestEventSpellings(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	url := serve(t, h.s) + "/api/v1/admin/events"
	accepted := object{
		"past":      object{"opens_at": "2020-01-01T00:00:00Z"},
		"no-line":   object{"queue": nil, "orphan_rule": "off", "areas": object{}, "closes_at": nil, "starts_at": nil, "late_offer_seconds": 0},
		"line":      object{"queue": object{"cap": 1, "per_minute": 7, "identity": "none", "proof_of_work": false}},
		"orphans":   object{"orphan_rule": "lenient"},
		"unlimited": object{"queue": object{"cap": 3, "per_minute": nil}},
		"free":      object{"prices": object{"Stalls": 0, "Circle": nil, "Broken": nil}, "currency": "JPY", "timezone": "Asia/Tokyo"},
	}
	for slug, extra := range accepted {
		change := extra.(object)
		change["slug"] = slug
		made := ask(t, "POST", url, h.fresh(change)).want(t, 201, "")
		if slug == "past" && (made.field("opens_at") != "2027-03-09T10:00:00.000Z" || made.field("prequeue_at") != "2027-03-09T09:30:00.000Z") {
			t.Errorf("a past opening: %s", made.body)
		}
	}
	seen := map[string]bool{}
	for _, l := range h.lines.published {
		b, _ := json.Marshal(l)
		seen[string(b)] = true
	}
	if !seen[`{"Draws":true,"Cap":3,"PerMinute":null,"Lanes":null,"Identity":"","ProofOfWork":false}`] {
		t.Errorf("a line without a budget: %v", seen)
	}
	if !seen[`{"Draws":false,"Cap":200,"PerMinute":null,"Lanes":null,"Identity":"","ProofOfWork":false}`] ||
		!seen[`{"Draws":true,"Cap":1,"PerMinute":7,"Lanes":null,"Identity":"none","ProofOfWork":false}`] {
		t.Errorf("lines %v", seen)
	}
}

func TestPatchEvent(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":3`)
	h.admit("ada")
	base := serve(t, h.s)
	ask(t, "POST", base+"/api/v1/admin/events", h.fresh(nil)).want(t, 201, "")
	url := base + "/api/v1/admin/events/other"
	a := ask(t, "PATCH", url, `{"name":"New name","venue":"Here","accent":"#AA3300","max_per_buyer":5,"closes_at":"2027-03-10T00:00:00Z","queue":{"cap":9}}`).want(t, 200, "")
	if a.field("name") != "New name" || a.field("max_per_buyer") != 5.0 || a.field("closes_at") != "2027-03-10T00:00:00.000Z" || a.field("currency") != "EUR" || a.field("accent") != "#aa3300" {
		t.Errorf("%s", a.body)
	}
	if fmt.Sprint(h.lines.amended) != `[[9,null,null,null,5,"2027-03-10T00:00:00Z"]]` || h.lines.changed != 1 || len(h.lines.rescheduled) != 0 {
		t.Errorf("the line heard %v, %d, %v", h.lines.amended, h.lines.changed, h.lines.rescheduled)
	}
	// The prequeue moves along with the opening while both are to come.
	a = ask(t, "PATCH", url, `{"opens_at":"2027-03-09T13:00:00Z"}`).want(t, 200, "")
	if a.field("opens_at") != "2027-03-09T13:00:00.000Z" || a.field("prequeue_at") != "2027-03-09T12:30:00.000Z" || len(h.lines.rescheduled) != 1 {
		t.Errorf("%s", a.body)
	}
	ask(t, "PATCH", url, `{"closes_at":null}`).want(t, 200, "")
	for body, want := range map[string]string{
		`{"slug":"x"}`:                "422 bad-field",
		`{"plan":"1"}`:                "422 bad-field",
		`{"queue":null}`:              "422 bad-field",
		`{"queue":{"identity":true}}`: "422 bad-field",
		`{"timezone":"Nowhere"}`:      "422 bad-field",
		`{"prices":{"Box":1}}`:        "422 bad-field",
		`{"colour":"x"}`:              "400 bad-body",
	} {
		a := ask(t, "PATCH", url, body)
		if got := fmt.Sprintf("%d %v", a.status, a.field("code")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	h.lines.drawn = fault.New(fault.Conflict, "already-drawn", "")
	ask(t, "PATCH", url, `{"opens_at":"2027-03-09T14:00:00Z","name":"Never"}`).want(t, 409, "already-drawn")
	if e, err := h.s.Event(t.Context(), "other"); err != nil || e.Name != "New name" || !e.OpensAt.Equal(time.Date(2027, 3, 9, 13, 0, 0, 0, time.UTC)) {
		t.Errorf("half a change was kept: %+v, %v", e, err)
	}
}

// What somebody has already bought is not taken back by a setting.
func TestPatchKeepsPromises(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":3`)
	h.admit("ada")
	url := serve(t, h.s) + "/api/v1/admin/events/gala"
	claims := h.mustClaim("ada", "a@x", 0, 1)
	h.mustTake("ada", claims)
	for body, field := range map[string]string{
		`{"max_per_buyer":1}`:        "max_per_buyer",
		`{"currency":"USD"}`:         "currency",
		`{"prices":{"Stalls":null}}`: "prices",
	} {
		fields, _ := ask(t, "PATCH", url, body).want(t, 422, "bad-field").field("fields").(object)
		if fields[field] == nil {
			t.Errorf("%s: refused for %v", body, fields)
		}
	}
	ask(t, "PATCH", url, `{"max_per_buyer":2,"prices":{"Stalls":7000}}`).want(t, 200, "")
	if b := h.mustHold("ada"); len(b.Seats) != 0 {
		t.Errorf("ada holds %+v", b)
	}
	if info, err := h.s.SeatInfo(t.Context(), h.event.ID, []int{0, 99, 17}); err != nil || len(info) != 2 || info[0].Price != 7000 || info[1].Label != "C-6" {
		t.Errorf("%+v, %v", info, err)
	}
	h.checkSeats()
}

// A category goes on sale and off again; every map and the database follow.
func TestPatchPricesRedrawsTheMap(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":3`)
	h.admit("ada")
	url := serve(t, h.s) + "/api/v1/admin/events/gala"
	held := h.mustHold("ada", 7)
	before, _ := h.bits()
	ask(t, "PATCH", url, `{"prices":{"Broken":900,"Circle":3100}}`).want(t, 200, "")
	after, _ := h.bits()
	if after <= before || h.status(12) != 0 || h.status(7) != 1 {
		t.Errorf("seat 12 is %d, version %d after %d", h.status(12), after, before)
	}
	again := h.mustHold("ada", 12)
	if again.Total != 4000 || !again.ExpiresAt.Equal(held.ExpiresAt) {
		t.Errorf("%+v", again)
	}
	h.mustTake("ada", h.mustClaim("ada", "a@x", 7, 12))
	ask(t, "PATCH", url, `{"prices":{"Stalls":null}}`).want(t, 200, "")
	if h.status(0) != 3 {
		t.Error("a category off sale is not blocked")
	}
	if _, err := h.claim("bob", "b@x", 0); err == nil {
		t.Error("the database sells a seat that is off sale")
	}
	h.checkSeats()
}

func TestOpenNow(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	base := serve(t, h.s)
	ask(t, "POST", base+"/api/v1/admin/events", h.fresh(object{"closes_at": "2027-03-09T12:00:00Z"})).want(t, 201, "")
	e, err := h.s.Event(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	openAt := func(at time.Time) error {
		return h.DB.Transaction(func(tx *gorm.DB) error { return h.s.OpenNow(t.Context(), tx, e.ID, at) })
	}
	now := e.PrequeueAt.Add(-time.Minute)
	for range 2 {
		if err := openAt(now); err != nil {
			t.Fatal(err)
		}
	}
	if err := openAt(now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if e, err = h.s.Event(t.Context(), "other"); err != nil || !e.OpensAt.Equal(now) || !e.PrequeueAt.Equal(now) {
		t.Errorf("opens %v, prequeue %v, %v", e.OpensAt, e.PrequeueAt, err)
	}
	if err := openAt(now.Add(24 * time.Hour)); fault.As(err) == nil || fault.As(err).Code != "ended" {
		t.Errorf("after the closing: %v", err)
	}
}

// A real plan with its traps, and one of 100,000 seats, become events in a bearable time.
func TestLargePlans(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	file, err := os.Open("plan/testdata/seatmap-canvas-stadium.pretix.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stadium, err := h.s.ImportPlan(t.Context(), file)
	if err != nil || stadium.Seats != 738 {
		t.Fatalf("%+v, %v", stadium, err)
	}
	big, err := h.s.ImportPlan(t.Context(), strings.NewReader(drawing(400, 250)))
	if err != nil || big.Seats != 100_000 {
		t.Fatalf("%v", err)
	}
	url := serve(t, h.s) + "/api/v1/admin/events"
	made := ask(t, "POST", url, h.fresh(object{"plan": big.ID})).want(t, 201, "")
	if made.field("seats_total") != 100_000.0 || made.field("seats_free") != 99_750.0 {
		t.Errorf("%v of %v free", made.field("seats_free"), made.field("seats_total"))
	}
	h.bits()
}
