-- Lanes: parts of the draw with published shares, each with indexes of its own. And the word that an orderly stop leaves
-- behind, here and in Redis, so that the next start knows that nothing was lost in between.

-- +goose Up
ALTER TABLE lines
  ADD COLUMN lanes jsonb NOT NULL DEFAULT '[]', -- [{"name":"Members","share":20,"used":0,"ceiling":64,"size":null}]: share in percent, the rest as for the draw
  ADD COLUMN rested text NOT NULL DEFAULT '';   -- "" unless the line was put to rest and nobody has counted on since

-- +goose StatementBegin
CREATE FUNCTION lines_keep_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT jsonb_agg(jsonb_build_array(l->'name', l->'share') ORDER BY n) FROM jsonb_array_elements(NEW.lanes) WITH ORDINALITY AS x(l, n))
    IS DISTINCT FROM (SELECT jsonb_agg(jsonb_build_array(l->'name', l->'share') ORDER BY n) FROM jsonb_array_elements(OLD.lanes) WITH ORDINALITY AS x(l, n)) THEN
    RAISE EXCEPTION 'lanes and their shares are published' USING ERRCODE = 'check_violation'; END IF;
  IF OLD.size IS NOT NULL THEN
    RAISE EXCEPTION 'the lanes of a draw are written once' USING ERRCODE = 'check_violation'; END IF;
  IF EXISTS (SELECT FROM jsonb_array_elements(OLD.lanes) WITH ORDINALITY AS o(l, n) JOIN jsonb_array_elements(NEW.lanes) WITH ORDINALITY AS w(l, n) USING (n)
    WHERE (w.l->>'ceiling')::bigint < (o.l->>'ceiling')::bigint) THEN
    RAISE EXCEPTION 'a ceiling never falls' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER lines_keep_lanes BEFORE UPDATE ON lines FOR EACH ROW
  WHEN (NEW.lanes IS DISTINCT FROM OLD.lanes) EXECUTE FUNCTION lines_keep_lanes();

-- +goose Down
DROP TRIGGER lines_keep_lanes ON lines;
DROP FUNCTION lines_keep_lanes;
ALTER TABLE lines DROP COLUMN lanes, DROP COLUMN rested;
