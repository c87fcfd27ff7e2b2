package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// goneFor is how long nothing may have been left of a sale, nor held or in checkout, until it is taken to be over.
const goneFor = 10 * time.Minute

// Accuracy is how good the estimates of the wait were: for each of nine horizons, what was told against what came of it.
type Accuracy []HorizonAccuracy

// HorizonAccuracy counts the estimates for waits of about so many seconds: those that held, and those whose turn came
// earlier or later than told. Unmet are those that the sale ended, paused or ran out of seats before; they count for nothing.
type HorizonAccuracy struct {
	Seconds   int64 `json:"seconds"`
	Estimates int64 `json:"estimates"`
	Within    int64 `json:"within"`
	Earlier   int64 `json:"earlier"`
	Later     int64 `json:"later"`
	Unmet     int64 `json:"unmet"`
}

// Accuracy is how good the estimates were so far; nil before there were any. It needs Postgres only: without Redis it is
// some seconds old.
func (s *Service) Accuracy(ctx context.Context, eventID int64) (Accuracy, error) {
	text, err := s.redis.accuracy(ctx, eventID)
	if err != nil || text == nil {
		row, err := s.postgres.read(ctx, eventID)
		if err != nil {
			return nil, err
		}
		text = row.Accuracy
	}
	return readAccuracy(text)
}

func readAccuracy(text []byte) (Accuracy, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var a Accuracy
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("read accuracy: %w", err)
	}
	return a, nil
}

// Sum is all horizons together; its Seconds mean nothing.
func (a Accuracy) Sum() (sum HorizonAccuracy) {
	for _, h := range a {
		sum.Estimates, sum.Within, sum.Earlier = sum.Estimates+h.Estimates, sum.Within+h.Within, sum.Earlier+h.Earlier
		sum.Later, sum.Unmet = sum.Later+h.Later, sum.Unmet+h.Unmet
	}
	return sum
}

// tellAccuracy puts the accuracy into the fairness log, once, when the sale is over or has been sold out for a while.
func (s *Service) tellAccuracy(ctx context.Context, row *lineRow, state reply) error {
	gone := state.at("gone")
	over := ended(state) || (!gone.IsZero() && state.at("now").Sub(gone) >= goneFor)
	if row.AccuracyTold || !over || state["acted"] != "1" || state.num("draws") == 0 {
		return nil
	}
	a, err := s.Accuracy(ctx, row.EventID)
	if err != nil {
		return err
	}
	return s.postgres.locked(ctx, row.EventID, func(tx *gorm.DB) error {
		res := tx.Exec(`UPDATE lines SET accuracy_told = true WHERE event_id = ? AND NOT accuracy_told`, row.EventID)
		if res.Error != nil {
			return fmt.Errorf("tell accuracy: %w", res.Error)
		}
		if res.RowsAffected == 0 || a.Sum().Estimates == 0 {
			return nil
		}
		return s.postgres.record(tx, row.EventID, "accuracy", map[string]Accuracy{"wait": a})
	})
}
