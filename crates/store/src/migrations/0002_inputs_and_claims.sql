-- What a sealed copy would get in full, by the formula; 0 for copies sealed before.
ALTER TABLE submissions ADD COLUMN grant_cents {bigint} NOT NULL DEFAULT 0 CHECK (grant_cents >= 0);
-- Everything a ranking was computed from; absent for rankings computed before.
ALTER TABLE rankings ADD COLUMN inputs {json};
