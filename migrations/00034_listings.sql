-- A ticket that its holder gives back: its seat is on sale again, the ticket good for nobody, until the seat is sold or
-- the holder takes it back. Such a claim is 'listed'. Another may have the seat beside it, but it keeps its slots of the
-- limits: it may come back at any moment.

-- +goose Up
ALTER TABLE events ADD COLUMN returns boolean NOT NULL DEFAULT true; -- whether holders may

ALTER TABLE seat_claims DROP CONSTRAINT seat_claims_status_check,
  ADD CONSTRAINT seat_claims_status_check CHECK (status IN ('checkout','secured','sold','listed','blocked','released'));
CREATE UNIQUE INDEX one_unlisted_claim_per_seat ON seat_claims (event_id, seat_id) WHERE status NOT IN ('released','listed');
DROP INDEX one_live_claim_per_seat;
ALTER INDEX one_unlisted_claim_per_seat RENAME TO one_live_claim_per_seat;
CREATE UNIQUE INDEX one_listing_per_seat ON seat_claims (event_id, seat_id) WHERE status = 'listed';

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION seat_claims_move_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.event_id, NEW.seat_id) IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.seat_id)
     OR (NEW.order_id, NEW.buyer_key, NEW.place_key) IS DISTINCT FROM (OLD.order_id, OLD.buyer_key, OLD.place_key) THEN
    RAISE EXCEPTION 'a claim keeps its seat and its order' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.status <> OLD.status AND NOT (
       (OLD.status = 'checkout' AND NEW.status IN ('secured','sold','released'))
    OR (OLD.status = 'secured'  AND NEW.status IN ('sold','released'))
    OR (OLD.status = 'sold'     AND NEW.status IN ('listed','released'))
    OR (OLD.status = 'listed'   AND NEW.status IN ('sold','released'))
    OR (OLD.status = 'blocked'  AND NEW.status = 'released')) THEN
    RAISE EXCEPTION 'a claim cannot go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd

ALTER TABLE tickets DROP CONSTRAINT tickets_status_check, DROP CONSTRAINT valid_only_while_sold,
  ADD CONSTRAINT tickets_status_check CHECK (status IN ('valid','listed','void')),
  ADD CONSTRAINT valid_only_while_sold CHECK ((status = 'valid' AND claim_status IS NOT NULL AND claim_status = 'sold') OR (status IN ('listed','void') AND claim_status IS NULL));

-- +goose Down
-- What nobody has bought is its holder's again; while another has such a seat there is no way back, and this fails.
UPDATE seat_claims c SET status = 'sold' WHERE status = 'listed';
UPDATE tickets SET status = 'valid', claim_status = 'sold' WHERE status = 'listed';
ALTER TABLE tickets DROP CONSTRAINT tickets_status_check, DROP CONSTRAINT valid_only_while_sold,
  ADD CONSTRAINT tickets_status_check CHECK (status IN ('valid','void')),
  ADD CONSTRAINT valid_only_while_sold CHECK ((status = 'valid' AND claim_status IS NOT NULL AND claim_status = 'sold') OR (status = 'void' AND claim_status IS NULL));
DROP INDEX one_listing_per_seat;
CREATE UNIQUE INDEX one_claim_per_seat ON seat_claims (event_id, seat_id) WHERE status <> 'released';
DROP INDEX one_live_claim_per_seat;
ALTER INDEX one_claim_per_seat RENAME TO one_live_claim_per_seat;
ALTER TABLE seat_claims DROP CONSTRAINT seat_claims_status_check,
  ADD CONSTRAINT seat_claims_status_check CHECK (status IN ('checkout','secured','sold','blocked','released'));
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION seat_claims_move_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.event_id, NEW.seat_id) IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.seat_id)
     OR (NEW.order_id, NEW.buyer_key, NEW.place_key) IS DISTINCT FROM (OLD.order_id, OLD.buyer_key, OLD.place_key) THEN
    RAISE EXCEPTION 'a claim keeps its seat and its order' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.status <> OLD.status AND NOT (
       (OLD.status = 'checkout' AND NEW.status IN ('secured','sold','released'))
    OR (OLD.status = 'secured'  AND NEW.status IN ('sold','released'))
    OR (OLD.status = 'sold'     AND NEW.status = 'released')
    OR (OLD.status = 'blocked'  AND NEW.status = 'released')) THEN
    RAISE EXCEPTION 'a claim cannot go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
ALTER TABLE events DROP COLUMN returns;
