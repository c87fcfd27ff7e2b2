package plan

import (
	"math"
	"strings"
	"unicode"
)

// stageWord tells whether a word of an area's text names what the audience looks at.
func stageWord(word string) bool {
	switch word {
	case "stage", "bühne", "buehne", "hauptbühne", "scène", "scene", "scena", "scenen", "escenario", "palcoscenico",
		"podium", "toneel", "screen", "leinwand", "écran", "pantalla", "сцена", "экран", "σκηνή", "sahne", "במה", "المسرح",
		"舞台", "ステージ", "무대":
		return true
	}
	return false
}

// focalPoint is what seats are good for being near to: the middle of an area whose text says stage, else the middle of
// the upper edge, where a plan without one has its front.
func focalPoint(p *Plan) Point {
	for i := range p.Zones {
		if stage := p.Zones[i].stage(); stage != nil {
			return middle(stage)
		}
	}
	left, right, top := math.Inf(1), math.Inf(-1), math.Inf(1)
	for _, z := range p.Zones {
		for _, r := range z.Rows {
			for _, s := range r.Seats {
				left, right, top = math.Min(left, s.X), math.Max(right, s.X), math.Min(top, s.Y)
			}
		}
	}
	if left > right {
		return Point{p.Width / 2, 0} // no seats
	}
	return Point{(left + right) / 2, top}
}

// stage is the zone's own: a floor drawn beside another one has its stage drawn again. nil when it has none.
func (z *Zone) stage() *Area {
	for i := range z.Areas {
		if a := &z.Areas[i]; a.Text != nil && namesStage(a.Text.Text) {
			return a
		}
	}
	return nil
}

func namesStage(text string) bool {
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		if stageWord(word) {
			return true
		}
	}
	return false
}

func middle(a *Area) Point {
	box := newBounds()
	for _, p := range a.Points {
		box.add(p)
	}
	switch {
	case a.Shape == "text" && a.Text != nil:
		return Point{a.Text.X, a.Text.Y}
	case len(a.Points) == 0:
		box.area(a)
	}
	return Point{(box.min.X + box.max.X) / 2, (box.min.Y + box.max.Y) / 2}
}
