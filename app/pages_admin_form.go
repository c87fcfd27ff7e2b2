package app

import (
	_ "embed"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairseat/app/colour"
	"fairseat/app/fault"
	"fairseat/app/money"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

//go:embed zones.txt
var zoneNames string

// timezones are the names offered; any other name of the IANA database is taken too.
var timezones = strings.Fields(zoneNames)

// currencies are those offered; an event keeps whatever it has.
var currencies = []string{"EUR", "GBP", "USD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "CAD", "AUD", "NZD", "JPY"}

// localLayout is how a browser writes <input type="datetime-local">.
const localLayout = "2006-01-02T15:04"

// eventForm is what stands in the form of an event: texts as they were typed, so that nothing is lost with an error.
type eventForm struct {
	Name, Slug, Venue, Description, Contact, Terms, Accent string
	Timezone, StartsAt, OpensAt, ClosesAt, Currency        string
	MaxPerBuyer                                            string
	OrphanRule                                             string
	Returns                                                bool
	WaitingRoom                                            bool
	Cap, PerMinute                                         string
	Identity                                               string
	ProofOfWork                                            bool
	Lanes                                                  []laneField // of a new event to be typed, else as published
	Prices                                                 []priceField
	Areas                                                  []areaField // of a new event
	Sold                                                   []soldArea  // of one that is there
	New                                                    bool
	LateOffer                                              string            // minutes
	Locks                                                  []lockField       // which categories only a code opens
	Methods                                                []methodField     // to choose from, where there is a choice
	Errors                                                 map[string]string // field → sentence
}

// lockField is a category, and whether only a code opens its seats.
type lockField struct {
	ID, Name string
	On       bool
}

// methodField is a way to pay, and whether this event takes it.
type methodField struct {
	seating.Method
	On bool
}

// offer lets the form choose among the ways to pay that the house has; chosen are those taken so far.
func (f *eventForm) offer(house, chosen []seating.Method) *eventForm {
	if len(house) > 1 {
		for _, m := range house {
			f.Methods = append(f.Methods, methodField{m, slices.Contains(chosen, m)})
		}
	}
	return f
}

// laneField is a lane and its share in percent, as typed; its number is that of its access codes.
type laneField struct {
	Number      int
	Name, Share string
}

// lanesOffered is how many a new event may have.
const lanesOffered = 4

// priceField is a category and what one of its seats costs.
type priceField struct {
	ID, Name, Color string
	Seats           int
	Text            string
}

// newForm is the form of an event that is still to be made.
func newForm(made *seating.ImportedPlan) *eventForm {
	f := &eventForm{New: true, Timezone: "Europe/Berlin", Currency: "EUR", MaxPerBuyer: "4", LateOffer: "10", OrphanRule: string(seating.OrphansOff), Returns: true, WaitingRoom: true, Cap: "200", PerMinute: "600", Identity: queue.IdentityNone, Accent: colour.House}
	for i := range lanesOffered {
		f.Lanes = append(f.Lanes, laneField{Number: i + 1})
	}
	f.Areas = areaFields(made)
	for _, c := range made.Categories {
		if c.Seats > 0 || len(f.Areas) > 0 { // an area may be sold as one that no seat has
			f.Prices = append(f.Prices, priceField{ID: c.ID, Name: c.Name, Color: c.Color, Seats: c.Seats})
			f.Locks = append(f.Locks, lockField{ID: c.ID, Name: c.Name})
		}
	}
	return f
}

// formOf is the form of an event and its line as they are.
func formOf(e *seating.Event, l queue.LineSettings) *eventForm {
	zone := zoneOf(e)
	local := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(zone).Format(localLayout)
	}
	f := &eventForm{Name: e.Name, Slug: e.Slug, Venue: e.Venue, Description: e.Description, Contact: e.Contact, Terms: e.TermsURL,
		Accent: e.Accent, Timezone: e.Timezone, StartsAt: local(e.StartsAt), OpensAt: local(e.OpensAt), Currency: e.Currency,
		LateOffer:   strconv.FormatFloat(float64(e.LateOfferSeconds)/60, 'f', -1, 64),
		MaxPerBuyer: strconv.Itoa(e.MaxPerBuyer), OrphanRule: string(e.OrphanRule), Returns: e.Returns, Identity: l.Identity, ProofOfWork: l.ProofOfWork}
	for i, lane := range l.Lanes {
		f.Lanes = append(f.Lanes, laneField{i + 1, lane.Name, strconv.Itoa(lane.Share)})
	}
	if e.ClosesAt != nil {
		f.ClosesAt = local(*e.ClosesAt)
	}
	if f.Accent == "" {
		f.Accent = colour.House
	}
	f.Sold = soldAreas(e)
	for _, c := range e.Categories {
		if c.Price != nil {
			f.Locks = append(f.Locks, lockField{c.ID, c.Name, c.Locked})
		}
		if c.Seats == 0 {
			continue
		}
		field := priceField{ID: c.ID, Name: c.Name, Color: c.Color, Seats: c.Seats}
		if c.Price != nil {
			field.Text = money.Plain(*c.Price, e.Currency)
		}
		f.Prices = append(f.Prices, field)
	}
	return f
}

// fill takes what was typed over what the form had.
func (f *eventForm) fill(v url.Values) {
	for name, to := range map[string]*string{
		"name": &f.Name, "slug": &f.Slug, "venue": &f.Venue, "description": &f.Description, "contact": &f.Contact, "terms_url": &f.Terms,
		"accent": &f.Accent, "timezone": &f.Timezone, "starts_at": &f.StartsAt, "opens_at": &f.OpensAt, "closes_at": &f.ClosesAt,
		"currency": &f.Currency, "max_per_buyer": &f.MaxPerBuyer, "orphan_rule": &f.OrphanRule, "cap": &f.Cap, "per_minute": &f.PerMinute,
		"identity": &f.Identity, "late_offer": &f.LateOffer,
	} {
		if v.Has(name) {
			*to = strings.TrimSpace(strings.ReplaceAll(v.Get(name), "\r\n", "\n"))
		}
	}
	f.ProofOfWork = v.Get("proof_of_work") == "yes"
	if v.Has("returns") {
		f.Returns = v.Get("returns") == "yes"
	}
	for i := range f.Methods {
		f.Methods[i].On = slices.Contains(v["payment_methods"], f.Methods[i].ID)
	}
	for i := range f.Locks {
		f.Locks[i].On = slices.Contains(v["locked"], f.Locks[i].ID)
	}
	if f.New {
		f.WaitingRoom = v.Get("waiting_room") == "yes"
		for i := range f.Lanes {
			number := strconv.Itoa(i + 1)
			f.Lanes[i].Name, f.Lanes[i].Share = strings.TrimSpace(v.Get("lane_"+number)), strings.TrimSpace(v.Get("share_"+number))
		}
		if f.Slug == "" {
			f.Slug = slugOf(f.Name)
		}
	}
	f.fillAreas(v)
	for i := range f.Prices {
		if name := "price_" + f.Prices[i].ID; v.Has(name) {
			f.Prices[i].Text = strings.TrimSpace(v.Get(name))
		}
	}
}

// settings are the form's values as POST /admin/events takes them; what cannot be read becomes an error by its field.
func (f *eventForm) settings() map[string]any {
	f.Errors = map[string]string{}
	s := map[string]any{"name": f.Name, "venue": f.Venue, "description": f.Description, "contact": f.Contact, "terms_url": f.Terms,
		"timezone": f.Timezone, "currency": f.Currency, "accent": f.Accent,
		"orphan_rule": f.OrphanRule, "returns": f.Returns}
	if strings.EqualFold(f.Accent, colour.House) {
		s["accent"] = "" // the house's own
	}
	f.moment(s, "starts_at", f.StartsAt)
	f.moment(s, "opens_at", f.OpensAt)
	f.moment(s, "closes_at", f.ClosesAt)
	if f.OpensAt == "" {
		f.Errors["opens_at"] = "Say when the sale opens."
	}
	if len(f.Methods) > 0 {
		taken := []string{}
		for _, m := range f.Methods {
			if m.On {
				taken = append(taken, m.ID)
			}
		}
		if s["payment_methods"] = taken; len(taken) == 0 {
			f.Errors["payment_methods"] = "Choose at least one way to pay."
		}
	}
	f.whole(s, "max_per_buyer", f.MaxPerBuyer)
	f.lateOffer(s)
	locked := []string{}
	for _, one := range f.Locks {
		if one.On {
			locked = append(locked, one.Name)
		}
	}
	s["locked"] = locked
	prices := f.prices()
	s["prices"] = prices
	// Where a code is proof enough the other is not asked, whatever the box says.
	line := map[string]any{"identity": f.Identity, "proof_of_work": f.ProofOfWork && f.Identity == queue.IdentityNone}
	if !f.New {
		f.nothingOnSale(prices)
		s["queue"] = line
		return s
	}
	if areas := f.areas(prices); len(areas) > 0 {
		s["areas"] = areas
	}
	f.nothingOnSale(prices)
	s["slug"] = f.Slug
	s["queue"] = nil
	if !f.WaitingRoom && line["identity"] != queue.IdentityNone {
		f.Errors["identity"] = "Needs a waiting room; once the event is there, it can be set without one too."
	}
	if !f.WaitingRoom && f.Laned() {
		f.Errors["lanes"] = "Need a waiting room, whose draw they share."
	}
	if f.WaitingRoom {
		f.whole(line, "cap", f.Cap)
		f.whole(line, "per_minute", f.PerMinute)
		f.lanes(line)
		s["queue"] = line
	}
	return s
}

// Laned tells whether any lane was typed.
func (f *eventForm) Laned() bool {
	return slices.ContainsFunc(f.Lanes, func(l laneField) bool { return l.Name+l.Share != "" })
}

// lanes are those that were typed, one after another: their codes go by their numbers, so none may be left out between.
func (f *eventForm) lanes(line map[string]any) {
	var lanes []map[string]any
	for i, typed := range f.Lanes {
		if typed.Name == "" && typed.Share == "" {
			continue
		}
		share, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(typed.Share, "%")))
		switch {
		case typed.Name == "" || err != nil:
			f.Errors["lanes"] = "Each lane has a name, and a share that is a whole number of percent."
		case len(lanes) < i:
			f.Errors["lanes"] = "Lane " + strconv.Itoa(i) + " is empty: fill them from the first on."
		}
		lanes = append(lanes, map[string]any{"name": typed.Name, "share": share})
	}
	if len(lanes) > 0 {
		line["lanes"] = lanes
	}
}

