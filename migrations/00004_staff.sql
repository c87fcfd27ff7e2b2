-- Accounts, sessions, the log of who did what; the process's keys; answers kept for repeated requests.

-- +goose Up
CREATE TABLE staff_accounts (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email         text NOT NULL,
  password_hash text NOT NULL,               -- argon2id
  role          text NOT NULL DEFAULT 'owner' CHECK (role IN ('owner')),
  created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_account_per_address ON staff_accounts (lower(email));

CREATE TABLE staff_sessions (
  token_hash bytea PRIMARY KEY,              -- SHA-256 of the token; the token itself is never stored
  account_id bigint NOT NULL REFERENCES staff_accounts ON DELETE CASCADE,
  csrf       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  seen_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX staff_sessions_by_account ON staff_sessions (account_id);

-- Append-only: the trigger refuses every change.
CREATE TABLE staff_log (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT now(),
  account_id bigint,
  email      text NOT NULL DEFAULT '',
  action     text NOT NULL,                  -- 'event.create', 'queue.pause', …
  subject    text NOT NULL DEFAULT '',       -- 'event:spring-gala', 'order:…'
  detail     jsonb NOT NULL DEFAULT '{}',
  ip         text NOT NULL DEFAULT ''
);
-- +goose StatementBegin
CREATE FUNCTION staff_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'check_violation'; END $$;
-- +goose StatementEnd
CREATE TRIGGER staff_log_is_append_only BEFORE UPDATE OR DELETE ON staff_log FOR EACH ROW EXECUTE FUNCTION staff_log_is_append_only();

CREATE TABLE keys (
  purpose    text NOT NULL,
  kid        text NOT NULL,
  secret     bytea NOT NULL CHECK (length(secret) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (purpose, kid)
);

CREATE TABLE idempotency_keys (
  scope        text NOT NULL,                -- SHA-256 of credential, method and path
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  status       integer,                      -- null while the first request is running
  header       jsonb NOT NULL DEFAULT '{}',
  body         bytea,
  locked_until timestamptz NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
DROP TABLE keys;
DROP TABLE staff_log;
DROP FUNCTION staff_log_is_append_only;
DROP TABLE staff_sessions;
DROP TABLE staff_accounts;
