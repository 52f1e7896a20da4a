-- The first schema. {instant}, {json}, {uuid} and {flag} stand for the type of each database;
-- money is cents in bigint, shares are basis points, exact decimals are text.

CREATE TABLE installation (
  key text NOT NULL PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE programmes (
  id text NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  body {json} NOT NULL
);

CREATE TABLE calls (
  id text NOT NULL PRIMARY KEY,
  programme text NOT NULL REFERENCES programmes (id),
  version {bigint} NOT NULL CHECK (version > 0),
  state text NOT NULL,
  opens_at {instant} NOT NULL,
  closes_at {instant} NOT NULL,
  budget_cents {bigint} NOT NULL CHECK (budget_cents >= 0),
  ranking {uuid},
  terms {json} NOT NULL,
  CHECK (closes_at > opens_at)
);
CREATE INDEX calls_by_programme ON calls (programme, id);

CREATE TABLE consortia (
  id {uuid} NOT NULL PRIMARY KEY,
  programme text NOT NULL REFERENCES programmes (id),
  version {bigint} NOT NULL CHECK (version > 0),
  title text NOT NULL,
  partita_iva text NOT NULL,
  form text NOT NULL,
  seat_country text NOT NULL,
  seat_region text NOT NULL,
  fund_subscribed_cents {bigint} NOT NULL CHECK (fund_subscribed_cents >= 0),
  fund_paid_cents {bigint} NOT NULL CHECK (fund_paid_cents >= 0),
  statute_forbids_profit {flag} NOT NULL,
  active {flag} NOT NULL,
  sme_majority_of_directors {flag} NOT NULL,
  accreditation text,
  legal_representative text NOT NULL,
  email text NOT NULL,
  language text NOT NULL,
  UNIQUE (programme, partita_iva)
);

CREATE TABLE members (
  consortium {uuid} NOT NULL REFERENCES consortia (id),
  position {int} NOT NULL,
  partita_iva text NOT NULL,
  title text NOT NULL,
  region text NOT NULL,
  artisan {flag} NOT NULL,
  size text NOT NULL,
  share_cents {bigint} NOT NULL CHECK (share_cents >= 0),
  joined_on {day} NOT NULL,
  PRIMARY KEY (consortium, position),
  UNIQUE (consortium, partita_iva)
);

CREATE TABLE links (
  consortium {uuid} NOT NULL REFERENCES consortia (id),
  position {int} NOT NULL,
  one text NOT NULL,
  other text NOT NULL,
  PRIMARY KEY (consortium, position)
);

CREATE TABLE applications (
  id {uuid} NOT NULL PRIMARY KEY,
  call text NOT NULL REFERENCES calls (id),
  consortium {uuid} NOT NULL REFERENCES consortia (id),
  version {bigint} NOT NULL CHECK (version > 0),
  state text NOT NULL,
  title text NOT NULL,
  summary text NOT NULL,
  sector text NOT NULL,
  starts_on {day},
  ends_on {day},
  requested_cents {bigint} CHECK (requested_cents >= 0),
  declarations {json} NOT NULL,
  edited {json} NOT NULL,
  late_attempts {int} NOT NULL CHECK (late_attempts >= 0),
  withdrawn_because text,
  rule_set_version {int},
  eligible_cents {bigint} CHECK (eligible_cents >= 0),
  grant_cents {bigint} CHECK (grant_cents >= 0),
  computation {json},
  placement {json},
  UNIQUE (call, consortium)
);
CREATE INDEX applications_by_state ON applications (call, state, id);
CREATE INDEX applications_by_call ON applications (call, id);

-- Rows of the working copy have submission 0; each submission seals a copy under its number.
CREATE TABLE activities (
  application {uuid} NOT NULL REFERENCES applications (id),
  submission {int} NOT NULL,
  position {int} NOT NULL,
  code text NOT NULL,
  kind text NOT NULL,
  title text NOT NULL,
  market text NOT NULL,
  PRIMARY KEY (application, submission, position)
);

CREATE TABLE participants (
  application {uuid} NOT NULL REFERENCES applications (id),
  submission {int} NOT NULL,
  position {int} NOT NULL,
  partita_iva text NOT NULL,
  PRIMARY KEY (application, submission, position)
);

CREATE TABLE budget_lines (
  application {uuid} NOT NULL REFERENCES applications (id),
  submission {int} NOT NULL,
  position {int} NOT NULL,
  activity text NOT NULL,
  category text NOT NULL,
  description text NOT NULL,
  amount_cents {bigint} NOT NULL CHECK (amount_cents >= 0),
  PRIMARY KEY (application, submission, position)
);

CREATE TABLE submissions (
  application {uuid} NOT NULL REFERENCES applications (id),
  number {int} NOT NULL CHECK (number > 0),
  received_at {instant} NOT NULL,
  protocol text NOT NULL UNIQUE,
  receipt {json} NOT NULL,
  -- RFC 8785 bytes; their SHA-256 is in the receipt.
  content text NOT NULL,
  PRIMARY KEY (application, number)
);

CREATE TABLE findings (
  application {uuid} NOT NULL REFERENCES applications (id),
  position {int} NOT NULL,
  rule text NOT NULL,
  verdict text NOT NULL,
  officer text,
  explanation_it text NOT NULL,
  explanation_en text NOT NULL,
  PRIMARY KEY (application, position),
  UNIQUE (application, rule)
);

CREATE TABLE evaluations (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  call text NOT NULL REFERENCES calls (id),
  application {uuid} NOT NULL REFERENCES applications (id),
  evaluator text NOT NULL,
  state text NOT NULL,
  excluded_because text,
  UNIQUE (application, evaluator)
);
CREATE INDEX evaluations_by_call ON evaluations (call, id);

CREATE TABLE scores (
  evaluation {uuid} NOT NULL REFERENCES evaluations (id),
  position {int} NOT NULL,
  criterion text NOT NULL,
  score text NOT NULL,
  comment text NOT NULL,
  PRIMARY KEY (evaluation, position),
  UNIQUE (evaluation, criterion)
);

CREATE TABLE rankings (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  call text NOT NULL REFERENCES calls (id),
  number {int} NOT NULL CHECK (number > 0),
  state text NOT NULL,
  rule_set_version {int} NOT NULL,
  budget_cents {bigint} NOT NULL,
  granted_cents {bigint} NOT NULL,
  inputs_sha256 text NOT NULL,
  computed_by text NOT NULL,
  computed_at {instant} NOT NULL,
  ranked {json} NOT NULL,
  allocation {json} NOT NULL,
  UNIQUE (call, number),
  CHECK (granted_cents <= budget_cents)
);
CREATE UNIQUE INDEX rankings_one_in_force ON rankings (call) WHERE state = 'in_force';

CREATE TABLE proposals (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  programme text NOT NULL REFERENCES programmes (id),
  call text NOT NULL REFERENCES calls (id),
  kind text NOT NULL,
  act {json} NOT NULL,
  payload_sha256 text NOT NULL,
  requested_by text NOT NULL,
  requested_at {instant} NOT NULL,
  expires_at {instant} NOT NULL,
  state text NOT NULL,
  decided_by text,
  decided_at {instant},
  reason text,
  -- Four eyes, held by the database too.
  CHECK (state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> requested_by))
);
CREATE INDEX proposals_by_programme ON proposals (programme, state, id);