// moment reads the venue's own clock. A time that the clocks jump over, or that no clock shows, is an error.
func (f *eventForm) moment(s map[string]any, field, text string) {
	if s[field] = nil; text == "" {
		return
	}
	zone, err := time.LoadLocation(f.Timezone)
	if err != nil || f.Timezone == "" {
		return // the zone has an error of its own
	}
	text = text[:min(len(text), len(localLayout))] // some browsers add seconds
	at, err := time.ParseInLocation(localLayout, text, zone)
	switch {
	case err != nil:
		f.Errors[field] = "Is no date and time, such as 2027-05-01T19:30."
	case at.Format(localLayout) != text:
		f.Errors[field] = "That hour does not exist on that day: the clocks go forward."
	default:
		s[field] = at.UTC().Format(time.RFC3339)
	}
}

// lateOffer is typed in minutes, and kept in seconds.
func (f *eventForm) lateOffer(s map[string]any) {
	minutes, err := strconv.ParseFloat(f.LateOffer, 64)
	if err != nil || !(minutes >= 0 && minutes <= 24*60) {
		f.Errors["late_offer"] = "Is a number of minutes up to 1440; 0 offers none."
		return
	}
	s["late_offer_seconds"] = int(math.Round(minutes * 60))
}

func (f *eventForm) whole(s map[string]any, field, text string) {
	n, err := strconv.Atoi(text)
	if err != nil {
		f.Errors[field] = "Is a whole number."
		return
	}
	s[field] = n
}

