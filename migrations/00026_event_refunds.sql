-- The refund of a whole event: who asked, who agreed, how far it is. What is left to return are the event's paid orders.

-- +goose Up
CREATE TABLE event_refunds (
  id          uuid PRIMARY KEY,
  event_id    bigint NOT NULL REFERENCES events,
  reason      text NOT NULL,
  status      text NOT NULL CHECK (status IN ('asked','running','paused','done','refused','withdrawn')),
  asked_by    bigint NOT NULL,               -- account
  asked_email text NOT NULL,
  asked_at    timestamptz NOT NULL,
  agreed_by   bigint,                        -- the second account, where one is needed
  agreed_email text NOT NULL DEFAULT '',
  agreed_at   timestamptz,
  ended_at    timestamptz,                   -- done, refused or withdrawn
  CONSTRAINT two_pairs_of_eyes CHECK (agreed_by IS DISTINCT FROM asked_by)
);
CREATE UNIQUE INDEX one_open_refund_per_event ON event_refunds (event_id) WHERE status IN ('asked','running','paused');
CREATE INDEX event_refunds_by_event ON event_refunds (event_id, asked_at);
CREATE INDEX event_refunds_at_work ON event_refunds (event_id) WHERE status IN ('running','done');

-- What became of each order, written in the transaction that returns it; without done_at, why it could not be.
CREATE TABLE event_refund_orders (
  refund_id   uuid NOT NULL REFERENCES event_refunds,
  order_id    uuid NOT NULL REFERENCES orders,
  amount      bigint NOT NULL DEFAULT 0 CHECK (amount >= 0),
  done_at     timestamptz,
  tries       integer NOT NULL DEFAULT 0,    -- that failed
  problem     text NOT NULL DEFAULT '',
  next_try_at timestamptz,
  PRIMARY KEY (refund_id, order_id)
);
CREATE INDEX event_refund_orders_failed ON event_refund_orders (refund_id) WHERE done_at IS NULL;
CREATE INDEX orders_delivered ON orders (event_id) WHERE status IN ('paid','part_refunded');

-- +goose Down
DROP INDEX orders_delivered;
DROP TABLE event_refund_orders;
DROP TABLE event_refunds;
