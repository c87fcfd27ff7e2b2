-- Who may join a line, one place for each of them, and the addresses that are told when it is their turn.

-- +goose Up
ALTER TABLE lines
  ADD COLUMN identity text NOT NULL DEFAULT 'none' CHECK (identity IN ('none','email','access_code')),
  ADD COLUMN proof_of_work boolean NOT NULL DEFAULT false;

-- The place of everyone who said who they are. The row decides: whoever comes second gets the place of the first.
CREATE TABLE line_persons (
  event_id  bigint NOT NULL REFERENCES events ON DELETE CASCADE,
  person    bytea NOT NULL,                -- 'm' and the HMAC of an address, or 'c' and what an access code says
  cohort    smallint NOT NULL CHECK (cohort BETWEEN 0 AND 255),
  index     bigint NOT NULL CHECK (index >= 0),
  joined_at timestamptz NOT NULL,
  PRIMARY KEY (event_id, person)
);

-- Addresses left with a place. They are deleted when the event has ended.
CREATE TABLE line_addresses (
  event_id  bigint NOT NULL REFERENCES events ON DELETE CASCADE,
  cohort    smallint NOT NULL CHECK (cohort BETWEEN 0 AND 255),
  index     bigint NOT NULL CHECK (index >= 0),
  joined_at timestamptz NOT NULL,
  email     text NOT NULL,
  position  bigint,                        -- null until the draw
  called_at timestamptz,                   -- when the mail was promised that says: it is your turn
  PRIMARY KEY (event_id, cohort, index)
);
CREATE INDEX line_addresses_waiting ON line_addresses (event_id, position) WHERE called_at IS NULL;

-- Mails of a line belong to no order.
ALTER TABLE mails ADD COLUMN event_id bigint;
CREATE INDEX mails_by_event ON mails (event_id) WHERE event_id IS NOT NULL;

-- +goose Down
DROP INDEX mails_by_event;
ALTER TABLE mails DROP COLUMN event_id;
DROP TABLE line_addresses;
DROP TABLE line_persons;
ALTER TABLE lines DROP COLUMN proof_of_work, DROP COLUMN identity;
