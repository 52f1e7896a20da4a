CREATE FUNCTION bando_insert_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER events_insert_only BEFORE UPDATE OR DELETE ON events
FOR EACH ROW EXECUTE FUNCTION bando_insert_only();
CREATE TRIGGER event_chain_insert_only BEFORE UPDATE OR DELETE ON event_chain
FOR EACH ROW EXECUTE FUNCTION bando_insert_only();
CREATE TRIGGER submissions_insert_only BEFORE UPDATE OR DELETE ON submissions
FOR EACH ROW EXECUTE FUNCTION bando_insert_only();
-- Committed events that the sequencer has not numbered yet.
CREATE TABLE event_pending (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event uuid NOT NULL UNIQUE REFERENCES events (id)
);
