-- What a second person approves is what the first one asked for: it never changes after insert, and
-- a decision is final.
CREATE FUNCTION bando_keep_proposal() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'proposals are not deleted';
  END IF;
  IF OLD.state <> 'pending' THEN
    RAISE EXCEPTION 'a decided proposal stays decided';
  END IF;
  IF (NEW.id, NEW.call, NEW.programme, NEW.kind, NEW.act, NEW.payload_sha256, NEW.requested_by, NEW.requested_at, NEW.expires_at)
    IS DISTINCT FROM
    (OLD.id, OLD.call, OLD.programme, OLD.kind, OLD.act, OLD.payload_sha256, OLD.requested_by, OLD.requested_at, OLD.expires_at) THEN
    RAISE EXCEPTION 'a proposal keeps what was asked for';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER proposals_keep_their_act BEFORE UPDATE OR DELETE ON proposals
FOR EACH ROW EXECUTE FUNCTION bando_keep_proposal();
