-- Categories that only a code opens: the event says which, a promotion which ones its codes open. Such a promotion may leave
-- prices as they are; the code from before this migration finds that it takes nothing off.

-- +goose Up
ALTER TABLE events ADD COLUMN locked jsonb NOT NULL DEFAULT '[]';         -- category ids
ALTER TABLE promotions ADD COLUMN unlocks jsonb NOT NULL DEFAULT '[]',    -- category ids
  DROP CONSTRAINT one_kind_of_promotion,
  ADD CONSTRAINT one_kind_of_promotion CHECK (num_nonnulls(percent, amount, prices) = 1
    OR (num_nonnulls(percent, amount, prices) = 0 AND unlocks <> '[]'));

-- +goose Down
-- What only opened seats would be a promotion of nothing: its codes go on as ones that take off nothing at all.
UPDATE promotions SET prices = '{}', ended_at = coalesce(ended_at, now()) WHERE num_nonnulls(percent, amount, prices) = 0;
ALTER TABLE promotions DROP CONSTRAINT one_kind_of_promotion,
  ADD CONSTRAINT one_kind_of_promotion CHECK (num_nonnulls(percent, amount, prices) = 1),
  DROP COLUMN unlocks;
ALTER TABLE events DROP COLUMN locked;
