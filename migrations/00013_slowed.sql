-- What slows the way in, as the fairness log last told it.

-- +goose Up
ALTER TABLE lines ADD COLUMN slowed text NOT NULL DEFAULT ''; -- "payments", or nothing

-- +goose Down
ALTER TABLE lines DROP COLUMN slowed;
