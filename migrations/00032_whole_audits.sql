-- Which audits read, or tried to read, all of the processors' ledgers.

-- +goose Up
ALTER TABLE audits ADD COLUMN whole boolean NOT NULL DEFAULT false;
CREATE INDEX audits_whole ON audits (at) WHERE whole;

-- +goose Down
DROP INDEX audits_whole;
ALTER TABLE audits DROP COLUMN whole;
