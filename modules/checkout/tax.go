package checkout

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/request"
)

// Taxes are what an event says of its own; where it says nothing the installation's rate counts.
func (s *Service) Taxes(ctx context.Context, eventID int64) ([]EventTax, error) {
	taxes := []EventTax{}
	if err := s.DB.WithContext(ctx).Raw(`SELECT category, rate, name FROM event_taxes WHERE event_id = ? ORDER BY category`, eventID).Scan(&taxes).Error; err != nil {
		return nil, fmt.Errorf("read taxes: %w", err)
	}
	return taxes, nil
}

// SetTaxes says all that an event says of tax. It counts for orders paid from now on; invoices that are made stay. Prices do
// not change: tax is inside.
func (s *Service) SetTaxes(ctx context.Context, who request.Staff, ip string, eventID int64, taxes []EventTax) error {
	event, err := s.Events.Event(ctx, eventID)
	if err != nil {
		return err
	}
	if err := checkTaxes(event, taxes); err != nil {
		return err
	}
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// Two who save at once take turns, or both their lists would stand.
		if err := tx.Exec(`SELECT pg_advisory_xact_lock(hashtext('event_taxes'), ?::int)`, int32(eventID)).Error; err != nil {
			return err
		}
		if err := tx.Exec(`DELETE FROM event_taxes WHERE event_id = ?`, eventID).Error; err != nil {
			return fmt.Errorf("clear taxes: %w", err)
		}
		for _, t := range taxes {
			if err := tx.Exec(`INSERT INTO event_taxes (event_id, category, rate, name) VALUES (?, ?, ?, ?)`, eventID, t.Category, t.Rate, t.Name).Error; err != nil {
				return fmt.Errorf("insert tax: %w", err)
			}
		}
		return s.Journal.Note(ctx, tx, who, ip, "event.taxes", "event:"+event.Slug, map[string]any{"taxes": len(taxes)})
	})
}

// checkTaxes tidies a list, names rates that have no name, and says what cannot be.
func checkTaxes(event Event, taxes []EventTax) error {
	fields, seen := fault.Fields{}, map[string]bool{}
	for i := range taxes {
		t := &taxes[i]
		t.Name = strings.TrimSpace(t.Name)
		if t.Category != "" {
			id, ok := categoryID(event, t.Category)
			if !ok {
				fields["category"] = "must be a category of this event that is on sale"
			}
			t.Category = id
		}
		if seen[t.Category] {
			fields["taxes"] = "say each category once"
		}
		seen[t.Category] = true
		if t.Rate < 0 || t.Rate > 10_000 {
			fields["rate"] = "must be 0 to 10000 basis points: 1900 is 19 %"
		}
		if len([]rune(t.Name)) > longestTaxName || !printable(t.Name) {
			fields["name"] = "at most 60 printable characters"
		}
		if t.Name == "" {
			t.Name = TaxName(t.Rate)
		}
	}
	return fields.Err()
}

// TaxName is what a rate is called that was given no name: "Tax 8.25 %"; "" for none.
func TaxName(points int) string {
	if points == 0 {
		return ""
	}
	whole := fmt.Sprintf("%d.%02d", points/100, points%100)
	return "Tax " + strings.TrimSuffix(strings.TrimRight(whole, "0"), ".") + " %"
}
