package seating

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
)

// Blocks lists what is off sale, the newest first. Seats whose category has no price are in none.
func (s *Service) Blocks(ctx context.Context, eventID int64) ([]Block, error) {
	return readBlocks(s.DB.WithContext(ctx), eventID, nil)
}

// ChangeBlock gives a block another name, reason or end; ErrNoSuchBlock when it is over.
func (s *Service) ChangeBlock(ctx context.Context, who request.Staff, ip string, eventID int64, id string, change BlockChange) (Block, error) {
	fields := fault.Fields{}
	change.check(fields, s.Clock.Now())
	if err := fields.Err(); err != nil {
		return Block{}, err
	}
	var changed Block
	err := s.withBlock(ctx, eventID, id, func(tx *gorm.DB, e *Event, block uuid.UUID) error {
		if err := updateBlock(tx, eventID, block, change); err != nil {
			return err
		}
		blocks, err := readBlocks(tx, eventID, &block)
		if err != nil {
			return err
		}
		if len(blocks) == 0 {
			return ErrNoSuchBlock
		}
		changed = blocks[0]
		return s.Journal.Note(ctx, tx, who, ip, "seats.block-change", "event:"+e.Slug, changed.detail())
	})
	return changed, err
}

// Unblock puts seats of a block back on sale: those named, or all without a name. What it does not have is passed over, and
// a block that is over is fine. It gives what the block still has, and the seats that went back by this very call.
func (s *Service) Unblock(ctx context.Context, who request.Staff, ip string, eventID int64, id string, seats []int) (left Block, freed []int, err error) {
	var claims []int64
	err = s.withBlock(ctx, eventID, id, func(tx *gorm.DB, e *Event, block uuid.UUID) (err error) {
		if claims, freed, err = releaseBlock(tx, eventID, block, seats, clock.SQLArg(s.Clock)); err != nil {
			return err
		}
		blocks, err := readBlocks(tx, eventID, &block)
		if err != nil {
			return err
		}
		left = Block{ID: id, Seats: []int{}}
		if len(blocks) > 0 {
			left = blocks[0]
		}
		if len(claims) == 0 {
			return nil
		}
		return s.Journal.Note(ctx, tx, who, ip, "seats.unblock", "event:"+e.Slug,
			map[string]any{"block": block, "count": len(freed), "seats": spans(freed)})
	})
	if err != nil {
		return Block{}, nil, err
	}
	s.syncSoon(ctx, eventID, claims)
	return left, freed, nil
}

// withBlock does something to a block while nobody else does; ErrNoSuchBlock for what is no id of one.
func (s *Service) withBlock(ctx context.Context, eventID int64, id string, do func(*gorm.DB, *Event, uuid.UUID) error) error {
	e, _, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return err
	}
	block, err := uuid.Parse(id)
	if err != nil {
		return ErrNoSuchBlock
	}
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`SELECT 1 FROM blocks WHERE id = ? FOR UPDATE`, block).Error; err != nil {
			return fmt.Errorf("lock block: %w", err)
		}
		return do(tx, e, block)
	})
}

// endBlocks puts back on sale what was off it until now. Every replica does it, by the database's clock: what one left undone
// the next finds, late but whole, and a block that somebody is at is left to them.
func (s *Service) endBlocks(ctx context.Context) error {
	due, err := dueBlocks(s.DB.WithContext(ctx), clock.SQLArg(s.Clock))
	if err != nil {
		return err
	}
	var failed error
	for _, d := range due {
		failed = errors.Join(failed, s.endBlock(ctx, d))
	}
	return failed
}

func (s *Service) endBlock(ctx context.Context, d dueBlock) error {
	e, err := s.EventByID(ctx, d.EventID)
	if err != nil {
		return err
	}
	var claims []int64
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if mine, err := lockDueBlock(tx, d.ID, clock.SQLArg(s.Clock)); err != nil || !mine {
			return err
		}
		var freed []int
		if claims, freed, err = releaseBlock(tx, d.EventID, d.ID, nil, clock.SQLArg(s.Clock)); err != nil || len(claims) == 0 {
			return err
		}
		return s.Journal.Note(ctx, tx, request.Staff{}, "", "seats.unblock", "event:"+e.Slug,
			map[string]any{"block": d.ID, "count": len(freed), "seats": spans(freed), "reason": "its time is over"})
	})
	if err != nil {
		return err
	}
	s.syncSoon(ctx, d.EventID, claims)
	return nil
}