CREATE TABLE awards (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  call text NOT NULL REFERENCES calls (id),
  application {uuid} NOT NULL UNIQUE REFERENCES applications (id),
  consortium {uuid} NOT NULL REFERENCES consortia (id),
  ranking {uuid} NOT NULL REFERENCES rankings (id),
  position {int} NOT NULL,
  amount_cents {bigint} NOT NULL CHECK (amount_cents > 0),
  full_cents {bigint} NOT NULL,
  act text NOT NULL,
  rule_set_version {int} NOT NULL,
  awarded_at {instant} NOT NULL,
  acceptance_days {int} NOT NULL,
  CHECK (amount_cents <= full_cents)
);
CREATE INDEX awards_by_call ON awards (call, position);

CREATE TABLE tokens (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  person text NOT NULL,
  roles {json} NOT NULL,
  programme text,
  consortium {uuid},
  secret_sha256 text NOT NULL,
  created_by text NOT NULL,
  created_at {instant} NOT NULL,
  expires_at {instant} NOT NULL,
  revoked_at {instant},
  bootstrap {flag} NOT NULL
);

CREATE TABLE protocol_counters (
  programme text NOT NULL,
  year {int} NOT NULL,
  last {bigint} NOT NULL,
  PRIMARY KEY (programme, year)
);

