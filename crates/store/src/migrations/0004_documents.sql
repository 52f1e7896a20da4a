-- What a document is about; its bytes lie in a folder under their SHA-256.
CREATE TABLE documents (
  id {uuid} NOT NULL PRIMARY KEY,
  version {bigint} NOT NULL CHECK (version > 0),
  application {uuid} NOT NULL REFERENCES applications (id),
  call text NOT NULL REFERENCES calls (id),
  consortium {uuid} NOT NULL REFERENCES consortia (id),
  document_type text NOT NULL,
  file_name text NOT NULL,
  media_type text NOT NULL,
  size_bytes {bigint} NOT NULL CHECK (size_bytes > 0),
  sha256 text NOT NULL CHECK (length(sha256) = 64),
  marks {json} NOT NULL,
  added_by text NOT NULL,
  added_at {instant} NOT NULL,
  removed_at {instant},
  scan_verdict text,
  scan_signature text,
  scanned_at {instant},
  verification text,
  verification_signer text,
  verification_note text,
  verified_by text,
  verified_at {instant}
);
CREATE INDEX documents_by_application ON documents (application, id);
CREATE INDEX documents_by_call ON documents (call, id);
CREATE INDEX documents_by_sha256 ON documents (sha256);

-- Which documents a submission sealed.
CREATE TABLE sealed_documents (
  application {uuid} NOT NULL REFERENCES applications (id),
  submission {int} NOT NULL CHECK (submission > 0),
  document {uuid} NOT NULL REFERENCES documents (id),
  PRIMARY KEY (application, submission, document)
);
CREATE INDEX sealed_documents_by_document ON sealed_documents (document);

-- Documents that wait for the virus scanner, each under a lease while it is looked at.
CREATE TABLE scans (
  document {uuid} NOT NULL PRIMARY KEY REFERENCES documents (id),
  next_at {instant} NOT NULL,
  attempts {int} NOT NULL CHECK (attempts >= 0),
  lease_token {bigint} NOT NULL,
  lease_until {instant},
  last_error text
);
CREATE INDEX scans_by_due ON scans (next_at, document);
