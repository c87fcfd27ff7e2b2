package document

import "strings"

// pointsToMM turns a font's size into the height it takes.
const pointsToMM = 25.4 / 72

// look is how a paragraph is set: bold "B" or not "", its size and the least it may shrink to in points, and how many
// lines it may take.
type look struct {
	weight string
	size   float64
	least  float64
	lines  int
}

// paragraph writes s at x below what stands there already. Text too long for its lines is set smaller, and cut with an
// ellipsis only when the least size is too large still. Empty text takes no room.
func (p *printer) paragraph(s string, l look, x, width float64) {
	if s == "" {
		return
	}
	size := l.size
	var broken []string
	for {
		p.SetFont(family, l.weight, size)
		broken = p.lines(s, width)
		if len(broken) <= l.lines || size <= l.least {
			break
		}
		size = max(l.least, size*0.92)
	}
	if len(broken) > l.lines {
		broken = broken[:l.lines]
		broken[l.lines-1] = p.cut(broken[l.lines-1], width)
	}
	height := size * pointsToMM * 1.25
	for _, line := range broken {
		// The baseline lies about three quarters down the line.
		p.Text(x, p.y+height*0.78, visual(line))
		p.y += height
	}
}

// seat writes a label as large as it fits: on one line if it is short, else part by part, so that "row 14" is not torn.
func (p *printer) seat(label string) {
	parts := seatParts(label)
	p.SetFont(family, "B", 30)
	switch {
	case p.width(label) <= textWidth:
		p.paragraph(label, look{"B", 60, 30, 1}, margin, textWidth)
	case len(parts) == 2 || len(parts) == 3:
		for _, part := range parts {
			p.paragraph(part, look{"B", 26, 10, 1}, margin, textWidth)
		}
	default:
		p.paragraph(label, look{"B", 30, 10, 2}, margin, textWidth)
	}
}

// lines breaks s at its spaces, and inside a word that is wider than a line by itself.
func (p *printer) lines(s string, width float64) []string {
	var out []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if joined := strings.TrimLeft(line+" "+word, " "); p.width(joined) <= width {
			line = joined
			continue
		}
		if line != "" {
			out = append(out, line)
		}
		for p.width(word) > width {
			head := p.head(word, width)
			out = append(out, head)
			word = word[len(head):]
		}
		line = word
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}

// head is the longest beginning of s that fits, at least one letter.
func (p *printer) head(s string, width float64) string {
	end := 0
	for i, r := range s {
		next := i + len(string(r))
		if end > 0 && p.width(s[:next]) > width {
			break
		}
		end = next
	}
	return s[:end]
}

func (p *printer) cut(s string, width float64) string {
	for s != "" && p.width(s+"…") > width {
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s + "…"
}

func (p *printer) width(s string) float64 { return p.GetStringWidth(visual(s)) }