// prices are by category name; an empty one is not on sale.
func (f *eventForm) prices() map[string]any {
	out := map[string]any{}
	for _, p := range f.Prices {
		if out[p.Name] = nil; p.Text == "" {
			continue
		}
		minor, ok := money.Parse(p.Text, f.Currency)
		switch {
		case !ok:
			f.Errors["price_"+p.ID] = "Is a price such as " + money.Plain(4250, f.Currency) + ", or empty."
		case minor > math.MaxInt32:
			f.Errors["price_"+p.ID] = "Is at most " + money.Plain(math.MaxInt32, f.Currency) + "."
		}
		out[p.Name] = minor
	}
	return out
}

// nothingOnSale says so when no category has a price.
func (f *eventForm) nothingOnSale(prices map[string]any) {
	for _, price := range prices {
		if price != nil {
			return
		}
	}
	f.Errors["prices"] = "Give at least one category a price, or nothing is on sale."
}

// refuse takes a refusal of the settings back to the fields; false when it is about something else.
func (f *eventForm) refuse(err error) bool {
	refused := fault.As(err)
	if refused == nil {
		return false
	}
	say := func(field, why string) {
		if f.Errors[field] == "" { // what we said ourselves knows what was typed
			f.Errors[field] = why
		}
	}
	switch refused.Code {
	case seating.ErrSlugTaken.Code:
		say("slug", "Another event has this address already; choose another one.")
	case queue.ErrAlreadyDrawn.Code:
		say("opens_at", "The draw is made, so the opening stays as it is.")
	case fault.ErrBadField.Code:
		fields, _ := refused.Facts["fields"].(fault.Fields)
		for name, why := range fields {
			switch {
			case name == "slug" && f.Slug == "" && f.Name == "":
				continue // it is made of the name
			case name == "opens_at" && f.OpensAt != "" && fields["timezone"] != "":
				continue // it was typed, but is no moment without a zone
			}
			say(strings.TrimPrefix(name, "queue."), strings.ToUpper(why[:1])+why[1:]+".")
		}
	default:
		return false
	}
	return true
}

