-- An extension that time itself proposes has no act yet: whoever approves it states its number.
ALTER TABLE proposals ADD COLUMN stated_act text;

-- Calendars of deadlines that programs subscribe to by a secret address.
CREATE TABLE calendar_feeds (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  programme text NOT NULL REFERENCES programmes (id),
  -- Whose deadlines; the office's where it is nobody's.
  consortium {uuid} REFERENCES consortia (id),
  language text NOT NULL,
  secret_sha256 text NOT NULL,
  created_by text NOT NULL,
  created_at {instant} NOT NULL,
  revoked_at {instant}
);
CREATE INDEX calendar_feeds_by_programme ON calendar_feeds (programme, id);
