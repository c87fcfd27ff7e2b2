-- What must be known of the last minute's admissions when Redis has lost it: a budget a minute holds around the loss too.

-- +goose Up
ALTER TABLE lines ADD COLUMN entered jsonb; -- second (Unix) -> admissions; null without a budget

-- +goose Down
ALTER TABLE lines DROP COLUMN entered;
