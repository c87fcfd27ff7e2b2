-- From "Pay" to the ticket. The unique indexes and the trigger have the last word: one live claim a seat, one live
-- payment an order, a ticket only under a sold claim, no release under a valid ticket, nobody over the limit.

-- +goose Up
CREATE TABLE orders (
  id         uuid PRIMARY KEY,
  event_id   bigint NOT NULL REFERENCES events,
  code       text NOT NULL UNIQUE,           -- what a person reads out: "K7QX2M4P"
  place_key  text NOT NULL,                  -- the place in line that ordered
  name       text NOT NULL,
  email      text NOT NULL,
  buyer_key  bytea NOT NULL,                 -- HMAC of the normalised address
  status     text NOT NULL DEFAULT 'pending'
             CHECK (status IN ('pending','paid','part_refunded','cancelled','expired','refunded')),
  amount     bigint NOT NULL CHECK (amount >= 0),
  currency   char(3) NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  paid_at    timestamptz,
  UNIQUE (id, event_id, buyer_key, place_key)
);
-- One open order a place: a second POST finds the first.
CREATE UNIQUE INDEX one_open_order_per_place ON orders (event_id, place_key) WHERE status = 'pending';
CREATE INDEX orders_open ON orders (expires_at) WHERE status = 'pending';
CREATE INDEX orders_by_event ON orders (event_id, created_at);
CREATE INDEX orders_by_email ON orders (lower(email));

CREATE TABLE order_history (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE,
  at       timestamptz NOT NULL DEFAULT now(),
  what     text NOT NULL,                    -- 'placed', 'authorized', 'paid', 'mail-sent', …
  detail   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX order_history_by_order ON order_history (order_id, id);

-- A claim ties a seat to an order, or to a block (order, buyer and place are null then and only then). Its id is the
-- fence of every later write. buyer_slot and place_slot count to the limit without a counter that could drift.
CREATE TABLE seat_claims (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id      bigint NOT NULL,
  seat_id       integer NOT NULL,
  order_id      uuid,
  buyer_key     bytea,
  buyer_slot    smallint,
  place_key     text,
  place_slot    smallint,
  max_per_buyer smallint,
  price         bigint CHECK (price >= 0),   -- what this buyer pays for the seat, in minor units, whatever it costs later
  status        text NOT NULL CHECK (status IN ('checkout','secured','sold','blocked','released')),
  reason        text NOT NULL DEFAULT '',    -- of a block
  block_id      uuid,                        -- what was blocked at once is put back on sale at once
  created_at    timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (event_id, seat_id) REFERENCES seats,
  FOREIGN KEY (event_id, max_per_buyer) REFERENCES events (id, max_per_buyer) ON UPDATE CASCADE,
  FOREIGN KEY (order_id, event_id, buyer_key, place_key) REFERENCES orders (id, event_id, buyer_key, place_key),
  CONSTRAINT a_block_has_no_buyer CHECK (num_nonnulls(order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price) IN (0, 7)),
  CONSTRAINT blocked_without_order CHECK (status = 'released' OR (status = 'blocked') = (order_id IS NULL)),
  CONSTRAINT buyer_within_limit CHECK (status = 'released' OR buyer_slot BETWEEN 1 AND max_per_buyer),
  CONSTRAINT place_within_limit CHECK (status = 'released' OR place_slot BETWEEN 1 AND max_per_buyer),
  UNIQUE (id, status),
  UNIQUE (id, event_id, seat_id)
);
CREATE UNIQUE INDEX one_live_claim_per_seat ON seat_claims (event_id, seat_id) WHERE status <> 'released';
CREATE UNIQUE INDEX one_slot_per_buyer ON seat_claims (event_id, buyer_key, buyer_slot) WHERE status <> 'released';
CREATE UNIQUE INDEX one_slot_per_place ON seat_claims (event_id, place_key, place_slot) WHERE status <> 'released';
CREATE INDEX seat_claims_by_order ON seat_claims (order_id);
CREATE INDEX seat_claims_by_block ON seat_claims (block_id) WHERE block_id IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION seat_claims_move_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.event_id, NEW.seat_id) IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.seat_id)
     OR (NEW.order_id, NEW.buyer_key, NEW.place_key) IS DISTINCT FROM (OLD.order_id, OLD.buyer_key, OLD.place_key) THEN
    RAISE EXCEPTION 'a claim keeps its seat and its order' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.status <> OLD.status AND NOT (
       (OLD.status = 'checkout' AND NEW.status IN ('secured','sold','released'))
    OR (OLD.status = 'secured'  AND NEW.status IN ('sold','released'))
    OR (OLD.status = 'sold'     AND NEW.status = 'released')
    OR (OLD.status = 'blocked'  AND NEW.status = 'released')) THEN
    RAISE EXCEPTION 'a claim cannot go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER seat_claims_move_forward BEFORE UPDATE ON seat_claims FOR EACH ROW EXECUTE FUNCTION seat_claims_move_forward();

