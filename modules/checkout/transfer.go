package checkout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/checkout/provider"
)

// TransferView is what a buyer types into their bank's form.
type TransferView struct {
	Holder    string     `json:"holder"`
	IBAN      string     `json:"iban"`
	BIC       string     `json:"bic"`
	Reference string     `json:"reference"`
	Amount    int64      `json:"amount"`
	Currency  string     `json:"currency"`
	Until     clock.Time `json:"until"`
}

// transferOf says where the money of an open attempt goes, if it is paid by hand; nil if not.
func (s *Service) transferOf(o Order, p *PaymentView) *TransferView {
	if p == nil {
		return nil
	}
	at, err := s.providerOf(p.Provider)
	by, ok := at.(provider.ByHand)
	if err != nil || !ok {
		return nil
	}
	a := by.Account()
	return &TransferView{Holder: a.Holder, IBAN: a.IBAN, BIC: a.BIC, Reference: o.Code, Amount: o.Amount, Currency: o.Currency, Until: clock.Time(o.ExpiresAt)}
}

// MarkPaid writes down that money for an order came by bank transfer. From there on it is money like any other: the right
// amount in time is a sale, what is too much of it goes back, and so does what comes too late, by hand again. Less is a slip
// or no sale: only with returnAll it is written down, and goes back; else ErrWrongSum. ErrAlreadyPaid if the money is known,
// ErrNotPayable if the order never waited for a transfer.
func (s *Service) MarkPaid(ctx context.Context, who request.Staff, ip string, id uuid.UUID, r provider.Receipt, returnAll bool) (*StaffView, error) {
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return nil, err
	}
	p, by, err := s.awaited(ctx, o)
	if err != nil {
		return nil, err
	}
	if r.Amount < p.Amount && !returnAll {
		return nil, ErrWrongSum.With("due", p.Amount)
	}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		locked, err := s.store.locked(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		if err := s.received(ctx, tx, locked.Order, p, by, r); err != nil {
			return err
		}
		detail := map[string]any{"payment": p.ID, "amount": r.Amount, "due": p.Amount, "reference": r.Reference}
		if err := s.store.note(ctx, tx, id, "transfer-received", detail); err != nil {
			return err
		}
		return s.Journal.Note(ctx, tx, who, ip, "order.mark-paid", "order:"+id.String(), detail)
	})
	if errors.Is(err, provider.ErrWrongState) {
		return nil, ErrAlreadyPaid
	}
	if err != nil {
		return nil, err
	}
	s.settleReceived(ctx, id, p.ID)
	return s.StaffOrder(ctx, id)
}

// awaited is the order's newest payment by hand of which nothing has come.
func (s *Service) awaited(ctx context.Context, o Order) (Payment, provider.ByHand, error) {
	payments, err := s.store.paymentsOf(ctx, []uuid.UUID{o.ID})
	if err != nil {
		return Payment{}, nil, err
	}
	for i := len(payments) - 1; i >= 0; i-- {
		at, err := s.providerOf(payments[i].Provider)
		if by, ok := at.(provider.ByHand); ok && err == nil {
			if payments[i].Received > 0 {
				return Payment{}, nil, ErrAlreadyPaid
			}
			return payments[i], by, nil
		}
	}
	return Payment{}, nil, s.notPayable(ctx, o)
}

