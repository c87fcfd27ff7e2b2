package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// checkExported sends a plan through pretix's format and expects the same plan back, to its digest.
func checkExported(t rapid.TB, p *Plan) {
	t.Helper()
	again := exported(t, p)
	sameContent(t, again, p)
	if again.Digest() != p.Digest() {
		t.Errorf("digest %s became %s", p.Digest(), again.Digest())
	}
}

// checkExportedWords is checkExported for plans whose seats are strewn over a million px: rounding them changes the pitch,
// and with it the margin. Everything but the places must be the same.
func checkExportedWords(t rapid.TB, p *Plan) {
	t.Helper()
	again := exported(t, p)
	for _, p := range []*Plan{again, p} {
		p.drawn(func(x, y *float64) { *x, *y = 0, 0 })
		p.Width, p.Height = 0, 0
		for _, z := range p.Zones {
			for i := range z.Areas {
				z.Areas[i].Width, z.Areas[i].Height = 0, 0
			}
		}
	}
	sameContent(t, again, p)
}

func exported(t rapid.TB, p *Plan) *Plan {
	t.Helper()
	data := ExportPretix(p)
	checkSchema(t, data)
	again, _, err := ImportPretix(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("import what was exported: %v", err)
	}
	return again
}

// member is what pretix's schema says of one member: its type, and of an object its members; needed ones end in "!".
type member struct {
	kind    string
	members map[string]member
}

// checkSchema holds a file against the schema that pretix publishes, which allows no other members than these.
func checkSchema(t rapid.TB, data []byte) {
	t.Helper()
	text, whole, number := member{kind: "text"}, member{kind: "whole"}, member{kind: "number"}
	object := func(m map[string]member) member { return member{"object", m} }
	list := func(m member) member { return member{"list", map[string]member{"": m}} }
	point := object(map[string]member{"x!": number, "y!": number})
	size := object(map[string]member{"width!": whole, "height!": whole})
	seat := object(map[string]member{"seat_guid!": text, "seat_number!": text, "position!": point, "category!": text, "uuid": text,
		"radius": whole, "start_direction": text})
	row := object(map[string]member{"row_number!": text, "seats!": list(seat), "row_label": text, "seat_label": text,
		"row_number_position": {kind: "side"}, "position": point, "uuid": text})
	area := object(map[string]member{"shape": {kind: "shape"}, "color": text, "border_color": text, "rotation": number, "position": point,
		"uuid": text, "polygon": object(map[string]member{"points!": list(point)}), "rectangle": size,
		"ellipse": object(map[string]member{"radius!": point}), "circle": object(map[string]member{"radius!": whole}),
		"text": object(map[string]member{"text!": text, "position!": point, "color": text, "size": whole})})
	zone := object(map[string]member{"name": text, "zone_id": text, "uuid": text, "position!": point, "rows!": list(row), "areas": list(area)})
	category := object(map[string]member{"name!": text, "color": text})
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	uuids := map[string]bool{}
	for _, fault := range breaks(object(map[string]member{"name!": text, "zones!": list(zone), "categories!": list(category), "size!": size}),
		doc, "plan", uuids) {
		t.Error(fault)
	}
}

func breaks(m member, v any, path string, uuids map[string]bool) (faults []string) {
	bad := func() { faults = append(faults, fmt.Sprintf("%s is %v, want %s", path, v, m.kind)) }
	switch m.kind {
	case "object":
		fields, ok := v.(map[string]any)
		if !ok {
			bad()
		}
		for name, value := range fields {
			sub, known := m.members[name]
			if !known {
				sub, known = m.members[name+"!"]
			}
			if !known {
				faults = append(faults, path+" may not have "+name)
			} else {
				faults = append(faults, breaks(sub, value, path+"."+name, uuids)...)
			}
			if id, _ := value.(string); name == "uuid" {
				if uuids[id] {
					faults = append(faults, "uuid "+id+" twice")
				}
				uuids[id] = true
			}
		}
		for name := range m.members {
			if needed, ok := bytes.CutSuffix([]byte(name), []byte("!")); ok && fields[string(needed)] == nil {
				faults = append(faults, path+" needs "+string(needed))
			}
		}
	case "list":
		all, ok := v.([]any)
		if !ok {
			bad()
		}
		for i, value := range all {
			faults = append(faults, breaks(m.members[""], value, fmt.Sprintf("%s[%d]", path, i), uuids)...)
		}
	case "text":
		if _, ok := v.(string); !ok {
			bad()
		}
	case "number", "whole":
		if n, ok := v.(float64); !ok || m.kind == "whole" && n != math.Trunc(n) {
			bad()
		}
	case "side":
		if v != "start" && v != "end" && v != "both" {
			bad()
		}
	case "shape":
		if v != "polygon" && v != "rectangle" && v != "ellipse" && v != "circle" && v != "text" {
			bad()
		}
	}
	return faults
}

// No file locks anybody in: what was imported can be taken to pretix, and back.
func TestExportRoundTrip(t *testing.T) {
	t.Parallel()
	for _, file := range planFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			p, _ := mustImportAny(t, read(t, file), Options{Name: "A hall"})
			checkExported(t, p)
		})
	}
}