CREATE TABLE letters (
  id {uuid} NOT NULL PRIMARY KEY,
  key text NOT NULL UNIQUE,
  programme text NOT NULL,
  call text,
  application {uuid},
  consortium {uuid},
  kind text NOT NULL,
  state text NOT NULL,
  recipient text NOT NULL,
  address text NOT NULL,
  language text NOT NULL,
  facts {json} NOT NULL,
  not_after {instant},
  message_id text NOT NULL UNIQUE,
  -- Frozen at the first claim; every attempt sends the same bytes.
  subject text,
  message {bytes},
  queued_at {instant} NOT NULL,
  next_at {instant} NOT NULL,
  attempts {int} NOT NULL,
  lease_token {bigint} NOT NULL,
  lease_until {instant},
  sent_at {instant},
  last_answer text
);
CREATE INDEX letters_due ON letters (state, next_at);
CREATE INDEX letters_by_programme ON letters (programme, id);

CREATE TABLE timers (
  id {uuid} NOT NULL PRIMARY KEY,
  programme text NOT NULL,
  call text NOT NULL REFERENCES calls (id),
  kind text NOT NULL,
  nominal_at {instant} NOT NULL,
  due_at {instant} NOT NULL,
  state text NOT NULL,
  attempts {int} NOT NULL,
  lease_token {bigint} NOT NULL,
  lease_until {instant},
  fired_at {instant},
  last_error text,
  UNIQUE (call, kind, nominal_at)
);
CREATE INDEX timers_due ON timers (state, due_at);

CREATE TABLE schedules (
  programme text NOT NULL REFERENCES programmes (id),
  name text NOT NULL,
  cron text NOT NULL,
  zone text NOT NULL,
  next_fire_at {instant} NOT NULL,
  last_fire_at {instant},
  PRIMARY KEY (programme, name)
);

CREATE TABLE fires (
  programme text NOT NULL,
  schedule text NOT NULL,
  nominal_at {instant} NOT NULL,
  fired_at {instant} NOT NULL,
  PRIMARY KEY (programme, schedule, nominal_at)
);

CREATE TABLE requests (
  person text NOT NULL,
  id {uuid} NOT NULL,
  method text NOT NULL,
  body_sha256 text NOT NULL,
  answer {json} NOT NULL,
  at {instant} NOT NULL,
  PRIMARY KEY (person, id)
);
CREATE INDEX requests_by_age ON requests (at);

-- The audit trail. Personal values stand in payloads as salted commitments; the values are kept
-- beside, so that they can be erased and the chain still holds.
CREATE TABLE events (
  id {uuid} NOT NULL PRIMARY KEY,
  subject_kind text NOT NULL,
  subject text NOT NULL,
  version {bigint} NOT NULL,
  kind text NOT NULL,
  at {instant} NOT NULL,
  person text NOT NULL,
  request {uuid},
  programme text,
  call text,
  consortium {uuid},
  payload {json} NOT NULL,
  UNIQUE (subject_kind, subject, version)
);

CREATE TABLE event_personal (
  event {uuid} NOT NULL REFERENCES events (id),
  pointer text NOT NULL,
  salt text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (event, pointer)
);

CREATE TABLE event_chain (
  revision {bigint} NOT NULL PRIMARY KEY CHECK (revision > 0),
  event {uuid} NOT NULL UNIQUE REFERENCES events (id),
  hash text NOT NULL
);
