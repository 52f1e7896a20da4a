-- One submission as the daemon makes it, for pgbench: what it reads, then what it writes in one
-- transaction. `:applications` is how many drafts there are.
\set n random(1, :applications)
SELECT * FROM tokens WHERE id = (SELECT id FROM tokens LIMIT 1);
SELECT * FROM requests WHERE person = 'x' AND id = gen_random_uuid();
SELECT * FROM applications WHERE id = (SELECT id FROM bench WHERE n = :n);
SELECT application, number, received_at, receipt, grant_cents FROM submissions WHERE application = (SELECT id FROM bench WHERE n = :n) ORDER BY number LIMIT 1;
SELECT * FROM calls WHERE id = 'er/2016';
SELECT * FROM consortia WHERE id = (SELECT consortium FROM bench WHERE n = :n);
SELECT * FROM members WHERE consortium = (SELECT consortium FROM bench WHERE n = :n) ORDER BY position;
SELECT * FROM links WHERE consortium = (SELECT consortium FROM bench WHERE n = :n) ORDER BY position;
SELECT * FROM programmes WHERE id = 'er';
BEGIN;
SELECT * FROM calls WHERE id = 'er/2016';
SELECT version FROM consortia WHERE id = (SELECT consortium FROM bench WHERE n = :n);
INSERT INTO protocol_counters (programme, year, last) VALUES ('er', 2016, 1) ON CONFLICT (programme, year) DO UPDATE SET last = protocol_counters.last + 1;
SELECT last FROM protocol_counters WHERE programme = 'er' AND year = 2016;
UPDATE applications SET version = version + 1, state = 'submitted', title = title, project = project, edited = edited WHERE id = (SELECT id FROM bench WHERE n = :n);
INSERT INTO submissions (application, number, received_at, protocol, receipt, grant_cents, content) SELECT id, nextval('bench_number'), now(), gen_random_uuid()::text, :receipt, 100, :content FROM bench WHERE n = :n;
INSERT INTO activities (application, submission, position, code, kind, title, market) SELECT id, currval('bench_number'), i, 'A1', 'b2b', 'incontri', 'DE' FROM bench, generate_series(1, 2) AS i WHERE n = :n;
INSERT INTO participants (application, submission, position, partita_iva) SELECT id, currval('bench_number'), i, '00743110157' FROM bench, generate_series(1, 12) AS i WHERE n = :n;
INSERT INTO budget_lines (application, submission, position, activity, category, description, amount_cents) SELECT id, currval('bench_number'), i, 'A1', 'fairs_abroad', 'stand', 100 FROM bench, generate_series(1, 30) AS i WHERE n = :n;
WITH event AS (INSERT INTO events (id, subject_kind, subject, version, kind, at, person, programme, call, payload) VALUES (gen_random_uuid(), 'application', gen_random_uuid()::text, 1, 'submitted', now(), 'x', 'er', 'er/2016', :receipt) RETURNING id) SELECT id FROM event \gset event_
INSERT INTO event_pending (event) VALUES (:event_id);
INSERT INTO letters (id, key, programme, call, kind, state, recipient, address, language, facts, message_id, queued_at, next_at, attempts, lease_token) VALUES (gen_random_uuid(), gen_random_uuid()::text, 'er', 'er/2016', 'receipt', 'sent', 'x', 'x@x', 'it', :receipt, gen_random_uuid()::text, now(), now(), 0, 0) ON CONFLICT (key) DO NOTHING;
INSERT INTO requests (person, id, method, body_sha256, answer, at) VALUES ('x', gen_random_uuid(), 'm', 'x', :answer, now());
COMMIT;
