-- A firm that came back has several memberships.
ALTER TABLE members ADD COLUMN left_on date;
ALTER TABLE members ADD COLUMN past_shares jsonb NOT NULL DEFAULT '[]';
ALTER TABLE members DROP CONSTRAINT members_consortium_partita_iva_key;
ALTER TABLE members ADD UNIQUE (consortium, partita_iva, joined_on);
ALTER TABLE members ADD CHECK (left_on IS NULL OR left_on > joined_on);
