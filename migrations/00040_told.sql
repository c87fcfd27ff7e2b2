-- Buyers are told of money that goes back when it is promised, not only when it has gone. And the refund of a whole event has a
-- sentence for them beside its reason, which is for the house.

-- +goose Up
-- false: written by a program that told only at the end, which then still has to be done.
ALTER TABLE refunds ADD COLUMN told boolean NOT NULL DEFAULT false;
ALTER TABLE event_refunds ADD COLUMN public_reason text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE event_refunds DROP COLUMN public_reason;
ALTER TABLE refunds DROP COLUMN told;
