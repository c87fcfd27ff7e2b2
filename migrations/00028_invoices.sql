-- Invoices and credit notes: numbered without a gap in the transaction that takes or returns the money, and frozen.

-- +goose Up
-- What tax is in an event's prices; category '' is for those that have none of their own.
CREATE TABLE event_taxes (
  event_id bigint NOT NULL REFERENCES events,
  category text NOT NULL DEFAULT '',
  rate     integer NOT NULL CHECK (rate BETWEEN 0 AND 10000), -- basis points
  name     text NOT NULL DEFAULT '',
  PRIMARY KEY (event_id, category)
);

CREATE TABLE invoice_series (
  prefix text PRIMARY KEY,
  last   bigint NOT NULL CHECK (last >= 1)
);

CREATE TABLE invoices (
  id        uuid PRIMARY KEY,
  prefix    text NOT NULL REFERENCES invoice_series,
  serial    bigint NOT NULL CHECK (serial >= 1),
  number    text NOT NULL UNIQUE,              -- as it is printed
  kind      text NOT NULL CHECK (kind IN ('invoice','credit')),
  order_id  uuid NOT NULL REFERENCES orders,
  refers_to uuid REFERENCES invoices,          -- the invoice that a credit note is about
  refund_id uuid UNIQUE REFERENCES refunds,    -- what it credits; null where another invoice takes the old one's place
  content   jsonb NOT NULL,                    -- seller, event, lines and their tax
  billing   jsonb NOT NULL,                    -- to whom
  total     bigint NOT NULL CHECK (total > 0),
  currency  char(3) NOT NULL,
  made_at   timestamptz NOT NULL,
  issued_at timestamptz,                       -- when somebody first had it in hands
  UNIQUE (prefix, serial),
  CHECK ((kind = 'credit') = (refers_to IS NOT NULL))
);
CREATE INDEX invoices_by_order ON invoices (order_id, serial);
CREATE INDEX invoices_by_original ON invoices (refers_to) WHERE refers_to IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION invoices_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'an invoice stays' USING ERRCODE = 'check_violation'; END IF;
  IF (NEW.id, NEW.prefix, NEW.serial, NEW.number, NEW.kind, NEW.order_id, NEW.content, NEW.total, NEW.currency, NEW.made_at)
     IS DISTINCT FROM (OLD.id, OLD.prefix, OLD.serial, OLD.number, OLD.kind, OLD.order_id, OLD.content, OLD.total, OLD.currency, OLD.made_at)
     OR (NEW.refers_to, NEW.refund_id) IS DISTINCT FROM (OLD.refers_to, OLD.refund_id) THEN
    RAISE EXCEPTION 'an invoice says what it said' USING ERRCODE = 'check_violation'; END IF;
  IF OLD.issued_at IS NOT NULL AND (NEW.issued_at, NEW.billing) IS DISTINCT FROM (OLD.issued_at, OLD.billing) THEN
    RAISE EXCEPTION 'an invoice that was issued keeps its addressee' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER invoices_stay BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION invoices_stay();

-- +goose Down
DROP TABLE invoices;
DROP FUNCTION invoices_stay;
DROP TABLE invoice_series;
DROP TABLE event_taxes;
