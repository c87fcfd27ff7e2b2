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

// promoLock keeps a code from being switched off and, where its uses are counted, from being used by two orders at once.
// The slots' unique indexes have the last word; this only spares everybody but one the refusal.
const promoLock = "FOR NO KEY UPDATE OF c"

// promoRow is a code as the tables have it.
type promoRow struct {
	ID          int64
	Shown       string
	Percent     *int
	Amount      *int64
	Prices      *string
	Categories  string
	Unlocks     string
	MaxUses     *int
	MaxPerBuyer *int
	StartsAt    *time.Time
	Early, Late bool
}

const promoColumns = `c.id, c.shown, p.percent, p.amount, p.prices, p.categories, p.unlocks, c.max_uses, c.max_per_buyer, p.starts_at`

func (r promoRow) code() (promoCode, error) {
	p := promoCode{ID: r.ID, Shown: r.Shown, MaxUses: r.MaxUses, MaxPerBuyer: r.MaxPerBuyer, StartsAt: r.StartsAt, Early: r.Early, Late: r.Late}
	var err error
	p.Terms, err = termsOf(r.Percent, r.Amount, r.Prices, r.Categories, r.Unlocks)
	return p, err
}

func termsOf(percent *int, amount *int64, prices *string, categories, unlocks string) (t promotion.Terms, err error) {
	if percent != nil {
		t.Percent = *percent
	}
	if amount != nil {
		t.Amount = *amount
	}
	if prices != nil {
		if err := json.Unmarshal([]byte(*prices), &t.Prices); err != nil {
			return t, fmt.Errorf("prices of promotion: %w", err)
		}
	}
	if err := json.Unmarshal([]byte(categories), &t.Categories); err != nil {
		return t, fmt.Errorf("categories of promotion: %w", err)
	}
	if err := json.Unmarshal([]byte(unlocks), &t.Unlocks); err != nil {
		return t, fmt.Errorf("categories that a promotion opens: %w", err)
	}
	return t, nil
}

// promoCode reads a code that was not switched off. A code of unlimited use is locked in common: a members' price must not
// make a whole sale stand in line.
func (s store) promoCode(ctx context.Context, db *gorm.DB, eventID int64, code, lock string) (p promoCode, found bool, err error) {
	var row promoRow
	db = db.WithContext(ctx)
	query := `SELECT ` + promoColumns + `, coalesce(p.starts_at > ` + now + `, false) AS early, coalesce(p.ends_at <= ` + now + `, false) AS late
		FROM promotion_codes c JOIN promotions p ON p.id = c.promotion_id WHERE c.event_id = ? AND c.code = ? AND c.ended_at IS NULL `
	args := []any{s.now(), s.now(), eventID, code}
	if lock != "" {
		if found, err = one(db, &row, query, args...); err != nil || !found {
			return p, false, err
		}
		if row.MaxUses == nil && row.MaxPerBuyer == nil {
			lock = "FOR SHARE OF c"
		}
	}
	if found, err = one(db, &row, query+lock, args...); err != nil {
		return p, false, fmt.Errorf("read code: %w", err)
	}
	if !found {
		return p, false, nil
	}
	p, err = row.code()
	return p, true, err
}

// promoOfOrder is the code an order was made with, locked, switched off or not, and its seats that use it with what they cost
// without.
func (s store) promoOfOrder(ctx context.Context, tx *gorm.DB, o Order) (p promoCode, full map[int]int64, err error) {
	var row promoRow
	found, err := one(tx.WithContext(ctx), &row, `SELECT `+promoColumns+` FROM promotion_codes c JOIN promotions p ON p.id = c.promotion_id
		WHERE c.id = ? `+promoLock, *o.PromotionCodeID)
	if err != nil || !found {
		return p, nil, fmt.Errorf("read code of order: %w", err)
	}
	if p, err = row.code(); err != nil {
		return p, nil, err
	}
	var rows []struct {
		SeatID    int
		FullPrice int64
	}
	err = tx.WithContext(ctx).Raw(`SELECT DISTINCT ON (c.seat_id) c.seat_id, u.full_price FROM promotion_uses u JOIN seat_claims c ON c.id = u.claim_id
		WHERE c.order_id = ? ORDER BY c.seat_id, c.id`, o.ID).Scan(&rows).Error
	if err != nil {
		return p, nil, fmt.Errorf("read uses of order: %w", err)
	}
	full = map[int]int64{}
	for _, r := range rows {
		full[r.SeatID] = r.FullPrice
	}
	return p, full, nil
}

// promoLeft is how many seats may still have a code's price, as far as can be told without a lock and without knowing who
// buys.
func (s store) promoLeft(ctx context.Context, db *gorm.DB, p promoCode) (left int, err error) {
	left = maxPromoSeats
	if p.MaxUses != nil {
		var used int
		if _, err = one(db.WithContext(ctx), &used, `SELECT count(*) FROM promotion_uses WHERE code_id = ? AND freed_at IS NULL`, p.ID); err != nil {
			return 0, fmt.Errorf("count uses: %w", err)
		}
		left = max(0, *p.MaxUses-used)
	}
	if p.MaxPerBuyer != nil {
		left = min(left, *p.MaxPerBuyer)
	}
	return left, nil
}

const maxPromoSeats = 1 << 30 // more than any basket has

// promoSlots are free slots of a code, for all and for one buyer.
type promoSlots struct{ all, buyers []int }

// left is how many of wanted seats the slots are enough for; where there is no limit, for all.
func (promoSlots) left(limit *int, slots []int, wanted int) int {
	if limit == nil {
		return wanted
	}
	return len(slots)
}

