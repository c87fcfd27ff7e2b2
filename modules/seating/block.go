package seating

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/idempotency"
	"fairseat/app/request"
)

// ErrNoSuchBlock answers for a block that never was, or is over.
var ErrNoSuchBlock = fault.New(fault.NotFound, "no-such-block", "There is no such block of seats any more. Its seats may be on sale again.")

const (
	maxBlockName   = 200 // characters
	maxBlockReason = 500
)

// Block is some seats taken off sale at once: kept for a partner by name, or for nobody. Fans see the same of both.
type Block struct {
	ID     string
	Seats  []int // those it still has, rising
	Name   string
	Reason string
	Until  time.Time // when they go back on sale by themselves; zero = never
	By     string    // mail address of who made it
	At     time.Time
}

// BlockWish is what a block is to be.
type BlockWish struct {
	Seats  []int
	Name   string
	Reason string
	Until  time.Time // zero = for ever
}

// BlockChange is what may change of a block; nil leaves it as it is.
type BlockChange struct {
	Name, Reason *string
	Until        *time.Time // the zero time: for ever
}

// check trims the words and notes in fields what is wrong with them.
func (c *BlockChange) check(fields fault.Fields, now time.Time) {
	words := func(name string, text *string, least, most int) {
		if text == nil {
			return
		}
		*text = strings.TrimSpace(*text)
		if strings.ContainsRune(*text, 0) || !utf8.ValidString(*text) {
			fields[name] = "is not text"
		} else if n := utf8.RuneCountInString(*text); n < least || n > most {
			fields[name] = fmt.Sprintf("has %d to %d characters", least, most)
		}
	}
	words("name", c.Name, 0, maxBlockName)
	words("reason", c.Reason, 1, maxBlockReason)
	if c.Until != nil && !c.Until.IsZero() && !c.Until.After(now) {
		fields["until"] = "lies in the past"
	}
}

// Block takes seats off sale: claims without an order, guarded by the same index. Seats that are sold, in checkout,
// blocked, not on sale or held by a fan right now are refused, all together, as *SeatsTakenError.
func (s *Service) Block(ctx context.Context, who request.Staff, ip string, eventID int64, wish BlockWish) (Block, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return Block{}, err
	}
	fields := fault.Fields{}
	(&BlockChange{Name: &wish.Name, Reason: &wish.Reason, Until: &wish.Until}).check(fields, s.Clock.Now())
	if err := fields.Err(); err != nil {
		return Block{}, err
	}
	seats, err := someSeats(e, wish.Seats)
	if err != nil {
		return Block{}, err
	}
	if err := b.refuseHeld(ctx, seats); err != nil {
		return Block{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Block{}, fmt.Errorf("block seats: %w", err)
	}
	made := Block{ID: id.String(), Seats: seats, Name: wish.Name, Reason: wish.Reason, Until: wish.Until, By: who.Email}
	var claims []int64
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if made.At, err = insertBlock(tx, eventID, made, clock.SQLArg(s.Clock)); err != nil {
			return err
		}
		if claims, err = claimForBlock(tx, eventID, id, seats, wish.Reason); err != nil {
			return err
		}
		if err := s.Journal.Note(ctx, tx, who, ip, "seats.block", "event:"+e.Slug, made.detail()); err != nil {
			return err
		}
		if err := idempotency.Record(ctx, tx, http.StatusCreated, blockMade{ID: made.ID}); err != nil {
			return err
		}
		// Twenty thousand seats take a while. Who chose one of them meanwhile keeps it; who chooses one in the moment that is
		// left loses it and is told.
		return b.refuseHeld(ctx, seats)
	})
	if err != nil {
		return Block{}, err
	}
	s.syncSoon(ctx, eventID, claims)
	return made, nil
}

// detail is what the log keeps of a block.
func (b Block) detail() map[string]any {
	detail := map[string]any{"block": b.ID, "count": len(b.Seats), "seats": spans(b.Seats), "name": b.Name, "reason": b.Reason}
	if !b.Until.IsZero() {
		detail["until"] = clock.Format(b.Until)
	}
	return detail
}

// someSeats are seats of the event in rising order, each once; ErrNoSuchSeat for one that is not there.
func someSeats(e *Event, seats []int) ([]int, error) {
	seats = slices.Clone(seats)
	slices.Sort(seats)
	seats = slices.Compact(seats)
	if len(seats) == 0 {
		return nil, fault.Fields{"seats": "names no seat"}.Err()
	}
	for _, n := range []int{seats[0], seats[len(seats)-1]} {
		if n < 0 || n >= e.SeatsTotal {
			return nil, ErrNoSuchSeat.With("seats", []int{n})
		}
	}
	return seats, nil
}

// syncSoon shows committed claims now; if it cannot, the comparison with Postgres does it within seconds.
func (s *Service) syncSoon(ctx context.Context, eventID int64, claims []int64) {
	if len(claims) == 0 {
		return
	}
	if err := s.Sync(context.WithoutCancel(ctx), eventID, claims); err != nil {
		s.Log.Warn("map not told yet; the next comparison does it", "event_id", eventID, "error", err)
	}
}

// refuseHeld refuses seats that a fan holds: who just chose a seat keeps it.
func (b *board) refuseHeld(ctx context.Context, seats []int) error {
	if err := b.pull(ctx); err != nil {
		return err
	}
	held := b.mirror.HeldSeats()
	var among []int
	for _, n := range seats {
		if n < len(held) && held[n] {
			among = append(among, n)
		}
	}
	if len(among) > 0 {
		return &SeatsTakenError{Seats: among}
	}
	return nil
}
