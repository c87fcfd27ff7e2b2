package queue

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/modules/queue/internal/draw"
)

// LineSettings are what an event's line is published with.
type LineSettings struct {
	Draws     bool // false: everyone is tail, and is admitted at once as far as there is room
	Cap       int  // how many may be inside, from 1
	PerMinute *int // how many may enter in any 60 s; nil = no such limit
	Lanes     []Lane
	// Identity is who may join: IdentityNone, IdentityEmail or IdentityAccessCode; "" means none.
	Identity    string
	ProofOfWork bool // joining costs a browser some work; only where anybody may join
}

// LineChange is what may change while a line runs; nil leaves a setting as it is. Nobody in line notices.
type LineChange struct {
	Cap, PerMinute *int
	NoPerMinute    bool // takes the budget of admissions a minute away
	Identity       *string
	ProofOfWork    *bool
	// What the event keeps and the log tells: seats a buyer may have; the closing, the zero time for none.
	MaxPerBuyer *int
	ClosesAt    *time.Time
}

// Publish makes the line of an event inside the transaction that makes the event. The commitment is what the draw can
// be checked against; it is public from then on.
func (s *Service) Publish(ctx context.Context, tx *gorm.DB, eventID int64, slug string, l LineSettings) (commitment string, err error) {
	l.Identity = cmp.Or(l.Identity, IdentityNone)
	if err := checkSettings(LineChange{Cap: &l.Cap, PerMinute: l.PerMinute, Identity: &l.Identity, ProofOfWork: &l.ProofOfWork}); err != nil {
		return "", err
	}
	fields := fault.Fields{}
	if checkLanes(l, fields); len(fields) > 0 {
		return "", fields.Err()
	}
	lanes := newLanes(l.Lanes)
	encoded, err := encodeLanes(lanes)
	if err != nil {
		return "", err
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, says its documentation
	row := lineRow{EventID: eventID, Draws: l.Draws, Cap: l.Cap, PerMinute: l.PerMinute, Identity: l.Identity,
		ProofOfWork: l.ProofOfWork, Secret: secret, Commitment: draw.Commitment(secret), Lanes: []byte(encoded)}
	if !l.Draws {
		row.Size = new(int64) // a draw of nobody, so there is nothing to wait for
	}
	var event struct {
		OpensAt     time.Time
		ClosesAt    *time.Time
		MaxPerBuyer int
	}
	if err := tx.WithContext(ctx).Raw(`SELECT opens_at, closes_at, max_per_buyer FROM events WHERE id = ?`, eventID).Scan(&event).Error; err != nil {
		return "", fmt.Errorf("publish line of %s: %w", slug, err)
	}
	if l.Draws {
		if row.BeaconChain, row.BeaconRound, err = s.fixBeacon(ctx, event.OpensAt); err != nil {
			return "", err
		}
	}
	if err := s.postgres.insert(ctx, tx, row); err != nil {
		return "", fmt.Errorf("publish line of %s: %w", slug, err)
	}
	published := publishedEntry{Event: slug, Draws: l.Draws, OpensAt: clock.Time(event.OpensAt), ClosesAt: (*clock.Time)(event.ClosesAt),
		Commitment: row.Commitment, Cap: l.Cap, PerMinute: l.PerMinute, MaxPerBuyer: event.MaxPerBuyer, Lanes: publishedLanes(lanes),
		Identity: l.Identity, ProofOfWork: l.ProofOfWork}
	if row.BeaconRound != nil {
		published.Beacon = &publishedBeacon{json.RawMessage(row.BeaconChain), *row.BeaconRound}
	}
	if err := s.postgres.record(tx.WithContext(ctx), eventID, "published", published); err != nil {
		return "", err
	}
	return row.Commitment, nil
}

// publishedEntry is what the log begins with.
type publishedEntry struct {
	Event       string           `json:"event"`
	Draws       bool             `json:"draws"`
	OpensAt     clock.Time       `json:"opens_at"`
	ClosesAt    *clock.Time      `json:"closes_at"` // null for never
	Commitment  string           `json:"commitment"`
	Beacon      *publishedBeacon `json:"beacon"` // null: the draw uses no public randomness
	Cap         int              `json:"cap"`
	PerMinute   *int             `json:"per_minute"`
	MaxPerBuyer int              `json:"max_per_buyer"`
	Lanes       []publishedLane  `json:"lanes,omitempty"`
	// Who may join.
	Identity    string `json:"identity"`
	ProofOfWork bool   `json:"proof_of_work"`
}

// publishedBeacon is the chain, as beacon.Chain, and the round of it that is fixed from the start.
type publishedBeacon struct {
	Chain json.RawMessage `json:"chain"`
	Round int64           `json:"round"`
}

// checkSettings refuses what a line cannot have.
func checkSettings(c LineChange) error {
	fields := fault.Fields{}
	if c.Cap != nil && *c.Cap < 1 {
		fields["queue.cap"] = "must be at least 1"
	}
	if c.PerMinute != nil && *c.PerMinute < 1 {
		fields["queue.per_minute"] = "must be at least 1"
	}
	if c.Identity != nil && !slices.Contains(identities, *c.Identity) {
		fields["queue.identity"] = "is none, email or access_code"
	}
	if c.ProofOfWork != nil && *c.ProofOfWork && c.Identity != nil && *c.Identity != IdentityNone {
		fields["queue.proof_of_work"] = "goes with identity none: a mailed code or an access code is proof enough"
	}
	return fields.Err()
}

// Amend changes settings inside the caller's transaction. Nobody inside is put out, and who is in line stays there: who
// may join changes for those who come later. Call Changed after the commit.
func (s *Service) Amend(ctx context.Context, tx *gorm.DB, eventID int64, c LineChange) error {
	if err := checkSettings(c); err != nil {
		return err
	}
	pg := tx.WithContext(ctx)
	was, err := s.postgres.inside(pg, eventID)
	if err != nil {
		return err
	}
	err = pg.Exec(`UPDATE lines SET cap = coalesce(?, cap), per_minute = CASE WHEN ? THEN NULL ELSE coalesce(?, per_minute) END,
		identity = coalesce(?, identity), proof_of_work = coalesce(?, proof_of_work) WHERE event_id = ?`,
		c.Cap, c.NoPerMinute, c.PerMinute, c.Identity, c.ProofOfWork, eventID).Error
	if err != nil {
		return fmt.Errorf("amend line: %w", err)
	}
	row, err := s.postgres.inside(pg, eventID)
	if err != nil {
		return err
	}
	// One of the two may have been set before; what is wrong together is refused together.
	if err := checkSettings(LineChange{Identity: &row.Identity, ProofOfWork: &row.ProofOfWork}); err != nil {
		return err
	}
	if was.Identity != row.Identity || was.ProofOfWork != row.ProofOfWork {
		if err := s.postgres.record(pg, eventID, "who", map[string]any{"identity": row.Identity, "proof_of_work": row.ProofOfWork}); err != nil {
			return err
		}
	}
	if was.Cap == row.Cap && orNone(was.PerMinute) == orNone(row.PerMinute) && c.MaxPerBuyer == nil && c.ClosesAt == nil {
		return nil
	}
	limits := map[string]any{"cap": row.Cap, "per_minute": row.PerMinute}
	if c.MaxPerBuyer != nil {
		limits["max_per_buyer"] = *c.MaxPerBuyer
	}
	if c.ClosesAt != nil {
		limits["closes_at"] = nil
		if !c.ClosesAt.IsZero() {
			limits["closes_at"] = clock.Time(*c.ClosesAt)
		}
	}
	return s.postgres.record(pg, eventID, "limits", limits)
}

// Moved tells the line, in the transaction that does it, that its opening moves: the log says so, and the round of a
// beacon follows. ErrAlreadyDrawn once the draw is closed.
func (s *Service) Moved(ctx context.Context, tx *gorm.DB, eventID int64, from, to time.Time) error {
	return s.postgres.recordOpening(tx.WithContext(ctx), eventID, from, to, "")
}

func orNone(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// Changed makes Redis take over what Postgres has: cap, admissions a minute, pause, end and times. Call it after the
// commit, when Events tells the new times; should it fail, a later tick makes up for it.
func (s *Service) Changed(ctx context.Context, eventID int64) error {
	event, err := s.events.Event(ctx, eventID)
	if err != nil {
		return fmt.Errorf("push settings: %w", err)
	}
	_, err = s.push(ctx, eventID, &event)
	return err
}

// Reschedule moves the opening of a line; ErrAlreadyDrawn once the draw is sealed or the sale is open, so moving it to
// where it stands asks whether it may still move. Redis follows at once; the event itself is the caller's to change,
// right after.
func (s *Service) Reschedule(ctx context.Context, eventID int64, opensAt time.Time) error {
	event, err := s.events.Event(ctx, eventID)
	if err != nil {
		return fmt.Errorf("reschedule: %w", err)
	}
	state, err := s.script(ctx, "look", eventID, "")
	if err != nil {
		return err
	}
	if !state.at("now").Before(state.at("opens")) || (state.num("draws") == 1 && state.num("sealed") == 1) {
		return ErrAlreadyDrawn
	}
	return s.moveOpening(ctx, eventID, event, opensAt)
}

// moveOpening pushes another opening than the event's.
func (s *Service) moveOpening(ctx context.Context, eventID int64, event Event, opensAt time.Time) error {
	event.OpensAt = opensAt
	if event.PrequeueAt.After(opensAt) {
		event.PrequeueAt = opensAt
	}
	state, err := s.push(ctx, eventID, &event)
	if err != nil {
		return err
	}
	if state.num("opens") != opensAt.UnixMilli() {
		return ErrAlreadyDrawn
	}
	return nil
}

// push writes the settings of a line into Redis, with the times where an event is given. One replica at a time, so that
// the last to push has read the last that was written.
func (s *Service) push(ctx context.Context, eventID int64, event *Event) (state reply, err error) {
	// A line that Redis has lost is brought back first: a lock cannot be taken twice.
	if _, err := s.script(ctx, "look", eventID, ""); err != nil {
		return nil, err
	}
	err = s.postgres.locked(ctx, eventID, func(tx *gorm.DB) error {
		var row lineRow
		if err := tx.Raw(`SELECT * FROM lines WHERE event_id = ?`, eventID).Scan(&row).Error; err != nil {
			return err
		}
		if state, err = s.redis.run(ctx, "settings", eventID, settingsArgs(event, &row)...); err == nil && state.status() != "ok" {
			err = errLost
		}
		return err
	})
	s.forget(eventID)
	s.room(eventID).sleep(time.Time{})
	if err != nil {
		return nil, away(fmt.Errorf("push settings: %w", err))
	}
	return state, nil
}

// settingsArgs are what staff can change, as settings.lua takes it; without an event its times stay as they are.
func settingsArgs(event *Event, row *lineRow) []string {
	perMinute := 0
	if row.PerMinute != nil {
		perMinute = *row.PerMinute
	}
	paused := pausedField(row)
	if paused == "" {
		paused = "-"
	}
	args := []string{strconv.Itoa(row.Cap), strconv.Itoa(perMinute), paused, msArg(row.EndedAt)}
	if event == nil {
		return args
	}
	return append(args, msArg(&event.PrequeueAt), msArg(&event.OpensAt), msArg(event.ClosesAt), strconv.Itoa(event.MaxPerBuyer))
}

// pausedField is adm's field: "" while the line moves, else "+" and the reason, which may be empty.
func pausedField(row *lineRow) string {
	if row.PausedReason == nil {
		return ""
	}
	return "+" + *row.PausedReason
}

func msArg(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// forget makes this replica's next /queue/now a new one.
func (s *Service) forget(eventID int64) {
	r := s.room(eventID)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rowAt, r.rowTried = time.Time{}, time.Time{}
	if r.now != nil {
		old := *r.now
		old.at, r.tried = old.at.Add(-freshFor), time.Time{}
		r.now = &old
	}
}
