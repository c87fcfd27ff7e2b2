package checkout

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/idempotency"
	"fairseat/app/request"
	"fairseat/modules/checkout/promotion"
)

const (
	mostCodes        = 10_000 // of one promotion
	mostUses         = 1_000_000
	mostUsesOfBuyer  = 1000
	longestPromoName = 200
)

// ErrPromoExists is about a word that is another promotion's code, in this event and now.
var ErrPromoExists = fault.New(fault.Conflict, "promo-exists", "Another promotion of this event has this code. Switch that one off first, or take another word.")

// Draft is a promotion that staff want to make.
type Draft struct {
	Name        string
	Code        string // a word of their own; "" for codes that nobody guesses
	Codes       int    // how many of those
	Terms       promotion.Terms
	MaxUses     *int // seats, of each code
	MaxPerBuyer *int // seats of one buyer, of each code
	StartsAt    *time.Time
	EndsAt      *time.Time
}

// Promotion is one as staff see it.
type Promotion struct {
	ID      uuid.UUID
	Draft          // Code is as it is printed, if it has one alone
	Uses    int    // seats that are being bought, or are, at its price
	Saved   int64  // what it took off them
	State   string // "on", "not-yet", "over", "off"
	MadeBy  string
	MadeAt  time.Time
	EndedAt *time.Time
	Created []string // the codes, right after they were made
}

// MakePromotion makes a promotion with one code or many, and locks the categories that they open; ErrPromoExists, or bad-field with what cannot be.
func (s *Service) MakePromotion(ctx context.Context, who request.Staff, ip string, eventID int64, d Draft) (*Promotion, error) {
	event, err := s.Events.Event(ctx, eventID)
	if err != nil {
		return nil, err
	}
	if err := d.check(event, s.Clock.Now()); err != nil {
		return nil, err
	}
	made := &Promotion{ID: newID(), Draft: d, MadeBy: who.Email}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := s.store.insertPromotion(ctx, tx, eventID, made); err != nil {
			return err
		}
		if len(d.Terms.Unlocks) > 0 {
			if err := s.Locks.Lock(ctx, tx, eventID, d.Terms.Unlocks); err != nil {
				return err
			}
		}
		if made.Created, err = s.store.insertCodes(ctx, tx, eventID, made.ID, d); err != nil {
			return err
		}
		detail := map[string]any{"name": d.Name, "codes": len(made.Created)}
		if d.Code != "" {
			detail["code"] = d.Code
		}
		if len(d.Terms.Unlocks) > 0 {
			detail["unlocks"] = d.Terms.Unlocks
		}
		if err := s.Journal.Note(ctx, tx, who, ip, "promotion.make", "event:"+event.Slug, detail); err != nil {
			return err
		}
		all, err := s.store.promotions(ctx, tx, eventID, made.ID)
		if err != nil {
			return err
		}
		all[0].Created = made.Created
		made = &all[0]
		return idempotency.Record(ctx, tx, 201, newPromotionView(*made))
	})
	if err != nil {
		return nil, err
	}
	if len(d.Terms.Unlocks) > 0 {
		s.Locks.Forget(ctx, eventID)
	}
	return made, nil
}

// check tidies a draft and names every field that cannot be.
func (d *Draft) check(event Event, now time.Time) error {
	fields := fault.Fields{}
	d.Name, d.Code = strings.TrimSpace(d.Name), strings.TrimSpace(d.Code)
	if utf8.RuneCountInString(d.Name) > longestPromoName || !printable(d.Name) {
		fields["name"] = "at most 200 printable characters"
	}
	switch _, ok := promotion.Normal(d.Code); {
	case d.Code != "" && !ok:
		fields["code"] = "must be 3 to 40 letters and digits; spaces and dashes do not count"
	case d.Code != "" && d.Codes > 1:
		fields["codes"] = "must be left out with a code of your own"
	case d.Code == "" && (d.Codes < 0 || d.Codes > mostCodes):
		fields["codes"] = "must be 1 to 10000"
	}
	d.checkTerms(event, fields)
	if d.MaxUses != nil && (*d.MaxUses < 1 || *d.MaxUses > mostUses) {
		fields["max_uses"] = "must be 1 to 1000000, or left out for no limit"
	}
	if d.MaxPerBuyer != nil && (*d.MaxPerBuyer < 1 || *d.MaxPerBuyer > mostUsesOfBuyer) {
		fields["max_per_buyer"] = "must be 1 to 1000, or left out for no limit"
	}
	if d.EndsAt != nil && (!d.EndsAt.After(now) || (d.StartsAt != nil && !d.EndsAt.After(*d.StartsAt))) {
		fields["ends_at"] = "must lie ahead, and after the start"
	}
	return fields.Err()
}

