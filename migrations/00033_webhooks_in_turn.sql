-- A webhook that cannot be acted on waits its turn, and holds up no other.

-- +goose Up
ALTER TABLE psp_events
  ADD COLUMN tries integer NOT NULL DEFAULT 0,
  ADD COLUMN next_try_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX psp_events_due ON psp_events (next_try_at) WHERE processed_at IS NULL;

-- +goose Down
DROP INDEX psp_events_due;
ALTER TABLE psp_events DROP COLUMN next_try_at, DROP COLUMN tries;
