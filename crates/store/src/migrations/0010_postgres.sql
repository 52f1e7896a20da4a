UPDATE applications AS own SET project = jsonb_build_object(
  'title', title, 'summary', summary, 'sector', sector,
  'starts_on', starts_on, 'ends_on', ends_on, 'requested', requested_cents,
  'declarations', declarations,
  'activities', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'code', code, 'kind', kind, 'title', a.title, 'market', market) ORDER BY position)
    FROM activities AS a WHERE application = own.id AND submission = 0), '[]'),
  'participants', coalesce((
    SELECT jsonb_agg(partita_iva ORDER BY position)
    FROM participants WHERE application = own.id AND submission = 0), '[]'),
  'budget_lines', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'activity', activity, 'category', category, 'description', description,
      'amount', amount_cents) ORDER BY position)
    FROM budget_lines WHERE application = own.id AND submission = 0), '[]'));
DELETE FROM activities WHERE submission = 0;
DELETE FROM participants WHERE submission = 0;
DELETE FROM budget_lines WHERE submission = 0;
ALTER TABLE applications DROP COLUMN summary;
ALTER TABLE applications DROP COLUMN declarations;
