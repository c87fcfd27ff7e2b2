-- Public randomness in a draw, and how far the fairness log has told of the calls.

-- +goose Up
ALTER TABLE lines
  ADD COLUMN beacon_chain jsonb,                           -- drand's chain as it is verified; null: the draw uses none
  ADD COLUMN beacon_round bigint CHECK (beacon_round > 0), -- whose value the draw takes
  ADD COLUMN beacon_value jsonb,                           -- that round's randomness and signature; written once
  ADD COLUMN logged       bigint NOT NULL DEFAULT 0,       -- positions called that the log tells of
  ADD COLUMN logged_at    timestamptz,
  ADD CONSTRAINT lines_beacon_whole CHECK ((beacon_chain IS NULL) = (beacon_round IS NULL) AND (beacon_value IS NULL OR (beacon_chain IS NOT NULL AND size IS NOT NULL))),
  ADD CONSTRAINT lines_logged_called CHECK (logged <= serving);

-- +goose StatementBegin
CREATE FUNCTION lines_keep_beacon() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.beacon_chain IS DISTINCT FROM OLD.beacon_chain THEN
    RAISE EXCEPTION 'the beacon is fixed when the event is published' USING ERRCODE = 'check_violation'; END IF;
  IF OLD.beacon_value IS NOT NULL AND (NEW.beacon_value IS DISTINCT FROM OLD.beacon_value OR NEW.beacon_round <> OLD.beacon_round) THEN
    RAISE EXCEPTION 'the beacon of a draw is written once' USING ERRCODE = 'check_violation'; END IF;
  IF OLD.size IS NOT NULL AND NEW.beacon_round < OLD.beacon_round THEN
    RAISE EXCEPTION 'a round moves to a later one only' USING ERRCODE = 'check_violation'; END IF;
  IF NEW.logged < OLD.logged THEN RAISE EXCEPTION 'a logged call stays logged' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER lines_keep_beacon BEFORE UPDATE ON lines FOR EACH ROW EXECUTE FUNCTION lines_keep_beacon();

-- +goose Down
DROP TRIGGER lines_keep_beacon ON lines;
DROP FUNCTION lines_keep_beacon;
ALTER TABLE lines DROP CONSTRAINT lines_logged_called, DROP CONSTRAINT lines_beacon_whole,
  DROP COLUMN beacon_chain, DROP COLUMN beacon_round, DROP COLUMN beacon_value, DROP COLUMN logged, DROP COLUMN logged_at;
