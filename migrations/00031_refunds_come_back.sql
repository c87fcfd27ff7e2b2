-- Refunds that the buyer's bank sent back after the processor had taken them, and those that somebody made at the processor by hand.

-- +goose Up
ALTER TABLE refunds
  ADD COLUMN came_back boolean NOT NULL DEFAULT false, -- it was done once, and its buyer was told
  ADD COLUMN made_as text NOT NULL DEFAULT '';         -- the key the processor shows it under, where that is not its id

-- +goose Down
ALTER TABLE refunds DROP COLUMN came_back, DROP COLUMN made_as;
