-- The working copy is one document; only what was sealed stands in rows, which SQL can ask.
ALTER TABLE applications ADD COLUMN project {json};
