package seating

import (
	"encoding/json"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container without zone files still knows Europe/Berlin
	"unicode/utf8"

	"fairseat/app/colour"
	"fairseat/app/fault"
	"fairseat/app/money"
)

// eventRequest is the body of POST and PATCH events. A field that is not there changes nothing.
type eventRequest struct {
	Slug        *string `json:"slug,omitempty"`
	Plan        *string `json:"plan,omitempty"`
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Venue       *string `json:"venue,omitempty"`
	Contact     *string `json:"contact,omitempty"`
	TermsURL    *string `json:"terms_url,omitempty"`
	Accent      *string `json:"accent,omitempty"`
	Timezone    *string `json:"timezone,omitempty"`
	Currency    *string `json:"currency,omitempty"`

	Prices map[string]json.RawMessage `json:"prices,omitempty"`
	Locked *[]string                  `json:"locked,omitempty"` // names of categories that only a code opens

	StartsAt   json.RawMessage `json:"starts_at,omitempty"`
	PrequeueAt json.RawMessage `json:"prequeue_at,omitempty"`
	OpensAt    json.RawMessage `json:"opens_at,omitempty"`
	ClosesAt   json.RawMessage `json:"closes_at,omitempty"`

	HoldSeconds      json.RawMessage `json:"hold_seconds,omitempty"`
	PaySeconds       json.RawMessage `json:"pay_seconds,omitempty"`
	LateOfferSeconds json.RawMessage `json:"late_offer_seconds,omitempty"`
	PaymentMethods   *[]string       `json:"payment_methods,omitempty"`
	MaxPerBuyer      json.RawMessage `json:"max_per_buyer,omitempty"`

	OrphanRule json.RawMessage            `json:"orphan_rule,omitempty"`
	Returns    json.RawMessage            `json:"returns,omitempty"`
	Areas      map[string]json.RawMessage `json:"areas,omitempty"`
	Queue      json.RawMessage            `json:"queue,omitempty"`
}

// queueRequest is the member queue of an eventRequest.
type queueRequest struct {
	Cap         json.RawMessage `json:"cap,omitempty"`
	PerMinute   json.RawMessage `json:"per_minute,omitempty"`
	Identity    json.RawMessage `json:"identity,omitempty"`
	ProofOfWork json.RawMessage `json:"proof_of_work,omitempty"`
	Lanes       json.RawMessage `json:"lanes,omitempty"` // read by lanes
}

