CREATE TRIGGER sealed_documents_no_update BEFORE UPDATE ON sealed_documents
BEGIN SELECT RAISE(ABORT, 'submissions are sealed'); END;
CREATE TRIGGER sealed_documents_no_delete BEFORE DELETE ON sealed_documents
BEGIN SELECT RAISE(ABORT, 'submissions are sealed'); END;
