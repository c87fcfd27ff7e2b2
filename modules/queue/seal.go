package queue

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/modules/queue/internal/beacon"
	"fairseat/modules/queue/internal/draw"
)

// How a draw becomes one. Each arrow is one transaction, and its entry in the fairness log is in it.
//
//	open for joins ──opens_at: size──▶ sealed ──────────────no beacon──────────────▶ drawn
//	                                     │ size late: a later round                    ▲
//	                                     └──▶ waits for the round ──value, verified────┘
//	                                               ▲ │ staff, with a reason
//	                                               └─┘ a later round

// chain is the public randomness that a line's draw takes, or nil.
func (r *lineRow) chain() (*beacon.Chain, error) {
	if len(r.BeaconChain) == 0 {
		return nil, nil
	}
	var c beacon.Chain
	if err := json.Unmarshal(r.BeaconChain, &c); err != nil {
		return nil, fmt.Errorf("beacon of event %d: %w", r.EventID, err)
	}
	return &c, nil
}

// value is what the beacon said, or nil.
func (r *lineRow) value() (*beacon.Value, error) {
	if len(r.BeaconValue) == 0 {
		return nil, nil
	}
	var v beacon.Value
	if err := json.Unmarshal(r.BeaconValue, &v); err != nil {
		return nil, fmt.Errorf("beacon of event %d: %w", r.EventID, err)
	}
	return &v, nil
}

// drawn tells whether all that decides the draw stands in Postgres. Before, nothing of it is public.
func (r *lineRow) drawn() bool {
	return r.Size != nil && (len(r.BeaconChain) == 0 || len(r.BeaconValue) > 0)
}

// seed is that of a drawn line.
func (r *lineRow) seed(slug string) ([32]byte, error) {
	var randomness []byte
	v, err := r.value()
	if err == nil && v != nil {
		randomness, err = hex.DecodeString(v.Randomness)
	}
	if err != nil {
		return [32]byte{}, fmt.Errorf("seed of %s: %w", slug, err)
	}
	return draw.Seed(slug, *r.Size, r.Secret, randomness), nil
}

// now is the time that rules a transaction's entries.
func (p *postgresStore) now(tx *gorm.DB) (time.Time, error) {
	var now time.Time
	err := tx.Raw(`SELECT coalesce(?::timestamptz, clock_timestamp())`, clock.SQLArg(p.clock)).Scan(&now).Error
	return now.UTC(), err
}

// inside is the row as a transaction that has locked it sees it.
func (p *postgresStore) inside(tx *gorm.DB, eventID int64) (*lineRow, error) {
	var row lineRow
	res := tx.Raw(`SELECT * FROM lines WHERE event_id = ? FOR UPDATE`, eventID).Scan(&row)
	if res.Error != nil || res.RowsAffected != 1 {
		return nil, fmt.Errorf("line of event %d: %d rows: %w", eventID, res.RowsAffected, res.Error)
	}
	return &row, nil
}

// seal writes the size of the draw, once, and answers the row. A reload in between has raised what is used above a size
// that is no longer true: then the row has none.
func (p *postgresStore) seal(ctx context.Context, eventID int64, found counters, slug string) (*lineRow, error) {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	err := p.locked(ctx, eventID, func(tx *gorm.DB) error {
		if sealed, err := p.writeSize(tx, eventID, found); err != nil || !sealed {
			return err
		}
		return p.recordSeal(tx, eventID, slug)
	})
	if err != nil {
		return nil, fmt.Errorf("seal draw: %w", err)
	}
	return p.read(ctx, eventID)
}

// recordSeal tells of a size just written. A round that came before it moves on: whoever knows its value must not be
// able to choose the size.
func (p *postgresStore) recordSeal(tx *gorm.DB, eventID int64, slug string) error {
	row, err := p.inside(tx, eventID)
	if err != nil {
		return err
	}
	lanes, err := row.laneRows()
	if err != nil {
		return err
	}
	if err := p.record(tx, eventID, "opened", openedEntry{*row.Size, publishedLanes(lanes)}); err != nil {
		return err
	}
	chain, err := row.chain()
	if err != nil || chain == nil {
		if err == nil {
			err = p.recordDraw(tx, row, slug)
		}
		return err
	}
	now, err := p.now(tx)
	if err != nil {
		return err
	}
	if now.Before(chain.TimeOf(*row.BeaconRound)) {
		return nil
	}
	return p.moveBeacon(tx, row, chain, chain.RoundAt(now.Add(beacon.Margin)), fmt.Sprintf("the draw was closed only when round %d was already public", *row.BeaconRound))
}

