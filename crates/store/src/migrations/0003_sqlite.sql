-- A timer's identity takes in its subject: empty for the call itself.
CREATE TABLE timers_with_subject (
  id blob NOT NULL PRIMARY KEY,
  programme text NOT NULL,
  call text NOT NULL REFERENCES calls (id),
  subject text NOT NULL,
  kind text NOT NULL,
  nominal_at text NOT NULL,
  due_at text NOT NULL,
  state text NOT NULL,
  attempts integer NOT NULL,
  lease_token integer NOT NULL,
  lease_until text,
  fired_at text,
  last_error text,
  UNIQUE (call, subject, kind, nominal_at)
) STRICT;
INSERT INTO timers_with_subject
SELECT id, programme, call, '', kind, nominal_at, due_at, state, attempts, lease_token, lease_until,
  fired_at, last_error
FROM timers;
DROP TABLE timers;
ALTER TABLE timers_with_subject RENAME TO timers;
CREATE INDEX timers_due ON timers (state, due_at);
CREATE TRIGGER clarification_answers_no_update BEFORE UPDATE ON clarification_answers
BEGIN SELECT RAISE(ABORT, 'answers are sealed'); END;
CREATE TRIGGER clarification_answers_no_delete BEFORE DELETE ON clarification_answers
BEGIN SELECT RAISE(ABORT, 'answers are sealed'); END;
