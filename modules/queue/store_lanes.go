package queue

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
)

// encodeLanes is the column lanes.
func encodeLanes(lanes []laneRow) (string, error) {
	if lanes == nil {
		lanes = []laneRow{} // not null
	}
	text, err := json.Marshal(lanes)
	if err != nil {
		return "", fmt.Errorf("write lanes: %w", err)
	}
	return string(text), nil
}

// raiseLane is raise for the indexes of a lane, by its number from 1.
func (p *postgresStore) raiseLane(ctx context.Context, eventID int64, lane int, used, reserve int64) (ceiling int64, err error) {
	err = p.locked(ctx, eventID, func(tx *gorm.DB) error {
		row, err := p.inside(tx, eventID)
		if err != nil {
			return err
		}
		lanes, err := row.laneRows()
		if err != nil || row.Size != nil || lane > len(lanes) {
			return err
		}
		l := &lanes[lane-1]
		l.Used, l.Ceiling = max(l.Used, used), max(l.Ceiling, used+reserve)
		ceiling = l.Ceiling
		return p.writeLanes(tx, eventID, lanes)
	})
	if err != nil {
		return 0, fmt.Errorf("raise ceiling of lane %d: %w", lane, err)
	}
	return ceiling, nil
}

func (p *postgresStore) writeLanes(tx *gorm.DB, eventID int64, lanes []laneRow) error {
	text, err := encodeLanes(lanes)
	if err != nil {
		return err
	}
	return tx.Exec(`UPDATE lines SET lanes = ?::jsonb WHERE event_id = ?`, text, eventID).Error
}

// writeSize writes the size of a draw and of each of its lanes; false for one that has a size, or knows of more than was
// found.
func (p *postgresStore) writeSize(tx *gorm.DB, eventID int64, found counters) (bool, error) {
	row, err := p.inside(tx, eventID)
	if err != nil {
		return false, err
	}
	lanes, err := row.laneRows()
	if err != nil || row.Size != nil || row.DrawUsed > found.draw {
		return false, err
	}
	size := found.draw
	for i := range lanes {
		used := found.lane(i)
		if lanes[i].Used > used {
			return false, nil
		}
		lanes[i].Size = &used
		size += used
	}
	if len(lanes) > 0 {
		if err := p.writeLanes(tx, eventID, lanes); err != nil {
			return false, err
		}
	}
	res := tx.Exec(`UPDATE lines SET size = ? WHERE event_id = ?`, size, eventID)
	return res.RowsAffected == 1, res.Error
}
