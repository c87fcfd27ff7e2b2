-- A seat changed for another of the same order: the new claim names the one it stands for.

-- +goose Up
ALTER TABLE seat_claims ADD COLUMN replaces bigint REFERENCES seat_claims (id);
CREATE UNIQUE INDEX one_successor_per_claim ON seat_claims (replaces) WHERE replaces IS NOT NULL;

-- +goose Down
ALTER TABLE seat_claims DROP COLUMN replaces;
