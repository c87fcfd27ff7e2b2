package plan

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a plan file says, its picture is well-formed, draws every seat once and holds nothing that runs.
func TestPictureDrawsEveryPlan(t *testing.T) {
	files, err := filepath.Glob("testdata/traps/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	for _, name := range append(files, "testdata/seatmap-canvas-stadium.pretix.json") {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := ImportPretix(file)
		_ = file.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		picture := string(Picture(p))
		if got := strings.Count(picture, "h0"); got != p.SeatCount() {
			t.Errorf("%s: %d seats drawn of %d", name, got, p.SeatCount())
		}
		d := xml.NewDecoder(strings.NewReader(picture))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v in %s", name, err, picture)
			}
			if e, ok := token.(xml.StartElement); ok && !strings.Contains(" svg path text rect polygon ellipse ", " "+e.Name.Local+" ") {
				t.Errorf("%s: an element %s", name, e.Name.Local)
			}
		}
	}
}
