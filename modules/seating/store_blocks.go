package seating

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// insertBlock writes what a block is, without its seats, and gives the moment.
func insertBlock(tx *gorm.DB, eventID int64, b Block, now *time.Time) (at time.Time, err error) {
	err = tx.Raw(`INSERT INTO blocks (id, event_id, name, reason, until, made_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?, coalesce(?::timestamptz, now())) RETURNING created_at`,
		b.ID, eventID, b.Name, b.Reason, orNil(b.Until), b.By, now).Scan(&at).Error
	if err != nil {
		return at, fmt.Errorf("insert block: %w", err)
	}
	return at.UTC(), nil
}

// blockBatch is how many seats one statement takes: a whole arena at once would meet the statements' time limit.
const blockBatch = 10_000

// claimForBlock claims all of the seats, which rise, or none: *SeatsTakenError.
func claimForBlock(tx *gorm.DB, eventID int64, block uuid.UUID, seats []int, reason string) ([]int64, error) {
	var claims []Claim
	for some := range slices.Chunk(seats, blockBatch) {
		var got []Claim
		err := tx.Raw(`INSERT INTO seat_claims (event_id, seat_id, block_id, status, reason)
			SELECT s.event_id, s.seat_id, ?::uuid, 'blocked', ?::text FROM seats s WHERE s.event_id = ? AND s.seat_id = ANY(?::int[])
			ORDER BY s.seat_id ON CONFLICT DO NOTHING RETURNING id, seat_id AS seat`, block, reason, eventID, ints(some)).
			Scan(&got).Error
		if err != nil {
			return nil, fmt.Errorf("block seats: %w", err)
		}
		claims = append(claims, got...)
	}
	// Asked after the claims are in: from then on nobody else can be given back beside them.
	var listed []int
	if err := tx.Raw(`SELECT seat_id FROM seat_claims WHERE event_id = ? AND seat_id = ANY(?::int[]) AND status = 'listed' ORDER BY 1`,
		eventID, ints(seats)).Scan(&listed).Error; err != nil {
		return nil, fmt.Errorf("block seats: %w", err)
	}
	if len(listed) > 0 {
		return nil, &SeatsTakenError{Seats: listed} // it comes back to its holder if nobody buys it
	}
	if len(claims) < len(seats) {
		taken, err := notOurs(tx, eventID, seats, claims)
		if err != nil {
			return nil, err
		}
		return nil, &SeatsTakenError{Seats: taken}
	}
	made := make([]int64, len(claims))
	for i, c := range claims {
		made[i] = c.ID
	}
	return made, nil
}

// releaseBlock frees those of the seats that the block has, nil for all, and ends it with the last.
func releaseBlock(tx *gorm.DB, eventID int64, block uuid.UUID, seats []int, now *time.Time) (claims []int64, freed []int, err error) {
	var released []Claim
	for {
		var some []Claim
		err = tx.Raw(`UPDATE seat_claims SET status = 'released' WHERE id IN (SELECT id FROM seat_claims
				WHERE event_id = ? AND block_id = ? AND status = 'blocked' AND (? OR seat_id = ANY(?::int[])) LIMIT ?)
			RETURNING id, seat_id AS seat`, eventID, block, seats == nil, ints(seats), blockBatch).Scan(&some).Error
		if err != nil {
			return nil, nil, fmt.Errorf("unblock seats: %w", err)
		}
		if released = append(released, some...); len(some) < blockBatch {
			break
		}
	}
	err = tx.Exec(`UPDATE blocks SET ended_at = coalesce(?::timestamptz, now()) WHERE id = ? AND event_id = ? AND ended_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM seat_claims WHERE block_id = blocks.id AND status = 'blocked')`, now, block, eventID).Error
	if err != nil {
		return nil, nil, fmt.Errorf("end block: %w", err)
	}
	slices.SortFunc(released, func(a, b Claim) int { return a.Seat - b.Seat })
	for _, c := range released {
		claims, freed = append(claims, c.ID), append(freed, c.Seat)
	}
	return claims, freed, nil
}

