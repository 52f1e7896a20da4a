-- A firm that came back has several memberships.
CREATE TABLE memberships (
  consortium blob NOT NULL REFERENCES consortia (id),
  position integer NOT NULL,
  partita_iva text NOT NULL,
  title text NOT NULL,
  region text NOT NULL,
  artisan integer NOT NULL,
  size text NOT NULL,
  share_cents integer NOT NULL CHECK (share_cents >= 0),
  joined_on text NOT NULL,
  left_on text,
  past_shares text NOT NULL DEFAULT '[]',
  PRIMARY KEY (consortium, position),
  UNIQUE (consortium, partita_iva, joined_on),
  CHECK (left_on IS NULL OR left_on > joined_on)
) STRICT;
INSERT INTO memberships
SELECT consortium, position, partita_iva, title, region, artisan, size, share_cents, joined_on,
  NULL, '[]'
FROM members;
DROP TABLE members;
ALTER TABLE memberships RENAME TO members;
