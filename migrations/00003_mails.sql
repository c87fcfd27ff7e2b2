-- The outbox: every mail that was promised, and what became of it.

-- +goose Up
CREATE TABLE mails (
  id         uuid PRIMARY KEY,               -- Message-ID is made of it, so a mail sent twice is recognised as one
  order_id   uuid,
  kind       text NOT NULL,                  -- 'tickets', 'order-link', 'refund', …
  recipient  text NOT NULL,
  subject    text NOT NULL,
  data       jsonb NOT NULL DEFAULT '{}',    -- what the template needs besides the order
  status     text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued','sent','failed')),
  attempts   integer NOT NULL DEFAULT 0,
  last_error text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  sent_at    timestamptz,
  -- Nobody tries before this moment: who tries moves it ahead first, so that two jobs for one mail take turns.
  next_try_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mails_by_order ON mails (order_id);
CREATE INDEX mails_open ON mails (created_at) WHERE status <> 'sent';

-- +goose Down
DROP TABLE mails;
