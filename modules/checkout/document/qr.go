package document

import (
	"fmt"
	"iter"
	"strings"

	"github.com/yeqown/go-qrcode/v2"
)

// quiet is the white border a QR code needs, in modules.
const quiet = 4

// grid is a QR code as rows of modules, true where dark. It takes the place of the library's image writers, so that
// the code is drawn as a vector and stays sharp in print.
type grid [][]bool

// Write keeps the modules; it implements the library's Writer.
func (g *grid) Write(m qrcode.Matrix) error {
	*g = m.Bitmap()
	return nil
}

// Close has nothing to close.
func (g *grid) Close() error { return nil }

// encode is the QR code of text, with a quarter more redundancy than the least: tickets get creased.
func encode(text string) (grid, error) {
	q, err := qrcode.NewWith(text, qrcode.WithErrorCorrectionLevel(qrcode.ErrorCorrectionMedium))
	if err != nil {
		return nil, fmt.Errorf("encode QR: %w", err)
	}
	var g grid
	if err := q.Save(&g); err != nil {
		return nil, fmt.Errorf("encode QR: %w", err)
	}
	return g, nil
}

// side is the width and height with the quiet border, in modules.
func (g grid) side() int { return len(g) + 2*quiet }

// bar is a run of dark modules in one row, placed with the quiet border counted in.
type bar struct{ x, y, width int }

// bars yields the dark runs row by row.
func (g grid) bars() iter.Seq[bar] {
	return func(yield func(bar) bool) {
		for y, row := range g {
			for x := 0; x < len(row); x++ {
				start := x
				for x < len(row) && row[x] {
					x++
				}
				if x > start && !yield(bar{start + quiet, y + quiet, x - start}) {
					return
				}
			}
		}
	}
}

// path is the code as the data of one SVG path, a module being one unit.
func (g grid) path() string {
	var b strings.Builder
	for r := range g.bars() {
		fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", r.x, r.y, r.width, r.width)
	}
	return b.String()
}

// QR is the code of a ticket for a page that shows it among other things: the data of one SVG path, in a square of side
// units with the white border counted in.
func QR(code string) (side int, path string, err error) {
	g, err := encode(code)
	return g.side(), g.path(), err
}
