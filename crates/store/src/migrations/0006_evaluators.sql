-- What stands beside the scores: declarations, flags, reassignments, revisions, agreed sheets;
-- absent for evaluations of before.
ALTER TABLE evaluations ADD COLUMN details {json};
-- Whether something speaks against the pair that no manager has lifted.
ALTER TABLE evaluations ADD COLUMN flagged {flag} NOT NULL DEFAULT FALSE;
CREATE INDEX evaluations_by_evaluator ON evaluations (evaluator, call);

CREATE TABLE evaluators (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  programme text NOT NULL REFERENCES programmes (id),
  person text NOT NULL,
  details {json} NOT NULL,
  UNIQUE (programme, person)
);
