package app

import "fairseat/modules/seating"

// The house in words, as the list without script shows it: what a part and a row are called, and each seat within its row.
type (
	seatPart struct {
		seating.Part
		Title string
	}
	seatRow struct {
		seating.ListedRow
		Title string
		Seats []seatLine
	}
	seatLine struct {
		seating.ListedSeat
		Said   string // "Seat 12": the row has been named by then
		Beside string // the wheelchair place that it belongs to
	}
)

func (a *App) seatRows(list seating.Listed) ([]seatPart, []seatRow, error) {
	say := &speaker{words: a.pages.Words("checkout")}
	parts, rows := make([]seatPart, len(list.Parts)), make([]seatRow, len(list.Rows))
	for i, part := range list.Parts {
		parts[i] = seatPart{part, say.part(part)}
	}
	for i, row := range list.Rows {
		rows[i] = seatRow{ListedRow: row, Title: say.rowTitle(row), Seats: make([]seatLine, len(row.Seats))}
		for j, seat := range row.Seats {
			line := seatLine{ListedSeat: seat, Said: upper(say.t("seat.one", "seat", seat.Number))}
			if of := seat.Beside; of != nil {
				if line.Beside = of.Number; of.Zone != seat.Zone || of.Row != seat.Row {
					line.Beside = say.names(*of)
				}
			}
			rows[i].Seats[j] = line
		}
	}
	return parts, rows, say.err
}

// part is a part of the house: "Balcony", "Balcony, rows A to F".
func (s *speaker) part(p seating.Part) string {
	zone, rest := s.section(p.Zone), ""
	switch {
	case p.BySeat:
		rest = s.t("seat.numbers", "numbers", stretch(p.From, p.To))
	case p.From != "" && p.From == p.To:
		rest = s.row(p.From, false)
	case p.From != "":
		rest = s.t("list.rows", "from", p.From, "to", p.To)
	case zone == "":
		return s.t("list.rest")
	}
	if zone != "" && rest != "" {
		rest = ", " + rest
	}
	return upper(zone + rest)
}

// rowTitle is a row by itself: "Row F", one of several of that name "Row F, 1–12", one without a name "Seats 121–150".
func (s *speaker) rowTitle(row seating.ListedRow) string {
	name, all := s.row(row.Label, row.Table), stretch(row.From, row.To)
	switch {
	case name == "" && row.From == row.To:
		name = s.t("seat.one", "seat", all)
	case name == "":
		name = s.t("seat.numbers", "numbers", all)
	case row.Same:
		name += ", " + all
	}
	return upper(name)
}
