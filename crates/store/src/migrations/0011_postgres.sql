CREATE TRIGGER answered_documents_insert_only BEFORE UPDATE OR DELETE ON answered_documents
FOR EACH ROW EXECUTE FUNCTION bando_insert_only();
