-- Other seats offered for money that came late. Both stand in the order's own row, which everybody who decides locks.

-- +goose Up
ALTER TABLE orders
  ADD COLUMN offer text NOT NULL DEFAULT '' CHECK (offer IN ('', 'open', 'accepted', 'declined')), -- open past expires_at: lapsed
  ADD COLUMN offer_claim bigint,             -- the first claim of the offered seats; those before it are of the seats that went
  ADD CONSTRAINT an_offer_has_seats CHECK ((offer = '') = (offer_claim IS NULL));
CREATE INDEX orders_offered ON orders (expires_at) WHERE status = 'pending' AND offer = 'open';

-- +goose Down
DROP INDEX orders_offered;
ALTER TABLE orders DROP COLUMN offer, DROP COLUMN offer_claim;
