-- A seat changed for a dearer one: the new seat is claimed while its buyer pays the difference, and the old one stays sold until
-- that is paid.

-- +goose Up
-- The claim is not the order's yet: it sits on the slots of the sold one that it is wanted instead of, and counts to no limit.
ALTER TABLE seat_claims ADD COLUMN swap_of bigint REFERENCES seat_claims (id),
  ADD CONSTRAINT no_swap_is_sold CHECK (swap_of IS NULL OR status IN ('checkout','secured','released'));
CREATE UNIQUE INDEX one_swap_per_claim ON seat_claims (swap_of) WHERE swap_of IS NOT NULL AND status <> 'released';
DROP INDEX one_slot_per_buyer;
DROP INDEX one_slot_per_place;
CREATE UNIQUE INDEX one_slot_per_buyer ON seat_claims (event_id, buyer_key, buyer_slot) WHERE status <> 'released' AND swap_of IS NULL;
CREATE UNIQUE INDEX one_slot_per_place ON seat_claims (event_id, place_key, place_slot) WHERE status <> 'released' AND swap_of IS NULL;

CREATE TABLE swaps (
  id         uuid PRIMARY KEY,
  order_id   uuid NOT NULL REFERENCES orders,
  ticket_id  uuid NOT NULL REFERENCES tickets,
  from_claim bigint NOT NULL REFERENCES seat_claims,
  to_claim   bigint NOT NULL UNIQUE REFERENCES seat_claims,
  difference bigint NOT NULL CHECK (difference > 0), -- what is to be paid
  status     text NOT NULL DEFAULT 'open' CHECK (status IN ('open','done','cancelled','expired')),
  given_up   boolean NOT NULL DEFAULT false,         -- why its clock has run out
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_open_swap_per_order ON swaps (order_id) WHERE status = 'open';
CREATE INDEX swaps_open ON swaps (expires_at) WHERE status = 'open';
CREATE INDEX swaps_by_ticket ON swaps (ticket_id);

-- What a payment is for: its order, or a swap of it.
ALTER TABLE payments ADD COLUMN swap_id uuid REFERENCES swaps;
DROP INDEX one_live_payment_per_order;
CREATE UNIQUE INDEX one_live_payment_per_order ON payments (order_id) WHERE swap_id IS NULL AND status IN ('created','authorized','captured','cancelling');
CREATE UNIQUE INDEX one_live_payment_per_swap ON payments (swap_id) WHERE swap_id IS NOT NULL AND status IN ('created','authorized','captured','cancelling');

-- +goose Down
DROP INDEX one_live_payment_per_swap;
DROP INDEX one_live_payment_per_order;
CREATE UNIQUE INDEX one_live_payment_per_order ON payments (order_id) WHERE status IN ('created','authorized','captured','cancelling');
ALTER TABLE payments DROP COLUMN swap_id;
DROP TABLE swaps;
DROP INDEX one_slot_per_buyer;
DROP INDEX one_slot_per_place;
CREATE UNIQUE INDEX one_slot_per_buyer ON seat_claims (event_id, buyer_key, buyer_slot) WHERE status <> 'released';
CREATE UNIQUE INDEX one_slot_per_place ON seat_claims (event_id, place_key, place_slot) WHERE status <> 'released';
DROP INDEX one_swap_per_claim;
ALTER TABLE seat_claims DROP CONSTRAINT no_swap_is_sold, DROP COLUMN swap_of;
