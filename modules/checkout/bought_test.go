package checkout

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Whatever is swapped or moved since: what was bought adds up to what was paid, seat by seat.
func TestWhatWasBoughtAddsUp(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	o := k.sold(0, 1)
	if o.Bought != nil {
		t.Errorf("nothing has become of it yet: %+v", o.Bought)
	}
	k.room.cheap, k.room.cheapPrice = 8, 3000
	swap := func(from, to int) {
		t.Helper()
		k.Kit.Clock.Advance(time.Minute)
		for _, ticket := range k.shown(o.ID).Tickets {
			if ticket.Seat.N == from {
				_, _, err := k.Swap(ctx, uuid.MustParse(o.ID), uuid.MustParse(ticket.ID), to)
				must(t, err)
				return
			}
		}
		t.Fatalf("no ticket for seat %d", from)
	}
	want := func(now ...int) {
		t.Helper()
		v := k.shown(o.ID)
		var got []int
		sum := int64(0)
		for _, b := range v.Bought {
			sum += b.Price
			if b.Now != nil {
				got = append(got, *b.Now)
			} else {
				got = append(got, b.N)
			}
		}
		if len(v.Bought) != 2 || v.Bought[0].N != 0 || v.Bought[1].N != 1 || sum != 8400 || sum != v.Total || !slices.Equal(got, now) {
			t.Errorf("bought %+v, want them to be %v now", v.Bought, now)
		}
	}
	swap(1, 3)
	want(0, 3)
	swap(3, 8) // cheaper
	want(0, 8)
	swap(0, 1) // the seat that was the other's once
	want(1, 8)
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "ill")
	must(t, err)
	want(1, 8)
	k.check()
}
