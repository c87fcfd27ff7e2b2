-- What was taken off sale at once: for whom, why, until when. Its seats are the live claims that carry its id.

-- +goose Up
CREATE TABLE blocks (
  id         uuid PRIMARY KEY,
  event_id   bigint NOT NULL REFERENCES events,
  name       text NOT NULL DEFAULT '',   -- for whom the seats are kept; '' = for nobody
  reason     text NOT NULL,
  until      timestamptz,                -- when they go back on sale by themselves; NULL = never
  made_by    text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at   timestamptz                 -- when its last seat went back
);
CREATE INDEX blocks_to_end ON blocks (until) WHERE ended_at IS NULL AND until IS NOT NULL;
-- Those of before, and those that a process of before still makes, have their words on their claims alone: no foreign key.
INSERT INTO blocks (id, event_id, reason, created_at, ended_at)
  SELECT block_id, event_id, min(reason), min(created_at), CASE WHEN bool_and(status = 'released') THEN now() END
  FROM seat_claims WHERE block_id IS NOT NULL GROUP BY block_id, event_id;

-- +goose Down
DROP TABLE blocks;
