-- A schedule has a kind and says how it fires; a person may pause it. Fires are known by an id:
-- what was asked for by hand has no nominal time.
ALTER TABLE schedules ADD COLUMN kind text NOT NULL DEFAULT 'officers_digest';
ALTER TABLE schedules ADD COLUMN plan {json};
ALTER TABLE schedules ADD COLUMN version {bigint} NOT NULL DEFAULT 0;
ALTER TABLE schedules ADD COLUMN pause {json};
ALTER TABLE schedules ADD COLUMN due_at {instant};
ALTER TABLE schedules ADD COLUMN dropped {bigint} NOT NULL DEFAULT 0;
UPDATE schedules SET due_at = next_fire_at;
CREATE INDEX schedules_due ON schedules (due_at);

CREATE TABLE schedule_fires (
  id {uuid} NOT NULL PRIMARY KEY,
  programme text NOT NULL,
  schedule text NOT NULL,
  origin text NOT NULL,
  nominal_at {instant},
  state text NOT NULL,
  made_at {instant} NOT NULL,
  person text NOT NULL,
  lease_until {instant},
  ended_at {instant},
  detail text NOT NULL,
  UNIQUE (programme, schedule, nominal_at)
);
CREATE INDEX schedule_fires_by_state ON schedule_fires (state, made_at);
CREATE INDEX schedule_fires_of_schedule ON schedule_fires (programme, schedule, made_at);

-- Signed heads of the audit chain.
CREATE TABLE checkpoints (
  revision {bigint} NOT NULL PRIMARY KEY,
  chain_hash text NOT NULL,
  at {instant} NOT NULL,
  key_id text NOT NULL,
  signature text NOT NULL
);

-- Acts on timers are events of theirs, numbered by this.
ALTER TABLE timers ADD COLUMN version {bigint} NOT NULL DEFAULT 0;
