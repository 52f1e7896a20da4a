-- A timer's identity takes in its subject: empty for the call itself.
ALTER TABLE timers ADD COLUMN subject text NOT NULL DEFAULT '';
ALTER TABLE timers ALTER COLUMN subject DROP DEFAULT;
ALTER TABLE timers DROP CONSTRAINT timers_call_kind_nominal_at_key;
ALTER TABLE timers ADD UNIQUE (call, subject, kind, nominal_at);
CREATE TRIGGER clarification_answers_insert_only BEFORE UPDATE OR DELETE ON clarification_answers
FOR EACH ROW EXECUTE FUNCTION bando_insert_only();
