package checkout

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/provider"
)

// restOf is added to the reason of a refund of which a part was returned already.
const restOf = ":rest"

// adopt counts what the processor gave back and we did not ask for, such as a refund made by hand in its dashboard, as the
// refund that is due: nobody gets the same money twice, and no refund waits for money that is gone. What is left of a
// refund that was larger is another one. True if that settled the refund.
func (s *Service) adopt(ctx context.Context, id uuid.UUID, st provider.State) (adopted bool, err error) {
	r, err := s.store.refund(ctx, s.DB, id, "")
	if err != nil {
		return false, err
	}
	if key, _, err := s.store.strange(ctx, s.DB, r, st); err != nil || key == "" {
		return false, err
	}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		c, err := s.store.locked(ctx, tx, r.PaymentID)
		if err != nil {
			return err
		}
		if r, err = s.store.refund(ctx, tx, id, "FOR UPDATE"); err != nil || r.Status == RefundDone {
			adopted = r.Status == RefundDone
			return err
		}
		key, left, err := s.store.strange(ctx, tx, r, st)
		if err != nil || key == "" {
			return err
		}
		if left < r.Amount {
			if err := s.leaveRest(ctx, tx, c, &r, left); err != nil {
				return err
			}
		}
		if err := s.store.madeAs(ctx, tx, r, key); err != nil {
			return err
		}
		if err := s.store.note(ctx, tx, c.Order.ID, "refund-adopted", map[string]any{"refund": r.ID, "amount": r.Amount, "made_as": key}); err != nil {
			return err
		}
		adopted = true
		return s.finishRefund(ctx, tx, c, r)
	})
	if err != nil {
		return false, err
	}
	if adopted {
		s.Log.Warn("a refund was made at the processor already", "refund", id, "amount", r.Amount)
	}
	return adopted, nil
}

// leaveRest lowers a refund to what was returned of it, and owes the rest under an id of its own: what the processor knows
// of a key stays true. The credit note of the first is of the whole.
func (s *Service) leaveRest(ctx context.Context, tx *gorm.DB, c caseFile, r *Refund, returned int64) error {
	rest := Refund{PaymentID: r.PaymentID, Reason: r.Reason + restOf, Amount: r.Amount - returned}
	if err := s.store.lowerRefund(ctx, tx, *r, returned); err != nil {
		return err
	}
	r.Amount = returned
	_, err := s.promise(ctx, tx, c.Order, rest)
	return err
}

// strange is a refund at the processor that no row of ours explains, with as much of it as none does; "" if there is none.
func (s store) strange(ctx context.Context, db *gorm.DB, r Refund, st provider.State) (key string, left int64, err error) {
	var rows []Refund
	if err := db.WithContext(ctx).Raw(`SELECT * FROM refunds WHERE payment_id = ?`, r.PaymentID).Scan(&rows).Error; err != nil {
		return "", 0, err
	}
	explained := map[string]int64{}
	for _, row := range rows {
		explained[row.key()] += row.Amount
	}
	for _, made := range st.Refunds {
		if left := made.Amount - explained[made.Key]; left > 0 && made.Key != r.key() {
			return made.Key, min(left, r.Amount), nil
		}
	}
	return "", 0, nil
}

// lowerRefund changes the amount of a refund that is not done; errMoved unless it is as it was read.
func (s store) lowerRefund(ctx context.Context, tx *gorm.DB, r Refund, to int64) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE refunds SET amount = ? WHERE id = ? AND status <> 'done' AND amount = ?`, to, r.ID, r.Amount)
	if err == nil && n != 1 {
		err = errMoved
	}
	return err
}

// madeAs writes down under which key the processor shows a refund that is not done yet.
func (s store) madeAs(ctx context.Context, tx *gorm.DB, r Refund, key string) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE refunds SET made_as = ? WHERE id = ? AND status <> 'done'`, key, r.ID)
	if err == nil && n != 1 {
		err = errMoved
	}
	return err
}
