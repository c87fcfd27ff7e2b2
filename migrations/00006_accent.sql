-- The organiser's colour of an event, on its pages and mails.

-- +goose Up
ALTER TABLE events ADD COLUMN accent text NOT NULL DEFAULT '' CHECK (accent ~ '^(#[0-9a-f]{6})?$');

-- +goose Down
ALTER TABLE events DROP COLUMN accent;
