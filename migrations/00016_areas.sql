-- Areas on sale: places without drawn seats, numbered after them.

-- +goose Up
-- [{"id","label","first","capacity","category","own"?}] in the order of their numbers; own is {"id","name","color"} of a
-- category that the plan does not have. Written when the event is made, as plan_version is, which depends on it.
ALTER TABLE events ADD COLUMN areas jsonb NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE events DROP COLUMN areas;
