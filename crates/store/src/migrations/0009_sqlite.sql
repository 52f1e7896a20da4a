CREATE TRIGGER awards_counted AFTER INSERT ON awards
BEGIN
  UPDATE calls SET awarded_cents = awarded_cents + NEW.amount_cents WHERE id = NEW.call;
END;
CREATE TRIGGER awards_counted_again AFTER UPDATE OF call, amount_cents ON awards
BEGIN
  UPDATE calls SET awarded_cents = awarded_cents - OLD.amount_cents WHERE id = OLD.call;
  UPDATE calls SET awarded_cents = awarded_cents + NEW.amount_cents WHERE id = NEW.call;
END;
CREATE TRIGGER awards_counted_off AFTER DELETE ON awards
BEGIN
  UPDATE calls SET awarded_cents = awarded_cents - OLD.amount_cents WHERE id = OLD.call;
END;
