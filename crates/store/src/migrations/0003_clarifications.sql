-- When a letter was delivered, and by which evidence; also for one that could not be.
ALTER TABLE letters ADD COLUMN delivered_at {instant};
ALTER TABLE letters ADD COLUMN delivery_evidence text;

CREATE TABLE clarifications (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  call text NOT NULL REFERENCES calls (id),
  application {uuid} NOT NULL REFERENCES applications (id),
  consortium {uuid} NOT NULL REFERENCES consortia (id),
  purpose text NOT NULL,
  number {int} NOT NULL CHECK (number > 0),
  state text NOT NULL,
  items {json} NOT NULL,
  term {json} NOT NULL,
  requested_by text NOT NULL,
  requested_at {instant} NOT NULL,
  delivery {json},
  due_at {instant},
  late_attempts {int} NOT NULL CHECK (late_attempts >= 0),
  ended_at {instant},
  reason text,
  UNIQUE (application, purpose, number),
  -- No term without a recorded delivery.
  CHECK (due_at IS NULL OR delivery IS NOT NULL)
);
CREATE INDEX clarifications_by_state ON clarifications (call, state, id);

CREATE TABLE clarification_answers (
  clarification {uuid} NOT NULL REFERENCES clarifications (id),
  number {int} NOT NULL CHECK (number > 0),
  received_at {instant} NOT NULL,
  protocol text NOT NULL UNIQUE,
  receipt {json} NOT NULL,
  -- RFC 8785 bytes; their SHA-256 is in the receipt.
  content text NOT NULL,
  PRIMARY KEY (clarification, number)
);
