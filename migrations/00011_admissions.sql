-- What must be known of the room when Redis has lost it, and how good the estimates of the wait were.

-- +goose Up
ALTER TABLE lines
  ADD COLUMN admitted      integer NOT NULL DEFAULT 0,    -- how many were inside, a few seconds ago at most
  ADD COLUMN accuracy      jsonb,                         -- see accuracy.go
  ADD COLUMN accuracy_told boolean NOT NULL DEFAULT false; -- in the fairness log, once

-- +goose Down
ALTER TABLE lines DROP COLUMN admitted, DROP COLUMN accuracy, DROP COLUMN accuracy_told;
