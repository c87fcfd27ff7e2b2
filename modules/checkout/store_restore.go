package checkout

import (
	"context"
	"fmt"
	"time"
)

// cluster is which Postgres this is.
func (s store) cluster(ctx context.Context) (system string, timeline int64, err error) {
	var row struct {
		System   string
		Timeline int64
	}
	if _, err := one(s.db.WithContext(ctx), &row, `SELECT (pg_control_system()).system_identifier::text AS system, (pg_control_checkpoint()).timeline_id::bigint AS timeline`); err != nil {
		return "", 0, fmt.Errorf("ask which cluster: %w", err)
	}
	return row.System, row.Timeline, nil
}

// elsewhere tells whether we ran in another cluster, or on another timeline, at the last start.
func (s store) elsewhere(ctx context.Context, system string, timeline int64) (other bool, err error) {
	_, err = one(s.db.WithContext(ctx), &other, `SELECT (system_id, timeline) IS DISTINCT FROM (?, ?::bigint) FROM installation`, system, timeline)
	if err != nil {
		return false, fmt.Errorf("compare the cluster: %w", err)
	}
	return other, nil
}

func (s store) noteCluster(ctx context.Context, system string, timeline int64) error {
	_, err := changed(s.db.WithContext(ctx), `INSERT INTO installation (system_id, timeline) VALUES (?, ?)
		ON CONFLICT (one) DO UPDATE SET system_id = excluded.system_id, timeline = excluded.timeline`, system, timeline)
	if err != nil {
		return fmt.Errorf("note the cluster: %w", err)
	}
	return nil
}

func (s store) beginReconciling(ctx context.Context, reason string) error {
	_, err := changed(s.db.WithContext(ctx), `INSERT INTO installation (system_id, timeline, reconciling_since, reason) VALUES ('', 0, `+now+`, ?)
		ON CONFLICT (one) DO UPDATE SET reconciling_since = coalesce(installation.reconciling_since, excluded.reconciling_since), reason = excluded.reason,
		  ended_at = NULL, ended_by = ''`, s.now(), reason)
	if err != nil {
		return fmt.Errorf("begin to reconcile: %w", err)
	}
	return nil
}

func (s store) reconciling(ctx context.Context) (r Reconciliation, closed bool, err error) {
	closed, err = one(s.db.WithContext(ctx), &r, `SELECT reconciling_since AS since, reason FROM installation WHERE reconciling_since IS NOT NULL`)
	if err != nil {
		return r, false, fmt.Errorf("look whether it is reconciling: %w", err)
	}
	return r, closed, nil
}

// sinceNewest is how long ago the newest payment was made, within bounds; the longest where there is none.
func (s store) sinceNewest(ctx context.Context, least, most time.Duration) (time.Duration, error) {
	var seconds *float64
	if _, err := one(s.db.WithContext(ctx), &seconds, `SELECT extract(epoch FROM `+now+` - max(created_at))::float8 FROM payments`, s.now()); err != nil {
		return 0, fmt.Errorf("find the newest payment: %w", err)
	}
	if seconds == nil || *seconds > most.Seconds() {
		return most, nil
	}
	return max(least, time.Duration(*seconds*float64(time.Second))), nil
}

// ownersWord is when an owner last said that this database is the real one; nil if it was doubted since, or never.
func (s store) ownersWord(ctx context.Context) (at *time.Time, err error) {
	_, err = one(s.db.WithContext(ctx), &at, `SELECT ended_at FROM installation WHERE ended_by <> ''`)
	if err != nil {
		return nil, fmt.Errorf("look whether this is the real one: %w", err)
	}
	return at, nil
}

func (s store) endReconciling(ctx context.Context, by string) error {
	_, err := changed(s.db.WithContext(ctx), `UPDATE installation SET reconciling_since = NULL, ended_at = `+now+`, ended_by = ? WHERE reconciling_since IS NOT NULL OR ended_at IS NOT NULL AND ended_by = '' AND ? <> ''`, s.now(), by, by)
	if err != nil {
		return fmt.Errorf("end reconciling: %w", err)
	}
	return nil
}
