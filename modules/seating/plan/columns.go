package plan

import (
	"strconv"
	"strings"
	"unicode"
)

// What a table or an object may say about a seat; other names mean one of these.
const (
	colSection    = "section"
	colRow        = "row"
	colNumber     = "number"
	colTable      = "table"
	colX          = "x"
	colY          = "y"
	colCategory   = "category"
	colID         = "id"
	colCode       = "code" // row and number in one: "A12"
	colAccessible = "accessible"
	colCompanion  = "companion"
	colNote       = "note"
	colStatus     = "status"
	colColor      = "color"
	colSeats      = "seats" // the list of them
)

// columnOf finds what a column, key or data attribute of that name holds; a name that means nothing here comes back
// without case and punctuation.
func columnOf(name string) string {
	word := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, cut(name, maxShort))
	switch word {
	case "section", "sectionname", "sector", "zone", "zonename", "block", "level", "floor", "bereich", "settore", "secteur", "vak", "sektor", "сектор":
		return colSection
	case "row", "rowname", "rownumber", "rowlabel", "reihe", "fila", "rang", "rangée", "rij", "rząd", "ряд":
		return colRow
	case "number", "seat", "seatnumber", "seatno", "seatlabel", "place", "platz", "label", "posto", "asiento", "siège", "stoel", "miejsce", "место":
		return colNumber
	case "table", "tablename", "tablenumber", "tisch":
		return colTable
	case "x", "cx", "posx":
		return colX
	case "y", "cy", "posy":
		return colY
	case "category", "categoryname", "kategorie", "pricecategory", "priceband", "pricelevel", "tier", "price":
		return colCategory
	case "id", "seatid", "guid", "seatguid", "objectid", "key":
		return colID
	case "code", "seatcode":
		return colCode
	case "accessible", "wheelchair", "ada":
		return colAccessible
	case "companion", "companionof":
		return colCompanion
	case "note", "notes", "viewnote", "view", "remark":
		return colNote
	case "status", "state":
		return colStatus
	case "color", "colour", "fill":
		return colColor
	case "seats", "objects", "points", "places":
		return colSeats
	}
	return word
}

// describes tells whether columnOf found something that a seat has.
func describes(col string) bool {
	switch col {
	case colSection, colRow, colNumber, colTable, colX, colY, colCategory, colID, colCode, colAccessible, colCompanion, colNote,
		colStatus, colColor:
		return true
	}
	return false
}

// yes reads a flag the way people write one into a table.
func yes(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "true", "yes", "y", "x", "+", "✓", "ja", "oui", "si", "sí", "да":
		return true
	}
	return false
}

func no(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "0", "false", "no", "n", "-", "nein", "non", "нет":
		return true
	}
	return false
}

// single is a seat that came by itself: it names its row instead of standing in one.
type single struct {
	draftSeat
	section, row string
	table        bool
	line         int // of a grid, 0 elsewhere: seats of one line make a row
}

// name is what tells the seat from others where the file gives it no id.
func (s *single) name() string {
	if s.number == "" {
		return ""
	}
	return clean(strings.Trim(s.section+"-"+s.row+"-"+s.number, "-"), maxName-keyRoom)
}

// spans tells a number that may stand for several seats: "1-20".
func (s *single) spans() bool {
	from, to, ok := strings.Cut(strings.ReplaceAll(s.number, "–", "-"), "-")
	if !ok {
		return false
	}
	first, notFirst := strconv.Atoi(strings.TrimSpace(from))
	last, notLast := strconv.Atoi(strings.TrimSpace(to))
	return notFirst == nil && notLast == nil && first < last
}

// newSingle makes a seat of what a record says. A table's column holds its name, or a mark beside the name in the row's.
func newSingle(get func(col string) string) single {
	text := func(col string, limit int) string { return clean(get(col), limit) }
	s := single{section: text(colSection, maxName), row: text(colRow, maxShort)}
	s.number, s.id, s.category = text(colNumber, maxShort), text(colID, maxName), get(colCategory)
	s.accessible, s.companion, s.note = yes(get(colAccessible)), text(colCompanion, maxName), get(colNote)
	if code := text(colCode, maxName); code != "" && s.number == "" {
		c, _ := readCell(code)
		s.row, s.number = c.row, c.number
		if s.section == "" {
			s.section = c.section
		}
		if s.id == "" {
			s.id = code
		}
	}
	if table := text(colTable, maxShort); !no(table) {
		s.table = true
		if s.row == "" || !yes(table) {
			s.row = table
		}
	}
	return s
}
