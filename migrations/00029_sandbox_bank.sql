-- What a fan's bank may do besides agreeing: ask who is paying first (3-D Secure), and say why it refuses.

-- +goose Up
ALTER TABLE sandbox.payments
  ADD COLUMN challenged boolean NOT NULL DEFAULT false,  -- the bank has asked who is paying, and waits for the answer while it is open
  ADD COLUMN declined_for text NOT NULL DEFAULT '';      -- "insufficient-funds", …; '' unless declined

-- +goose Down
ALTER TABLE sandbox.payments DROP COLUMN declined_for, DROP COLUMN challenged;
