CREATE TRIGGER sealed_documents_insert_only BEFORE UPDATE OR DELETE ON sealed_documents
FOR EACH ROW EXECUTE FUNCTION bando_insert_only();