// openedEntry is what an entry "opened" says.
type openedEntry struct {
	Size  int64           `json:"size"`
	Lanes []publishedLane `json:"lanes,omitempty"`
}

// drawEntry is what an entry "drawn" says: with the sizes of "opened", all that is needed to work the order out again.
type drawEntry struct {
	Size   int64         `json:"size"`
	Secret string        `json:"secret"`
	Beacon *beacon.Value `json:"beacon"`
	Seed   string        `json:"seed"`
}

// recordDraw tells of a draw that has just become one.
func (p *postgresStore) recordDraw(tx *gorm.DB, row *lineRow, slug string) error {
	value, err := row.value()
	if err != nil {
		return err
	}
	seed, err := row.seed(slug)
	if err != nil {
		return err
	}
	return p.record(tx, row.EventID, "drawn", drawEntry{*row.Size, hex.EncodeToString(row.Secret), value, hex.EncodeToString(seed[:])})
}

// draw writes the beacon's value, once, and with it the draw. A round that was moved in between changes nothing.
func (p *postgresStore) draw(ctx context.Context, eventID int64, v beacon.Value, slug string) error {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	err = p.locked(ctx, eventID, func(tx *gorm.DB) error {
		res := tx.Exec(`UPDATE lines SET beacon_value = ?::jsonb WHERE event_id = ? AND beacon_value IS NULL AND size IS NOT NULL AND beacon_round = ?`,
			string(text), eventID, v.Round)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		row, err := p.inside(tx, eventID)
		if err != nil {
			return err
		}
		return p.recordDraw(tx, row, slug)
	})
	if err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	return nil
}

// beaconMoved is what an entry "beacon-moved" says.
type beaconMoved struct {
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	Due    string `json:"due"` // when the new round comes
	Reason string `json:"reason"`
}

// moveBeacon makes a draw take another round.
func (p *postgresStore) moveBeacon(tx *gorm.DB, row *lineRow, chain *beacon.Chain, to int64, reason string) error {
	if err := tx.Exec(`UPDATE lines SET beacon_round = ? WHERE event_id = ?`, to, row.EventID).Error; err != nil {
		return fmt.Errorf("move beacon: %w", err)
	}
	return p.record(tx, row.EventID, "beacon-moved", beaconMoved{*row.BeaconRound, to, clock.Format(chain.TimeOf(to)), reason})
}

// recordOpening tells of an opening that moved, in the transaction that moves it, and lets the round follow it.
// ErrAlreadyDrawn once the draw is closed.
func (p *postgresStore) recordOpening(tx *gorm.DB, eventID int64, from, to time.Time, reason string) error {
	row, err := p.inside(tx, eventID)
	if err != nil {
		return err
	}
	if row.Draws && row.Size != nil {
		return ErrAlreadyDrawn
	}
	if err := p.record(tx, eventID, "opening-moved", map[string]any{"from": clock.Time(from), "to": clock.Time(to), "reason": reason}); err != nil {
		return err
	}
	chain, err := row.chain()
	if err != nil || chain == nil {
		return err
	}
	if round := chain.RoundAt(to.Add(beacon.Margin)); round != *row.BeaconRound {
		return p.moveBeacon(tx, row, chain, round, "the opening was moved")
	}
	return nil
}

// recordLoss tells of what was burnt when a line came back, and of a draw that this closed.
func (p *postgresStore) recordLoss(tx *gorm.DB, was, is *lineRow, slug string) error {
	var before, after []json.RawMessage
	if err := json.Unmarshal(was.Burnt, &before); err != nil {
		return fmt.Errorf("burnt ranges of event %d: %w", was.EventID, err)
	}
	if err := json.Unmarshal(is.Burnt, &after); err != nil {
		return fmt.Errorf("burnt ranges of event %d: %w", is.EventID, err)
	}
	if len(after) > len(before) {
		if err := p.record(tx, is.EventID, "burnt", map[string]any{"ranges": after[len(before):]}); err != nil {
			return err
		}
	}
	if was.Size == nil && is.Size != nil {
		return p.recordSeal(tx, is.EventID, slug)
	}
	return nil
}
