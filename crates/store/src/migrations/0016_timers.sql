-- Due timers are claimed by their instant, those of one instant by their ids: by the index alone.
DROP INDEX timers_due;
CREATE INDEX timers_due ON timers (state, due_at, id);
