-- How often a concluded check was opened again.
ALTER TABLE applications ADD COLUMN reopened_checks {int} NOT NULL DEFAULT 0 CHECK (reopened_checks >= 0);
-- Why a ranking was annulled; which version a ranking takes the place of.
ALTER TABLE rankings ADD COLUMN annulment {json};
ALTER TABLE rankings ADD COLUMN replaces {json};
-- Results that are decided and wait for the instant of their publication.
ALTER TABLE calls ADD COLUMN results {json};
-- The content that was tried late, so that the very same can be admitted by an act. Trying the same
-- content again keeps the first instant.
CREATE TABLE late_attempts (
  application {uuid} NOT NULL PRIMARY KEY REFERENCES applications (id),
  attempted_at {instant} NOT NULL,
  content_sha256 text NOT NULL,
  content text NOT NULL
);