// updateBlock changes what is named of a block. One that a process from before this table made gets its row here.
func updateBlock(tx *gorm.DB, eventID int64, block uuid.UUID, change BlockChange) error {
	forEver := change.Until != nil && change.Until.IsZero()
	var until *time.Time
	if change.Until != nil {
		until = orNil(*change.Until)
	}
	err := tx.Exec(`INSERT INTO blocks (id, event_id, reason, created_at)
		SELECT block_id, event_id, min(reason), min(created_at) FROM seat_claims WHERE block_id = ? AND event_id = ? AND status = 'blocked'
		GROUP BY block_id, event_id ON CONFLICT DO NOTHING`, block, eventID).Error
	if err == nil {
		err = tx.Exec(`UPDATE blocks SET name = coalesce(?::text, name), reason = coalesce(?::text, reason),
			until = CASE WHEN ? THEN NULL ELSE coalesce(?::timestamptz, until) END WHERE id = ? AND event_id = ? AND ended_at IS NULL`,
			change.Name, change.Reason, forEver, until, block, eventID).Error
	}
	if err != nil {
		return fmt.Errorf("change block: %w", err)
	}
	return nil
}

// readBlocks are the blocks of an event that have seats, or one of them.
func readBlocks(db *gorm.DB, eventID int64, only *uuid.UUID) ([]Block, error) {
	var rows []struct {
		ID, Name, Reason, MadeBy, Seats string
		Until                           *time.Time
		CreatedAt                       time.Time
	}
	err := db.Raw(`SELECT c.block_id::text AS id, coalesce(b.name, '') AS name, coalesce(b.reason, c.reason) AS reason, b.until,
			coalesce(b.made_by, '') AS made_by, coalesce(b.created_at, c.created_at) AS created_at, c.seats::text AS seats
		FROM (SELECT block_id, min(reason) AS reason, min(created_at) AS created_at, json_agg(seat_id ORDER BY seat_id) AS seats
		      FROM seat_claims WHERE event_id = ? AND status = 'blocked' AND (?::uuid IS NULL OR block_id = ?::uuid) GROUP BY block_id) c
		LEFT JOIN blocks b ON b.id = c.block_id ORDER BY 6 DESC, 1`, eventID, only, only).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	blocks := make([]Block, len(rows))
	for i, r := range rows {
		blocks[i] = Block{ID: r.ID, Name: r.Name, Reason: r.Reason, By: r.MadeBy, At: r.CreatedAt.UTC()}
		if r.Until != nil {
			blocks[i].Until = r.Until.UTC()
		}
		if err := json.Unmarshal([]byte(r.Seats), &blocks[i].Seats); err != nil {
			return nil, fmt.Errorf("seats of block %s: %w", r.ID, err)
		}
	}
	return blocks, nil
}

type dueBlock struct {
	ID      uuid.UUID
	EventID int64
}

// dueBlocks are some whose moment has come.
func dueBlocks(db *gorm.DB, now *time.Time) ([]dueBlock, error) {
	var due []dueBlock
	err := db.Raw(`SELECT id, event_id FROM blocks WHERE ended_at IS NULL AND until <= coalesce(?::timestamptz, now())
		ORDER BY until LIMIT 100`, now).Scan(&due).Error
	if err != nil {
		return nil, fmt.Errorf("look for blocks to end: %w", err)
	}
	return due, nil
}

// lockDueBlock tells whether the block is still to be ended, by whoever asked.
func lockDueBlock(tx *gorm.DB, id uuid.UUID, now *time.Time) (bool, error) {
	var found []bool
	err := tx.Raw(`SELECT true FROM blocks WHERE id = ? AND ended_at IS NULL AND until <= coalesce(?::timestamptz, now())
		FOR UPDATE SKIP LOCKED`, id, now).Scan(&found).Error
	if err != nil {
		return false, fmt.Errorf("lock block: %w", err)
	}
	return len(found) > 0, nil
}

// spans writes rising numbers short: "3-17 20".
func spans(seats []int) string {
	var b strings.Builder
	for i := 0; i < len(seats); {
		to := i
		for to+1 < len(seats) && seats[to+1] == seats[to]+1 {
			to++
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(seats[i]))
		if to > i {
			b.WriteString("-" + strconv.Itoa(seats[to]))
		}
		i = to + 1
	}
	return b.String()
}
