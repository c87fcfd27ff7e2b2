-- Which database this is, by which one that was restored from a backup is known, and whether it is still being held
-- against the processors' ledgers.

-- +goose Up
CREATE TABLE installation (
  one               boolean PRIMARY KEY DEFAULT true CHECK (one),
  system_id         text NOT NULL,           -- of the Postgres cluster: a restored dump has another's
  timeline          bigint NOT NULL,         -- a promoted standby, or a recovery to a moment, begins a new one
  reconciling_since timestamptz,             -- null: the sale may go on
  reason            text NOT NULL DEFAULT '',
  ended_at          timestamptz,
  ended_by          text NOT NULL DEFAULT '' -- who opened before the ledgers were matched; nobody: it ended by itself
);

-- +goose Down
DROP TABLE installation;