// promoSlots finds up to n free slots of each kind that has a limit. The caller holds the code's lock.
func (s store) promoSlots(ctx context.Context, tx *gorm.DB, p promoCode, buyer []byte, n int) (slots promoSlots, err error) {
	tx = tx.WithContext(ctx)
	if p.MaxUses != nil {
		// Beyond the highest there is always room, until there is none; only then are the holes of freed uses looked for.
		var top int
		if _, err := one(tx, &top, `SELECT coalesce(max(slot), 0) FROM promotion_uses WHERE code_id = ? AND freed_at IS NULL`, p.ID); err != nil {
			return slots, fmt.Errorf("read slots: %w", err)
		}
		for i := top + 1; i <= min(top+n, *p.MaxUses); i++ {
			slots.all = append(slots.all, i)
		}
		if len(slots.all) < n {
			err = tx.Raw(`SELECT n FROM generate_series(1, ?::int) AS n WHERE NOT EXISTS (SELECT 1 FROM promotion_uses u
				WHERE u.code_id = ? AND u.slot = n AND u.freed_at IS NULL) ORDER BY n LIMIT ?`, *p.MaxUses, p.ID, n).Scan(&slots.all).Error
			if err != nil {
				return slots, fmt.Errorf("read free slots: %w", err)
			}
		}
	}
	if p.MaxPerBuyer != nil {
		err = tx.Raw(`SELECT n FROM generate_series(1, ?::int) AS n WHERE NOT EXISTS (SELECT 1 FROM promotion_uses u
			WHERE u.code_id = ? AND u.buyer_key = ? AND u.buyer_slot = n AND u.freed_at IS NULL) ORDER BY n LIMIT ?`,
			*p.MaxPerBuyer, p.ID, buyer, n).Scan(&slots.buyers).Error
		if err != nil {
			return slots, fmt.Errorf("read a buyer's free slots: %w", err)
		}
	}
	return slots, nil
}

// reduceOrder writes down which code an order was made with, and what it costs with it.
func (s store) reduceOrder(ctx context.Context, tx *gorm.DB, o *Order, amount, code int64) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE orders SET amount = ?, promotion_code_id = ? WHERE id = ? AND status = 'pending'`, amount, code, o.ID)
	if err != nil {
		return fmt.Errorf("reduce order: %w", err)
	}
	if n != 1 {
		return errMoved
	}
	o.Amount, o.PromotionCodeID = amount, &code
	return nil
}

// insertUse writes the n-th use of an order. A slot that somebody has is an error, whatever we thought.
func (s store) insertUse(ctx context.Context, tx *gorm.DB, claim, full int64, buyer []byte, u *promoUses, n int) error {
	slot := func(limit *int, slots []int) *int {
		if limit == nil {
			return nil
		}
		return &slots[n]
	}
	if err := tx.WithContext(ctx).Exec(`INSERT INTO promotion_uses (claim_id, code_id, full_price, max_uses, slot, buyer_key, max_per_buyer, buyer_slot)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, claim, u.code.ID, full, u.code.MaxUses, slot(u.code.MaxUses, u.slots.all),
		buyer, u.code.MaxPerBuyer, slot(u.code.MaxPerBuyer, u.slots.buyers)).Error; err != nil {
		return fmt.Errorf("insert use: %w", err)
	}
	return nil
}

// carryUse lets the use of a claim that was exchanged go on in its slot with the new one, where that costs the same: the code's
// price moved along. Its old use ended a moment ago in this transaction, so nobody else can have the slot.
func (s store) carryUse(ctx context.Context, tx *gorm.DB, from, to int64) error {
	if err := tx.WithContext(ctx).Exec(`INSERT INTO promotion_uses (claim_id, code_id, full_price, max_uses, slot, buyer_key, max_per_buyer, buyer_slot)
		SELECT b.id, u.code_id, u.full_price, u.max_uses, u.slot, u.buyer_key, u.max_per_buyer, u.buyer_slot
		FROM promotion_uses u JOIN seat_claims a ON a.id = u.claim_id JOIN seat_claims b ON b.id = ? AND b.price = a.price WHERE u.claim_id = ?`, to, from).Error; err != nil {
		return fmt.Errorf("carry use: %w", err)
	}
	return nil
}

// promoView is the code of an order and what it saved on the seats, given back or not.
func (s store) promoView(ctx context.Context, db *gorm.DB, o Order) (*PromoView, error) {
	if o.PromotionCodeID == nil {
		return nil, nil
	}
	v := &PromoView{}
	_, err := one(db.WithContext(ctx), v, `SELECT c.shown AS code, coalesce((SELECT sum(saved) FROM (SELECT DISTINCT ON (k.seat_id) u.full_price - k.price AS saved
		FROM promotion_uses u JOIN seat_claims k ON k.id = u.claim_id WHERE k.order_id = ? AND NOT EXISTS (SELECT 1 FROM seat_claims r WHERE r.replaces = k.id)
		ORDER BY k.seat_id, k.id) AS seats), 0)::bigint AS saved
		FROM promotion_codes c WHERE c.id = ?`, o.ID, *o.PromotionCodeID)
	if err != nil {
		return nil, fmt.Errorf("read code of order: %w", err)
	}
	return v, nil
}

// promosOf are the codes that orders were made with, as they are printed.
func (s store) promosOf(ctx context.Context, orders []uuid.UUID) (map[uuid.UUID]string, error) {
	var rows []struct {
		ID    uuid.UUID
		Shown string
	}
	if err := s.db.WithContext(ctx).Raw(`SELECT o.id, c.shown FROM orders o JOIN promotion_codes c ON c.id = o.promotion_code_id WHERE o.id IN ?`, orders).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read codes of orders: %w", err)
	}
	out := map[uuid.UUID]string{}
	for _, r := range rows {
		out[r.ID] = r.Shown
	}
	return out, nil
}
