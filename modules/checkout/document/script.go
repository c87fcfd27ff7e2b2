package document

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/bidi"
)

// A PDF paints glyphs from left to right and knows nothing of scripts, so whoever writes one has to put Hebrew and
// Arabic in the order in which they are seen, and choose the joined form of each Arabic letter.

const (
	nonJoiner = '\u200C'
	joiner    = '\u200D'
	lam       = 'ل'
)

// drawable is s without what the PDF library cannot draw: signs outside the basic plane, such as most emoji, and what only
// changes how they look. A sign that stands for one would say less than none.
func drawable(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r > 0xFFFF || r == '\uFFFD' || r >= 0xFE00 && r <= 0xFE0F {
			return -1
		}
		return r
	}, s)), " ")
}

// visual is s as it has to be painted from left to right. Text without a right-to-left letter stays as it is, but for
// what cannot be drawn.
func visual(s string) string {
	runes := slices.DeleteFunc([]rune(s), func(r rune) bool { return r > 0xFFFF })
	rtl := slices.ContainsFunc(runes, isRightToLeft)
	if rtl {
		runes = reorder(shape(runes))
	}
	return string(slices.DeleteFunc(runes, func(r rune) bool { return r == joiner || r == nonJoiner }))
}

func isRightToLeft(r rune) bool {
	class := classOf(r)
	return class == bidi.R || class == bidi.AL
}

func isNumber(r rune) bool {
	switch classOf(r) {
	case bidi.EN, bidi.AN, bidi.ES, bidi.CS, bidi.ET:
		return true
	}
	return false
}

func classOf(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	return p.Class()
}

// reorder puts one line in the order it is seen in: each rune has a level, odd ones run from right to left, and from
// the highest level down each run is turned round (rule L2 of the Unicode bidirectional algorithm).
func reorder(runes []rune) []rune {
	levels := levelsOf(runes)
	out := slices.Clone(runes)
	for i, r := range out {
		if levels[i] == 1 {
			out[i] = mirrored(r)
		}
	}
	for level := slices.Max(levels); level >= 1; level-- {
		for i := 0; i < len(out); i++ {
			start := i
			for i < len(out) && levels[i] >= level {
				i++
			}
			slices.Reverse(out[start:i])
		}
	}
	return out
}

// levelsOf is the level of each rune, 0 to 2. The library finds the runs and their directions but keeps the levels to
// itself; they follow from the direction of the whole line.
func levelsOf(runes []rune) []int {
	levels := make([]int, 0, len(runes))
	var p bidi.Paragraph
	if _, err := p.SetString(string(runes)); err == nil {
		if order, err := p.Order(); err == nil {
			rtl := startsRightToLeft(runes)
			for i := range order.NumRuns() {
				run := order.Run(i)
				levels = appendLevels(levels, []rune(run.String()), run.Direction() == bidi.RightToLeft, rtl)
			}
		}
	}
	for len(levels) < len(runes) { // the library stopped early: what it did not see stays as it stands
		levels = append(levels, 0)
	}
	return levels[:len(runes)]
}

// appendLevels adds the levels of one run of a line whose direction is lineRTL.
func appendLevels(levels []int, run []rune, runRTL, lineRTL bool) []int {
	// In a left-to-right line a number right after right-to-left text belongs to that text, yet runs left to right.
	number := !runRTL && !lineRTL && len(levels) > 0
	for _, r := range run {
		number = number && isNumber(r)
		switch {
		case runRTL:
			levels = append(levels, 1)
		case lineRTL || number:
			levels = append(levels, 2)
		default:
			levels = append(levels, 0)
		}
	}
	return levels
}

// startsRightToLeft tells the direction of a line: that of its first letter.
func startsRightToLeft(runes []rune) bool {
	for _, r := range runes {
		if isRightToLeft(r) {
			return true
		}
		if classOf(r) == bidi.L {
			return false
		}
	}
	return false
}

// mirrored is the counterpart of a bracket, which opens towards its text.
func mirrored(r rune) rune {
	if p, _ := bidi.LookupRune(r); !p.IsBracket() {
		return r
	}
	return []rune(bidi.ReverseString(string(r)))[0]
}

// shape gives each Arabic letter the form that joins its neighbours, and lam with alef their common sign.
func shape(runes []rune) []rune {
	out := make([]rune, 0, len(runes))
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		before := joinsForward(previous(runes, i))
		if next := i + 1; r == lam && next < len(runes) {
			if form, ok := lamAlef(runes[next]); ok {
				if before {
					form++ // the final form follows the isolated one
				}
				out = append(out, form)
				i = next
				continue
			}
		}
		out = append(out, formOf(r, before, joinsBack(following(runes, i))))
	}
	return out
}

func formOf(r rune, before, after bool) rune {
	l, ok := letterOf(r)
	switch {
	case !ok:
		return r
	case l.forms == 4 && before && after:
		return l.isolated + 3
	case l.forms == 4 && after:
		return l.isolated + 2
	case l.forms >= 2 && before:
		return l.isolated + 1
	}
	return l.isolated
}

// previous and following step over vowel signs, which do not break a join.
func previous(runes []rune, i int) rune {
	for i--; i >= 0 && unicode.Is(unicode.Mn, runes[i]); i-- {
	}
	if i < 0 {
		return 0
	}
	return runes[i]
}

func following(runes []rune, i int) rune {
	for i++; i < len(runes) && unicode.Is(unicode.Mn, runes[i]); i++ {
	}
	if i >= len(runes) {
		return 0
	}
	return runes[i]
}

func joinsForward(r rune) bool {
	l, _ := letterOf(r)
	return r == joiner || r == 'ـ' || l.forms == 4
}

func joinsBack(r rune) bool {
	l, _ := letterOf(r)
	return r == joiner || r == 'ـ' || l.forms >= 2
}
