package plan

import (
	"fmt"
	"strings"
	"testing"
)

// A record keeps what is known of a seat, not all that a stranger writes beside it; what it says nowhere else is told.
func TestRecordsKeepWhatIsKnown(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString(`"row":"A","seat":1,"wheelchair":true,"x":"7","y":8.5,"note":null,"attrs":{"section":"Stalls","shoe":1},"type":"seat"`)
	for i := range 5000 {
		fmt.Fprintf(&file, `,"key%d":"%s"`, i, strings.Repeat("x", 100))
	}
	src := openSource(strings.NewReader(`{`+file.String()+`}`), MaxBytes)
	rep := newReporter()
	p := &points{walker: newWalker(src, rep), list: newLoose(rep), columns: map[string]string{}}
	r := record{}
	p.token()
	p.record("seat", &r)
	if rep.err != nil {
		t.Fatal(rep.err)
	}
	want := map[string]string{colRow: "A", colNumber: "1", colAccessible: "true", colX: "7", colY: "8.5", colSection: "Stalls", "type": "seat"}
	for col, text := range want {
		if r.get(col) != text {
			t.Errorf("%s is %q, want %q", col, r.get(col), text)
		}
	}
	if len(r.text) != len(want) {
		t.Errorf("%d things are kept", len(r.text))
	}
	if got := rep.done(); count(got, "unknown-key") < maxFaults {
		t.Errorf("%d unknown keys", count(got, "unknown-key"))
	}
}
