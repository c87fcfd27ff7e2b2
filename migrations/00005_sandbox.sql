-- The sandbox payment processor's own ledger: a third party that happens to live in the same database, in a schema of
-- its own that nothing else reads or writes. Its checks are the last word on how much money it may hold.

-- +goose Up
CREATE SCHEMA sandbox;

CREATE TABLE sandbox.payments (
  id          text PRIMARY KEY,               -- "pay_…"; unguessable, because the fan's page is found by it
  n           bigint GENERATED ALWAYS AS IDENTITY UNIQUE, -- oldest first
  payment     text NOT NULL,                  -- the merchant's id; several payments may carry one
  order_id    text NOT NULL,                  -- the merchant's too
  amount      bigint NOT NULL CHECK (amount > 0), -- asked for, minor units
  currency    char(3) NOT NULL,
  description text NOT NULL,
  return_url  text NOT NULL,
  webhook_url text NOT NULL,
  status      text NOT NULL DEFAULT 'open' CHECK (status IN ('open','authorized','captured','declined','cancelled')),
  authorized  bigint NOT NULL DEFAULT 0 CHECK (authorized >= 0), -- what the fan's bank agreed to; stays after a cancel
  captured    bigint NOT NULL DEFAULT 0,
  refunded    bigint NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL,
  changed_at  timestamptz NOT NULL,
  CONSTRAINT captured_once_and_whole CHECK (captured = CASE WHEN status = 'captured' THEN authorized ELSE 0 END),
  CONSTRAINT authorized_by_the_fan CHECK ((status IN ('open','declined')) <= (authorized = 0) AND (status IN ('authorized','captured')) <= (authorized > 0)),
  CONSTRAINT refunded_within_captured CHECK (refunded BETWEEN 0 AND captured)
);
CREATE INDEX sandbox_payments_by_merchant ON sandbox.payments (payment);

CREATE TABLE sandbox.refunds (
  id         text PRIMARY KEY,
  n          bigint GENERATED ALWAYS AS IDENTITY,
  payment_id text NOT NULL REFERENCES sandbox.payments,
  key        text NOT NULL,                   -- the Idempotency-Key it came with
  amount     bigint NOT NULL CHECK (amount > 0),
  created_at timestamptz NOT NULL,
  UNIQUE (payment_id, key)
);

-- The answer to a request, stored in the transaction of its effect. Status is null only inside that transaction.
CREATE TABLE sandbox.idempotency (
  path         text NOT NULL,
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  status       integer,
  body         bytea,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (path, key)
);
CREATE INDEX sandbox_idempotency_by_age ON sandbox.idempotency (created_at);

-- The outbox of webhooks. An event that is sent twice has two rows with one event_id.
CREATE TABLE sandbox.webhooks (
  n            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id     text NOT NULL,
  copy         smallint NOT NULL DEFAULT 1,
  payment_id   text NOT NULL REFERENCES sandbox.payments,
  url          text NOT NULL,
  body         text NOT NULL,
  status       text NOT NULL DEFAULT 'due' CHECK (status IN ('due','delivered','lost','given_up')),
  due_at       timestamptz NOT NULL,          -- also the lease while a replica delivers it
  attempts     integer NOT NULL DEFAULT 0,
  last_error   text NOT NULL DEFAULT '',
  created_at   timestamptz NOT NULL,
  delivered_at timestamptz,
  UNIQUE (event_id, copy)
);
CREATE INDEX sandbox_webhooks_due ON sandbox.webhooks (due_at, n) WHERE status = 'due';
CREATE INDEX sandbox_webhooks_done ON sandbox.webhooks (created_at) WHERE status <> 'due';

-- One row, so that every replica misbehaves alike.
CREATE TABLE sandbox.faults (
  one              boolean PRIMARY KEY DEFAULT true CHECK (one),
  outage           boolean NOT NULL DEFAULT false,
  latency_ms       integer NOT NULL DEFAULT 0 CHECK (latency_ms >= 0),
  error_rate       double precision NOT NULL DEFAULT 0 CHECK (error_rate BETWEEN 0 AND 1),
  webhook          text NOT NULL DEFAULT 'normal' CHECK (webhook IN ('normal','late','twice','lost','shuffled')),
  webhook_delay_ms integer NOT NULL DEFAULT 0 CHECK (webhook_delay_ms >= 0),
  wrong_amount     boolean NOT NULL DEFAULT false
);
INSERT INTO sandbox.faults DEFAULT VALUES;

-- +goose Down
DROP TABLE sandbox.faults;
DROP TABLE sandbox.webhooks;
DROP TABLE sandbox.idempotency;
DROP TABLE sandbox.refunds;
DROP TABLE sandbox.payments;
DROP SCHEMA sandbox;
