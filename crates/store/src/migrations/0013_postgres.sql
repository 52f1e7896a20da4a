INSERT INTO schedule_fires
SELECT gen_random_uuid(), programme, schedule, 'calendar', nominal_at, 'done', fired_at, '', NULL,
  fired_at, ''
FROM fires;
DROP TABLE fires;
CREATE TRIGGER checkpoints_insert_only BEFORE UPDATE OR DELETE ON checkpoints
FOR EACH ROW EXECUTE FUNCTION bando_insert_only();
