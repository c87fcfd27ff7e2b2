package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/promotion"
)

func (s store) insertPromotion(ctx context.Context, tx *gorm.DB, eventID int64, p *Promotion) error {
	var percent *int
	var amount *int64
	var prices *string
	switch t := p.Terms; {
	case t.Percent > 0:
		percent = &t.Percent
	case t.Amount > 0:
		amount = &t.Amount
	case t.Prices != nil:
		text, err := json.Marshal(t.Prices)
		if err != nil {
			return err
		}
		prices = new(string)
		*prices = string(text)
	}
	categories, err := json.Marshal(append([]string{}, p.Terms.Categories...))
	if err != nil {
		return err
	}
	unlocks, err := json.Marshal(append([]string{}, p.Terms.Unlocks...))
	if err != nil {
		return err
	}
	if err := tx.WithContext(ctx).Exec(`INSERT INTO promotions (id, event_id, name, percent, amount, prices, categories, unlocks, max_uses, max_per_buyer,
		starts_at, ends_at, made_by, created_at) VALUES (?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?::jsonb, ?, ?, ?, ?, ?, `+now+`)`,
		p.ID, eventID, p.Name, percent, amount, prices, string(categories), string(unlocks), p.MaxUses, p.MaxPerBuyer, p.StartsAt, p.EndsAt, p.MadeBy, s.now()).Error; err != nil {
		return fmt.Errorf("insert promotion: %w", err)
	}
	return nil
}

// insertCodes writes the codes of a draft and answers them as they are printed. A random code that is in use already is
// drawn again.
func (s store) insertCodes(ctx context.Context, tx *gorm.DB, eventID int64, id uuid.UUID, d Draft) (codes []string, err error) {
	const statement = `INSERT INTO promotion_codes (promotion_id, event_id, code, shown, max_uses, max_per_buyer) VALUES `
	const perStatement = 1000
	draw, wanted := promotion.Random, max(d.Codes, 1)
	if d.Code != "" {
		draw = func() string { return d.Code }
	}
	for len(codes) < wanted {
		values, args := "", []any{}
		for i := range min(wanted-len(codes), perStatement) {
			shown := draw()
			code, _ := promotion.Normal(shown)
			if i > 0 {
				values += ", "
			}
			values, args = values+`(?, ?, ?, ?, ?, ?)`, append(args, id, eventID, code, shown, d.MaxUses, d.MaxPerBuyer)
		}
		var made []string
		if err := tx.WithContext(ctx).Raw(statement+values+` ON CONFLICT DO NOTHING RETURNING shown`, args...).Scan(&made).Error; err != nil {
			return nil, fmt.Errorf("insert codes: %w", err)
		}
		if len(made) == 0 {
			return nil, ErrPromoExists
		}
		codes = append(codes, made...)
	}
	return codes, nil
}

