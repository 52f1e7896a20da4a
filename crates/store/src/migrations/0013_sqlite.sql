INSERT INTO schedule_fires
SELECT randomblob(16), programme, schedule, 'calendar', nominal_at, 'done', fired_at, '', NULL,
  fired_at, ''
FROM fires;
DROP TABLE fires;
CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are insert-only'); END;
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are insert-only'); END;