func (d *Draft) checkTerms(event Event, fields fault.Fields) {
	t := &d.Terms
	kinds := 0
	for _, set := range []bool{t.Percent != 0, t.Amount != 0, len(t.Prices) > 0} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds > 1 || kinds == 0 && len(t.Unlocks) == 0:
		fields["percent"] = "say exactly one of percent, amount and prices, or none for a code that only opens seats"
	case t.Percent < 0 || t.Percent > 100:
		fields["percent"] = "must be 1 to 100"
	case t.Amount < 0:
		fields["amount"] = "must be above 0, in minor units"
	case len(t.Prices) > 0 && len(t.Categories) > 0:
		fields["categories"] = "prices name their own"
	}
	prices := map[string]int64{}
	for named, price := range t.Prices {
		id, ok := categoryID(event, named)
		if !ok || price < 0 {
			fields["prices"] = "must be sums in minor units by categories of this event that are on sale"
		}
		prices[id] = price
	}
	if len(prices) > 0 {
		t.Prices = prices
	}
	t.Categories = categoryIDs(event, t.Categories, "categories", fields)
	t.Unlocks = categoryIDs(event, t.Unlocks, "unlocks", fields)
}

// categoryIDs are the ids of categories on sale, each once.
func categoryIDs(event Event, named []string, field string, fields fault.Fields) []string {
	var ids []string
	for _, name := range named {
		id, ok := categoryID(event, name)
		if !ok {
			fields[field] = "must be categories of this event that are on sale"
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// categoryID finds a category on sale by its id or, as a new event's prices do, by its name.
func categoryID(event Event, named string) (string, bool) {
	for _, c := range event.Categories {
		if (c.ID == named || c.Name == named) && c.Price != nil {
			return c.ID, true
		}
	}
	return "", false
}

// Promotions are those of an event, the newest first.
func (s *Service) Promotions(ctx context.Context, eventID int64) ([]Promotion, error) {
	return s.store.promotions(ctx, s.DB, eventID, uuid.Nil)
}

// EndPromotion switches a promotion off, with all its codes. Orders made with it stay as they are. Doing so again is no
// error; ErrNotFound if this event has no such promotion.
func (s *Service) EndPromotion(ctx context.Context, who request.Staff, ip string, eventID int64, id uuid.UUID) error {
	event, err := s.Events.Event(ctx, eventID)
	if err != nil {
		return err
	}
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		ended, err := s.store.endPromotion(ctx, tx, eventID, id)
		if err != nil || !ended {
			return err
		}
		return s.Journal.Note(ctx, tx, who, ip, "promotion.end", "event:"+event.Slug, map[string]any{"promotion": id})
	})
}

// ExportCodes writes the codes of a promotion as CSV, each with how often it was used; ErrNotFound.
func (s *Service) ExportCodes(ctx context.Context, who request.Staff, ip string, eventID int64, id uuid.UUID, w io.Writer) error {
	codes, err := s.store.codesOf(ctx, eventID, id)
	if err != nil {
		return err
	}
	if len(codes) == 0 {
		return ErrNotFound
	}
	if err := s.Journal.Note(ctx, s.DB, who, ip, "promotion.export", "promotion:"+id.String(), nil); err != nil {
		s.Log.Warn("export not noted in the log", "promotion", id, "error", err)
	}
	out := csv.NewWriter(w)
	rows := [][]string{{"code", "uses", "max_uses"}}
	for _, c := range codes {
		most := ""
		if c.MaxUses != nil {
			most = fmt.Sprint(*c.MaxUses)
		}
		rows = append(rows, []string{csvText(c.Shown), fmt.Sprint(c.Uses), most})
	}
	return out.WriteAll(rows)
}

// HasPromotions tells whether an event has a code that is good now: else nobody is asked for one.
func (s *Service) HasPromotions(ctx context.Context, eventID int64) (bool, error) {
	return s.store.hasPromotions(ctx, eventID)
}
