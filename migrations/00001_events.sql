-- Plans, events, seats and the waiting line of an event.

-- +goose Up
CREATE TABLE plans (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text NOT NULL,
  digest     text NOT NULL,               -- SHA-256 of the content; a plan never changes
  seats      integer NOT NULL CHECK (seats > 0),
  body       bytea NOT NULL,              -- plan.Plan as JSON, gzip
  report     jsonb NOT NULL,              -- what the importer found and did
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE events (
  id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug               text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9](-?[a-z0-9])*$' AND length(slug) <= 64),
  name               text NOT NULL CHECK (name <> ''),
  description        text NOT NULL DEFAULT '',
  venue              text NOT NULL DEFAULT '',
  contact            text NOT NULL DEFAULT '',
  terms_url          text NOT NULL DEFAULT '',
  timezone           text NOT NULL DEFAULT 'UTC',
  starts_at          timestamptz,
  currency           char(3) NOT NULL,
  plan_id            bigint NOT NULL REFERENCES plans,
  plan_version       text NOT NULL,
  prices             jsonb NOT NULL,      -- category id -> minor units, null = not on sale
  seats_total        integer NOT NULL,
  max_per_buyer      smallint NOT NULL DEFAULT 1 CHECK (max_per_buyer BETWEEN 1 AND 50),
  hold_seconds       integer NOT NULL DEFAULT 480 CHECK (hold_seconds BETWEEN 1 AND 86400),
  pay_seconds        integer NOT NULL DEFAULT 900 CHECK (pay_seconds BETWEEN 1 AND 604800),
  late_offer_seconds integer NOT NULL DEFAULT 600 CHECK (late_offer_seconds BETWEEN 0 AND 86400),
  prequeue_at        timestamptz NOT NULL,
  opens_at           timestamptz NOT NULL CHECK (opens_at >= prequeue_at),
  closes_at          timestamptz CHECK (closes_at > opens_at),
  created_at         timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, max_per_buyer)
);

-- Seats on sale, numbered 0..N-1 as API.md has it. A seat of a category without a price has no row, so the database
-- itself refuses to sell it.
CREATE TABLE seats (
  event_id bigint NOT NULL REFERENCES events ON DELETE CASCADE,
  seat_id  integer NOT NULL CHECK (seat_id >= 0),
  category text NOT NULL,
  price    bigint NOT NULL CHECK (price >= 0),  -- minor units
  currency char(3) NOT NULL,
  PRIMARY KEY (event_id, seat_id)
);

-- Versions of the live map are epoch * 2^32 + n; an epoch is never used twice, whatever Redis forgets.
CREATE SEQUENCE map_epochs;

CREATE TABLE lines (
  event_id      bigint PRIMARY KEY REFERENCES events ON DELETE CASCADE,
  draws         boolean NOT NULL,          -- false: queue null, no draw, everyone is tail
  cap           integer NOT NULL CHECK (cap >= 1),
  per_minute    integer CHECK (per_minute >= 1),
  secret        bytea NOT NULL CHECK (length(secret) = 32),
  commitment    text NOT NULL,             -- hex SHA-256 of hex(secret), public from the start
  draw_used     bigint NOT NULL DEFAULT 0, -- indexes known to be used when the ceiling was last raised
  draw_ceiling  bigint NOT NULL DEFAULT 0, -- no index at or above it has been given out
  tail_used     bigint NOT NULL DEFAULT 0,
  tail_ceiling  bigint NOT NULL DEFAULT 0,
  size          bigint CHECK (size >= 0),  -- of the draw; written once, and before anything of the draw is public
  serving       bigint NOT NULL DEFAULT 0, -- positions called; written before it is shown
  burnt         jsonb NOT NULL DEFAULT '[]', -- [{"cohort":"draw","from":10,"to":64}]: indexes a lost Redis may have left unused
  message       text NOT NULL DEFAULT '',
  paused_reason text,                      -- not null: paused
  ended_at      timestamptz
);

-- +goose StatementBegin
CREATE FUNCTION lines_keep_promises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.serving < OLD.serving THEN RAISE EXCEPTION 'nobody called is uncalled' USING ERRCODE = 'check_violation'; END IF;
  IF OLD.size IS NOT NULL AND NEW.size IS DISTINCT FROM OLD.size THEN
    RAISE EXCEPTION 'the size of a draw is written once' USING ERRCODE = 'check_violation'; END IF;
  IF NEW.secret <> OLD.secret OR NEW.commitment <> OLD.commitment THEN
    RAISE EXCEPTION 'the secret is committed to' USING ERRCODE = 'check_violation'; END IF;
  IF NEW.draw_ceiling < OLD.draw_ceiling OR NEW.tail_ceiling < OLD.tail_ceiling THEN
    RAISE EXCEPTION 'a ceiling never falls' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER lines_keep_promises BEFORE UPDATE ON lines FOR EACH ROW EXECUTE FUNCTION lines_keep_promises();

-- +goose Down
DROP TABLE lines;
DROP FUNCTION lines_keep_promises;
DROP SEQUENCE map_epochs;
DROP TABLE seats;
DROP TABLE events;
DROP TABLE plans;
