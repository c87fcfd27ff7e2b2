-- How far a choice of seats is kept from leaving a single free one behind.

-- +goose Up
ALTER TABLE events ADD COLUMN orphan_rule text NOT NULL DEFAULT 'off' CHECK (orphan_rule IN ('off', 'lenient', 'strict'));

-- +goose Down
ALTER TABLE events DROP COLUMN orphan_rule;
