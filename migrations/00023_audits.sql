-- What the audit found, run after run; how often a refund was tried, and when it is tried again.

-- +goose Up
CREATE TABLE audits (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT now(),
  took_ms    integer NOT NULL,
  violations integer NOT NULL,
  result     jsonb NOT NULL                  -- what GET /admin/audit answered
);
CREATE INDEX audits_by_time ON audits (at);

-- A refund that the processor refuses is tried ever more seldom, and for ever.
ALTER TABLE refunds ADD COLUMN tries integer NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN next_try_at timestamptz NOT NULL DEFAULT now();

ALTER TABLE sandbox.faults ADD COLUMN refuse_refunds boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE sandbox.faults DROP COLUMN refuse_refunds;
ALTER TABLE refunds DROP COLUMN next_try_at;
ALTER TABLE refunds DROP COLUMN tries;
DROP TABLE audits;
