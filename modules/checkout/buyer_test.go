package checkout

import (
	"context"
	"errors"
	"testing"
)

// Two spellings of one mailbox are one buyer, wherever each ordered; mail goes to what was typed.
func TestOneMailboxHasOneLimit(t *testing.T) {
	t.Parallel()
	k := newKitWith(t, 4200, 1)
	first, second, other := k.fan(0), k.fan(1), k.fan(2)
	first.buyer.Email, second.buyer.Email, other.buyer.Email = "a.da+gala@gmail.com", "ada@googlemail.com", "ada@example.org"
	placed := k.mustPlace(first)
	if o := k.order(placed.Order.ID); o.Email != "a.da+gala@gmail.com" {
		t.Errorf("mail goes to %s", o.Email)
	}
	if _, err := k.PlaceOrder(context.Background(), second.place, second.buyer); !errors.Is(err, ErrBuyerLimit) {
		t.Errorf("a second spelling: %v", err)
	}
	k.mustPlace(other)
}
