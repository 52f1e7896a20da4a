-- What a document answers; neither where it belongs to the working copy.
ALTER TABLE documents ADD COLUMN clarification {uuid} REFERENCES clarifications (id);
ALTER TABLE documents ADD COLUMN item {int};
CREATE INDEX documents_by_clarification ON documents (clarification, id);

-- Which documents an answer sealed: each is in one answer.
CREATE TABLE answered_documents (
  document {uuid} NOT NULL PRIMARY KEY REFERENCES documents (id),
  clarification {uuid} NOT NULL,
  number {int} NOT NULL,
  FOREIGN KEY (clarification, number) REFERENCES clarification_answers (clarification, number)
);
