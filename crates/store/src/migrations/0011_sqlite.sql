CREATE TRIGGER answered_documents_no_update BEFORE UPDATE ON answered_documents
BEGIN SELECT RAISE(ABORT, 'answers are sealed'); END;
CREATE TRIGGER answered_documents_no_delete BEFORE DELETE ON answered_documents
BEGIN SELECT RAISE(ABORT, 'answers are sealed'); END;
