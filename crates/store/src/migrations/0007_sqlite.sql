-- What a second person approves is what the first one asked for: it never changes after insert, and
-- a decision is final.
CREATE TRIGGER proposals_keep_their_act BEFORE UPDATE ON proposals
WHEN NEW.id IS NOT OLD.id
  OR NEW.call IS NOT OLD.call
  OR NEW.programme IS NOT OLD.programme
  OR NEW.kind IS NOT OLD.kind
  OR NEW.act IS NOT OLD.act
  OR NEW.payload_sha256 IS NOT OLD.payload_sha256
  OR NEW.requested_by IS NOT OLD.requested_by
  OR NEW.requested_at IS NOT OLD.requested_at
  OR NEW.expires_at IS NOT OLD.expires_at
BEGIN SELECT RAISE(ABORT, 'a proposal keeps what was asked for'); END;
CREATE TRIGGER proposals_decided_once BEFORE UPDATE ON proposals
WHEN OLD.state <> 'pending'
BEGIN SELECT RAISE(ABORT, 'a decided proposal stays decided'); END;
CREATE TRIGGER proposals_no_delete BEFORE DELETE ON proposals
BEGIN SELECT RAISE(ABORT, 'proposals are not deleted'); END;
