-- Why a sale was ended, in the organiser's words, for whoever still looks at the page.

-- +goose Up
ALTER TABLE lines ADD COLUMN ended_reason text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE lines DROP COLUMN ended_reason;