// isSlug tells whether an event may be called so; the table has the same rule.
func isSlug(s string) bool {
	for i := range len(s) {
		letter := s[i] >= 'a' && s[i] <= 'z' || s[i] >= '0' && s[i] <= '9'
		if !letter && (s[i] != '-' || i == 0 || i == len(s)-1 || s[i-1] == '-') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// apply writes the request's values into e, and what is wrong with them into fields.
func (r *eventRequest) apply(e *Event, fields fault.Fields) {
	text := func(name string, from *string, to *string, most int) {
		if from == nil {
			return
		}
		switch *to = strings.TrimSpace(*from); {
		case !utf8.ValidString(*to) || strings.ContainsRune(*to, 0):
			fields[name] = "is not text"
		case utf8.RuneCountInString(*to) > most:
			fields[name] = "is too long"
		}
	}
	text("name", r.Name, &e.Name, 200)
	text("description", r.Description, &e.Description, 10_000)
	text("venue", r.Venue, &e.Venue, 300)
	text("contact", r.Contact, &e.Contact, 300)
	text("terms_url", r.TermsURL, &e.TermsURL, 1000)
	text("accent", r.Accent, &e.Accent, 7)
	e.Accent = strings.ToLower(e.Accent)
	text("timezone", r.Timezone, &e.Timezone, 100)
	text("currency", r.Currency, &e.Currency, 10)

	starts := orNil(e.StartsAt)
	moment(fields, "starts_at", r.StartsAt, &starts)
	e.StartsAt = time.Time{}
	if starts != nil {
		e.StartsAt = *starts
	}
	moment(fields, "closes_at", r.ClosesAt, &e.ClosesAt)

	number(fields, "hold_seconds", r.HoldSeconds, &e.HoldSeconds, 1, 86_400)
	number(fields, "pay_seconds", r.PaySeconds, &e.PaySeconds, 1, 604_800)
	if r.PaymentMethods != nil {
		e.PaymentMethods = *r.PaymentMethods
	}
	number(fields, "late_offer_seconds", r.LateOfferSeconds, &e.LateOfferSeconds, 0, 86_400)
	number(fields, "max_per_buyer", r.MaxPerBuyer, &e.MaxPerBuyer, 1, 50)
	if !absent(r.OrphanRule) && (json.Unmarshal(r.OrphanRule, &e.OrphanRule) != nil || !e.OrphanRule.Valid()) {
		fields["orphan_rule"] = "is off, lenient or strict"
	}
	if !absent(r.Returns) && json.Unmarshal(r.Returns, &e.Returns) != nil {
		fields["returns"] = "is true or false"
	}
}

// schedule settles the opening and the prequeue. An opening in the past means now; a prequeue that is not named stands
// half an hour before the opening, and moves along with it while it is still to come.
func (r *eventRequest) schedule(e *Event, now time.Time, fields fault.Fields) {
	opens, was := orNil(e.OpensAt), e.OpensAt
	moment(fields, "opens_at", r.OpensAt, &opens)
	if !absent(r.OpensAt) && opens != nil {
		e.OpensAt = *opens
		if e.OpensAt.Before(now) {
			e.OpensAt = now
		}
	}
	prequeue := orNil(e.PrequeueAt)
	moment(fields, "prequeue_at", r.PrequeueAt, &prequeue)
	switch {
	case !absent(r.PrequeueAt) && prequeue != nil:
		e.PrequeueAt = *prequeue
	case prequeue == nil:
		e.PrequeueAt = e.OpensAt.Add(-30 * time.Minute)
	case e.PrequeueAt.After(now):
		e.PrequeueAt = e.PrequeueAt.Add(e.OpensAt.Sub(was))
	case e.PrequeueAt.After(e.OpensAt):
		e.PrequeueAt = e.OpensAt
	}
}

// check holds the settings against what an event promises.
func (e *Event) check(fields fault.Fields) {
	refuse := func(bad bool, name, why string) {
		if bad && fields[name] == "" {
			fields[name] = why
		}
	}
	refuse(!isSlug(e.Slug), "slug", "is a-z, 0-9 and single dashes between them, at most 64")
	refuse(e.Name == "", "name", "is needed")
	refuse(!money.Valid(e.Currency), "currency", "is no ISO 4217 code in capitals")
	zone, err := time.LoadLocation(e.Timezone)
	refuse(err != nil || e.Timezone == "" || zone == time.Local, "timezone", "is no name of the IANA database, such as Europe/Berlin")
	refuse(e.TermsURL != "" && !isWebAddress(e.TermsURL), "terms_url", "is no http or https address")
	_, err = colour.Parse(e.Accent)
	refuse(err != nil, "accent", "is no colour like #1f5fbf")
	refuse(e.OpensAt.IsZero(), "opens_at", "is needed")
	refuse(e.PrequeueAt.After(e.OpensAt), "prequeue_at", "lies after the sale opens")
	refuse(e.ClosesAt != nil && !e.ClosesAt.After(e.OpensAt), "closes_at", "must be after the sale opens")
}

// price sets prices by category name. Creating names every category that has seats, changing only some.
func (r *eventRequest) price(e *Event, fields fault.Fields) {
	for _, name := range slices.Sorted(maps.Keys(r.Prices)) {
		i := slices.IndexFunc(e.Categories, func(c Category) bool { return c.Name == name })
		if i < 0 {
			fields["prices"] = "the plan has no category " + name
			return
		}
		raw := r.Prices[name]
		if e.Categories[i].Price = nil; string(raw) == "null" {
			continue
		}
		var minor int
		number(fields, "prices", raw, &minor, 0, math.MaxInt32)
		price := int64(minor)
		e.Categories[i].Price = &price
	}
}

// missingPrices names the categories with seats that the request says nothing about.
func (r *eventRequest) missingPrices(e *Event) []string {
	var missing []string
	for _, c := range e.Categories {
		if _, ok := r.Prices[c.Name]; !ok && c.Seats > 0 {
			missing = append(missing, c.Name)
		}
	}
	return missing
}

// line reads the member queue. none says that it is null: no draw. Values not named are nil.
func (r *eventRequest) line(fields fault.Fields) (change LineChange, none bool) {
	if len(r.Queue) == 0 {
		return LineChange{}, false
	}
	if string(r.Queue) == "null" {
		return LineChange{}, true
	}
	var q queueRequest
	if err := strict(r.Queue, &q); err != nil {
		fields["queue"] = "is an object of cap, per_minute, identity, proof_of_work and lanes, or null"
		return LineChange{}, false
	}
	read := func(name string, raw json.RawMessage) *int {
		if len(raw) == 0 {
			return nil
		}
		var n int
		number(fields, "queue."+name, raw, &n, 1, 1_000_000)
		return &n
	}
	change.Cap = read("cap", q.Cap)
	if change.NoPerMinute = string(q.PerMinute) == "null"; !change.NoPerMinute {
		change.PerMinute = read("per_minute", q.PerMinute)
	}
	if !absent(q.Identity) && json.Unmarshal(q.Identity, &change.Identity) != nil {
		fields["queue.identity"] = "is none, email or access_code"
	}
	if !absent(q.ProofOfWork) && json.Unmarshal(q.ProofOfWork, &change.ProofOfWork) != nil {
		fields["queue.proof_of_work"] = "is true or false"
	}
	return change, false
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
