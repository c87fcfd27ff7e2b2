-- The public fairness log of a line: append-only, each entry holding the hash of the one before.

-- +goose Up
ALTER TABLE lines ADD COLUMN log_seq bigint NOT NULL DEFAULT 0, ADD COLUMN log_hash text NOT NULL DEFAULT '';

CREATE TABLE fairness_log (
  event_id bigint NOT NULL REFERENCES events,
  seq      bigint NOT NULL CHECK (seq > 0),
  line     text NOT NULL,                 -- the entry as it is published and hashed, one line of JSON
  hash     text NOT NULL,                 -- hex SHA-256 of line
  PRIMARY KEY (event_id, seq)
);

-- +goose StatementBegin
CREATE FUNCTION fairness_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the fairness log is append-only' USING ERRCODE = 'check_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER fairness_log_is_append_only BEFORE UPDATE OR DELETE ON fairness_log
  FOR EACH ROW EXECUTE FUNCTION fairness_log_is_append_only();

-- +goose Down
DROP TABLE fairness_log;
DROP FUNCTION fairness_log_is_append_only;
ALTER TABLE lines DROP COLUMN log_seq, DROP COLUMN log_hash;
