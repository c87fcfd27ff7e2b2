package plan

import (
	"encoding/json"
	"strings"
	"testing"
)

const onlyFloor = `{"name":"Club","zones":[{"name":"","areas":[{"shape":"rectangle","position":{"x":0,"y":0},
	"rectangle":{"width":400,"height":300},"text":{"text":"Floor","position":{"x":200,"y":150}}}]}]}`

// A hall may have nothing but a floor: it is a plan, and the report says what can be done with it.
func TestPlanOfAreasAlone(t *testing.T) {
	t.Parallel()
	p, report, err := ImportPretix(strings.NewReader(onlyFloor))
	if err != nil {
		t.Fatal(err)
	}
	if p.SeatCount() != 0 || p.AreaByID("floor") == nil || len(report.Faults) != 1 || report.Faults[0].Code != "only-areas" {
		t.Errorf("%+v, %+v", p, report)
	}
	stored, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	back := new(Plan)
	if err := json.Unmarshal(stored, back); err != nil || back.Digest() != p.Digest() {
		t.Errorf("stored and read: %v", err)
	}
	category, ok := p.NewCategory("Standing")
	if !ok {
		t.Fatal("no category")
	}
	sold := p.WithCategories(category)
	wire, err := DecodeFSP1(EncodeFSP1(sold, "v", AreaSale{Area: "floor", Label: "Floor (2)", Capacity: 900}))
	if err != nil || len(wire.Sale) != 1 || wire.Sale[0].Capacity != 900 || wire.Sale[0].Label != "Floor (2)" || wire.Plan.Categories[0] != category {
		t.Errorf("%+v, %v", wire, err)
	}
	if _, ok := BestAvailable(sold, func(int) bool { return true }, 1, -1, false); ok {
		t.Error("a seat was found where there is none")
	}
	if picture := string(Picture(p)); strings.Contains(picture, "NaN") || !strings.Contains(picture, "<rect") {
		t.Errorf("%s", picture)
	}
	if _, _, err := ImportPretix(strings.NewReader(strings.Replace(onlyFloor, `"rectangle","position"`, `"text","position"`, 1))); err == nil {
		t.Error("a word alone is a plan")
	}
}

func TestNewCategory(t *testing.T) {
	t.Parallel()
	p := &Plan{Categories: []Category{{ID: "standing", Name: "Sitting"}}}
	if c, ok := p.NewCategory("Standing"); !ok || c.ID != "standing-2" || c.Name != "Standing" || c.Color == "" {
		t.Errorf("%+v, %v", c, ok)
	}
	if c, ok := p.NewCategory("立ち見"); !ok || c.ID != "c2" {
		t.Errorf("%+v, %v", c, ok)
	}
	for _, name := range []string{"", "Sitting", " Standing", "two\nlines", strings.Repeat("x", maxName+1)} {
		if c, ok := p.NewCategory(name); ok {
			t.Errorf("%q became %+v", name, c)
		}
	}
	if len(p.Categories) != 1 {
		t.Error("the plan was changed")
	}
}
