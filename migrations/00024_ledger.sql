-- The processors' ledgers, matched with our books: how far the matching is, and the money there that no payment of ours
-- explains.

-- +goose Up
CREATE TABLE ledger_matches (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  began_at  timestamptz NOT NULL DEFAULT now(),
  ended_at  timestamptz,                     -- null while it runs, or if whoever ran it died
  since     timestamptz NOT NULL,            -- payments opened since then were matched
  charges   integer NOT NULL DEFAULT 0,      -- lines of the ledgers
  settled   integer NOT NULL DEFAULT 0,      -- payments of ours that were looked at because the two differed
  orphans   integer NOT NULL DEFAULT 0,      -- payments of nobody, with money, found for the first time
  problem   text NOT NULL DEFAULT ''
);
CREATE INDEX ledger_matches_by_time ON ledger_matches (began_at);

-- found ──the processor gave it back, or let it go──▶ returned
--   └─refused: tried again ever more seldom
-- foreign: the provider cannot say that the payment was opened by this installation; only a person sends that back.
CREATE TABLE orphan_payments (
  provider    text NOT NULL,
  payment     uuid NOT NULL,                 -- the id of ours that it carries
  order_id    text NOT NULL,                 -- likewise
  currency    char(3) NOT NULL,
  authorized  bigint NOT NULL,               -- agreed and not taken
  captured    bigint NOT NULL,
  refunded    bigint NOT NULL,
  status      text NOT NULL DEFAULT 'found' CHECK (status IN ('found','foreign','returned')),
  problem     text NOT NULL DEFAULT '',
  tries       integer NOT NULL DEFAULT 0,
  next_try_at timestamptz NOT NULL DEFAULT now(),
  found_at    timestamptz NOT NULL DEFAULT now(),
  returned_at timestamptz,
  PRIMARY KEY (provider, payment)
);
CREATE INDEX orphan_payments_open ON orphan_payments (next_try_at) WHERE status = 'found';

-- +goose Down
DROP TABLE orphan_payments;
DROP TABLE ledger_matches;