// promotions are those of an event, newest first, or the one that is named.
func (s store) promotions(ctx context.Context, db *gorm.DB, eventID int64, id uuid.UUID) ([]Promotion, error) {
	var rows []struct {
		ID                   uuid.UUID
		Name, Code           string
		Codes                int
		Percent              *int
		Amount               *int64
		Prices               *string
		Categories, Unlocks  string
		State                string
		MaxUses, MaxPerBuyer *int
		StartsAt, EndsAt     *time.Time
		Uses                 int
		Saved                int64
		MadeBy               string
		MadeAt               time.Time
		EndedAt              *time.Time
	}
	err := db.WithContext(ctx).Raw(`SELECT p.id, p.name, p.percent, p.amount, p.prices, p.categories, p.unlocks, p.max_uses, p.max_per_buyer, p.starts_at, p.ends_at,
		p.made_by, p.created_at AS made_at, p.ended_at, k.codes, CASE WHEN k.codes = 1 THEN k.shown ELSE '' END AS code, u.uses, u.saved,
		CASE WHEN p.ended_at IS NOT NULL THEN 'off' WHEN p.ends_at <= `+now+` THEN 'over' WHEN p.starts_at > `+now+` THEN 'not-yet' ELSE 'on' END AS state
		FROM promotions p
		CROSS JOIN LATERAL (SELECT count(*) AS codes, min(shown) AS shown FROM promotion_codes c WHERE c.promotion_id = p.id) k
		CROSS JOIN LATERAL (SELECT count(*) AS uses, coalesce(sum(u.full_price - s.price), 0)::bigint AS saved FROM promotion_codes c
			JOIN promotion_uses u ON u.code_id = c.id AND u.freed_at IS NULL JOIN seat_claims s ON s.id = u.claim_id WHERE c.promotion_id = p.id) u
		WHERE p.event_id = ? AND (?::uuid = ?::uuid OR p.id = ?) ORDER BY p.created_at DESC, p.id DESC`,
		s.now(), s.now(), eventID, id, uuid.Nil, id).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read promotions: %w", err)
	}
	out := make([]Promotion, len(rows))
	for i, r := range rows {
		terms, err := termsOf(r.Percent, r.Amount, r.Prices, r.Categories, r.Unlocks)
		if err != nil {
			return nil, err
		}
		out[i] = Promotion{ID: r.ID, Draft: Draft{Name: r.Name, Code: r.Code, Codes: r.Codes, Terms: terms, MaxUses: r.MaxUses, MaxPerBuyer: r.MaxPerBuyer,
			StartsAt: r.StartsAt, EndsAt: r.EndsAt}, Uses: r.Uses, Saved: r.Saved, State: r.State, MadeBy: r.MadeBy, MadeAt: r.MadeAt, EndedAt: r.EndedAt}
	}
	return out, nil
}

// endPromotion switches a promotion and its codes off; false if it was.
func (s store) endPromotion(ctx context.Context, tx *gorm.DB, eventID int64, id uuid.UUID) (bool, error) {
	tx = tx.WithContext(ctx)
	n, err := changed(tx, `UPDATE promotions SET ended_at = `+now+` WHERE id = ? AND event_id = ? AND ended_at IS NULL`, s.now(), id, eventID)
	if err != nil {
		return false, fmt.Errorf("end promotion: %w", err)
	}
	if n == 0 {
		var there bool
		_, err := one(tx, &there, `SELECT EXISTS (SELECT 1 FROM promotions WHERE id = ? AND event_id = ?)`, id, eventID)
		if err == nil && !there {
			err = ErrNotFound
		}
		return false, err
	}
	if _, err := changed(tx, `UPDATE promotion_codes SET ended_at = `+now+` WHERE promotion_id = ? AND ended_at IS NULL`, s.now(), id); err != nil {
		return false, fmt.Errorf("end codes: %w", err)
	}
	return true, nil
}

type usedCode struct {
	Shown   string
	Uses    int
	MaxUses *int
}

// codesOf are the codes of a promotion with their uses, in the order they were made.
func (s store) codesOf(ctx context.Context, eventID int64, id uuid.UUID) (codes []usedCode, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT c.shown, c.max_uses, (SELECT count(*) FROM promotion_uses u WHERE u.code_id = c.id AND u.freed_at IS NULL) AS uses
		FROM promotion_codes c WHERE c.promotion_id = ? AND c.event_id = ? ORDER BY c.id`, id, eventID).Scan(&codes).Error
	if err != nil {
		return nil, fmt.Errorf("read codes: %w", err)
	}
	return codes, nil
}

func (s store) hasPromotions(ctx context.Context, eventID int64) (has bool, err error) {
	if _, err = one(s.db.WithContext(ctx), &has, `SELECT EXISTS (SELECT 1 FROM promotions WHERE event_id = ? AND ended_at IS NULL
		AND (starts_at IS NULL OR starts_at <= `+now+`) AND (ends_at IS NULL OR ends_at > `+now+`))`, eventID, s.now(), s.now()); err != nil {
		return false, fmt.Errorf("look for promotions: %w", err)
	}
	return has, nil
}
