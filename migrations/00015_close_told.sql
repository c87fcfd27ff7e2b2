-- The closing that the fairness log last told of.

-- +goose Up
ALTER TABLE lines ADD COLUMN close_told timestamptz;
UPDATE lines SET close_told = closes_at FROM events WHERE id = event_id AND closes_at < now(); -- logs of what is over stay as they are

-- +goose Down
ALTER TABLE lines DROP COLUMN close_told;