// MarkSent writes down that a refund was sent back by hand, which closes it and tells the buyer. ErrNotFound if the order
// has no such refund, or if its provider sends refunds by itself.
func (s *Service) MarkSent(ctx context.Context, who request.Staff, ip string, id, refund uuid.UUID) (*StaffView, error) {
	r, c, by, err := s.refundByHand(ctx, id, refund)
	if err != nil {
		return nil, err
	}
	if r.Status != RefundDone {
		err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			if err := by.MarkSent(ctx, tx, c.Payment.ID, r.ID.String(), r.Amount); err != nil {
				return err
			}
			detail := map[string]any{"refund": r.ID, "amount": r.Amount}
			return s.Journal.Note(ctx, tx, who, ip, "refund.mark-sent", "order:"+id.String(), detail)
		})
		if err == nil {
			err = s.PayBack(ctx, r.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return s.StaffOrder(ctx, id)
}

// refundByHand is a refund of an order that a person sends, with its payment; ErrNotFound if the order has no such.
func (s *Service) refundByHand(ctx context.Context, order, refund uuid.UUID) (r Refund, c caseFile, by provider.ByHand, err error) {
	if r, err = s.store.refund(ctx, s.DB, refund, ""); err != nil {
		return r, c, nil, err
	}
	if c, err = s.store.payment(ctx, r.PaymentID); err != nil {
		return r, c, nil, err
	}
	at, err := s.providerOf(c.Payment.Provider)
	by, ok := at.(provider.ByHand)
	if err != nil || !ok || c.Order.ID != order {
		return r, c, nil, ErrNotFound
	}
	return r, c, by, nil
}

// Awaited is money that is expected by bank transfer, or came too late to be expected.
type Awaited struct {
	OrderID   uuid.UUID
	Code      string
	Name      string
	Email     string
	EventID   int64
	Amount    int64
	Currency  string
	Status    PaymentStatus
	Order     OrderStatus
	CreatedAt time.Time
	ExpiresAt time.Time
}

// ToSend is a refund that waits for somebody to send it.
type ToSend struct {
	OrderID   uuid.UUID
	RefundID  uuid.UUID
	Code      string
	Name      string
	Email     string
	EventID   int64
	Amount    int64
	Currency  string
	Reason    string
	Came      string // what the bank statement said of the money, as somebody wrote it down
	CreatedAt time.Time
}

const mostTransfers = 200

// Transfers lists the money that is to come by bank transfer, what is waited for first, and the refunds that are to be
// sent by hand. A text is looked for in code, name and address; an amount as a person writes it is one too.
func (s *Service) Transfers(ctx context.Context, text string) (come []Awaited, send []ToSend, err error) {
	db, by := s.DB.WithContext(ctx), s.byHand()
	if len(by) == 0 {
		return nil, nil, nil
	}
	like, amount := "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.TrimSpace(text))+"%", int64(-1)
	if minor, ok := money.Parse(text, "EUR"); ok {
		amount = minor
	}
	const match = `(? = '%%' OR o.code ILIKE ? OR o.name ILIKE ? OR o.email ILIKE ? OR %s.amount = ?)`
	err = db.Raw(`SELECT o.id AS order_id, o.code, o.name, o.email, o.event_id, p.amount, p.currency, p.status, o.status AS "order", p.created_at, o.expires_at
		FROM payments p JOIN orders o ON o.id = p.order_id
		WHERE p.provider IN ? AND p.received = 0 AND p.status IN ('created','cancelling','cancelled','failed') AND p.created_at > `+now+` - interval '62 days'
		  AND `+fmt.Sprintf(match, "p")+` ORDER BY p.status IN ('created','cancelling') DESC, o.expires_at LIMIT ?`,
		by, s.store.now(), like, like, like, like, amount, mostTransfers).Scan(&come).Error
	if err == nil {
		err = db.Raw(`SELECT o.id AS order_id, r.id AS refund_id, o.code, o.name, o.email, o.event_id, r.amount, p.currency, r.reason, coalesce(t.reference, '') AS came, r.created_at
			FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN orders o ON o.id = p.order_id LEFT JOIN transfers t ON t.payment_id = p.id
			WHERE p.provider IN ? AND r.status <> 'done' AND `+fmt.Sprintf(match, "r")+` ORDER BY r.created_at LIMIT ?`,
			by, like, like, like, like, amount, mostTransfers).Scan(&send).Error
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list transfers: %w", err)
	}
	return come, send, nil
}
