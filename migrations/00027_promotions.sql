-- Codes that lower prices. A promotion has the terms, and one code or many; a use is one seat, in a slot that only one
-- living use can have, so that no counter can drift.

-- +goose Up
CREATE TABLE promotions (
  id            uuid PRIMARY KEY,
  event_id      bigint NOT NULL REFERENCES events,
  name          text NOT NULL DEFAULT '',
  percent       smallint CHECK (percent BETWEEN 1 AND 100),
  amount        bigint CHECK (amount > 0),        -- off each seat, in minor units
  prices        jsonb,                            -- category id -> what its seats cost
  categories    jsonb NOT NULL DEFAULT '[]',      -- ids it is good for; empty = all
  max_uses      integer CHECK (max_uses BETWEEN 1 AND 1000000),    -- seats, of each code
  max_per_buyer integer CHECK (max_per_buyer BETWEEN 1 AND 1000),  -- seats of one buyer, of each code
  starts_at     timestamptz,
  ends_at       timestamptz CHECK (ends_at > starts_at),
  made_by       text NOT NULL DEFAULT '',
  created_at    timestamptz NOT NULL DEFAULT now(),
  ended_at      timestamptz,                      -- switched off
  CONSTRAINT one_kind_of_promotion CHECK (num_nonnulls(percent, amount, prices) = 1)
);
CREATE INDEX promotions_by_event ON promotions (event_id, created_at);

CREATE TABLE promotion_codes (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  promotion_id  uuid NOT NULL REFERENCES promotions,
  event_id      bigint NOT NULL REFERENCES events,
  code          text NOT NULL,                    -- as it is compared
  shown         text NOT NULL,                    -- as it is printed
  max_uses      integer,
  max_per_buyer integer,
  ended_at      timestamptz,
  UNIQUE (id, event_id),
  UNIQUE (id, max_uses),
  UNIQUE (id, max_per_buyer)
);
CREATE UNIQUE INDEX one_living_promotion_per_code ON promotion_codes (event_id, code) WHERE ended_at IS NULL;
CREATE INDEX promotion_codes_by_promotion ON promotion_codes (promotion_id, id);

ALTER TABLE orders ADD COLUMN promotion_code_id bigint,
  ADD FOREIGN KEY (promotion_code_id, event_id) REFERENCES promotion_codes (id, event_id);

CREATE TABLE promotion_uses (
  claim_id      bigint PRIMARY KEY REFERENCES seat_claims,
  code_id       bigint NOT NULL REFERENCES promotion_codes,
  full_price    bigint NOT NULL,                  -- what the seat costs without the code
  max_uses      integer,
  slot          integer,                          -- null where there is no limit
  buyer_key     bytea NOT NULL,
  max_per_buyer integer,
  buyer_slot    integer,
  freed_at      timestamptz,
  FOREIGN KEY (code_id, max_uses) REFERENCES promotion_codes (id, max_uses),
  FOREIGN KEY (code_id, max_per_buyer) REFERENCES promotion_codes (id, max_per_buyer),
  CONSTRAINT uses_within_limit CHECK (max_uses IS NULL OR (slot IS NOT NULL AND slot BETWEEN 1 AND max_uses)),
  CONSTRAINT buyers_uses_within_limit CHECK (max_per_buyer IS NULL OR (buyer_slot IS NOT NULL AND buyer_slot BETWEEN 1 AND max_per_buyer))
);
CREATE UNIQUE INDEX one_use_per_slot ON promotion_uses (code_id, slot) WHERE freed_at IS NULL;
CREATE UNIQUE INDEX one_use_per_slot_of_buyer ON promotion_uses (code_id, buyer_key, buyer_slot) WHERE freed_at IS NULL;

-- A use lives exactly as long as its claim, whoever ends that and why.
-- +goose StatementBegin
CREATE FUNCTION free_promotion_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE promotion_uses SET freed_at = now() WHERE claim_id = NEW.id AND freed_at IS NULL;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER free_promotion_use AFTER UPDATE OF status ON seat_claims
  FOR EACH ROW WHEN (NEW.status = 'released' AND OLD.status <> 'released' AND NEW.order_id IS NOT NULL) EXECUTE FUNCTION free_promotion_use();

-- +goose Down
DROP TRIGGER free_promotion_use ON seat_claims;
DROP FUNCTION free_promotion_use;
DROP TABLE promotion_uses;
ALTER TABLE orders DROP COLUMN promotion_code_id;
DROP TABLE promotion_codes;
DROP TABLE promotions;
