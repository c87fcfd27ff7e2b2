-- Areas on sale: places without drawn seats, numbered after them.

-- +goose Up
-- [{"id","label","first","capacity","category","own"?}] in the order of their numbers; own is {"id","name","color"} of a
-- category that the plan does not have. Written when the event is made, as plan_version is, which depends on it.
ALTER TABLE events ADD COLUMN areas jsonb NOT NULL DEFAULT '[]';
-- A hall may have nothing but a floor.
ALTER TABLE plans DROP CONSTRAINT plans_seats_check, ADD CONSTRAINT plans_seats_check CHECK (seats >= 0);

-- +goose Down
ALTER TABLE plans DROP CONSTRAINT plans_seats_check, ADD CONSTRAINT plans_seats_check CHECK (seats > 0) NOT VALID;
ALTER TABLE events DROP COLUMN areas;
