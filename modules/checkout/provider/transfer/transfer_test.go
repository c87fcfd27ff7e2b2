package transfer

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
	"fairseat/modules/checkout/provider/providertest"
)

func TestTransferKeepsTheContract(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) *providertest.Bench {
		k := testkit.New(t)
		c := New(Config{DB: k.DB, Clock: k.Clock, Days: 7})
		return &providertest.Bench{
			Provider: c, Clock: k.Clock, Taken: true, ByHand: true, Always: true,
			Pay: func(t *testing.T, ref string) bool {
				st, err := c.Read(context.Background(), ref)
				if err != nil {
					t.Fatal(err)
				}
				return c.MarkPaid(context.Background(), k.DB, uuid.MustParse(st.Payment), provider.Receipt{Amount: 4200}) == nil
			},
		}
	})
}

func TestWhatStaffSayIsWrittenOnce(t *testing.T) {
	t.Parallel()
	k, ctx := testkit.New(t), context.Background()
	c, id := New(Config{DB: k.DB, Clock: k.Clock, Days: 7}), uuid.New()
	if err := c.MarkPaid(ctx, k.DB, id, provider.Receipt{Amount: 1}); !errors.Is(err, provider.ErrUnknownPayment) {
		t.Errorf("money for nothing: %v", err)
	}
	if _, err := c.Create(ctx, provider.CreateRequest{Payment: id, Order: uuid.New(), Amount: 4200, Currency: "EUR"}); err != nil {
		t.Fatal(err)
	}
	if err := c.MarkPaid(ctx, k.DB, id, provider.Receipt{Amount: 4100, Reference: "K7QX"}); err != nil {
		t.Fatal(err)
	}
	if err := c.MarkPaid(ctx, k.DB, id, provider.Receipt{Amount: 4200}); !errors.Is(err, provider.ErrWrongState) {
		t.Errorf("the same money twice: %v", err)
	}
	if _, err := c.Refund(ctx, id.String(), "r1", 100); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("a refund makes itself: %v", err)
	}
	for range 2 {
		if err := c.MarkSent(ctx, k.DB, id, "r1", 100); err != nil {
			t.Fatal(err)
		}
	}
	if st, err := c.Refund(ctx, id.String(), "r1", 100); err != nil || st.Captured != 4100 || st.Refunded != 100 || !st.HasRefund("r1") {
		t.Errorf("%+v, %v", st, err)
	}
}
