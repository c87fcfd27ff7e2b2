package app

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/money"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/provider"
)

// What the ledgers can break.
const (
	ledgerDiffers = "I7"
	ledgerLacks   = "I8"
)

// bookedPayment is what our books say of a payment. One that is not settled is in flight, and its amounts say nothing yet.
type bookedPayment struct {
	ID, OrderID uuid.UUID
	Provider    string
	Status      string
	Currency    string
	Received    int64
	Refunded    int64
	Settled     bool
	ChargedBack bool // the payer's bank has the money: a ledger of the processor need not count that as given back
}

const booksSQL = `SELECT p.id, p.order_id, p.provider, p.status, p.currency, p.received,
	p.status NOT IN ('created', 'authorized', 'cancelling', 'refund_due')
	  AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id AND r.status <> 'done') AS settled,
	coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'done'), 0)::bigint AS refunded, p.dispute = 'lost' AS charged_back
	FROM payments p WHERE p.amount > 0 AND `

// lookAtLedger holds the processors' ledgers against our books, both ways: money they hold that our books do not explain,
// amounts that differ, and money we delivered for that they do not know. Payments of a processor that cannot be asked
// prove nothing; from before the ledger begins only those are looked at that it names all the same.
func (a *App) lookAtLedger(tx *gorm.DB, result *Audit, ledger checkout.Ledger) error {
	theirs, books, err := bothBooks(tx, ledger)
	if err != nil {
		return err
	}
	var differ, unknown []string
	unconfigured := map[string]int{}
	for id, row := range books {
		c, known := theirs[id]
		say := func(minor int64) string { return money.Format(minor, row.Currency) }
		switch {
		case !a.checkout.Configured(row.Provider):
			unconfigured[row.Provider]++
		case ledger.Silent[row.Provider] != nil, !row.Settled:
		case row.Status == "captured" && !known:
			unknown = append(unknown, fmt.Sprintf("order %s: payment %s took %s, and the processor does not know it", row.OrderID, id, say(row.Received)))
		case c.Captured != row.Received || c.Refunded != row.Refunded && !row.ChargedBack:
			differ = append(differ, fmt.Sprintf("order %s: payment %s is %s; the processor took %s and gave back %s, our books say %s and %s",
				row.OrderID, id, row.Status, say(c.Captured), say(c.Refunded), say(row.Received), say(row.Refunded)))
		}
		delete(theirs, id)
	}
	var foreign []uuid.UUID
	if err := tx.Raw(`SELECT payment FROM orphan_payments WHERE status = 'foreign'`).Scan(&foreign).Error; err != nil {
		return fmt.Errorf("read foreign payments: %w", err)
	}
	for _, id := range foreign {
		delete(theirs, id)
	}
	for id, c := range theirs {
		if c.Captured != c.Refunded {
			differ = append(differ, fmt.Sprintf("the processor holds %s under %q, which no order of ours explains; it goes back", money.Format(c.Captured-c.Refunded, c.Currency), id.String()))
		}
	}
	for _, err := range ledger.Silent {
		result.Unasked = append(result.Unasked, "the payment processor does not answer: "+oneLine(err))
	}
	for name, n := range unconfigured {
		result.Unasked = append(result.Unasked, fmt.Sprintf("%d payments of %s cannot be compared: that provider is not configured", n, name))
	}
	slices.Sort(result.Unasked)
	result.add(ledgerDiffers, "the processor's ledger is our books", differ)
	result.add(ledgerLacks, "the processor knows all the money we delivered for", unknown)
	return nil
}

// bothBooks are the two books by payment: of ours those since the ledger begins, and whatever else it names.
func bothBooks(tx *gorm.DB, ledger checkout.Ledger) (theirs map[uuid.UUID]provider.Charge, books map[uuid.UUID]bookedPayment, err error) {
	theirs, books = map[uuid.UUID]provider.Charge{}, map[uuid.UUID]bookedPayment{}
	for _, c := range ledger.Charges {
		id, err := uuid.Parse(c.Payment)
		if err != nil {
			continue // opened by others, who use the same account
		}
		sum := theirs[id] // a processor that forgot a key may have two under one of our ids
		c.Captured, c.Refunded = c.Captured+sum.Captured, c.Refunded+sum.Refunded
		theirs[id] = c.Charge
	}
	read := func(condition string, arg any) error {
		var rows []bookedPayment
		if err := tx.Raw(booksSQL+condition, arg).Scan(&rows).Error; err != nil {
			return fmt.Errorf("read our payments: %w", err)
		}
		for _, r := range rows {
			books[r.ID] = r
		}
		return nil
	}
	if err := read(`p.created_at >= ?`, ledger.Since); err != nil {
		return nil, nil, err
	}
	var older []uuid.UUID
	for id := range theirs {
		if _, read := books[id]; !read {
			older = append(older, id)
		}
	}
	const step = 5000
	for len(older) > 0 {
		some := older[:min(step, len(older))]
		older = older[len(some):]
		if err := read(`p.id IN ?`, some); err != nil {
			return nil, nil, err
		}
	}
	return theirs, books, nil
}
