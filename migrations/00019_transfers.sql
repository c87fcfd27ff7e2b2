-- +goose Up
-- How an event may be paid, by the names of providers, the usual one first; none means whoever is the usual one.
ALTER TABLE events ADD COLUMN payment_methods jsonb NOT NULL DEFAULT '[]';

-- What came and went by bank transfer. Checkout reads it like any other processor's ledger; staff alone write that money
-- came or went, each in one statement that says from which state.
CREATE TABLE transfers (
    payment_id uuid PRIMARY KEY,
    order_id   uuid NOT NULL,
    amount     bigint NOT NULL CHECK (amount > 0),
    currency   char(3) NOT NULL,
    status     text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'captured', 'cancelled')),
    received   bigint NOT NULL DEFAULT 0 CHECK (received >= 0 AND (received > 0) = (status = 'captured')),
    reference  text NOT NULL DEFAULT '',      -- what the bank statement says of it
    value_date date,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX transfers_created_at ON transfers (created_at);

CREATE TABLE transfer_refunds (
    payment_id uuid NOT NULL REFERENCES transfers,
    key        text NOT NULL,                 -- the refund's id in our books
    amount     bigint NOT NULL CHECK (amount > 0),
    sent_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, key)
);

-- +goose Down
DROP TABLE transfer_refunds;
DROP TABLE transfers;
ALTER TABLE events DROP COLUMN payment_methods;
