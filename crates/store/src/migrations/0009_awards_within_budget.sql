-- What a call has awarded; the constraint makes an award over the budget impossible, whoever
-- writes it and however many write at once.
ALTER TABLE calls ADD COLUMN awarded_cents {bigint} NOT NULL DEFAULT 0
  CHECK (awarded_cents >= 0 AND awarded_cents <= budget_cents);
UPDATE calls SET awarded_cents =
  (SELECT coalesce(sum(amount_cents), 0) FROM awards WHERE awards.call = calls.id);
