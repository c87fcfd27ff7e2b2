-- Payers who want their money back through their bank.

-- +goose Up
ALTER TABLE payments
  ADD COLUMN dispute text NOT NULL DEFAULT '' CHECK (dispute IN ('', 'open', 'won', 'lost')), -- as the processor last said
  ADD COLUMN bar_lifted boolean NOT NULL DEFAULT false; -- staff let the order's tickets in although it is disputed
CREATE INDEX payments_disputed ON payments (next_check_at) WHERE dispute = 'open';
ALTER TABLE sandbox.payments ADD COLUMN dispute text NOT NULL DEFAULT '' CHECK (dispute IN ('', 'open', 'won', 'lost'));

-- +goose Down
ALTER TABLE sandbox.payments DROP COLUMN dispute;
DROP INDEX payments_disputed;
ALTER TABLE payments DROP COLUMN dispute, DROP COLUMN bar_lifted;
