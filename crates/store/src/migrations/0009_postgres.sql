CREATE FUNCTION bando_count_award() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF TG_OP <> 'INSERT' THEN
    UPDATE calls SET awarded_cents = awarded_cents - OLD.amount_cents WHERE id = OLD.call;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    UPDATE calls SET awarded_cents = awarded_cents + NEW.amount_cents WHERE id = NEW.call;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER awards_counted AFTER INSERT OR DELETE OR UPDATE OF call, amount_cents ON awards
FOR EACH ROW EXECUTE FUNCTION bando_count_award();
