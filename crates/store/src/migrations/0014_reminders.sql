-- What was reminded, to whom and for which instant: once each, whoever looks and however often.
CREATE TABLE reminders (
  call text NOT NULL REFERENCES calls (id),
  topic text NOT NULL,
  subject text NOT NULL,
  recipient text NOT NULL,
  nominal_at {instant} NOT NULL,
  queued_at {instant} NOT NULL,
  PRIMARY KEY (call, topic, subject, recipient, nominal_at)
);