// Said is a moment of the form as it is elsewhere: "Saturday, 1 May 2027, 19:30 CEST – 17:30 UTC".
func (f *eventForm) Said(text string) string {
	zone, err := time.LoadLocation(f.Timezone)
	if err != nil {
		return ""
	}
	at, err := time.ParseInLocation(localLayout, text, zone)
	if err != nil {
		return ""
	}
	return "That is " + at.Format("15:04 MST") + " at the venue, " + at.UTC().Format("15:04") + " UTC."
}

// Currencies are those offered, with the form's own.
func (f *eventForm) Currencies() []string {
	if slices.Contains(currencies, f.Currency) || f.Currency == "" {
		return currencies
	}
	return append([]string{f.Currency}, currencies...)
}

// Zones are the names offered.
func (f *eventForm) Zones() []string { return timezones }

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slugOf suggests an address for a name: "Spring Gala 2027" becomes spring-gala-2027.
func slugOf(name string) string {
	plain := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "å", "a", "é", "e", "è", "e", "ø", "o", "ñ", "n", "ç", "c").
		Replace(strings.ToLower(name))
	slug := strings.Trim(notSlug.ReplaceAllString(plain, "-"), "-")
	return strings.Trim(slug[:min(len(slug), 60)], "-")
}

// fieldError is what is wrong with a field, for the template; Text is "" for nothing.
type fieldError struct{ Name, Text string }

// Err is the error of a field.
func (f *eventForm) Err(name string) fieldError { return fieldError{name, f.Errors[name]} }

// ErrOfPrice is the error of a category's price.
func (f *eventForm) ErrOfPrice(id string) fieldError { return f.Err("price_" + id) }

var fieldLabels = map[string]string{
	"name": "Name", "slug": "Address", "venue": "Venue", "description": "Description", "contact": "Contact", "terms_url": "Terms",
	"timezone": "Time zone", "starts_at": "The event starts", "opens_at": "The sale opens", "closes_at": "The sale closes",
	"currency": "Currency", "prices": "Prices", "max_per_buyer": "Seats one buyer may have", "orphan_rule": "Single seats left behind", "returns": "Tickets given back", "cap": "Inside at once",
	"per_minute": "Let in a minute", "identity": "Who may join", "proof_of_work": "Work for browsers", "accent": "Colour",
	"late_offer": "Other seats for late money", "locked": "Only with a code", "lanes": "Lanes", "areas": "Areas", "payment_methods": "How to pay",
}

// Label is what a field is called in the form.
func (f *eventForm) Label(name string) string {
	for _, p := range f.Prices {
		if name == "price_"+p.ID {
			return p.Name
		}
	}
	if label, ok := f.areaLabel(name); ok {
		return label
	}
	if label, ok := fieldLabels[name]; ok {
		return label
	}
	return title(strings.ReplaceAll(name, "_", "-"))
}