CREATE TABLE payments (
  id            uuid PRIMARY KEY,            -- also the idempotency key at the processor
  order_id      uuid NOT NULL REFERENCES orders,
  provider      text NOT NULL,
  provider_ref  text,
  url           text,                        -- where the fan pays
  amount        bigint NOT NULL CHECK (amount >= 0),
  currency      char(3) NOT NULL,
  received      bigint NOT NULL DEFAULT 0 CHECK (received >= 0), -- captured at the processor, as read by GET
  status        text NOT NULL DEFAULT 'created'
                CHECK (status IN ('created','authorized','captured','cancelling','cancelled','failed','refund_due','refunded')),
  problem       text NOT NULL DEFAULT '',    -- why it failed, or what an operator must know
  checks        integer NOT NULL DEFAULT 0,  -- how often the reconciler has asked
  next_check_at timestamptz NOT NULL DEFAULT now() + interval '10 s',
  created_at    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (provider, provider_ref)
);
CREATE UNIQUE INDEX one_live_payment_per_order ON payments (order_id) WHERE status IN ('created','authorized','captured','cancelling');
CREATE INDEX payments_to_check ON payments (next_check_at) WHERE status IN ('created','authorized','cancelling','refund_due');
CREATE INDEX payments_by_order ON payments (order_id);

CREATE TABLE refunds (
  id         uuid PRIMARY KEY,               -- also the idempotency key at the processor
  payment_id uuid NOT NULL REFERENCES payments,
  reason     text NOT NULL,
  amount     bigint NOT NULL CHECK (amount > 0),
  status     text NOT NULL DEFAULT 'due' CHECK (status IN ('due','sent','done','failed')),
  problem    text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (payment_id, reason)
);
CREATE INDEX refunds_open ON refunds (created_at) WHERE status <> 'done';

CREATE TABLE psp_events (
  provider     text NOT NULL,
  event_id     text NOT NULL,
  provider_ref text NOT NULL,
  body         jsonb NOT NULL,
  received_at  timestamptz NOT NULL DEFAULT now(),
  processed_at timestamptz,
  PRIMARY KEY (provider, event_id)
);
CREATE INDEX psp_events_open ON psp_events (received_at) WHERE processed_at IS NULL;

CREATE TABLE tickets (
  id            uuid PRIMARY KEY,
  claim_id      bigint NOT NULL,
  event_id      bigint NOT NULL,
  seat_id       integer NOT NULL,
  secret        text NOT NULL UNIQUE,        -- 128-bit capability of /t/{secret}
  status        text NOT NULL DEFAULT 'valid' CHECK (status IN ('valid','void')),
  claim_status  text DEFAULT 'sold',
  issued_at     timestamptz NOT NULL DEFAULT now(),
  checked_in_at timestamptz,
  gate          text NOT NULL DEFAULT '',
  CONSTRAINT valid_only_while_sold CHECK ((status = 'valid' AND claim_status IS NOT NULL AND claim_status = 'sold') OR (status = 'void' AND claim_status IS NULL)),
  FOREIGN KEY (claim_id, claim_status) REFERENCES seat_claims (id, status),
  FOREIGN KEY (claim_id, event_id, seat_id) REFERENCES seat_claims (id, event_id, seat_id)
);
CREATE UNIQUE INDEX one_valid_ticket_per_seat ON tickets (event_id, seat_id) WHERE status = 'valid';
CREATE INDEX tickets_by_claim ON tickets (claim_id);

-- A name with the last second somebody was alive; its gap is how long an outage lasted.
CREATE TABLE heartbeats (
  name text PRIMARY KEY,
  at   timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE heartbeats;
DROP TABLE tickets;
DROP TABLE psp_events;
DROP TABLE refunds;
DROP TABLE payments;
DROP TABLE seat_claims;
DROP FUNCTION seat_claims_move_forward;
DROP TABLE order_history;
DROP TABLE orders;
