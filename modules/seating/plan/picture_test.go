package plan

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// Whatever a plan file says, its picture is well-formed, draws every seat once and holds nothing that runs.
func TestPictureDrawsEveryPlan(t *testing.T) {
	for _, name := range planFiles(t) {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := Import(file, Options{})
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
